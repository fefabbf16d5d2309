"""Classes: the two readings of an index are bijections, and mirrors and neighbours follow the numbered formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.circuit.classes import CLASSES, MIRRORS, NEIGHBOURS, UNITY, Label, Sigil, mirror, neighbours
from hologram.errors import ArgumentValueError

INDICES = st.integers(0, CLASSES - 1)
ALL = range(CLASSES)


def numbered_mirror(number: int) -> int:
    """The mirror of a resonance number, by arithmetic."""
    return 6 * (number // 6) + (number % 6 + 3) % 6


def numbered_neighbours(number: int) -> set[int]:
    """The neighbours of a resonance number, by arithmetic."""
    found = {number - weight if number // weight % 2 else number + weight for weight in (48, 24, 12, 6)}
    return found | {number + step for step in ((1,), (-1, 1), (-1,))[number % 3]}


@given(INDICES)
def test_readings_are_inverse(index: int) -> None:
    assert Sigil.of(index).index == index
    assert Label.of(index).index == index
    assert Label.of(index).sigil == Sigil.of(index)
    assert Label.numbered(Label.of(index).number) == Label.of(index)


def test_readings_cover_everything_once() -> None:
    assert {Sigil(q, m, c).index for q in range(4) for m in range(3) for c in range(8)} == set(ALL)
    assert {Label.of(index).number for index in ALL} == set(ALL)
    assert sorted(ALL, key=Label.of) == sorted(ALL, key=lambda index: Label.of(index).number)


@given(INDICES)
def test_sigil_and_label_agree_by_their_definition(index: int) -> None:
    s, e = Sigil.of(index), Label.of(index)
    assert index == 24 * s.quadrant + 8 * s.modality + s.context
    assert (e.e1, e.e2) == (s.quadrant >> 1, s.quadrant & 1)
    assert (e.e3, e.e6, e.e7) == (s.context >> 2, s.context >> 1 & 1, s.context & 1)
    assert e.d45 == {0: 0, 1: 1, 2: -1}[s.modality]


@given(INDICES)
def test_mirrors_follow_the_numbered_formula(index: int) -> None:
    other = mirror(index)
    assert Label.of(other).number == numbered_mirror(Label.of(index).number)
    assert other != index and mirror(other) == index
    assert other not in neighbours(index)


@given(INDICES)
def test_neighbours_follow_the_numbered_formula(index: int) -> None:
    found = neighbours(index)
    assert {Label.of(other).number for other in found} == numbered_neighbours(Label.of(index).number)
    assert list(found) == sorted(set(found))
    assert all(index in neighbours(other) for other in found)


@pytest.mark.parametrize(
    ("number", "expected"), [(0, {1, 6, 12, 24, 48}), (1, {0, 2, 7, 13, 25, 49}), (21, {9, 15, 22, 45, 69})]
)
def test_published_neighbours(number: int, expected: set[int]) -> None:
    assert {Label.of(c).number for c in neighbours(Label.numbered(number).index)} == expected


def test_the_graph_as_a_whole() -> None:
    degrees = [len(found) for found in NEIGHBOURS]
    assert sum(degrees) == 2 * 256
    assert (degrees.count(6), degrees.count(5)) == (32, 64)
    assert all((degree == 6) == (Sigil.of(index).modality == 0) for index, degree in enumerate(degrees))
    assert len({frozenset((index, other)) for index, other in enumerate(MIRRORS)}) == 48
    assert {Label.of(index).number for index in UNITY} == {1, 4} == {Label.of(MIRRORS[c]).number for c in UNITY}


@pytest.mark.parametrize("index", [-1, 96, 255])
def test_what_is_no_index_is_refused(index: int) -> None:
    for function in (mirror, neighbours, Sigil.of, Label.of, Label.numbered):
        with pytest.raises(ArgumentValueError, match=f"from 0 to 95, got {index}"):
            function(index)
    with pytest.raises(ArgumentValueError, match="modality must be from 0 to 2, got 3"):
        Sigil(0, 3, 0)
    with pytest.raises(ArgumentValueError, match="d45 must be from -1 to 1"):
        Label(0, 0, 0, 0, 0, 2)
