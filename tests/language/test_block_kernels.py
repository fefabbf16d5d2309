"""Classic kernels whose lanes work together: CPU and interpreter agree with NumPy, and with each other bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hologram import Executor
from hologram.language import (
    DeviceArray,
    barrier,
    block_dim,
    block_id,
    device,
    f32,
    get_global_id,
    i32,
    i64,
    kernel,
    lane_id,
    shared,
    u32,
)

BACKENDS = pytest.mark.parametrize("backend", ["cpu", "interpreter"])
Array = np.ndarray[Any, Any]


@kernel
def tree_sum(x: DeviceArray[f32], out: DeviceArray[f32], n: u32):
    """The block's half that still works becomes smaller and smaller."""
    s = shared(f32, 1024)
    lane = lane_id()
    i = get_global_id()
    s[lane] = x[i] if i < n else 0.0
    barrier()
    step = block_dim() // 2
    while step > 0:
        if lane < step:
            s[lane] = s[lane] + s[lane + step]
        barrier()
        step //= 2
    if lane == 0:
        out[block_id()] = s[0]


@BACKENDS
@pytest.mark.parametrize("block", [1, 2, 16, 64, 256, 1024])
def test_tree_sum(backend: str, block: int) -> None:
    n = 3 * block - block // 3
    x = np.random.default_rng(block).standard_normal(n).astype(np.float32)
    out = np.zeros(3, np.float32)
    tree_sum(x, out, n, block=block, executor=Executor(backend))
    rows = np.zeros(3 * block, np.float32)
    rows[:n] = x
    rows = rows.reshape(3, block)
    while rows.shape[1] > 1:
        half = rows.shape[1] // 2
        rows = rows[:, :half] + rows[:, half:]
    assert np.array_equal(out, rows[:, 0])


@kernel(block=256)
def bitonic_sort(x: DeviceArray[i32]):
    """Barriers in a loop inside a loop; every round another pair of lanes compares."""
    s = shared(i32, 256)
    lane = lane_id()
    i = get_global_id()
    s[lane] = x[i]
    barrier()
    size = 2
    while size <= 256:
        stride = size // 2
        while stride > 0:
            other = lane ^ stride
            if other > lane:
                rising = (lane & size) == 0
                a = s[lane]
                b = s[other]
                if (a > b) == rising:
                    s[lane] = b
                    s[other] = a
            barrier()
            stride //= 2
        size *= 2
    x[i] = s[lane]


@BACKENDS
def test_bitonic_sort(backend: str) -> None:
    x = np.random.default_rng(2).integers(-1000, 1000, 768).astype(np.int32)
    wanted = np.sort(x.reshape(3, 256), axis=1).reshape(-1)
    bitonic_sort(x, executor=Executor(backend))
    assert np.array_equal(x, wanted)


@kernel(block=128)
def hillis_steele(x: DeviceArray[f32], y: DeviceArray[f32]):
    """Inclusive sums with two arrays that change places."""
    front = shared(f32, 128)
    back = shared(f32, 128)
    lane = lane_id()
    front[lane] = x[get_global_id()]
    barrier()
    flip = 0
    for k in range(7):
        step = 1 << k
        if flip == 0:
            back[lane] = front[lane] + (front[lane - step] if lane >= step else 0.0)
        else:
            front[lane] = back[lane] + (back[lane - step] if lane >= step else 0.0)
        flip = 1 - flip
        barrier()
    y[get_global_id()] = back[lane] if flip == 1 else front[lane]


@kernel(block=64)
def blelloch(x: DeviceArray[i32], y: DeviceArray[i32], n: u32):
    """Exclusive sums, up and down the tree, two elements a lane."""
    s = shared(i32, 128)
    lane = lane_id()
    first = block_id() * 128
    for k in range(2):
        at = first + lane + k * 64
        s[lane + k * 64] = x[at] if at < n else 0
    offset = 1
    d = 64
    while d > 0:
        barrier()
        if lane < d:
            a = offset * (2 * lane + 1) - 1
            b = offset * (2 * lane + 2) - 1
            s[b] = s[b] + s[a]
        offset *= 2
        d //= 2
    if lane == 0:
        s[127] = 0
    d = 1
    while d < 128:
        offset //= 2
        barrier()
        if lane < d:
            a = offset * (2 * lane + 1) - 1
            b = offset * (2 * lane + 2) - 1
            t = s[a]
            s[a] = s[b]
            s[b] = s[b] + t
        d *= 2
    barrier()
    for k in range(2):
        at = first + lane + k * 64
        if at < n:
            y[at] = s[lane + k * 64]


@BACKENDS
def test_scans(backend: str) -> None:
    executor = Executor(backend)
    x = np.random.default_rng(3).integers(-9, 9, 384).astype(np.float32)
    y = np.zeros_like(x)
    hillis_steele(x, y, executor=executor)
    assert np.array_equal(y.reshape(3, 128), np.cumsum(x.reshape(3, 128), axis=1))
    n = 300
    whole = x.astype(np.int32)
    z = np.full(384, -1, np.int32)
    blelloch(whole, z, n, grid=3, executor=executor)
    whole[n:] = 0
    sums = np.cumsum(whole.reshape(3, 128), axis=1) - whole.reshape(3, 128)
    assert np.array_equal(z[:n], sums.reshape(-1)[:n]) and (z[n:] == -1).all()


@device
def exchange(s: DeviceArray[f32], lane: i64, rounds: i32) -> f32:
    """A barrier inside a loop of a device function."""
    total = 0.0
    for k in range(rounds):
        total += s[(lane + k + 1) % 32]
        barrier()
        s[lane] = total
        barrier()
    return total


