"""Programs with calls behave as a call stack says, on both backends, and faults name the instruction as written."""

from __future__ import annotations

import random

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DivisionByZeroError, OutOfBoundsError, VerificationError
from hologram.isa.builder import value_of
from hologram.isa.inline import inline
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Condition, Imm, Label
from hologram.isa.program import Program
from hologram.isa.subroutines import MAX_DEPTH
from hologram.isa.text import assemble, disassemble
from hologram.isa.verify import verify
from hologram.types import Type

ONE = Domain((1, 1, 1), (1, 1, 1), (1, 1, 1))
BACKENDS = [InterpreterBackend(), CpuBackend()]
OPERATORS = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "xor": lambda a, b: a ^ b, "mul": lambda a, b: a * b}
REGISTERS = 5


def random_program(seed: int) -> str:
    """Subroutines that call only later ones, with branches, early RETs and now and then EXIT; all work on r1…r5."""
    rng = random.Random(seed)
    count = rng.randint(1, 5)
    lines = [".program random", ".param y: i32[1] w"]
    lines += [f"mov_imm.i32 r{r}, {rng.randint(-9, 9)}" for r in range(1, REGISTERS + 1)]
    for part in range(-1, count):
        lines += [f"f{part}:"] if part >= 0 else []
        for step in range(rng.randint(2, 5)):
            lines.append(_operation(rng))
            choice = rng.random()
            if choice < 0.45 and part + 1 < count:
                lines.append(f"call @f{rng.randint(part + 1, count - 1)}")
            elif choice < 0.75:
                skip = f"skip{part + 1}_{step}"
                inside = "ret" if part >= 0 and rng.random() < 0.6 else _operation(rng)
                lines += [f"setlt.i32 p1, r{_register(rng)}, 3", f"bra.p1 @{skip}", inside, f"{skip}:"]
            elif choice < 0.8:
                lines += [_operation(rng), *_stores()]
        if part < 0:
            lines += [*_stores(), "exit"]
        else:
            lines.append("ret" if rng.random() < 0.9 else "exit")
    return "\n".join(lines)


def _register(rng: random.Random) -> int:
    return rng.randint(1, REGISTERS)


def _operation(rng: random.Random) -> str:
    return f"{rng.choice(sorted(OPERATORS))}.i32 r{_register(rng)}, r{_register(rng)}, r{_register(rng)}"


def _stores() -> list[str]:
    return [f"stg.i32 [y + {4 * (r - 1)}], r{r}" for r in range(1, REGISTERS + 1)]


