"""The text form: round trips, every row's spelling, and errors with a place, a caret and a hint."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.errors import AssemblyError, Location
from hologram.isa.instructions import TABLE
from hologram.isa.operands import (
    Imm,
    Label,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
)
from hologram.isa.program import Instruction, Param, Program
from hologram.isa.text import assemble, disassemble, form, spell
from hologram.isa.text.numbers import read_immediate, spell_immediate
from hologram.isa.text.operand_reader import READERS
from hologram.isa.text.spelling import SUFFIXES
from hologram.types import Type
from tests.isa.strategies import immediates, parts, programs

HEAD = ".program p\n.param a: f32[1] rw\n.param n: u32\n.param phi: f32[2] r\n.param r1: f32[1] r\n"


def first(text: str) -> Instruction:
    """The first instruction of a program with some parameters."""
    return assemble(f"{HEAD}end: {text}").instructions[0]


@settings(max_examples=50, deadline=None)
@given(programs())
def test_a_program_survives_the_text(program: Program) -> None:
    text = disassemble(program)
    again = assemble(text)
    expected = program if any(program.debug) else Program(**{**vars_of(program), "debug": ()})
    assert parts(again) == parts(expected)
    assert again == program
    assert disassemble(again) == text


def vars_of(program: Program) -> dict[str, object]:
    """The fields of a program by name."""
    names = ("name", "params", "instructions", "labels", "extent", "shared_bytes", "flags", "metadata", "messages")
    names += ("variables",)
    return {name: getattr(program, name) for name in names}


@given(st.sampled_from(Type), st.data())
def test_every_immediate_survives(type: Type, data: st.DataObject) -> None:
    bits = data.draw(immediates(type)).bits
    assert read_immediate(type, spell_immediate(type, bits)) == bits


@pytest.mark.parametrize(
    ("type", "bits", "text"),
    [
        (Type.F32, 0x3DCCCCCD, "0.1"),
        (Type.F32, 0x80000000, "-0.0"),
        (Type.F32, 0x7F800000, "0x7f800000"),
        (Type.F32, 1, "1e-45"),
        (Type.F16, 0x2E66, "0.1"),
        (Type.BF16, 0x3DCD, "0.1"),
        (Type.F64, 0x3FB999999999999A, "0.1"),
        (Type.F64, 0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
        (Type.I8, 0x80, "-128"),
        (Type.U64, (1 << 64) - 1, "18446744073709551615"),
    ],
)
def test_immediates_are_the_shortest_decimals(type: Type, bits: int, text: str) -> None:
    assert spell_immediate(type, bits) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ldg.f32 r0, [r1 + r2]", Instruction("LDG", Type.F32, (Reg(0), RegisterIndirectComputed(Reg(1), Reg(2))))),
        ("ldg.f32 r0, [r1 - 8]", Instruction("LDG", Type.F32, (Reg(0), RegisterIndirect(Reg(1), -8)))),
        ("ldg.f32 r0, [r1 + 0]", Instruction("LDG", Type.F32, (Reg(0), RegisterIndirect(Reg(1), 0)))),
        ("ldg.f32 r0, [$r1 + 4]", Instruction("LDG", Type.F32, (Reg(0), SlotOffset(3, 4)))),
        ("ldg.f32 r0, [$phi + 4]", Instruction("LDG", Type.F32, (Reg(0), SlotOffset(2, 4)))),
        ("stg.f32 [a + 4], r0", Instruction("STG", Type.F32, (Reg(0), SlotOffset(0, 4)))),
        ("stg.u8 [phi(1, 2, 3)], r0", Instruction("STG", Type.U8, (Reg(0), PhiCoordinate(1, 2, 3)))),
        ("bra @end", Instruction("BRA", None, (Label("end"), None))),
        ("bra.p3 @end", Instruction("BRA", None, (Label("end"), Pred(3)))),
        ("bra.!p3 @end", Instruction("BRA", None, (Label("end"), Pred(3, True)))),
        ("cvt.f32.i32 r0, r1", Instruction("CVT", Type.F32, (Reg(0), Reg(1)), Type.I32)),
        ("mov_imm.f16 r0, 1.5", Instruction("MOV_IMM", Type.F16, (Reg(0), Imm(0x3E00)))),
        ("mov_param.u32 r3, n", Instruction("MOV_PARAM", Type.U32, (Reg(3), Slot(1)))),
        ("exit", Instruction("EXIT")),
    ],
)
def test_spelling(text: str, expected: Instruction) -> None:
    assert first(text) == expected
    program = assemble(f"{HEAD}end: {text}")
    assert spell(program, expected) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("ldg.f32 r0,[a]", "ldg.f32 r0, [a + 0]"),
        ("  setltu.u8\tp0 , r1,0x10 ; a comment", "setltu.u8 p0, r1, 16"),
        ("mov_imm.f64 r0, 2 // an integer is fine", "mov_imm.f64 r0, 2.0"),
        ("mov_imm.f32 r0, -1e3", "mov_imm.f32 r0, -1000.0"),
        ("unity.test p0, 1e-9", "unity.test p0, 1e-09"),
        ("bar.sync  0", "bar.sync 0"),
        ("memfence.device", "memfence.device"),
        ("bound.map r0,r1,r2,r3", "bound.map r0, r1, r2, r3"),
        ("shl.i8 r0,r1,31", "shl.i8 r0, r1, 31"),
        ("reduce.add.f32  r0,r4,8", "reduce.add.f32 r0, r4, 8"),
    ],
)
def test_other_ways_to_write(text: str, plain: str) -> None:
    program = assemble(f"{HEAD}end: {text}")
    assert spell(program, program.instructions[0]) == plain
    assert first(plain) == program.instructions[0]


def test_windows_lines_and_labels_of_their_own() -> None:
    program = assemble(".program p\r\nstart:\r\n  bra @start\r\nlast: end:\r\n")
    assert program.labels == {"start": 0, "last": 1, "end": 1}


def test_a_text_without_places_is_its_own_source() -> None:
    program = assemble(".program p\n\n  exit\n", "k.atlasm")
    assert program.location(0) == Location("k.atlasm", 3, 3, 7)
    assert assemble(".program p\n.loc none\n  exit\n").debug == ()


def test_places_repeat_until_the_next() -> None:
    program = assemble('.program p\n.loc "k.py" 3 5 9\nexit\nexit\n.loc 4 1 2\nexit\n.loc none\nexit')
    assert program.debug == (
        Location("k.py", 3, 5, 9),
        Location("k.py", 3, 5, 9),
        Location("k.py", 4, 1, 2),
        None,
    )


def test_extents() -> None:
    program = assemble(".program p\n.param m: i64\n.param a: f32[2] r\n.extent a.shape[1] - 2, 3*m*m + m - 1, 0\n")
    assert disassemble(program).splitlines()[3] == ".extent a.shape[1] - 2, 3*m*m + m - 1, 0"


ERRORS = [
    ("ad.f32 r0, r1, r2", 1, "no instruction 'ad'", "did you mean"),
    ("mull.f32 r0, r1, r2", 1, "no instruction 'mull", "'mul'"),
    ("add.f33 r0, r1, r2", 1, "no type 'f33'", "'f32'"),
    ("add r0, r1, r2", 1, "0 type suffixes", "add.T dst, a, b"),
    ("and.f32 r0, r1, r2", 1, "does not exist for f32", "i8, i16"),
    ("set.f32 p0, r1, r2", 1, "needs a condition", "setlt"),
    ("memfence.grid", 1, "needs a scope", "device"),
    ("bra.p16 @end", 1, "'p16' is no predicate", ""),
    ("add.f32 r0, r1", 15, "',' is missing", ""),
    ("add.f32 r0, r1, r2, r3", 19, "',' is too much", ""),
    ("add.f32 r256, r1, r2", 9, "r0 to r255", ""),
    ("add.f32 r01, r1, r2", 9, "r0 to r255", ""),
    ("add.f32 p0, r1, r2", 9, "a register", ""),
    ("pnot r0, p1", 6, "a predicate", ""),
    ("mov_imm.i8 r0, 128", 16, "does not fit i8", ""),
    ("mov_imm.i8 r0, 1.5", 16, "is no integer", ""),
    ("mov_imm.f16 r0, 70000", 17, "beyond the largest f16", ""),
    ("mov_imm.u8 r0, 0x100", 16, "more bits than u8", ""),
    ("mov_imm.f32 r0, x", 17, "must be a number", ""),
    ("mov_param.u32 r0, m", 19, "no parameter 'm'", "a, n, phi"),
    ("mov_param.i64 r0, a.shap[0]", 19, "no part of a parameter 'shap'", "'shape'"),
    ("mov_sreg.i64 r0, globl.x", 18, "no launch coordinate", "'global.x'"),
    ("bra @emd", 6, "no label 'emd'", "'end'"),
    ("ldg.f32 r0, [r1 + r2", 21, "']' is missing", ""),
    ("ldg.f32 r0, [b + 4]", 14, "no parameter 'b'", ""),
    ("ldg.f32 r0, [phi(1, 2)]", 22, "',' is missing", ""),
    ("phase.adv 65536", 11, "from 0 to 65535", ""),
    (".parm b: f32", 1, "no directive '.parm'", "'.param'"),
    (".param a: f32", 8, "declared twice", ""),
    (".param b: f33", 11, "no type 'f33'", "'f32'"),
    (".param b: f32[1] x", 18, "no access 'x'", ""),
    (".program q", 10, "has a name already", ""),
    (".extent q", 9, "no parameter 'q'", ""),
    (".loc 3 4 5", 6, "file's name is missing", ".loc"),
    ('.metadata "a\\q" "b"', 11, "no text as JSON", ""),
    ("end: exit", 1, "placed twice", ""),
    ("exit %", 6, "begins nothing", ""),
    ('exit "', 6, "begins nothing", ""),
]


@pytest.mark.parametrize(("text", "column", "message", "hint"), ERRORS, ids=[e[0] for e in ERRORS])
def test_errors_point_at_the_place(text: str, column: int, message: str, hint: str) -> None:
    with pytest.raises(AssemblyError) as caught:
        assemble(f"{HEAD}end:\n{text}", "k.atlasm")
    error = caught.value
    assert message in error.message
    assert hint in error.hint
    assert (error.location.file, error.location.line, error.location.column) == ("k.atlasm", 7, column)
    assert str(error).splitlines()[1] == f"    {text}"
    assert str(error).splitlines()[2].index("^") == 4 + column - 1


def test_a_program_needs_a_name() -> None:
    with pytest.raises(AssemblyError, match="no name"):
        assemble("exit")


MARKS = list('@[]+-*:=,!$;"\\ \n\x00\u2028é\ud800')
PIECES = ["p", "r0", "p0", "a", ".f32", "f32", "0x", "1e9", "9" * 20, "phi(", "//"]
WORDS = [*(s.text for s in TABLE), ".program", ".param", ".loc", ".extent", *PIECES, *MARKS]


def assembled(text: str) -> Program | None:
    """The program of a text, or None where it is refused with a message."""
    try:
        return assemble(text)
    except AssemblyError as error:
        return None if str(error) else Program("silent", (), ())


@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_gives_a_program_or_an_assembly_error(text: str) -> None:
    for whole in (text, f".program p\n.param a: f32[1] rw\n{text}"):
        program = assembled(whole)
        assert program is None or assemble(disassemble(program)) == program


@settings(max_examples=50, deadline=None)
@given(programs(), st.data())
def test_damaged_listings(program: Program, data: st.DataObject) -> None:
    text = disassemble(program)
    start = data.draw(st.integers(0, len(text)))
    damaged = text[:start] + data.draw(st.text(max_size=3)) + text[start + data.draw(st.integers(0, 3)) :]
    again = assembled(damaged)
    assert again is None or again.name != "silent"


@pytest.mark.parametrize(
    "text",
    [
        "9" * 200_000,
        '"' + "\\" * 200_000,
        ".extent " + "a*" * 100_000,
        ".extent " + "1+" * 100_000,
        "mov_imm.f64 r0, 1e9999",
        "a" * 200_000,
        "a:" * 50_000,
        "[" * 200_000,
        "x.y " * 50_000,
        ".metadata " + "[" * 100_000,
        "bra @l\n" * 20_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(AssemblyError):
        assemble(f".program p\n.param a: f32[1] r\n{text}")
    assert time.perf_counter() - start < 20


def test_invalid_programs_still_have_a_text() -> None:
    broken = Program(
        "p",
        (Param("a", "array", Type.F32, 1),),
        (
            Instruction("NOP"),
            Instruction("ADD", Type.F32, (Reg(999),)),
            Instruction("LDG", Type.F32, (Reg(0), SlotOffset(7, 4))),
            Instruction("MOV_PARAM", None, (Imm(3), Slot(9), Pred(1))),
            Instruction("MOV_IMM", Type.I8, (Reg(0), Imm(1 << 70))),
        ),
    )
    for ins in broken.instructions:
        assert spell(broken, ins)


def test_every_row_has_readers_and_a_general_form() -> None:
    for spec in TABLE:
        assert {o.kind for o in spec.operands} <= READERS.keys() | SUFFIXES
        assert form(spec).startswith(spec.text)
