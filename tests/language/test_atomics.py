"""Atomics through kernel calls, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

from hologram import Executor
from hologram.errors import ExtentError, OverlapError
from hologram.language import (
    DeviceArray,
    atomic_add,
    atomic_add_f32,
    atomic_exch,
    atomic_max,
    f32,
    get_global_id,
    kernel,
    u8,
    u32,
)


@kernel
def histogram(x: DeviceArray[u8], counts: DeviceArray[u32], n: u32):
    i = get_global_id()
    if i < n:
        atomic_add(counts, x[i], 1)


@kernel
def compact(x: DeviceArray[f32], kept: DeviceArray[f32], count: DeviceArray[u32], n: u32):
    """The positive elements, without gaps."""
    i = get_global_id()
    if i < n and x[i] > 0.0:
        kept[atomic_add(count, 0, 1)] = x[i]


@kernel
def statistics(x: DeviceArray[f32], total: DeviceArray[f32], largest: DeviceArray[f32, 2], n: u32):
    i = get_global_id()
    if i < n:
        atomic_add_f32(total, x[i])
        atomic_max(largest, i % 2, 1, x[i])


@kernel
def mark(flags: DeviceArray[u32], n: u32):
    i = get_global_id()
    if i < n:
        atomic_exch(flags, i + 2, 7)


@kernel
def both(a: DeviceArray[u32], b: DeviceArray[u32], n: u32):
    i = get_global_id()
    if i < n:
        atomic_add(a, i, b[n - 1 - i])


BACKENDS = pytest.mark.parametrize("backend", ["cpu", "interpreter"])


@BACKENDS
def test_histogram(backend: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, 100_001).astype(np.uint8)
    counts = np.zeros(256, np.uint32)
    histogram(x, counts, x.size, executor=Executor(backend))
    assert np.array_equal(counts, np.bincount(x, minlength=256))


@BACKENDS
def test_compaction_keeps_every_positive_element(backend: str) -> None:
    x = np.random.default_rng(1).normal(size=10_000).astype(np.float32)
    kept, count = np.zeros(x.size, np.float32), np.zeros(1, np.uint32)
    compact(x, kept, count, x.size, executor=Executor(backend))
    assert count[0] == (x > 0).sum()
    assert np.array_equal(np.sort(kept[: count[0]]), np.sort(x[x > 0]))


@BACKENDS
def test_floats(backend: str) -> None:
    x = np.random.default_rng(2).integers(-50, 50, 1001).astype(np.float32)
    total, largest = np.zeros(1, np.float32), np.full((2, 2), -np.inf, np.float32)
    statistics(x, total, largest, x.size, executor=Executor(backend))
    assert total[0] == x.sum()
    assert largest[:, 1].tolist() == [x[::2].max(), x[1::2].max()]
    assert np.all(largest[:, 0] == -np.inf)


def test_an_atomic_is_an_access_like_any_other() -> None:
    flags = np.zeros(9, np.uint32)
    with pytest.raises(ExtentError, match=r"'flags' is too short: it has length 9, but kernel 'mark' needs 10"):
        mark(flags, 8)
    assert not flags.any()
    mark(flags, 7)
    assert flags.tolist() == [0, 0, *[7] * 7]
    with pytest.raises(OverlapError, match="'a' and 'b' share memory and 'a' is written"):
        both(flags, flags, 9)
