"""Arrays of any rank and strides are taken as the spans of memory that they lie in."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram import Executor
from hologram.errors import ArgumentTypeError, ArgumentValueError, ExtentError, OverlapError
from hologram.frontend import compile_source
from hologram.isa.program import Program
from hologram.language.kernel import Kernel, kernel_type
from hologram.language.program import Program as Callable_
from hologram.runtime.launcher import Launcher
from hologram.runtime.spans import span_of

SOURCE = """
from hologram.language import kernel, DeviceArray, get_global_id

@kernel
def twice(x: DeviceArray[i32], y: DeviceArray[i32], rows: i64, columns: i64, xr: i64, xc: i64, yr: i64, yc: i64):
    k = get_global_id()
    if k < rows * columns:
        i = k // columns
        j = k % columns
        y[i * yr + j * yc] = 2 * x[i * xr + j * xc]

@kernel
def negate(x: DeviceArray[i32], y: DeviceArray[i32], n: i64):
    k = get_global_id()
    if k < n:
        y[k] = -x[k]

@kernel
def flip(x: DeviceArray[u8], n: i64):
    k = get_global_id()
    if k < n:
        x[k] = u8(1) - x[k]
"""
PROGRAMS = {unit.program.name: unit.program for unit in compile_source(SOURCE, "spans.py")}


def spanning(name: str) -> Kernel:
    return kernel_type()(program=Callable_.of(PROGRAMS[name])).spanning()


@pytest.fixture(scope="module")
def twice() -> Kernel:
    return spanning("twice")


def steps(*arrays: Any) -> list[int]:
    return [s // a.itemsize for a in arrays for s in a.strides]


cut = st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(1, 3))


@settings(max_examples=150, deadline=None)
@given(first=st.tuples(cut, cut), order=st.booleans(), fortran=st.booleans())
def test_strided_arrays_are_read_and_written_in_place(twice: Kernel, first: Any, order: bool, fortran: bool) -> None:
    whole = np.arange(48, dtype=np.int32).reshape(6, 8)
    x = whole[tuple(slice(a, a + n, s) for a, n, s in first)]
    x = x.T if order else x
    memory = np.full(x.shape, -1, np.int32, order="F" if fortran else "C")
    twice(x, memory, *x.shape, *steps(x, memory))
    np.testing.assert_array_equal(memory, 2 * x)


def test_gaps_are_left_alone(twice: Kernel) -> None:
    x, whole = np.ones((3, 2), np.int32), np.zeros((6, 6), np.int32)
    y = whole[::2, 1::3]
    twice(x, y, 3, 2, *steps(x, y))
    assert (y == 2).all() and whole.sum() == 12


def test_columns_between_each_other_are_told_apart(twice: Kernel) -> None:
    table = np.arange(12, dtype=np.int32).reshape(3, 4)
    twice(table[:, ::2], table[:, 1::2], 3, 2, 4, 2, 4, 2)
    assert table.tolist() == [[0, 0, 2, 4], [4, 8, 6, 12], [8, 16, 10, 20]]
    with pytest.raises(OverlapError):
        twice(table[:, :2], table[:, 1:3], 3, 2, 4, 1, 4, 1)


def test_the_same_span_may_be_read_and_written_element_by_element() -> None:
    whole = np.arange(6, dtype=np.int32).reshape(2, 3)
    spanning("negate")(whole.T, whole, 6)
    assert whole.tolist() == [[0, -1, -2], [-3, -4, -5]]
    with pytest.raises(OverlapError):  # strides that come as numbers might be 0
        spanning("twice")(whole, whole, 2, 3, 3, 1, 3, 1)


def test_numbers_that_leave_the_span_are_refused() -> None:
    x, y = np.zeros(10, np.int32), np.zeros(10, np.int32)
    negate = spanning("negate")
    negate(x[::3], y[::3], 10)
    with pytest.raises(ExtentError):
        negate(x[:9:3], y, 8)


def test_truth_values_are_the_bytes_that_they_are() -> None:
    x = np.array([[True, False], [False, False]])
    spanning("flip")(x, 4)
    assert x.tolist() == [[False, True], [True, True]]


def test_what_has_no_span_is_refused(twice: Kernel) -> None:
    y = np.zeros((2, 2), np.int32)
    with pytest.raises(ArgumentTypeError, match="not negative, got"):
        twice(y.copy()[::-1], y, 2, 2, 2, 1, 2, 1)
    with pytest.raises(OverlapError, match="several of its elements are the same memory"):
        twice(y.copy(), np.lib.stride_tricks.as_strided(y, (2, 2), (0, 4)), 2, 2, 2, 1, 0, 1)
    odd = np.zeros(3, [("a", "u1"), ("x", "i4")])["x"]
    with pytest.raises(ArgumentTypeError, match="whole elements"):
        twice(odd, y, 1, 1, 1, 1, 1, 1)


def test_kernels_of_several_axes_have_no_spans(program: Callable[[str], Program]) -> None:
    with pytest.raises(ArgumentValueError, match="'a' has 2 axes"):
        Launcher(program("scale2d"), spans=True)


def test_bound_recorded_and_pickled(twice: Kernel) -> None:
    x, y = np.arange(6, dtype=np.int32).reshape(2, 3).T, np.zeros((3, 2), np.int32)
    arguments = (x, y, 3, 2, *steps(x, y))
    for call in (twice.bind(*arguments), lambda: pickle.loads(pickle.dumps(twice))(*arguments)):
        y[:] = 0
        call()
        np.testing.assert_array_equal(y, 2 * x)
    ex = Executor("cpu")
    with ex.record() as graph:
        twice(*arguments)
    y[:] = 0
    graph.launch()
    np.testing.assert_array_equal(y, 2 * x)


def test_spans_by_shape() -> None:
    x = np.zeros((4, 6), np.int16)
    assert span_of(3) == 3
    for part, count in ((x, 24), (x[:0], 0), (x[1, 1], 1), (x[:, ::5], 24), (x.T[1:], 23), (x[1:3, 2:3], 7)):
        found = span_of(np.asarray(part))
        assert isinstance(found, np.ndarray) and found.shape == (count,)
        assert np.shares_memory(found, x) == (count > 0 and isinstance(part, np.ndarray))