@kernel(block=32)
def rounds_of_exchange(x: DeviceArray[f32], rounds: i32):
    s = shared(f32, 32)
    i = get_global_id()
    s[lane_id()] = x[i]
    barrier()
    x[i] = exchange(s, lane_id(), rounds) + s[0]


@BACKENDS
def test_barriers_in_loops_of_device_functions(backend: str) -> None:
    x = np.random.default_rng(5).standard_normal(64).astype(np.float32)
    rows = []
    for row in x.reshape(2, 32):
        s, total = row.copy(), np.zeros(32, np.float32)
        for k in range(5):
            total = total + np.roll(s, -(k + 1))
            s = total.copy()
        rows.append(total + s[0])
    rounds_of_exchange(x, 5, executor=Executor(backend))
    assert np.array_equal(x.reshape(2, 32), rows)


@kernel(block=(8, 4, 4))
def rotate(x: DeviceArray[i32, 3], y: DeviceArray[i32, 3]):
    """A block of three dimensions turned over; the block's shape does not divide the array's."""
    s = shared(i32, 128)
    a = lane_id(0)
    b = lane_id(1)
    c = lane_id(2)
    i = get_global_id(0)
    j = get_global_id(1)
    k = get_global_id(2)
    inside = i < x.shape[2] and j < x.shape[1] and k < x.shape[0]
    if inside:
        s[(c * 4 + b) * 8 + a] = x[k, j, i]
    else:
        s[(c * 4 + b) * 8 + a] = -1
    barrier()
    if inside:
        y[k, j, i] = s[((3 - c) * 4 + (3 - b)) * 8 + 7 - a]


@BACKENDS
def test_blocks_of_three_dimensions(backend: str) -> None:
    shape = (6, 9, 13)
    x = np.arange(6 * 9 * 13, dtype=np.int32).reshape(shape)
    y = np.zeros_like(x)
    rotate(x, y, executor=Executor(backend))
    whole = np.full((8, 12, 16), -1, np.int32)
    whole[:6, :9, :13] = x
    blocks = whole.reshape(2, 4, 3, 4, 2, 8)[:, ::-1, :, ::-1, :, ::-1].reshape(8, 12, 16)
    assert np.array_equal(y, blocks[:6, :9, :13])


@kernel(block=(4, 8))
def rows_of_a_block(x: DeviceArray[i32], y: DeviceArray[i32]):
    """One-dimensional data, but lanes of the block on both axes."""
    s = shared(i32, 8)
    if lane_id(0) == 0:
        s[lane_id(1)] = i32(lane_id(1)) * 10
    barrier()
    total = 0
    for k in range(8):
        total += s[k]
    if lane_id(1) == 0:
        i = get_global_id(0)
        y[i] = x[i] + total


@BACKENDS
def test_lanes_on_an_axis_that_the_extent_does_not_have(backend: str) -> None:
    x = np.arange(16, dtype=np.int32)
    y = np.zeros_like(x)
    rows_of_a_block(x, y, grid=4, block=(4, 8), executor=Executor(backend))
    assert np.array_equal(y, x + 280)


@kernel(block=32)
def until_settled(x: DeviceArray[i32], limit: DeviceArray[i32], rounds: DeviceArray[i32]):
    """Loops that end by a shared value, by an array that is only read, and by the block's number."""
    s = shared(i32, 32)
    changed = shared(i32, 1)
    lane = lane_id()
    s[lane] = x[get_global_id()]
    count = 0
    going = 1
    while going > 0 and count < limit[block_id()]:
        barrier()
        if lane == 0:
            changed[0] = 0
        barrier()
        lower = s[lane - 1] if lane > 0 else s[lane]
        barrier()
        if lower > s[lane]:
            s[lane] = lower
            changed[0] = 1
        barrier()
        going = changed[0]
        count += 1
    for _ in range(block_id()):
        barrier()
    x[get_global_id()] = s[lane]
    rounds[get_global_id()] = count


@BACKENDS
def test_conditions_that_the_whole_block_shares(backend: str) -> None:
    x = np.random.default_rng(6).integers(0, 50, 96).astype(np.int32)
    x[32] = 60
    wanted, counts = [], []
    for row, limit in zip(x.reshape(3, 32).copy(), (40, 3, 40), strict=True):
        count = going = 0
        going = True
        while going and count < limit:
            lower = np.concatenate([row[:1], row[:-1]])
            going = bool((lower > row).any())
            row = np.maximum(row, lower)
            count += 1
        wanted.append(row)
        counts.append(count)
    rounds = np.zeros(96, np.int32)
    until_settled(x, np.array([40, 3, 40], np.int32), rounds, executor=Executor(backend))
    assert np.array_equal(x.reshape(3, 32), wanted)
    assert rounds.reshape(3, 32)[:, 5].tolist() == counts


@device
def turned(x: f32, lane: i64) -> f32:
    """The value of the lane on the other side of the block, by way of an array of the function's own."""
    mail = shared(f32, 32)
    mail[lane] = x
    barrier()
    return mail[31 - lane]


@kernel(block=32)
def turned_twice(x: DeviceArray[f32], y: DeviceArray[f32]):
    i = get_global_id()
    once = turned(x[i], lane_id())
    y[i] = once * 100.0 + turned(once + 1.0, lane_id())


@BACKENDS
def test_a_device_function_has_shared_arrays_of_its_own(backend: str) -> None:
    x = np.arange(64, dtype=np.float32)
    y = np.zeros_like(x)
    turned_twice(x, y, executor=Executor(backend))
    rows = x.reshape(2, 32)
    assert np.array_equal(y.reshape(2, 32), rows[:, ::-1] * 100 + rows + 1)
