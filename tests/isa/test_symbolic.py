"""What the abstract interpretation knows about registers, and what it must not claim to know."""

from __future__ import annotations

import pytest

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.builder import Builder, immediate
from hologram.isa.operands import Condition, Field, Pred, Reg, Slot, Special
from hologram.isa.symbolic import Symbolic, analyze
from hologram.isa.transfer import MAX_TERMS, Choice
from hologram.types import Type

I64, U64, I32, U32, U8 = Type.I64, Type.U64, Type.I32, Type.U32, Type.U8
LANE = Affine.of(Poly(), [(Variable("lane", 0), Poly.const(1))])


def value(b: Builder, r: Reg, type: Type = I64) -> Affine | None:
    """What a register holds at the end of a program."""
    b.emit("MOV", type, b.reg(), r)
    program = b.build()
    return analyze(program).affine(len(program.instructions) - 1, r.index)


def lane(b: Builder, type: Type = I64, special: Special = Special.GLOBAL_X) -> Reg:
    r = b.reg()
    b.emit("MOV_SREG", type, r, special)
    return r


def scalar(b: Builder, type: Type = I64) -> tuple[Reg, Poly]:
    slot, r = b.scalar(f"s{len(b.params)}", type), b.reg()
    b.emit("MOV_PARAM", type, r, Slot(slot))
    return r, Poly.slot(Slot(slot))


def test_wide_arithmetic_is_followed() -> None:
    b = Builder("k")
    i, (n, poly), r = lane(b), scalar(b), b.reg()
    b.emit("MUL", I64, r, n, immediate(I64, 3))
    b.emit("MAD", I64, r, r, i, n)
    b.emit("SHL", I64, r, r, immediate(U32, 2))
    b.emit("NEG", I64, r, r)
    b.emit("SUB", I64, r, r, immediate(I64, -5))
    assert value(b, r) == LANE.scale(poly * -12) + Affine(poly * -4 + 5)


@pytest.mark.parametrize("op", ["DIV", "AND", "SHR", "REM"])
def test_what_is_not_affine_is_unknown(op: str) -> None:
    b = Builder("k")
    (n, _), r = scalar(b), b.reg()
    b.emit(op, I64, r, n, immediate(U32 if op == "SHR" else I64, 1))
    assert value(b, r) is None


def choice(b: Builder, r: Reg, type: Type = I64) -> Choice:
    """What the variable that a register holds stands for."""
    known = value(b, r, type)
    assert known is not None
    ((variable, one),) = known.terms
    assert (variable.kind, one.constant, known.base) == ("choice", 1, Poly())
    return analyze(b.build()).choices[variable.id]


def test_narrow_arithmetic_gives_a_variable_for_the_wrapped_value() -> None:
    for op, kind, expected in [("ADD", I32, 3), ("SUB", U8, -3)]:
        b = Builder("k")
        (n, poly), r = scalar(b, kind), b.reg()
        b.emit(op, kind, r, n, immediate(kind, 1))
        b.emit(op, kind, r, r, immediate(kind, 2))
        assert choice(b, r, kind) == Choice("WRAP", kind, Affine(poly + expected), Affine(poly + expected))


def test_minimum_and_maximum_give_a_variable_of_their_own() -> None:
    b = Builder("k")
    i, (n, poly), r = lane(b), scalar(b), b.reg()
    b.emit("MIN", I64, r, i, n)
    assert choice(b, r) == Choice("MIN", I64, LANE, Affine(poly))
    b.emit("MAX", I64, r, n, n)
    assert value(b, r) == Affine(poly)


def test_the_product_of_two_lane_coordinates_is_unknown() -> None:
    b = Builder("k")
    r = b.reg()
    b.emit("MUL", I64, r, lane(b), lane(b, I64, Special.GLOBAL_Y))
    assert value(b, r) is None


@pytest.mark.parametrize(("source", "target"), [(U32, I64), (I32, U64), (I64, U64), (U8, I32)])
def test_conversions_keep_a_value_where_the_target_holds_it(source: Type, target: Type) -> None:
    b = Builder("k")
    (n, poly), r = scalar(b, source), b.reg()
    b.emit("CVT", target, r, n, source_type=source)
    assert value(b, r, target) == Affine(poly)


@pytest.mark.parametrize(("source", "target"), [(I32, U32), (I64, I32), (U32, I32)])
def test_other_conversions_wrap(source: Type, target: Type) -> None:
    b = Builder("k")
    (n, poly), r = scalar(b, source), b.reg()
    b.emit("CVT", target, r, n, source_type=source)
    assert choice(b, r, target) == Choice("WRAP", target, Affine(poly), Affine(poly))


def test_immediates_are_signed_modulo_two_to_the_64() -> None:
    b = Builder("k")
    r, s = b.reg(), b.reg()
    b.emit("MOV_IMM", U64, r, immediate(U64, 2**64 - 3))
    b.emit("MOV_IMM", U8, s, immediate(U8, 255))
    assert value(b, r, U64) == Affine(Poly.const(-3))
    assert value(b, s, U8) == Affine(Poly.const(255))


