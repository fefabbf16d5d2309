"""Arrays of one launch that share memory: allowed only where the result cannot depend on the order of lanes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hologram.errors import ExtentError, OverlapError
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

M = np.zeros(100, np.float32)


def test_in_place_element_by_element(launcher: Callable[[str], Launcher], executor: Executor) -> None:
    x = np.arange(10, dtype=np.float32)
    launcher("add").call(x, x, x, 10, executor=executor)
    assert np.array_equal(x, 2 * np.arange(10))


def test_readers_may_share(launcher: Callable[[str], Launcher]) -> None:
    out = np.zeros(9, np.float32)
    launcher("add").call(M[:9], M[1:10], out, 9)


@pytest.mark.parametrize(("a", "c"), [(M[:9], M[1:10]), (M[:9], M[:10]), (M[1:10], M[:9])])
def test_shifted_arrays_are_refused(launcher: Callable[[str], Launcher], a: np.ndarray, c: np.ndarray) -> None:
    with pytest.raises(OverlapError, match=r"'a' and 'c' share memory.*c\.copy\(\)"):
        launcher("add").call(a, np.zeros(10, np.float32), c, 9)


def test_same_array_is_refused_where_lanes_read_their_neighbours(launcher: Callable[[str], Launcher]) -> None:
    x = np.arange(10, dtype=np.float32)
    with pytest.raises(OverlapError):
        launcher("shifted").call(x, x, 9)
    assert np.array_equal(x, np.arange(10))


def test_interleaved_columns_do_not_meet(launcher: Callable[[str], Launcher], executor: Executor) -> None:
    a = np.arange(24.0).reshape(4, 6)
    wanted = a[:, ::2] * 2
    launcher("scale2d").call(a[:, ::2], a[:, 1::2], executor=executor)
    assert np.array_equal(a[:, 1::2], wanted)


def test_an_array_that_meets_itself_is_not_written(launcher: Callable[[str], Launcher]) -> None:
    twice = np.lib.stride_tricks.as_strided(np.zeros(4), (4, 4), (0, 8))
    with pytest.raises(OverlapError, match="several of its elements"):
        launcher("scale2d").call(np.zeros((4, 4)), twice)
    launcher("scale2d").call(twice, np.zeros((4, 4)))


def test_lengths_are_checked_before_anything_runs(launcher: Callable[[str], Launcher], executor: Executor) -> None:
    y = np.zeros(10, np.float32)
    with pytest.raises(ExtentError, match=r"'x'.*length 9.*10"):
        launcher("saxpy").call(1.0, np.ones(9, np.float32), y, 10, executor=executor)
    with pytest.raises(ExtentError, match=r"'a'.*length 10.*11"):
        launcher("shifted").call(np.ones(10, np.float32), y, 10, executor=executor)
    assert not y.any()
