"""Block reductions: the documented tree, on both backends, for every type; in kernels of several kinds."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from hologram import Executor
from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import BarrierError, KernelTypeError, LaunchError
from hologram.frontend import compile_source
from hologram.language import (
    DeviceArray,
    block_dim,
    block_max,
    block_min,
    block_sum,
    device,
    f32,
    get_global_id,
    i32,
    i64,
    kernel,
    lane_id,
    u32,
)
from hologram.types import HALVES, Type

BACKENDS = pytest.mark.parametrize("backend", ["cpu", "interpreter"])
Array = np.ndarray[Any, Any]
OPERATIONS = {"sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum}
SIZES = (1, 2, 7, 16, 63, 64, 65, 100, 127, 128, 333, 1000, 1024)
MADE = {"cpu": CpuBackend(), "interpreter": InterpreterBackend()}


@cache
def executable(backend: str, ty: Type) -> Any:
    """A kernel that gives every lane what its block comes to, by each operation."""
    lines = "".join(f"    y[{row}, i] = block_{name}(x[i])\n" for row, name in enumerate(OPERATIONS))
    text = f"""from hologram.language import *
@kernel
def reduce(x: DeviceArray[{ty.value}], y: DeviceArray[{ty.value}, 2]):
    i = get_global_id()
{lines}"""
    (unit,) = compile_source(text, "reduce.py")
    return MADE[backend].compile(unit.program)


def run(backend: str, ty: Type, x: Array, block: int) -> dict[str, Array]:
    y = np.zeros((len(OPERATIONS), x.size), x.dtype)
    domain = Domain((x.size, 1, 1), (x.size // block, 1, 1), (block, 1, 1))
    executable(backend, ty).launch([x, y], domain)
    return dict(zip(OPERATIONS, y, strict=True))


def joined(name: str, ty: Type, a: Array, b: Array) -> Array:
    """The operation of two arrays; f16 and bf16 in f32, rounded once; zeros are ordered in minima and maxima."""
    if ty in HALVES:
        return joined(name, Type.F32, a.astype(np.float32), b.astype(np.float32)).astype(ty.dtype)
    both = OPERATIONS[name](a, b)
    if ty.is_float and name in ("min", "max"):
        negative = np.signbit(a) | np.signbit(b) if name == "min" else np.signbit(a) & np.signbit(b)
        both = np.where((a == b) & (a == 0), np.copysign(both, np.where(negative, -1.0, 1.0)), both)
    return both


def accumulators(name: str, ty: Type, values: Array) -> Array:
    """The 64 accumulators of a section, fewer in a short one."""
    total = values[:64].copy()
    for start in range(64, len(values), 64):
        row = values[start : start + 64]
        total[: len(row)] = joined(name, ty, total[: len(row)], row)
    return total


def tree(name: str, ty: Type, values: Array) -> Any:
    """The documented order, written a second time."""
    total = accumulators(name, ty, values[:512])
    if len(values) > 512:
        others = accumulators(name, ty, values[512:])
        total[: len(others)] = joined(name, ty, total[: len(others)], others)
    kind = total.dtype
    if ty.is_float and name in ("sum", "prod"):
        ty, total = Type.F64, total.astype(np.float64)
    for stride in (32, 16, 8, 4, 2, 1):
        others = total[stride : 2 * stride]
        total[: len(others)] = joined(name, ty, total[: len(others)], others)
        total = total[:stride]
    with np.errstate(all="ignore"):
        return total.astype(kind)[0]


def values_of(ty: Type, n: int) -> Array:
    generator = np.random.default_rng(n)
    if ty.is_integer:
        return generator.integers(ty.minimum, ty.maximum, n, ty.dtype, endpoint=True)
    return (1 + generator.standard_normal(n) / 32).astype(ty.dtype)


@pytest.mark.parametrize("ty", Type, ids=lambda t: t.value)
def test_every_type_has_the_bits_of_the_tree(ty: Type) -> None:
    for block in SIZES:
        x = values_of(ty, 3 * block)
        found = {backend: run(backend, ty, x, block) for backend in MADE}
        for name in OPERATIONS:
            with np.errstate(all="ignore"):
                wanted = np.repeat([tree(name, ty, row) for row in x.reshape(3, block)], block).astype(ty.dtype)
            for backend in MADE:
                assert found[backend][name].tobytes() == wanted.tobytes(), (backend, name, block)


@pytest.mark.parametrize("ty", [Type.F32, Type.F64, Type.F16, Type.BF16], ids=lambda t: t.value)
def test_special_values(ty: Type) -> None:
    for special, block in product((np.nan, np.inf, -np.inf, -0.0), (1, 5, 64, 65, 200)):
        x = np.full(block, 0.0 if special == 0 and block > 1 else 1.0).astype(ty.dtype)
        x[block // 2] = special
        for backend in MADE:
            for name, row in run(backend, ty, x, block).items():
                with np.errstate(all="ignore"):
                    wanted = tree(name, ty, x)
                same = row[0].tobytes() == wanted.tobytes() or (np.isnan(float(row[0])) and np.isnan(float(wanted)))
                assert same, (backend, name, special, block, row[0], wanted)


@kernel(block=(8, 4, 2))
def in_three_dimensions(x: DeviceArray[f32, 3], y: DeviceArray[f32, 3]):
    i = get_global_id(0)
    j = get_global_id(1)
    k = get_global_id(2)
    total = block_sum(x[k, j, i])
    largest = block_max(i64(lane_id(2) * 100 + lane_id(1) * 10 + lane_id(0)))
    y[k, j, i] = total + f32(largest)


@BACKENDS
def test_lanes_are_numbered_x_first(backend: str) -> None:
    x = np.random.default_rng(1).standard_normal((4, 8, 16)).astype(np.float32)
    y = np.zeros_like(x)
    in_three_dimensions(x, y, executor=Executor(backend))
    blocks = x.reshape(2, 2, 2, 4, 2, 8).transpose(0, 2, 4, 1, 3, 5)
    for at in np.ndindex(2, 2, 2):
        wanted = tree("sum", Type.F32, blocks[at].reshape(-1)) + np.float32(137)
        z, yy, xx = (slice(p * s, (p + 1) * s) for p, s in zip(at, (2, 4, 8), strict=True))
        assert (y[z, yy, xx] == wanted).all()


@kernel(block=33)
def normalise(x: DeviceArray[f32], y: DeviceArray[f32], rounds: i32, n: u32):
    """Several reductions, in a loop and behind one another; values live across all of them."""
    i = get_global_id()
    value = x[i] if i < n else 0.0
    low = block_min(value)
    for _ in range(rounds):
        value = value - block_sum(value) / f32(block_dim())
        value = value / block_max(abs(value))
    if i < n:
        y[i] = value + low


@BACKENDS
def test_reductions_in_loops(backend: str) -> None:
    n = 33 * 3 - 5
    x = np.random.default_rng(3).standard_normal(n).astype(np.float32)
    y = np.zeros_like(x)
    normalise(x, y, 3, n, executor=Executor(backend))
    rows = np.zeros(99, np.float32)
    rows[:n] = x
    out = []
    for row in rows.reshape(3, 33):
        value = row
        for _ in range(3):
            value = value - tree("sum", Type.F32, value) / np.float32(33)
            value = value / np.abs(value).max()
        out.append(value + row.min())
    assert np.array_equal(y, np.concatenate(out)[:n])


@device
def farthest(x: f32) -> f32:
    mean = block_sum(x) / f32(block_dim())
    return block_max(abs(x - mean))


@kernel(block=64)
def until_small(x: DeviceArray[f32], rounds: DeviceArray[i32]):
    """A loop that the block leaves together, by what a reduction gave."""
    i = get_global_id()
    value = x[i]
    count = 0
    while farthest(value) > 0.5:
        value = value * 0.5
        count += 1
    rounds[i] = count


@BACKENDS
def test_a_reduction_decides_for_the_block(backend: str) -> None:
    x = np.array([np.arange(64) * scale for scale in (0.001, 1, 5)], np.float32)
    rounds = np.zeros(192, np.int32)
    until_small(x.reshape(-1), rounds, executor=Executor(backend))
    assert rounds.reshape(3, 64)[:, 0].tolist() == [0, 6, 9]
    assert (rounds.reshape(3, 64) == rounds.reshape(3, 64)[:, :1]).all()


@kernel(block=32)
def of_some_lanes(x: DeviceArray[i32]):
    i = get_global_id()
    if x[i] > 3:
        x[i] = block_sum(x[i])


def test_all_lanes_have_to_take_part() -> None:
    x = np.arange(32, dtype=np.int32)
    wanted = (
        r"4 of the block's 32 lanes are not at this barrier: lanes 0, 1, 2, 3 ended at .*test_block_reductions.py:\d+:"
    )
    with pytest.raises(BarrierError, match=wanted):
        of_some_lanes(x, executor=Executor("interpreter"))
    with pytest.raises(BarrierError, match=r"some lanes of a block are not at this barrier.*test_block_reductions.py"):
        of_some_lanes(x, executor=Executor("cpu"))


def test_a_block_has_to_be_named() -> None:
    x = np.zeros(64, np.int32)

    @kernel
    def total(x: DeviceArray[i32]):
        i = get_global_id()
        x[i] = block_sum(x[i])

    with pytest.raises(LaunchError, match="works by blocks: give their size"):
        total(x)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x[i] = block_sum(x[i] > 0)", "block_sum needs numbers"),
        ("block_sum(x[i])", "is not used"),
        ("x[i] = block_sum(x[i], 1)", "takes 1 argument"),
    ],
)
def test_refusals(line: str, message: str) -> None:
    head = "from hologram.language import *\n@kernel\ndef k(x: DeviceArray[i32]):\n    i = get_global_id()\n    "
    with pytest.raises(KernelTypeError, match=message):
        compile_source(f"{head}{line}\n", "kernel.py")