def test_sources_that_are_no_numbers_or_differ_from_lane_to_lane_are_unknown() -> None:
    b = Builder("k")
    a, r, shape = b.array("a", Type.F32), b.reg(), b.reg()
    b.emit("MOV_PARAM", U64, r, Slot(a))
    b.emit("MOV_PARAM", I64, shape, Slot(a, Field.SHAPE))
    assert value(b, r, U64) is None
    assert value(b, shape) == Affine(Poly.slot(Slot(a, Field.SHAPE)))
    assert value(b, lane(b, U32), U32) is None
    assert value(b, lane(b, I64, Special.BLOCK_X)) is None


def test_descriptions_stay_small() -> None:
    b = Builder("k")
    r, _ = scalar(b)
    for _ in range(4):
        s, _ = scalar(b)
        b.emit("ADD", I64, r, r, s)
        b.emit("MUL", I64, r, r, r)
    assert value(b, r) is None
    b = Builder("k")
    r, _ = scalar(b)
    for _ in range(MAX_TERMS + 1):
        b.emit("ADD", I64, r, r, scalar(b)[0])
    assert value(b, r) is None


def loop(update: str = "once", type: Type = I64) -> tuple[Symbolic, int, int]:
    """for (k = n; k < 9; k += 2) { q: MOV } MOV; gives indices of the MOVs inside and after."""
    b = Builder("k")
    (n, _), k, p = scalar(b, type), b.reg(), b.pred()
    b.emit("MOV", type, k, n)
    head, out, skip = b.label("head"), b.label("out"), b.label("skip")
    b.place(head)
    b.emit("SETcc", type, Condition.LT, p, k, immediate(type, 9))
    b.emit("BRA", None, out, Pred(p.index, True))
    inside = 4
    b.emit("MOV", type, b.reg(), k)
    if update == "sometimes":
        b.emit("SETcc", type, Condition.EQ, p, k, immediate(type, 3))
        b.emit("BRA", None, skip, p)
    b.emit("ADD", type, k, k, immediate(type, 2))
    if update == "through a copy":
        copy = b.reg()
        b.emit("ADD", type, copy, k, immediate(type, 1))
        b.emit("MOV", type, k, copy)
    b.place(skip)
    b.emit("BRA", None, head)
    b.place(out)
    b.emit("MOV", type, b.reg(), k)
    program = b.build()
    return analyze(program), inside, len(program.instructions) - 1


def test_a_counter_is_its_start_plus_step_times_rounds_inside_the_loop_and_unknown_after_it() -> None:
    for update, step in [("once", 2), ("through a copy", 3)]:
        symbolic, inside, after = loop(update)
        (header,) = symbolic.cfg.loops
        rounds = Variable("loop", header)
        expected = Affine.of(Poly.slot(Slot(0)), [(rounds, Poly.const(step))])
        assert symbolic.affine(inside, 1) == expected
        assert symbolic.affine(after, 1) is None


def test_a_register_updated_in_some_rounds_only_or_in_a_narrow_type_is_unknown() -> None:
    symbolic, inside, _ = loop("sometimes")
    assert symbolic.affine(inside, 1) is None
    symbolic, inside, _ = loop(type=I32)
    assert symbolic.affine(inside, 1) is None


def test_a_register_that_a_loop_recomputes_alike_keeps_its_value() -> None:
    b = Builder("k")
    (n, poly), k, q, p = scalar(b), b.reg(), b.reg(), b.pred()
    b.emit("MOV", I64, k, n)
    b.emit("MOV", I64, q, n)
    head, out = b.label("head"), b.label("out")
    b.place(head)
    b.emit("SETcc", I64, Condition.LT, p, k, immediate(I64, 9))
    b.emit("BRA", None, out, Pred(p.index, True))
    b.emit("ADD", I64, q, q, immediate(I64, 1))
    b.emit("SUB", I64, q, q, immediate(I64, 1))
    b.emit("ADD", I64, k, k, q)
    b.emit("BRA", None, head)
    b.place(out)
    assert value(b, q) == Affine(poly)


def test_programs_with_calls_or_irreducible_loops_are_left_out() -> None:
    b = Builder("calls")
    f = b.label("f")
    b.emit("CALL", None, f)
    b.emit("EXIT")
    b.place(f)
    b.emit("RET")
    assert not analyze(b.build()).described
    b = Builder("two entries")
    (n, _), p = scalar(b), b.pred()
    one, two = b.label("one"), b.label("two")
    b.emit("SETcc", I64, Condition.LT, p, n, immediate(I64, 9))
    b.emit("BRA", None, two, p)
    b.place(one)
    b.emit("ADD", I64, n, n, immediate(I64, 1))
    b.place(two)
    b.emit("SETcc", I64, Condition.LT, p, n, immediate(I64, 3))
    b.emit("BRA", None, one, p)
    assert not analyze(b.build()).described
