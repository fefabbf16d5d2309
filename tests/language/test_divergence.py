"""Barriers under conditions: they run where all lanes of a block come; where some do not, both backends say so."""

from __future__ import annotations

from linecache import getline
from typing import Any

import numpy as np
import pytest

from hologram import Executor
from hologram.errors import BarrierError
from hologram.language import (
    DeviceArray,
    barrier,
    block_dim,
    block_id,
    block_sum,
    get_global_id,
    i32,
    kernel,
    lane_id,
    shared,
)

BACKENDS = pytest.mark.parametrize("backend", ["cpu", "interpreter"])
Array = np.ndarray[Any, Any]


@kernel
def under_a_condition(x: DeviceArray[i32], y: DeviceArray[i32]):
    """Each lane looks at its own element; values live across the barrier in both ways to go."""
    i = get_global_id()
    s = shared(i32, 256)
    lane = lane_id()
    last = block_dim() - 1
    mine = x[i] * 2
    s[lane] = mine
    if x[i] > 0:
        barrier()
        mine = mine + s[last - lane]
    y[i] = mine


@BACKENDS
@pytest.mark.parametrize("block", [1, 5, 16, 40, 64])
def test_all_lanes_or_none(backend: str, block: int) -> None:
    x = np.repeat([3, -1, 2], block).astype(np.int32) * np.arange(1, 3 * block + 1, dtype=np.int32)
    y = np.zeros_like(x)
    under_a_condition(x, y, block=block, executor=Executor(backend))
    rows = x.reshape(3, block) * 2
    wanted = np.where(rows > 0, rows + rows[:, ::-1], rows)
    assert np.array_equal(y.reshape(3, block), wanted)


@BACKENDS
@pytest.mark.parametrize("block", [2, 5, 16, 40, 64])
def test_some_lanes_only(backend: str, block: int) -> None:
    executor = Executor(backend)
    for odd in {0, 1, block // 2, block - 1}:
        for sign in (1, -1):
            x = np.full(3 * block, sign, np.int32)
            x[block + odd] = -sign
            with pytest.raises(BarrierError, match="not at this barrier") as caught:
                under_a_condition(x, x.copy(), block=block, executor=executor)
            place = caught.value.location
            assert place is not None and getline(place.file, place.line).strip() == "barrier()"
    x = np.ones(block, np.int32)
    y = np.zeros_like(x)
    under_a_condition(x, y, block=block, executor=executor)
    assert (y == 4).all()


@kernel(block=48)
def rounds_of_each(x: DeviceArray[i32], y: DeviceArray[i32]):
    """As many barriers as a lane's own element says."""
    i = get_global_id()
    s = shared(i32, 48)
    lane = lane_id()
    s[lane] = x[i]
    barrier()
    total = 0
    k = 0
    while k < x[i]:
        total += s[(lane + k) % 48]
        k += 1
        if k == 2:
            continue
        barrier()
    y[i] = total


@BACKENDS
def test_loops(backend: str) -> None:
    executor = Executor(backend)
    x = np.repeat([5, 0, 3], 48).astype(np.int32)
    y = np.zeros_like(x)
    rounds_of_each(x, y, executor=executor)
    assert y.tolist() == [25] * 48 + [0] * 48 + [9] * 48
    for lane in (0, 20, 47):
        x = np.full(48, 4, np.int32)
        x[lane] = 7
        with pytest.raises(BarrierError):
            rounds_of_each(x, x.copy(), executor=executor)


@kernel(block=32)
def elsewhere(x: DeviceArray[i32], y: DeviceArray[i32]):
    """Two barriers, each for lanes of its own, and lanes that have gone."""
    i = get_global_id()
    if x[i] == 2:
        return
    if x[i] == 0:
        barrier()
        y[i] = 1
    else:
        y[i] = block_sum(x[i])
    barrier()


@BACKENDS
def test_different_barriers(backend: str) -> None:
    executor = Executor(backend)
    x, y = np.repeat([0, 1, 2, 3], 32).astype(np.int32), np.zeros(128, np.int32)
    elsewhere(x, y, executor=executor)
    assert y.tolist() == [1] * 32 + [32] * 32 + [0] * 32 + [96] * 32
    for other in (1, 2):
        for lanes in (slice(0, 16), slice(16, 32), slice(3, 4)):
            x = np.zeros(32, np.int32)
            x[lanes] = other
            with pytest.raises(BarrierError):
                elsewhere(x, x.copy(), executor=executor)


@kernel(block=32)
def written_elsewhere(flags: DeviceArray[i32], y: DeviceArray[i32]):
    """A condition from an array that the kernel writes."""
    s = shared(i32, 1)
    if lane_id() == 0:
        s[0] = 0
        flags[block_id()] = flags[block_id()] + 1
    barrier()
    if flags[block_id()] > 2:
        barrier()
        if lane_id() == 0:
            s[0] = 5
        barrier()
    y[get_global_id()] = s[0]


@BACKENDS
def test_a_condition_from_memory_that_the_kernel_writes(backend: str) -> None:
    flags, y = np.array([1, 2, 3], np.int32), np.zeros(96, np.int32)
    written_elsewhere(flags, y, executor=Executor(backend))
    assert y.tolist() == [0] * 32 + [5] * 64
    assert flags.tolist() == [2, 3, 4]
