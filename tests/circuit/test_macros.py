"""Macros: what they write parses, and says in words what their definitions say."""

import pytest

from hologram.circuit.evaluate import words
from hologram.circuit.macros import and_, not_, or_, scope, step
from hologram.circuit.parse import parse
from hologram.circuit.transforms import Transform
from hologram.errors import CircuitError


@pytest.mark.parametrize("inner", ["mark@c01", "mark@c01 . copy@c02", "R+1@ mark@c01", "mark@c01 || mark@c02"])
def test_macros_nest(inner: str) -> None:
    text = scope(1, and_(not_(inner), or_(step(3, inner), inner)))
    assert to_words(text)[0] == "→ρ[1]"
    assert to_words(text)[-1] == "←ρ[1]"
    assert to_words(text).count("merge[d=2]") == 1
    assert to_words(text).count("merge[d=1]") == 1


def to_words(text: str) -> tuple[str, ...]:
    return words(parse(text))


def test_not_twice_is_where_it_was() -> None:
    turned = Transform(slot=4, mirror=True)
    assert all((turned @ turned)(c) == c for c in range(96))
    assert to_words(not_("mark@c01")) == ("→τ[4]", "→μ", "mark", "←τ[4]", "←μ")


def test_scopes_and_steps_add_up() -> None:
    assert to_words(scope(1, scope(2, "evaluate@c00")))[2:4] == ("phase[h₂=3]", "evaluate")
    assert to_words(step(3, step(2, "quote@c00")))[2] == "quote[ℓ=5]"


def test_what_is_no_circuit_is_refused() -> None:
    with pytest.raises(CircuitError, match="expected"):
        not_("mark@")
