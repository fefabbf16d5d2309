"""The verifier: accepts what is right, names everything that is wrong, and agrees with a search over all paths."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hologram.errors import Location, VerificationError
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, immediate
from hologram.isa.cfg import build_cfg
from hologram.isa.operands import (
    Condition,
    Imm,
    Label,
    Operand,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.program import Instruction, Param, Program
from hologram.isa.verify import verify
from hologram.types import Type
from tests.isa.strategies import programs, valid_programs

X = Param("x", "array", Type.F32, 1, "rw")
Y = Param("y", "array", Type.F32, 1, "rw")


def findings(program: Program) -> list[tuple[int, str]]:
    """(index, message) of everything the verifier says."""
    try:
        verify(program)
    except VerificationError as error:
        return [(f.index, f.message) for f in error.findings]
    return []


def alone(op: str, type: Type | None, *args: Operand, source: Type | None = None, **fields: object) -> list[str]:
    """Messages about one instruction in a program with the array x."""
    program = Program("p", (X,), (Instruction(op, type, args, source),), {"end": 1})
    return [message for _, message in findings(replace(program, **fields))]


@settings(max_examples=60, deadline=None)
@given(valid_programs())
def test_generated_valid_programs_pass(program: Program) -> None:
    facts = verify(program)
    accesses = [i for i, ins in enumerate(program.instructions) if ins.spec.is_memory]
    names = {i: program.params[s].name for i, s in facts.slot_of.items()}
    assert names == dict(zip(accesses, ("x", "out"), strict=True))


@settings(max_examples=80, deadline=None)
@given(programs())
def test_any_program_passes_or_gives_findings(program: Program) -> None:
    for index, message in findings(program):
        assert -1 <= index < len(program.instructions)
        assert message


REFUSED: list[tuple[str, Type | None, tuple[Operand, ...], str]] = [
    ("NOP", None, (), "no instruction 'NOP'"),
    ("ADD", None, (Reg(0), Reg(252), Reg(252)), "ADD needs a type"),
    ("EXIT", Type.F32, (), "EXIT has no type"),
    ("AND", Type.F32, (Reg(0), Reg(0), Reg(0)), "AND does not exist for f32"),
    ("CVT", Type.F32, (Reg(0), Reg(252)), "CVT has a source type"),
    ("ADD", Type.U32, (Reg(0), Reg(252)), "takes 3 operands, not 2"),
    ("ADD", Type.U32, (Pred(0), Reg(252), Reg(252)), "operand dst is Pred"),
    ("MOV", Type.U32, (Reg(0), Imm(1)), "operand a is Imm"),
    ("BarSync", None, (True,), "operand id is True"),
    ("MOV", Type.U32, (Reg(256), Reg(252)), "r256 does not exist"),
    ("LDG", Type.F32, (Reg(0), RegisterIndirect(Reg(-1), 0)), "r-1 does not exist"),
    ("MOV", Type.U32, (Reg(253), Reg(252)), "special register"),
    ("PNOT", None, (Pred(16), Pred(0)), "p16 does not exist"),
    ("PNOT", None, (Pred(1), Pred(0, True)), "only the guard of BRA"),
    ("BRA", None, (Label("ende"), None), "label @ende is not defined"),
    ("MOV_IMM", Type.I8, (Reg(0), Imm(256)), "0x100 does not fit i8"),
    ("MOV_IMM", Type.I8, (Reg(0), Imm(-1)), "does not fit i8"),
    ("SHL", Type.I8, (Reg(0), Reg(0), Imm(1 << 32)), "does not fit u32"),
    ("SETcc", Type.I32, (Condition.LTU, Pred(0), Reg(0), Reg(0)), "unsigned numbers"),
    ("SETcc", Type.F32, (Condition.GEU, Pred(0), Reg(0), Reg(0)), "unsigned numbers"),
    ("MOV_PARAM", Type.F32, (Reg(0), Slot(1)), "no parameter slot 1"),
    ("MOV_PARAM", Type.U64, (Reg(0), Slot(0, axis=1)), "has no axis"),
    ("LDG", Type.F32, (Reg(0), SlotOffset(4, 0)), "no parameter slot 4"),
    ("LDG", Type.F32, (Reg(0), PhiCoordinate(0, -1, 0)), "page -1"),
    ("PhaseAdv", None, (65536,), "delta 65536 does not fit u16"),
    ("MOV_SREG", Type.F32, (Reg(0), Special.LANE_X), "does not exist for f32"),
]


@pytest.mark.parametrize(("op", "type", "args", "message"), REFUSED, ids=[r[3] for r in REFUSED])
def test_one_wrong_instruction(op: str, type: Type | None, args: tuple[Operand, ...], message: str) -> None:
    assert any(message in found for found in alone(op, type, *args)), alone(op, type, *args)


@pytest.mark.parametrize(
    ("number", "messages", "wanted"),
    [
        (1, (), ""),
        (1, ("a", "{:.3f}"), ""),
        (2, ("a", "{}"), "there is no message 2, the program has 2"),
        (0, ("{} {}",), "message 0 has places for 2 values; Print has one"),
        (0, ("{",), "message 0 cannot be shown: '{' stands alone"),
        (0, ("{:s}",), "'s' is no format of a number"),
        (0, ("x" * 5000,), "it has 5000 characters"),
    ],
)
def test_messages_of_print(number: int, messages: tuple[str, ...], wanted: str) -> None:
    found = alone("Print", Type.U32, Reg(252), number, messages=messages)
    assert (any(wanted in f for f in found) and found) if wanted else not found


def test_messages_of_assert_are_no_templates() -> None:
    code = (
        Instruction("SETcc", Type.U32, (Condition.EQ, Pred(0), Reg(252), Imm(0))),
        Instruction("Assert", None, (Pred(0), 0)),
    )
    assert findings(Program("p", (), code, messages=("{ is fine here",))) == []
    assert findings(Program("p", (), code[1:], messages=("a",)))[0][1].startswith("p0")
    assert findings(Program("p", (), (*code[:1], Instruction("Assert", None, (Pred(0), 1))), messages=("a",))) == [
        (1, "there is no message 1, the program has 1")
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "name '' is empty"),
        ({"params": (X, X)}, "two parameters are named 'x'"),
        ({"params": (replace(X, kind="image"),)}, "kind 'image'"),
        ({"params": (replace(X, access="wr"),)}, "access 'wr'"),
        ({"params": (replace(X, default=1),)}, "cannot have a default"),
        ({"params": (Param("a b", "scalar", Type.F32),)}, "no identifier"),
        ({"params": (Param("a", "scalar", Type.F32, 1),)}, "no dimensions"),
        ({"labels": {"end": 2}}, "points to instruction 2"),
        ({"labels": {"a-b": 0}}, "no label name"),
        ({"flags": frozenset({"slow"})}, "flag 'slow' is unknown"),
        ({"flags": frozenset({"rows"})}, "flag 'rows' asks for an extent of 32 lanes on axis x"),
        ({"flags": frozenset({"rows"}), "shared_bytes": 4}, "flag 'rows' leaves block reductions alone to meet in"),
        ({"shared_bytes": -1}, "-1 bytes"),
        ({"debug": (None, None)}, "debug data for 2 of 1"),
        ({"extent": (Poly(),) * 4}, "an extent on 4 axes"),
        ({"extent": (Poly.slot(Slot(3)),)}, "parameter slot 3"),
    ],
)
def test_wrong_declarations(fields: dict[str, object], message: str) -> None:
    assert any(message in found for found in alone("EXIT", None, **fields))


def test_all_findings_come_together_with_text_and_place() -> None:
    b = Builder("p")
    b.location = Location("k.py", 7, 3)
    b.emit("NEG", Type.F32, Reg(0), Reg(1))
    b.location = Location("k.py", 8, 3)
    b.emit("MOV_IMM", Type.I8, Reg(255), Imm(999))
    with pytest.raises(VerificationError) as caught:
        verify(b.build())
    first, second, third = caught.value.findings
    assert (first.index, first.text, first.location) == (0, "neg.f32 r0, r1", Location("k.py", 7, 3))
    assert (second.index, third.index, third.text) == (1, 1, "mov_imm.i8 r255, 0x3e7")
    assert "k.py:8:3" in str(caught.value)


def test_reads_and_writes_follow_the_signature() -> None:
    for access, op, wrong in [
        ("r", "LDG", False),
        ("w", "LDG", True),
        ("r", "STG", True),
        ("w", "STG", False),
        ("w", "ATOM_ADD", True),
        ("r", "ATOM_ADD", True),
        ("rw", "ATOM_ADD", False),
        ("r", "GRED_ADD", True),
        ("w", "GRED_ADD", False),
    ]:
        b = Builder("p")
        slot = b.array("x", Type.F32, access=access)
        value, old = b.reg(), b.reg()
        b.emit("MOV_IMM", Type.F32, value, immediate(Type.F32, 1))
        place = SlotOffset(slot, 4)
        args = {"LDG": (old, place), "ATOM_ADD": (old, place, value)}.get(op, (value, place))
        b.emit(op, Type.F32, *args)
        assert bool(findings(b.build())) == wrong, (access, op)


def test_unreachable_code_is_checked_alone_only() -> None:
    code = (Instruction("EXIT"), Instruction("NEG", Type.F32, (Reg(0), Reg(1))))
    assert not findings(Program("p", (), code))
    wrong = (Instruction("EXIT"), Instruction("NEG", Type.U8, (Reg(0), Reg(1))))
    assert findings(Program("p", (), wrong)) == [(1, "NEG does not exist for u8")]


CHOICES = st.sampled_from(["f32", "u64", "x", "y", "move", "select", "neg", "load", "branch", "exit", "loop"])


@st.composite
def flows(draw: st.DrawFn) -> Program:
    """Small programs with arbitrary branches over three registers."""
    kinds = draw(st.lists(CHOICES, min_size=1, max_size=9))
    r = lambda: Reg(draw(st.integers(0, 2)))  # noqa: E731
    code = [Instruction("SETcc", Type.U32, (Condition.EQ, Pred(0), Reg(252), Reg(253)))]
    starts = [
        ("MOV_IMM", Type.F32, Imm(0)),
        ("MOV_IMM", Type.U64, Imm(0)),
        *(("MOV_PARAM", Type.U64, Slot(i)) for i in (0, 1)),
    ]
    for i in range(3):
        op, element, value = draw(st.sampled_from(starts))
        code.append(Instruction(op, element, (Reg(i), value)))
    labels = {}
    for i, kind in enumerate(kinds):
        target = Label(f"l{i}")
        labels[target.name] = draw(st.integers(1, len(kinds) + 4))
        made = {
            "f32": lambda: Instruction("MOV_IMM", Type.F32, (r(), Imm(0))),
            "u64": lambda: Instruction("MOV_IMM", Type.U64, (r(), Imm(0))),
            "x": lambda: Instruction("MOV_PARAM", Type.U64, (r(), Slot(0))),
            "y": lambda: Instruction("MOV_PARAM", Type.U64, (r(), Slot(1))),
            "move": lambda: Instruction("MOV", Type.U64, (r(), r())),
            "select": lambda: Instruction("SEL", Type.U64, (r(), Pred(0), r(), r())),
            "neg": lambda: Instruction("NEG", Type.F32, (r(), r())),
            "load": lambda: Instruction("LDG", Type.F32, (r(), RegisterIndirect(r(), 0))),
            "branch": lambda t=target: Instruction("BRA", None, (t, Pred(0))),
            "exit": lambda: Instruction("EXIT"),
            "loop": lambda t=target: Instruction("LOOP", None, (Reg(draw(st.integers(0, 2))), t)),
        }
        code.append(made[kind]())
    return Program("flow", (X, Y), tuple(code), labels)


def accepts(program: Program) -> dict[int, set[object]] | None:
    """Search over every reachable (place, contents): the arrays of each load, or None when a path goes wrong."""
    arrays: dict[int, set[object]] = {}
    start = (0, (None, None, None))
    seen, work = {start}, [start]
    while work:
        pc, held = work.pop()
        if pc == len(program.instructions):
            continue
        ins = program.instructions[pc]
        outcome = one_step(ins, held)
        if outcome is None:
            return None
        if ins.op == "LDG":
            address = ins.args[1]
            assert isinstance(address, RegisterIndirect)
            arrays.setdefault(pc, set()).add(held[address.handle.index])
        for following in successors(program, pc):
            if (following, outcome) not in seen:
                seen.add((following, outcome))
                work.append((following, outcome))
    return arrays if all(len(found) == 1 for found in arrays.values()) else None


def successors(program: Program, pc: int) -> Iterator[int]:
    """Where a path may go next."""
    ins = program.instructions[pc]
    if ins.op in ("BRA", "LOOP"):
        yield program.labels[next(a.name for a in ins.args if isinstance(a, Label))]
    yield len(program.instructions) if ins.op == "EXIT" else pc + 1


Held = tuple[object, ...]


def one_step(ins: Instruction, held: Held) -> Held | None:
    """Contents after an instruction on one path, or None when it reads what it may not."""
    regs = [a.index for a in ins.args if isinstance(a, Reg)]
    if ins.op in ("SETcc", "BRA", "EXIT"):
        return held
    if ins.op == "LOOP":
        return held if held[regs[0]] == "u32" else None
    out = list(held)
    if ins.op == "MOV_IMM":
        out[regs[0]] = "f32" if ins.type is Type.F32 else "u64"
    elif ins.op == "MOV_PARAM":
        slot = ins.args[1]
        assert isinstance(slot, Slot)
        out[regs[0]] = slot.index
    elif ins.op == "NEG":
        if held[regs[1]] != "f32":
            return None
        out[regs[0]] = "f32"
    elif ins.op == "LDG":
        address = ins.args[1]
        assert isinstance(address, RegisterIndirect)
        if held[address.handle.index] not in (0, 1):
            return None
        out[regs[0]] = "f32"
    else:
        sources = {held[i] for i in regs[1:]}
        if len(sources) != 1 or sources & {None, "f32"}:
            return None
        out[regs[0]] = sources.pop()
    return tuple(out)


@settings(max_examples=400, deadline=None)
@given(flows())
def test_agrees_with_a_search_over_all_paths(program: Program) -> None:
    assume(not build_cfg(program).irreducible)
    expected = accepts(program)
    if findings(program):
        assert expected is None or joined(program)
    else:
        assert expected is not None
        assert {i: {s} for i, s in verify(program).slot_of.items()} == expected


def joined(program: Program) -> bool:
    """A copy of a register that holds different things on different paths: refused although each path is right."""
    return any(ins.op in ("MOV", "SEL") for ins in program.instructions)


def straight(length: int) -> Program:
    """A long program without branches."""
    b = Builder("straight")
    b.emit("MOV_IMM", Type.F32, Reg(0), immediate(Type.F32, 2.0))
    for i in range(length):
        b.emit("ADD", Type.F32, Reg((i + 1) % 200), Reg(i % 200), immediate(Type.F32, 1.0))
    return b.build()


def nest(depth: int) -> Program:
    """Loops inside loops."""
    b = Builder("nest")
    b.emit("SETcc", Type.U32, Condition.EQ, Pred(0), Reg(252), Imm(3))
    heads = [b.label("head") for _ in range(depth)]
    for i, head in enumerate(heads):
        b.place(head)
        b.emit("MOV_IMM", Type.F32, Reg(i % 250), Imm(0))
    for head in reversed(heads):
        b.emit("BRA", None, head, Pred(0))
    return b.build()


def test_long_programs_verify_in_time() -> None:
    start = time.perf_counter()
    verify(straight(50_000))
    assert time.perf_counter() - start < 20


def test_size_of_the_graph_is_bounded() -> None:
    assert not findings(nest(60))
    assert any("nest deeper than 64" in message for _, message in findings(nest(70)))
    assert any("the most is 4096" in message for _, message in findings(nest(3000)))
