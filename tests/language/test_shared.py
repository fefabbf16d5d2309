"""Shared memory and barriers through kernel calls: CPU, interpreter and NumPy agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hologram import Executor
from hologram.errors import BarrierError, LaunchError, OutOfBoundsError, UninitializedReadError
from hologram.language import DeviceArray, barrier, f32, get_global_id, i32, kernel, lane_id, shared, u32

BACKENDS = pytest.mark.parametrize("backend", ["cpu", "interpreter"])
Array = np.ndarray[Any, Any]


@kernel(block=(16, 16))
def matmul(a: DeviceArray[f32, 2], b: DeviceArray[f32, 2], c: DeviceArray[f32, 2]):
    x = lane_id(0)
    y = lane_id(1)
    j = get_global_id(0)
    i = get_global_id(1)
    tile_a = shared(f32, 256)
    tile_b = shared(f32, 256)
    m = c.shape[0]
    n = c.shape[1]
    depth = a.shape[1]
    total = 0.0
    for t in range((depth + 15) // 16):
        k = t * 16
        tile_a[y * 16 + x] = a[i, k + x] if i < m and k + x < depth else 0.0
        tile_b[y * 16 + x] = b[k + y, j] if j < n and k + y < depth else 0.0
        barrier()
        for q in range(16):
            total += tile_a[y * 16 + q] * tile_b[q * 16 + x]
        barrier()
    if i < m and j < n:
        c[i, j] = total


@kernel
def reverse(x: DeviceArray[i32], y: DeviceArray[i32], n: u32):
    """Each block of 64 backwards; a value, a condition and an index outlive the barrier."""
    i = get_global_id()
    lane = lane_id()
    s = shared(i32, 64)
    mine = i32(0)
    if i < n:
        mine = x[i]
    s[lane] = mine
    large = mine > 3
    barrier()
    if i < n:
        y[i] = s[63 - lane] * 2 if large else mine + s[0]


@kernel(block=128)
def running_sum(x: DeviceArray[i32], y: DeviceArray[i32]):
    """Inclusive sums inside each block: barriers in a loop, and in a branch that all lanes take together."""
    i = get_global_id()
    lane = lane_id()
    s = shared(i32, 128)
    s[lane] = x[i]
    barrier()
    step = 1
    while step < 128:
        other = i32(0)
        if lane >= step:
            other = s[lane - step]
        barrier()
        s[lane] = s[lane] + other
        barrier()
        step = step * 2
        if step == 64:
            barrier()
    y[i] = s[lane]


@kernel(block=32)
def halves(x: DeviceArray[i32], n: i32):
    if lane_id() < n:
        barrier()
    x[get_global_id()] = 1


@kernel(block=32)
def neighbour(x: DeviceArray[i32], reach: i32):
    s = shared(i32, 32)
    lane = lane_id()
    if lane > 0:
        s[lane] = 1
    barrier()
    x[get_global_id()] = s[lane + reach]


@BACKENDS
@pytest.mark.parametrize("block", [(16, 16)])
@pytest.mark.parametrize("sizes", [(32, 32, 32), (20, 37, 19), (1, 1, 1), (16, 48, 65)])
def test_tiled_product(backend: str, block: tuple[int, int], sizes: tuple[int, int, int]) -> None:
    m, n, depth = sizes
    generator = np.random.default_rng(m)
    a, b = (generator.integers(-5, 6, s).astype(np.float32) for s in ((m, depth), (depth, n)))
    c = np.zeros((m, n), np.float32)
    matmul(a, b, c, executor=Executor(backend))
    assert np.array_equal(c, a @ b)


def test_tiled_product_has_the_same_bits_everywhere() -> None:
    generator = np.random.default_rng(5)
    a, b = generator.normal(size=(2, 40, 40)).astype(np.float32)
    out = [np.zeros((40, 40), np.float32) for _ in range(3)]
    matmul(a, b, out[0], executor=Executor("cpu"))
    matmul(a, b, out[1], executor=Executor("interpreter"))
    launch = matmul.bind(a, b, out[2], executor=Executor("cpu"))
    launch()
    assert np.array_equal(out[0], out[1]) and np.array_equal(out[0], out[2])
    assert np.allclose(out[0], a @ b, atol=1e-4)


@BACKENDS
@pytest.mark.parametrize("n", [64, 100, 1])
def test_values_outlive_a_barrier(backend: str, n: int) -> None:
    x = np.random.default_rng(n).integers(0, 8, n).astype(np.int32)
    y = np.zeros(n, np.int32)
    reverse(x, y, n, block=64, executor=Executor(backend))
    whole = np.zeros(-(-n // 64) * 64, np.int32)
    whole[:n] = x
    rows = whole.reshape(-1, 64)
    expected = np.where(rows > 3, rows[:, ::-1] * 2, rows + rows[:, :1]).reshape(-1)[:n]
    assert np.array_equal(y, expected)


@BACKENDS
def test_barriers_in_loops_and_uniform_branches(backend: str) -> None:
    x = np.random.default_rng(8).integers(-9, 9, 512).astype(np.int32)
    y = np.zeros(512, np.int32)
    running_sum(x, y, executor=Executor(backend))
    assert np.array_equal(y.reshape(4, 128), np.cumsum(x.reshape(4, 128), axis=1))


def test_a_barrier_that_some_lanes_miss() -> None:
    with pytest.raises(
        BarrierError, match=r"16 of the block's 32 lanes are not at .*: lanes 16, 17, .* at .*test_shared.py"
    ):
        halves(np.zeros(32, np.int32), 16, executor=Executor("interpreter"))
    with pytest.raises(BarrierError, match=r"some lanes of a block are not at this barrier.*\n?.*test_shared.py"):
        halves(np.zeros(32, np.int32), 16, executor=Executor("cpu"))


def test_the_interpreter_watches_shared_memory() -> None:
    with pytest.raises(UninitializedReadError, match=r"of 's' \(element 0\), which has not"):
        neighbour(np.zeros(32, np.int32), 0, executor=Executor("interpreter"))
    with pytest.raises(OutOfBoundsError, match="byte offset 128 of 's', which is 128 bytes long"):
        neighbour(np.zeros(32, np.int32), 1, executor=Executor("interpreter"))


def test_a_block_has_to_be_named_and_is_small() -> None:
    x = np.zeros(64, np.int32)
    with pytest.raises(LaunchError, match="works by blocks: give their size"):
        reverse(x, x.copy(), 64)
    with pytest.raises(LaunchError, match="at most 1024 lanes"):
        reverse(x, x.copy(), 64, block=2048)
