"""Polynomials over slots are a commutative ring, and evaluation is a homomorphism."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.isa.affine import Affine, Poly, Variable, slot_name
from hologram.isa.operands import Field, Slot
from tests.isa.strategies import polynomials, slots

POLYS = polynomials(2)
VALUES = st.fixed_dictionaries({Slot(i, f, a): st.integers(-50, 50) for i in range(2) for f in Field for a in range(3)})
LANE, LOOP = Variable("lane", 0), Variable("loop", 3)


@settings(deadline=None)
@given(POLYS, POLYS, POLYS)
def test_ring(a: Poly, b: Poly, c: Poly) -> None:
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a * b) * c == a * (b * c)
    assert a * (b + c) == a * b + a * c
    assert a - a == Poly()
    assert a + 0 == a * 1 == a


@settings(deadline=None)
@given(POLYS, POLYS, VALUES)
def test_evaluation(a: Poly, b: Poly, values: dict[Slot, int]) -> None:
    assert (a + b).evaluate(values) == a.evaluate(values) + b.evaluate(values)
    assert (a * b).evaluate(values) == a.evaluate(values) * b.evaluate(values)
    assert (-a).evaluate(values) == -a.evaluate(values)


@given(slots(2), st.integers())
def test_constants_and_degree(slot: Slot, value: int) -> None:
    assert Poly.const(value).constant == value
    assert Poly.slot(slot).constant is None
    assert (Poly.slot(slot) * Poly.slot(slot)).degree == 2
    assert Poly.slot(slot).slots() == {slot}


def test_text() -> None:
    n, m, a = Poly.slot(Slot(0)), Poly.slot(Slot(1)), Poly.slot(Slot(2, Field.SHAPE, 1))

    def name(slot: Slot) -> str:
        return slot_name(["n", "m", "a"], slot)

    assert (n * m * 2 - a + 1).render(name) == "2*n*m - a.shape[1] + 1"
    assert (-n).render(name) == "-n"
    assert (n - m).render(name) == "-m + n"
    assert Poly().render(name) == "0"


@settings(deadline=None)
@given(POLYS, POLYS, POLYS)
def test_affine_expressions_add_and_scale_by_parts(base: Poly, factor: Poly, other: Poly) -> None:
    index = Affine.of(base, [(LANE, factor), (LOOP, other), (LANE, other)])
    assert index.coefficient(LANE) == factor + other
    assert (index + index).coefficient(LOOP) == other * 2
    assert index.scale(factor).base == base * factor
    assert (index - index) == Affine()
    assert (index - index).uniform == Poly()
    assert Affine.of(base).uniform == base
