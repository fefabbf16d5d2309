"""Indexing against NumPy: every index of integers, slices, Ellipsis and newaxis is the view NumPy gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram import tensor
from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError
from hologram.types import Type


@st.composite
def indexed(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], Any]:
    """An array and an index that may or may not fit it."""
    shape = tuple(draw(st.lists(st.integers(0, 4), max_size=4)))
    array = np.arange(np.prod(shape, dtype=int), dtype=np.int32).reshape(shape)
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    ends = st.none() | st.integers(-5, 5)
    steps = st.sampled_from([None, -2, -1, 1, 2])
    parts = st.integers(-4, 3) | st.builds(slice, ends, ends, steps) | st.just(None) | st.just(Ellipsis)
    index = tuple(draw(st.lists(parts, max_size=5)))
    return array, index[0] if len(index) == 1 and draw(st.booleans()) else index


@given(indexed())
def test_views_are_those_of_numpy(case: tuple[np.ndarray[Any, Any], Any]) -> None:
    array, index = case
    made = tensor(array)
    try:
        wanted = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            made[index]
        return
    got = made[index]
    assert got.shape == wanted.shape
    assert np.array_equal(got.numpy(), wanted)
    if got.size:
        assert np.shares_memory(got.numpy(), made.numpy())


@settings(max_examples=50)
@given(indexed(), st.sampled_from(["number", "array", "itself"]))
def test_assignments_are_those_of_numpy(case: tuple[np.ndarray[Any, Any], Any], value: str) -> None:
    array, index = case
    made, expected = tensor(array), array.copy()
    try:
        part = expected[index]
    except IndexError:
        with pytest.raises(IndexError):
            made[index] = 1
        return
    row = np.arange(100, 100 + (part.shape[-1] if part.ndim else 1), dtype=np.float32)
    if value == "number":
        expected[index], made[index] = 7, 7
    elif value == "array":
        expected[index], made[index] = row if part.ndim else row[0], tensor(row) if part.ndim else row[0]
    else:
        expected[index] = part[..., ::-1].copy() if part.ndim else part
        made[index] = made[index][..., ::-1] if part.ndim else made[index]
    assert np.array_equal(made.numpy(), expected)


def test_overlapping_parts_move_as_if_copied() -> None:
    made = tensor(np.arange(10))
    made[1:] = made[:-1]
    assert made.tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("element", list(Type))
def test_assignment_converts_to_the_type_of_the_tensor(element: Type) -> None:
    made = tensor(np.zeros(3), dtype=element)
    made[1:] = tensor([2.75])
    made[0] = 3
    assert made.astype("f64").tolist() == [3, *(2 * [2.75 if element.is_float else 2])]


def test_truth_values_stay_truth_values() -> None:
    made = tensor([False] * 4)
    made[::2] = 5
    assert made.tolist() == [True, False, True, False]
    assert made.buffer.to_numpy().tolist() == [1, 0, 1, 0]


def test_more_than_three_axes_are_gone_over_in_pieces() -> None:
    array = np.arange(2 * 3 * 2 * 3 * 2).reshape(2, 3, 2, 3, 2).transpose(4, 2, 0, 3, 1)
    assert np.array_equal(tensor(array).T.copy().numpy(), array.T)
    made = tensor(np.zeros(array.shape[::-1])).T
    made[...] = tensor(array)
    assert np.array_equal(made.numpy(), array)


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        ((0, 0, 0), ArgumentRangeError, r"3 indices are too many for a tensor of shape \(2, 3\)"),
        (2, ArgumentRangeError, "index 2 is out of range on axis 0, which has length 2"),
        ((..., ...), ArgumentRangeError, "at most one Ellipsis"),
        (slice(0, 2, 0), ArgumentValueError, "must not be 0"),
        (1.0, ArgumentTypeError, "not float 1.0"),
        ("x", ArgumentTypeError, "not str 'x'"),
    ],
)
def test_bad_indices_are_refused(index: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        tensor(np.zeros((2, 3)))[index]


def test_what_does_not_fit_is_refused_and_changes_nothing() -> None:
    made = tensor(np.zeros((2, 3), np.uint8))
    with pytest.raises(ArgumentValueError, match=r"shape \(2,\) cannot be broadcast to \(2, 3\)"):
        made[...] = tensor([1, 2])
    with pytest.raises(ArgumentValueError, match="an integer does not fit u8"):
        made[0] = 300
    assert not made.numpy().any()


def test_integer_tensors_without_axes_are_indices() -> None:
    assert tensor([5, 6, 7])[tensor(2)].item() == 7
    with pytest.raises(ArgumentTypeError, match="only an integer tensor without axes is an index"):
        [1, 2, 3][tensor(1.0)]
