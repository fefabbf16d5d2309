"""Transforms are permutations of the classes, and compose as such."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hologram.circuit.transforms import IDENTITY, Transform, Turn, compose

transforms = st.builds(Transform, st.integers(0, 3), st.integers(0, 2), st.integers(0, 7), st.booleans())


@given(transforms, transforms)
def test_composition_is_one_after_the_other(second: Transform, first: Transform) -> None:
    assert [(second @ first)(c) for c in range(96)] == [second(first(c)) for c in range(96)]


@given(transforms)
def test_the_inverse_takes_every_class_back(transform: Transform) -> None:
    assert transform.inverse @ transform == IDENTITY == transform @ transform.inverse
    assert sorted(map(transform, range(96))) == list(range(96))


def test_there_are_192_of_them_and_all_differ() -> None:
    every = [Transform(*args) for args in product(range(4), range(3), range(8), (False, True))]
    assert len({tuple(map(t, range(96))) for t in every}) == len(every) == 192


def test_orders_and_the_laws_between_them() -> None:
    rotate, triality, twist, mirror = (compose((Turn(x, 1),)) for x in ("R", "D", "T", "~"))
    for transform, order in ((rotate, 4), (triality, 3), (twist, 8), (mirror, 2)):
        powers = [IDENTITY]
        while len(powers) == 1 or powers[-1] != IDENTITY:
            powers.append(transform @ powers[-1])
        assert len(powers) - 1 == order
    assert mirror @ triality @ mirror == triality.inverse
    assert mirror @ rotate @ mirror == rotate
    assert mirror @ twist @ mirror == twist


def test_amounts_wrap() -> None:
    assert compose((Turn("R", 10**8 + 1),)) == Transform(quadrant=1)
    assert compose((Turn("T", -1),)) == Transform(slot=7)