def with_a_stack(program: Program) -> np.ndarray:
    """What a program stores, by running it one instruction at a time with a stack of return addresses."""
    regs: dict[int, int] = {}
    preds: dict[int, bool] = {}
    out = np.zeros(REGISTERS, np.int32)
    stack: list[int] = []
    at = 0
    while at < len(program.instructions):
        ins, at = program.instructions[at], at + 1
        args = ins.args
        if ins.op == "EXIT":
            break
        if ins.op == "CALL":
            stack.append(at)
            at = program.labels[args[0].name]
        elif ins.op == "RET":
            at = stack.pop()
        elif ins.op == "BRA":
            at = program.labels[args[0].name] if args[1] is None or preds[args[1].index] != args[1].negated else at
        elif ins.op == "MOV_IMM":
            regs[args[0].index] = int(value_of(Type.I32, args[1]))
        elif ins.op == "SETcc":
            assert args[0] is Condition.LT and isinstance(args[3], Imm)
            preds[args[1].index] = regs[args[2].index] < value_of(Type.I32, args[3])
        elif ins.op == "STG":
            out[args[1].offset // 4] = regs[args[0].index]
        else:
            value = OPERATORS[ins.op.lower()](regs[args[1].index], regs[args[2].index])
            regs[args[0].index] = (value + (1 << 31)) % (1 << 32) - (1 << 31)
    return out


@pytest.mark.parametrize("block", range(4))
def test_random_programs_do_what_a_call_stack_does(block: int) -> None:
    called = 0
    for seed in range(block * 40, block * 40 + 40):
        program = assemble(random_program(seed))
        called += any(i.op == "CALL" for i in program.instructions)
        expected = with_a_stack(program)
        for backend in BACKENDS[: 2 if seed % 20 == 0 else 1]:
            y = np.zeros(REGISTERS, np.int32)
            backend.compile(program).launch([y], ONE)
            np.testing.assert_array_equal(y, expected, err_msg=f"seed {seed} on {backend.name}")
    assert called > 20


def test_the_inlined_program_has_no_calls_and_maps_back() -> None:
    for seed in range(60):
        program = assemble(random_program(seed), "random.atlasm")
        made = inline(program)
        assert not any(i.op in ("CALL", "RET") for i in made.program.instructions)
        assert len(made.origin) == len(made.program.instructions)
        for index, (ins, origin) in enumerate(zip(made.program.instructions, made.origin, strict=True)):
            original = program.instructions[origin]
            assert made.program.location(index) == program.location(origin)
            if ins.op == original.op:
                plain = [a for a in ins.args if not isinstance(a, Label)]
                assert plain == [a for a in original.args if not isinstance(a, Label)]
            else:
                assert (ins.op, original.op) == ("BRA", "RET")
        assert assemble(disassemble(made.program)) == made.program
        assert inline(made.program).program is made.program


FAULTY = """
.program faulty
.param x: i32[1] rw
.param n: i32
    mov_param.i32 r1, n
    mov_imm.i32 r2, 7
    call @divide
    mov_imm.i32 r1, 0
    call @divide
    exit
divide:
    div.i32 r3, r2, r1
    stg.i32 [x + 0], r3
    ret
"""


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_faults_name_the_instruction_and_place_as_written(backend: object) -> None:
    program = assemble(FAULTY, "faulty.atlasm")
    with pytest.raises(DivisionByZeroError) as caught:
        backend.compile(program).launch([np.ones(1, np.int32), 2], ONE)  # type: ignore[attr-defined]
    assert caught.value.index == 6
    assert caught.value.location is not None
    assert (caught.value.location.line, program.instructions[6].op) == (12, "DIV")


def test_out_of_bounds_inside_a_subroutine_names_its_instruction() -> None:
    text = FAULTY.replace("[x + 0]", "[x + 8]").replace("r1, 0", "r1, 1")
    program = assemble(text, "faulty.atlasm")
    with pytest.raises(OutOfBoundsError) as caught:
        InterpreterBackend().compile(program).launch([np.ones(1, np.int32), 2], ONE)
    assert (caught.value.index, caught.value.location.line if caught.value.location else 0) == (7, 13)


def chain(length: int, calls: int = 1) -> str:
    """f0 calls f1 (`calls` times), and so on; the last one returns."""
    body = [f"f{k}:\n" + f"call @f{k + 1}\n" * calls + "ret" for k in range(length - 1)]
    return "\n".join([".program chain", "call @f0", "exit", *body, f"f{length - 1}:", "ret"])


def test_calls_nest_64_deep_and_no_deeper() -> None:
    verify(assemble(chain(MAX_DEPTH)))
    with pytest.raises(VerificationError, match="calls nest deeper than 64"):
        verify(assemble(chain(MAX_DEPTH + 1)))
    verify(assemble(chain(8, 2)))


def test_what_would_grow_without_bound_is_refused_quickly() -> None:
    with pytest.raises(VerificationError, match="instructions with all calls inlined; the most is 65536"):
        verify(assemble(chain(40, 2)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("call @a\nexit\na:\ncall @a\nret", "recursion: subroutine @a calls subroutine @a"),
        ("call @a\nexit\na:", "the subroutine is empty"),
        ("a:\nret\ncall @a", "the program starts inside a subroutine"),
        ("call @a\na:\nret", "control enters subroutine @a from here without a CALL"),
        ("call @a\nexit\na:\nnop: mov_imm.u32 r1, 1", "runs off the end of the program"),
        ("ret", "RET outside a subroutine"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    text = text.replace("nop: ", "")
    with pytest.raises(VerificationError, match=message) as caught:
        verify(assemble(".program p\n" + text))
    with pytest.raises(VerificationError):
        inline(assemble(".program p\n" + text))
    assert all(f.index >= 0 for f in caught.value.findings)


def test_a_launch_reduction_is_not_copied() -> None:
    text = """
.program twice
.param y: f32[1] w
    mov_imm.f32 r1, 0x3f800000
    call @total
    {second}
    exit
total:
    gred_add.f32 [y + 0], r1
    ret
"""
    verify(assemble(text.format(second="")))
    with pytest.raises(VerificationError, match="contributes to GRED_ADD once, and its subroutine is called from 2"):
        verify(assemble(text.format(second="call @total")))


def test_the_stack_evaluator_knows_what_the_generator_writes() -> None:
    """The generator stays within what the evaluator runs."""
    known = {"EXIT", "CALL", "RET", "BRA", "MOV_IMM", "SETcc", "STG", *(o.upper() for o in OPERATORS)}
    ops = {i.op for seed in range(30) for i in assemble(random_program(seed)).instructions}
    assert ops <= known <= set(BY_NAME)
