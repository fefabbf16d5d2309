"""Folding is the interpreter's arithmetic, bit for bit; the pipeline keeps places, origins and identity."""

from __future__ import annotations

import random

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.backends.optimiser import evaluate, optimise
from hologram.errors import DivisionByZeroError, VerificationError
from hologram.isa import optimise as passes
from hologram.isa import templates
from hologram.isa.builder import Builder, immediate
from hologram.isa.instructions import TABLE
from hologram.isa.operands import Imm, Reg, SlotOffset
from hologram.isa.optimise.effects import computes
from hologram.isa.program import Instruction, Program
from hologram.isa.text import assemble
from hologram.isa.verify import verify
from hologram.types import Type
from tests.differential.compare import canonical
from tests.differential.inputs import edge_values


@pytest.mark.parametrize("type", list(Type))
def test_folded_results_are_those_of_a_launch(type: Type) -> None:
    """Programs of constants only: whatever is folded must be what the interpreter computes unoptimised."""
    rng = random.Random(type.value)
    b = Builder("constants")
    out = b.array("out", type, access="w")
    known: list[Instruction] = []
    for spec in TABLE:
        plain = all(o.kind in ("reg", "src") and o.type in ("T", "U32") for o in spec.operands)
        if type not in spec.types or not plain or not spec.operands[0].written:
            continue
        numbers = [immediate(type if o.type == "T" else Type.U32, rng.choice(edge_values(type))) for o in spec.operands]
        args = [Reg(0), *(Reg(k) for k in range(1, len(numbers)))]
        known.append(Instruction(spec.name, type, tuple(args)))
        for k, (o, number) in enumerate(zip(spec.operands[1:], numbers[1:], strict=True), 1):
            b.emit("MOV_IMM", type if o.type == "T" else Type.U32, Reg(k), number)
        if not computes(known[-1]):
            continue
        b.emit(spec.name, type, *args)
        b.emit("STG", type, Reg(0), SlotOffset(out, (len(known) - 1) * type.size))
    program = b.build()
    optimised = optimise(program).program
    assert {i.op for i in optimised.instructions} == {"MOV_IMM", "STG"}
    results = []
    for made in (program, optimised):
        given = np.zeros(len(known), type.dtype)
        InterpreterBackend().compile(made).launch([given], Domain((1, 1, 1), (1, 1, 1), (1, 1, 1)))
        results.append(canonical(given))
    assert np.array_equal(*results)


def test_conversions_comparisons_and_logic_are_folded() -> None:
    def given(text: str, *operands: int) -> int | None:
        return evaluate(assemble(f".program p\n    {text}\n").instructions[0], operands)

    assert given("cvt.i8.f32 r0, r1", immediate(Type.F32, 300.0).bits) == 127
    assert given("setlt.f32 p0, r0, r1", immediate(Type.F32, float("nan")).bits, 0) == 0
    assert given("setne.f32 p0, r0, r1", immediate(Type.F32, float("nan")).bits, 0) == 1
    assert given("pxor p0, p1, p2", 1, 0) == 1
    assert given("pnot p0, p1", 1) == 0
    assert given("sel.i16 r0, p0, r1, r2", 0, 5, 0xFFFF) == 0xFFFF
    assert given("reduce.add.u8 r0, r1, 3", 100, 100, 100) == 44
    assert given("reduce.mul.f32 r0, r1, 0") == immediate(Type.F32, 1.0).bits
    assert given("mov_sreg.i64 r0, global.x") is None


TEXT = """.program p
.param out: i64[1] w
.param n: i64
.extent n
.loc "k.py" 3 1 9
    mov_sreg.i64 r0, global.x
    mov_param.i64 r1, n
.loc "k.py" 4 1 9
    setlt.i64 p0, r0, r1
    bra.!p0 @end
.loc "k.py" 5 1 9
    mov_imm.i64 r2, 4
    mul.i64 r2, r2, 2
.loc "k.py" 6 1 9
    mov_imm.i64 r4, 3
    sub.i64 r4, r4, r0
    div.i64 r3, r1, r4
    mul.i64 r2, r0, r2
    mov_param.u64 r5, out
    stg.i64 [r5 + r2], r3
end:
"""


def test_places_and_origins_stay_and_the_source_is_the_identity() -> None:
    program = assemble(TEXT)
    before = program.digest
    optimised = optimise(program)
    assert optimised.source is program and program.digest == before
    assert optimised.removed == len(program.instructions) - len(optimised.program.instructions) == 2
    for index, ins in enumerate(optimised.program.instructions):
        assert optimised.program.location(index) == program.location(optimised.origin[index])
        assert ins.op == program.instructions[optimised.origin[index]].op
    out, domain = np.zeros(5, np.int64), Domain((5, 1, 1), (1, 1, 1), (5, 1, 1))
    with pytest.raises(DivisionByZeroError) as raised:
        InterpreterBackend().compile(optimised.program).launch([out, 5], domain)
    assert raised.value.lane == 3 and str(raised.value.location) == "k.py:6:1"


def test_calls_are_inlined_and_origins_are_those_as_written() -> None:
    text = """.program p
.param out: i32[1] w
    mov_imm.i32 r0, 1
    call @twice
    call @twice
    mov_param.u64 r1, out
    stg.i32 [r1 + 0], r0
    exit
twice:
    add.i32 r0, r0, r0
    ret
"""
    optimised = optimise(assemble(text))
    assert [i.op for i in optimised.program.instructions] == ["MOV_IMM", "MOV_PARAM", "STG", "EXIT"]
    assert optimised.program.instructions[0].args[1] == Imm(4)
    assert optimised.origin == (6, 3, 4, 5)


def test_invalid_programs_are_refused() -> None:
    with pytest.raises(VerificationError):
        optimise(assemble(".program p\n    neg.i32 r0, r1\n"))


def test_optimising_again_changes_nothing() -> None:
    for program in (templates.gemm(Type.F32, 8), templates.select(Type.F64), assemble(TEXT)):
        once = optimise(program).program
        assert optimise(once).program.instructions == once.instructions
        verify(once)


def test_a_template_written_plainly_gets_shorter() -> None:
    program = templates.gemm(Type.F32, 8)
    assert len(optimise(program).program.instructions) <= len(program.instructions) - 6


def test_without_an_evaluator_nothing_is_folded() -> None:
    program: Program = assemble(".program p\n    mov_imm.i32 r0, 1\n    add.i32 r1, r0, 2\n    print.i32 r1, 0\n")
    kept = passes.optimise(program, passes.unknown).program
    assert [i.op for i in kept.instructions] == ["MOV_IMM", "ADD", "Print"]
    assert [i.op for i in optimise(program).program.instructions] == ["Print"]
