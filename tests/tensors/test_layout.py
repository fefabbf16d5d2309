"""Layouts against NumPy: every view of random strided arrays has the shape, strides and place that NumPy gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError
from hologram.tensors.layout import Layout, broadcast_shapes, inferred, lengths, row_major

SIZE = 4096
MEMORY = np.arange(SIZE)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Views of a packed array: permuted, sliced both ways, with lengths 0 and 1 among them."""
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=4)))
    layout = row_major(shape, draw(st.integers(0, 7)))
    layout = layout.permute(draw(st.permutations(range(layout.ndim))))
    for axis in range(layout.ndim):
        if draw(st.booleans()):
            step = draw(st.sampled_from([-3, -2, -1, 1, 2, 3]))
            ends = st.none() | st.integers(-6, 6)
            layout = layout.sliced(axis, slice(draw(ends), draw(ends), step))
    return layout


def seen(layout: Layout) -> np.ndarray[Any, Any]:
    """What a layout shows of the memory."""
    item = MEMORY.itemsize
    return np.ndarray(layout.shape, MEMORY.dtype, MEMORY, layout.offset * item, [s * item for s in layout.strides])


@given(layouts())
def test_contiguity_is_numpys(layout: Layout) -> None:
    assert layout.is_contiguous == seen(layout).flags.c_contiguous


@given(layouts())
def test_bounds_hold_every_element_and_no_more(layout: Layout) -> None:
    elements = seen(layout)
    low, high = layout.bounds
    assert (low, high) == ((elements.min(), elements.max() + 1) if elements.size else (0, 0))


@settings(max_examples=40)
@given(layouts(), st.data())
def test_reshape_is_a_view_exactly_where_numpy_has_one(layout: Layout, data: st.DataObject) -> None:
    shape: list[int] = []
    rest = layout.size
    while rest > 1:
        divisors = [k for k in range(1, rest + 1) if rest % k == 0]
        shape.append(data.draw(st.sampled_from(divisors)))
        rest //= shape[-1]
    if layout.size == 0:
        shape = [3, 0]
    result = layout.reshape(tuple(shape))
    elements = seen(layout)
    wanted = elements.reshape(shape)
    if result is None:
        assert not np.shares_memory(wanted, MEMORY)
    else:
        assert not wanted.size or np.shares_memory(wanted, MEMORY)
        assert np.array_equal(seen(result), wanted)


@given(layouts(), st.data())
def test_select_and_slice_show_what_indexing_shows(layout: Layout, data: st.DataObject) -> None:
    axis = data.draw(st.sampled_from([k for k, n in enumerate(layout.shape) if n] or [None]))
    if axis is None:
        return
    length = layout.shape[axis]
    index = data.draw(st.integers(-length, length - 1))
    moved = np.moveaxis(seen(layout), axis, 0)
    assert np.array_equal(seen(layout.select(axis, index)), moved[index])
    start, step = data.draw(st.integers(0, length - 1)), data.draw(st.sampled_from([-2, -1, 1, 2]))
    wanted = np.moveaxis(moved[start::step], 0, axis)
    assert np.array_equal(seen(layout.slice(axis - layout.ndim, start, None, step)), wanted)


@given(st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=3))
def test_broadcasting_is_numpys(shapes: list[list[int]]) -> None:
    try:
        wanted = np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        with pytest.raises(ArgumentValueError, match="cannot be broadcast together"):
            broadcast_shapes(*shapes)
        return
    assert broadcast_shapes(*shapes) == wanted
    for shape in shapes:
        array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        assert np.array_equal(seen(row_major(tuple(shape)).broadcast_to(wanted)), np.broadcast_to(array, wanted))


def test_axes_of_length_one_come_and_go() -> None:
    layout = row_major((2, 3)).expand_dims([0, -1])
    assert (layout.shape, seen(layout).tolist()) == ((1, 2, 3, 1), [[[[0], [1], [2]], [[3], [4], [5]]]])
    assert layout.squeeze(None) == layout.squeeze([0, -1]) == row_major((2, 3))
    assert layout.squeeze([-1]).shape == (1, 2, 3)


def test_merged_axes_are_the_fewest() -> None:
    packed = row_major((2, 3, 4))
    assert packed.merged() == [(24, 1)]
    assert packed.permute([0, 2, 1]).merged() == [(2, 12), (4, 1), (3, 4)]
    assert packed.permute([2, 0, 1]).merged() == [(4, 1), (6, 4)]
    assert row_major((1, 1)).merged() == []


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda x: x.axis(2), ArgumentRangeError, "axis 2 does not exist in a tensor of 2 axes"),
        (lambda x: x.axis(-3), ArgumentRangeError, "axis -3"),
        (lambda x: x.axis(0.5), ArgumentTypeError, "an axis is an integer, got 0.5"),
        (lambda x: x.select(0, 4), ArgumentRangeError, "index 4 is out of range on axis 0, which has length 4"),
        (lambda x: x.select(1, -7), ArgumentRangeError, "index -7"),
        (lambda x: x.narrow(0, 3, 2), ArgumentRangeError, r"narrow\(0, 3, 2\) leaves axis 0"),
        (lambda x: x.narrow(0, 0, -1), ArgumentRangeError, "leaves axis 0"),
        (lambda x: x.slice(0, 4), ArgumentRangeError, "slice starts at 4 on axis 0"),
        (lambda x: x.slice(0, 0, 2, 0), ArgumentValueError, "must not be 0"),
        (lambda x: x.slice(0, 0, "2"), ArgumentTypeError, "integers or None"),
        (lambda x: x.permute([0]), ArgumentValueError, "all 2 axes"),
        (lambda x: x.permute([0, 0]), ArgumentValueError, "named twice"),
        (lambda x: x.squeeze([0]), ArgumentValueError, "axis 0 has length 4"),
        (lambda x: x.broadcast_to((6,)), ArgumentValueError, r"\(4, 6\) cannot be broadcast to \(6,\)"),
        (lambda x: inferred((-1, 5), x.size), ArgumentValueError, "24 elements"),
        (lambda x: inferred((-1, -1), x.size), ArgumentValueError, "at most one -1"),
        (lambda x: inferred((-1, 0), 0), ArgumentValueError, "0 elements"),
        (lambda x: lengths("ab"), ArgumentTypeError, "a length is an integer"),
    ],
)
def test_what_does_not_exist_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make(row_major((4, 6)))
