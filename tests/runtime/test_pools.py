"""The boundary pool: places by class, one live buffer each."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hologram.errors import ArgumentValueError, CapacityError
from hologram.runtime.executor import Executor


def address(buffer: object) -> int:
    return int(np.asarray(buffer).__array_interface__["data"][0])


def test_classes_are_contiguous_and_aligned() -> None:
    ex = Executor("cpu")
    buffers = [ex.allocate_boundary(c, 48, 256) for c in range(96)]
    starts = [address(b) for b in buffers]
    assert starts[0] % 64 == 0
    assert {b - a for a, b in itertools.pairwise(starts)} == {12_288}
    assert all(b.size == 3_072 and b.is_boundary for b in buffers)


@pytest.mark.parametrize(("dtype", "size"), [("f32", 3_072), ("f64", 1_536), ("u8", 12_288)])
def test_elements_of_a_whole_class(dtype: str, size: int) -> None:
    assert Executor("cpu").allocate_boundary(0, 48, 256, dtype).size == size


def test_a_class_has_one_live_buffer() -> None:
    ex = Executor("cpu")
    first = ex.allocate_boundary(7, 4, 4)
    with pytest.raises(CapacityError, match="class 7"):
        ex.allocate_boundary(7, 1, 4)
    with pytest.raises(MemoryError):
        ex.allocate_boundary(7, 1, 4)
    first.fill(2)
    first.free()
    second = ex.allocate_boundary(7, 4, 4)
    assert (second.to_numpy() == 2).all()
    del second
    ex.allocate_boundary(7, 4, 4)


def test_other_executors_have_their_own_pool() -> None:
    one, other = Executor("cpu"), Executor("cpu")
    assert address(one.allocate_boundary(0, 1, 4)) != address(other.allocate_boundary(0, 1, 4))


@pytest.mark.parametrize("place", [(96, 1, 1), (-1, 1, 1), (0, 49, 1), (0, 1, 257), (0, 0, 1), (0, 1, 0)])
def test_places_that_do_not_exist(place: tuple[int, int, int]) -> None:
    with pytest.raises(ArgumentValueError):
        Executor("cpu").allocate_boundary(*place)


def test_more_than_96_linear_buffers() -> None:
    ex = Executor("cpu")
    assert len([ex.allocate(10_000) for _ in range(200)]) == 200
