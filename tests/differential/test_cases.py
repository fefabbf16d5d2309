"""What random programs and kernels are made of, and the plain evaluation of kernels against hand-made cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.isa.instructions import TABLE, Category
from hologram.types import Type
from tests.differential import cases, kernels
from tests.differential.launches import Launch
from tests.differential.numbers import Number, cast, larger, rounded, smaller
from tests.differential.plain import evaluate

SEEDS = 350
ELSEWHERE = {"Print"}
"""The interpreter shows what is printed."""
WORDS = (
    "barrier()",
    "block_sum",
    "grid_min",
    "atomic_add",
    "atomic_cas",
    "@device",
    "while",
    "range",
    "break",
    "cube_",
)


def test_programs_have_every_instruction() -> None:
    seen = {ins.op for seed in range(SEEDS) for ins in cases.program(seed)[0].instructions}
    both = {
        spec.name
        for spec in TABLE
        if all(any(b.implements(spec, t) for t in spec.types or [None]) for b in (CpuBackend(), InterpreterBackend()))
    }
    rare = {spec.name for spec in TABLE if spec.category is Category.MATH}
    assert both - rare - seen <= ELSEWHERE
    assert len(both & rare & seen) >= len(both & rare) // 2


def test_kernels_have_every_construct() -> None:
    texts = [kernels.kernel(seed)[0] for seed in range(150)]
    assert [word for word in WORDS if not any(word in text for text in texts)] == []


@pytest.mark.parametrize("type", [Type.F16, Type.F32], ids=lambda t: t.value)
def test_rounding_is_that_of_numpy(type: Type) -> None:
    draw = np.random.default_rng(0)
    values = draw.standard_normal(2000) * 2.0 ** draw.integers(-40, 40, 2000)
    with np.errstate(over="ignore"):
        wanted = values.astype(type.dtype).astype(np.float64)
    assert [rounded(type, float(v)) for v in values] == wanted.tolist()


def test_numbers() -> None:
    i8, f32 = cast(Type.I8), cast(Type.F32)
    assert (i8(100) + 100).value == -56
    assert (i8(-7) // i8(2)).value == -4
    assert (i8(-7) % 4).value == 1
    assert i8(f32(1e9)).value == 127
    assert i8(f32(math.nan)).value == 0
    assert (f32(-7.5) // 2).value == -4
    assert (f32(1) / 3).value == float(np.float32(1) / np.float32(3))
    assert math.isnan(smaller(f32(math.nan), f32(1)).value)
    assert math.copysign(1, larger(f32(-0.0), Number(Type.F32, 0.0)).value) == 1


def test_lanes_of_a_block_meet_in_plain_python() -> None:
    source = """from hologram.language import *
@device
def twice(a: i32) -> i32:
    return a + a
@kernel
def k(x: DeviceArray[i32], total: DeviceArray[i32]):
    i = get_global_id()
    tile = shared(i32, 4)
    tile[lane_id()] = x[i]
    barrier()
    y = tile[3 - lane_id()]
    grid_max(y, total, 0)
    x[i] = twice(y) + block_sum(y)
"""
    x, total = np.arange(8, dtype=np.int32), np.zeros(1, np.int32)
    assert not evaluate(source, Launch((8, 1, 1), (2, 1, 1), (4, 1, 1)), [x, total])
    assert x.tolist() == [12, 10, 8, 6, 36, 34, 32, 30]
    assert total[0] == 7


def test_atomic_extremes_let_a_number_win_over_nan_in_plain_python() -> None:
    source = """from hologram.language import *
@kernel
def k(x: DeviceArray[f64], low: DeviceArray[f64], high: DeviceArray[f64]):
    i = get_global_id()
    atomic_min(low, i, x[i])
    atomic_max(high, i, x[i])
"""
    nan = math.nan
    x, low, high = (np.array(v) for v in ([5.0, nan, nan, -0.0], [nan, 1.0, nan, 0.0], [nan, 1.0, nan, 0.0]))
    assert not evaluate(source, Launch((4, 1, 1), (1, 1, 1), (4, 1, 1)), [x, low, high])
    assert np.array_equal(low, [5.0, 1.0, nan, -0.0], equal_nan=True)
    assert np.signbit(low[3])
    assert np.array_equal(high, [5.0, 1.0, nan, 0.0], equal_nan=True)
    assert not np.signbit(high[3])
