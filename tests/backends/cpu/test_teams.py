"""Launches on several threads: the same bits as on one, whatever the kernel and the shape; faults; life after them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend, CpuExecutable
from hologram.errors import DivisionByZeroError
from hologram.frontend import compile_source
from tests.backends.cpu.teams import team

Array = np.ndarray[Any, Any]
COUNTS = (1, 2, 7)
KERNELS = """from hologram.language import *

@kernel
def wave(x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = sin(x[i]) * 0.5 + x[i]

@kernel(fast=True)
def rough(x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = x[i] * x[i] + x[i] * 3.0 + x[i] / 7.0

@kernel
def around(x: DeviceArray[f32], y: DeviceArray[f32], n: i32):
    i = get_global_id()
    if i < n:
        left = x[max(i - 1, 0)]
        right = x[min(i + 1, n - 1)]
        y[i] = left + x[i] + right

@kernel
def rows(x: DeviceArray[f64, 2], y: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        total = 0.0
        for k in range(x.shape[1]):
            total += x[i, k] * f64(k)
        y[i] = total

@kernel
def cube(x: DeviceArray[f32, 3], y: DeviceArray[f32, 3]):
    i = get_global_id(0)
    j = get_global_id(1)
    k = get_global_id(2)
    if k < x.shape[0] and j < x.shape[1] and i < x.shape[2]:
        y[k, j, i] = x[k, j, i] * f32(k) + f32(i) - f32(j)

@kernel
def fold(x: DeviceArray[f32, 2], out: DeviceArray[f32]):
    i = get_global_id(0)
    j = get_global_id(1)
    if i < x.shape[1] and j < x.shape[0]:
        grid_sum(x[j, i], out, 0)
        grid_max(x[j, i], out, 1)
        if i % 3 == 5:
            grid_min(x[j, i], out, 2)

@kernel
def count(x: DeviceArray[u32], bins: DeviceArray[u32], n: u32):
    i = get_global_id()
    if i < n:
        atomic_add(bins, x[i] % u32(16), u32(1))

@kernel
def divide(x: DeviceArray[i32], y: DeviceArray[i32], z: DeviceArray[i32], n: u32):
    i = get_global_id()
    if i < n:
        a = 100 // x[i]
        z[i] = a + 100 // y[i]

@kernel(block=64)
def reverse(x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    part = shared(f32, 64)
    i = get_global_id()
    t = lane_id()
    if i < n:
        part[t] = x[i]
    barrier()
    if i < n:
        y[i] = part[u32(63) - t] + f32(block_id())
"""


@cache
def executable(name: str) -> CpuExecutable:
    units = {u.name: u.program for u in compile_source(KERNELS, "kernels.py")}
    return CpuBackend().compile(units[name])


def launch(name: str, *arguments: Any, lanes: tuple[int, ...], block: int = 256) -> None:
    x, y, z = (*lanes, 1, 1)[:3]
    executable(name).launch(arguments, Domain((x, y, z), (-(-x // block), y, z), (block, 1, 1)))


def on_all_counts(name: str, arguments: list[Any], out: Array, lanes: tuple[int, ...], block: int = 256) -> Array:
    """What a launch writes to `out`, proved to be the same bits on 1, 2 and 7 threads, several times each."""
    results = []
    for threads in COUNTS:
        with team(threads):
            for _ in range(5):
                out[...] = 0
                launch(name, *arguments, lanes=lanes, block=block)
                results.append(out.tobytes())
    assert set(results) == {results[0]}
    return out


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("name", ["wave", "rough", "around"])
@pytest.mark.parametrize("n", [8191, 8193, 200_003])
def test_lanes_in_a_row(name: str, n: int) -> None:
    x, y = numbers(n), np.zeros(n + 3, np.float32)[3:]
    on_all_counts(name, [x, y, n], y, (n,))
    if name == "around":
        wide = np.pad(x, 1, "edge")
        np.testing.assert_array_equal(y, (wide[:-2] + x) + wide[2:])


def test_rows_with_a_loop_are_cut_finely() -> None:
    x, y = numbers(1000, 50).astype(np.float64), np.zeros(1000)
    on_all_counts("rows", [x, y], y, (1000,))
    np.testing.assert_allclose(y, x @ np.arange(50.0))


@pytest.mark.parametrize("shape", [(40, 50, 60), (3, 40, 1000), (2, 2, 50_000), (1, 1, 90_000), (100, 30, 30)])
def test_each_axis_can_be_the_one_that_is_cut(shape: tuple[int, int, int]) -> None:
    x, y = numbers(*shape), np.zeros(shape, np.float32)
    on_all_counts("cube", [x, y], y, shape[::-1])
    k, j, i = np.indices(shape).astype(np.float32)
    np.testing.assert_array_equal(y, x * k + i - j)


@pytest.mark.parametrize("shape", [(1, 1_000_003), (3, 100_000), (700, 90), (5, 4096), (1, 8192), (129, 4096), (40, 0)])
def test_reductions_are_the_same_tree(shape: tuple[int, int]) -> None:
    x, out = numbers(*shape), np.zeros(3, np.float32)
    with team(1) as alone:
        alone._put("cold", 0)
        block_of_one = np.zeros(3, np.float32)
        launch_whole("fold", [x, block_of_one], (shape[1], shape[0]))
    on_all_counts("fold", [x, out], out, (shape[1], shape[0]))
    assert out.tobytes() == block_of_one.tobytes()
    assert out[2] == np.inf
    if x.size:
        assert out[1] == x.max()


def launch_whole(name: str, arguments: list[Any], lanes: tuple[int, ...]) -> None:
    """A launch in one piece, past the driver."""
    import ctypes

    from hologram.backends.cpu.backend import RUN_TYPE, pack

    x, y, z = (*lanes, 1, 1)[:3]
    block = pack(executable(name).program, arguments, Domain((x, y, z), (1, 1, 1), (1, 1, 1)))
    memory = (ctypes.c_char * len(block)).from_buffer(block)
    assert RUN_TYPE(executable(name).native_for(arguments).run_address)(ctypes.addressof(memory), None) == 0


def test_blocks_stay_whole() -> None:
    n = 100_000
    x, y = numbers(n), np.zeros(n, np.float32)
    lanes = -(-n // 64) * 64
    for threads in COUNTS:
        with team(threads):
            y[:] = 0
            launch("reverse", x, y, n, lanes=(lanes,), block=64)
            full = n // 64 * 64
            wanted = x[:full].reshape(-1, 64)[:, ::-1] + np.arange(full // 64, dtype=np.float32)[:, None]
            np.testing.assert_array_equal(y[:full], wanted.ravel())


def test_atomics_lose_nothing() -> None:
    x = np.random.default_rng(0).integers(0, 1000, 300_000).astype(np.uint32)
    bins = np.zeros(16, np.uint32)
    with team(7):
        for _ in range(10):
            launch("count", x, bins, x.size, lanes=(x.size,))
    np.testing.assert_array_equal(bins, np.bincount(x % 16) * 10)


@pytest.mark.parametrize("threads", COUNTS)
def test_the_first_fault_is_told_and_the_next_launch_works(threads: int) -> None:
    n = 200_000
    x, y, z = (np.ones(n, np.int32) for _ in range(3))
    x[150_000] = 0
    y[40_000] = 0
    y[150_001] = 0
    divisions = [i for i, ins in enumerate(executable("divide").program.instructions) if ins.op in ("DIV",)]
    with team(threads):
        for _ in range(20):
            with pytest.raises(DivisionByZeroError) as caught:
                launch("divide", x, y, z, n, lanes=(n,))
            assert caught.value.index == divisions[1]
        launch("divide", np.ones(n, np.int32), np.ones(n, np.int32), z, n, lanes=(n,))
        assert (z == 200).all()
