"""Indexing against NumPy: every index of integers, slices, Ellipsis and newaxis is the view NumPy gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram import Executor, tensor
from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError, RecordingError
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


@st.composite
def arrays_of_indices(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], Any]:
    """An array and an index with arrays of integers and masks among its parts, which mostly fits."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    common = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    index: list[Any] = []
    axis = 0
    while axis < array.ndim and draw(st.integers(0, 9)):
        kind = draw(st.sampled_from(["array", "array", "mask", "integer", "slice", "none"]))
        length = array.shape[axis]
        if kind == "array":
            given = tuple(draw(st.sampled_from([n, 1])) for n in common) or (2,)
            numbers = draw(st.lists(st.integers(-length, length - 1), min_size=1, max_size=5))
            part = np.resize(np.array(numbers), given).astype(draw(st.sampled_from(["i8", "i4", "u1"])))
            index.append(part % length if part.dtype.kind == "u" else part)
        elif kind == "mask":
            axes = draw(st.integers(1, array.ndim - axis))
            part = np.resize(
                np.array(draw(st.lists(st.booleans(), min_size=1, max_size=7))), array.shape[axis : axis + axes]
            )
            index.append(part)
            axis += axes - 1
        elif kind == "integer":
            index.append(draw(st.integers(-length, length - 1)))
        elif kind == "slice":
            index.append(slice(None, None, draw(st.sampled_from([-1, 1, 2]))))
        else:
            index.append(None)
            axis -= 1
        axis += 1
    if draw(st.booleans()) and len(index) < 6:
        index.insert(draw(st.integers(0, len(index))), Ellipsis)
    return array.transpose(draw(st.permutations(range(array.ndim)))) if not index else array, tuple(index)


@settings(max_examples=100)
@given(arrays_of_indices())
def test_arrays_of_indices_give_what_numpy_gives(case: tuple[np.ndarray[Any, Any], Any]) -> None:
    array, index = case
    made = tensor(array)
    try:
        wanted = array[index]
    except IndexError:
        with pytest.raises((IndexError, ValueError)):
            made[index]
        return
    got = made[index]
    assert got.shape == wanted.shape
    assert np.array_equal(got.numpy(), wanted)


@settings(max_examples=60)
@given(arrays_of_indices(), st.booleans())
def test_assignments_to_arrays_of_indices_are_those_of_numpy(case: tuple[np.ndarray[Any, Any], Any], one: bool) -> None:
    array, index = case
    made, expected = tensor(array), array.copy()
    try:
        part = expected[index]
    except IndexError:
        return
    values = np.float32(-1) if one else np.arange(100, 100 + part.size, dtype=np.float32).reshape(part.shape)
    expected[index] = values
    made[index] = tensor(values)
    assert np.array_equal(made.numpy(), expected)


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


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_the_last_of_several_values_for_one_place_stays(backend: str) -> None:
    made = tensor(np.zeros((4, 2), np.float32), executor=Executor(backend))
    made[[1, 3, 1, -1, 1]] = tensor(np.arange(10, dtype=np.float32).reshape(5, 2), executor=made.executor)
    assert made.tolist() == [[0, 0], [8, 9], [0, 0], [6, 7]]


@pytest.mark.parametrize("element", [*Type, bool])
def test_every_type_is_gathered_and_scattered(element: Any) -> None:
    made = tensor(np.array([0, 1, 0, 1, 1]), dtype=element)
    picked = made[[4, 0, 1]]
    assert (picked.dtype, picked.tolist()) == (made.dtype, [1, 0, 1])
    made[[0, 2]] = 1
    assert made.astype("i64").tolist() == [1, 1, 1, 1, 1]


def test_many_other_axes_are_gone_over_in_pieces() -> None:
    array = np.arange(2 * 3 * 2 * 3 * 2).reshape(2, 3, 2, 3, 2)
    made, expected = tensor(array).transpose(3, 1, 4, 0, 2), array.transpose(3, 1, 4, 0, 2).copy()
    assert np.array_equal(made[:, [2, 0, 2]].numpy(), expected[:, [2, 0, 2]])
    made[:, [2, 0]] = tensor(-expected[:, [0, 1]])
    expected[:, [2, 0]] = -expected[:, [0, 1]]
    assert np.array_equal(made.numpy(), expected)


def test_tensors_are_indices_of_themselves() -> None:
    order = tensor([2, 0, 1])
    assert order[order].tolist() == [1, 2, 0]
    order[order] = order
    assert order.tolist() == [0, 1, 2]
    row = tensor(np.arange(6.0))
    row[[0, 1, 2]] = row[3:]
    assert row.tolist() == [3, 4, 5, 3, 4, 5]


def test_empty_indices_name_nothing() -> None:
    made = tensor(np.arange(6).reshape(2, 3))
    assert made[[]].shape == made[np.zeros(2, bool)].shape == (0, 3)
    assert made[:, np.zeros((2, 0), int)].shape == (2, 2, 0)
    made[[]] = 7
    assert made.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_indices_cannot_be_checked_in_a_recording() -> None:
    ex = Executor()
    made = tensor(np.arange(6.0), executor=ex)
    with ex.record(), pytest.raises(RecordingError, match="an index of a Tensor"):
        made[tensor([1], executor=ex)]


@pytest.mark.parametrize(
    ("index", "error", "words"),
    [
        ([0, 2], ArgumentRangeError, "index 2 is out of range on axis 0, which has length 2"),
        (([0], [-4]), ArgumentRangeError, "index -4 is out of range on axis 1, which has length 3"),
        ([0.5], ArgumentTypeError, "holds integers or truth values, not float32"),
        (np.ones(3, bool), ArgumentRangeError, r"a mask of shape \(3,\) does not fit axes of lengths \(2,\)"),
        (np.ones((2, 3, 1), bool), ArgumentRangeError, "3 indices are too many"),
        (([0, 1], [0, 1, 2]), ArgumentValueError, "cannot be broadcast together"),
        (True, ArgumentTypeError, "not bool True"),
    ],
)
def test_bad_arrays_of_indices_are_refused(index: Any, error: type[Exception], words: str) -> None:
    made = tensor(np.zeros((2, 3)))
    with pytest.raises(error, match=words):
        made[index]
    with pytest.raises(error, match=words):
        made[index] = 1
    assert not made.numpy().any()


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
