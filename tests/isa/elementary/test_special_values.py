"""Exact results: limits, signed zeros, poles, domain errors, and the identities that users rely on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hologram.backends.interpreter.lanes import NumpyLanes
from hologram.isa.elementary import EXPANSIONS, trigonometric
from hologram.isa.elementary.value import Value
from hologram.types import Type

Array = np.ndarray[Any, np.dtype[Any]]

LANES = NumpyLanes()
FLOATS = [Type.F32, Type.F64]
INF, NAN = math.inf, math.nan

UNARY: dict[str, list[tuple[float, float]]] = {
    "EXP": [(-INF, 0), (INF, INF), (0, 1), (-0.0, 1), (NAN, NAN), (1e5, INF), (-1e5, 0)],
    "EXP2": [(-INF, 0), (INF, INF), (0, 1), (10, 1024), (-3, 0.125), (NAN, NAN), (1e6, INF), (-1e6, 0)],
    "EXPM1": [(-INF, -1), (INF, INF), (0, 0), (-0.0, -0.0), (-1e5, -1), (1e-40, 1e-40), (NAN, NAN)],
    "SIGMOID": [(-INF, 0), (INF, 1), (0, 0.5), (-0.0, 0.5), (1e30, 1), (-1e30, 0), (NAN, NAN)],
    "LOG": [(0, -INF), (-0.0, -INF), (1, 0), (-1, NAN), (-INF, NAN), (INF, INF), (-1e-40, NAN), (NAN, NAN)],
    "LOG2": [(0, -INF), (-0.0, -INF), (1, 0), (-2, NAN), (-INF, NAN), (INF, INF), (8, 3), (NAN, NAN)],
    "LOG10": [(0, -INF), (-0.0, -INF), (1, 0), (-1, NAN), (-INF, NAN), (INF, INF), (1000, 3), (NAN, NAN)],
    "LOG1P": [(-1, -INF), (0, 0), (-0.0, -0.0), (-2, NAN), (-INF, NAN), (INF, INF), (1e-40, 1e-40), (NAN, NAN)],
    "SIN": [(0, 0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-40, 1e-40)],
    "COS": [(0, 1), (-0.0, 1), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-40, 1)],
    "TAN": [(0, 0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-40, 1e-40)],
    "TANH": [(0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (1e30, 1), (-50, -1), (NAN, NAN)],
    "SINH": [(0, 0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (1e5, INF), (1e-40, 1e-40), (NAN, NAN)],
    "COSH": [(0, 1), (-0.0, 1), (INF, INF), (-INF, INF), (-1e5, INF), (1e-40, 1), (NAN, NAN)],
    "ATAN": [(0, 0), (-0.0, -0.0), (INF, math.pi / 2), (-INF, -math.pi / 2), (1, math.pi / 4), (NAN, NAN)],
    "ASIN": [(0, 0), (-0.0, -0.0), (1, math.pi / 2), (-1, -math.pi / 2), (1.5, NAN), (-INF, NAN), (NAN, NAN)],
    "ACOS": [(1, 0), (-1, math.pi), (0, math.pi / 2), (1.5, NAN), (-1.5, NAN), (INF, NAN), (NAN, NAN)],
    "ERF": [(0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (10, 1), (NAN, NAN)],
    "RSQRT": [(0, INF), (-0.0, -INF), (INF, 0), (-1, NAN), (4, 0.5), (NAN, NAN)],
}

PI = math.pi
ATAN2: list[tuple[float, float, float]] = [
    *[(math.copysign(0, s), x, math.copysign(a, s)) for s in (1, -1) for x, a in
      [(0.0, 0), (-0.0, PI), (1, 0), (-1, PI), (INF, 0), (-INF, PI)]],
    *[(math.copysign(INF, s), x, math.copysign(a, s)) for s in (1, -1) for x, a in
      [(INF, PI / 4), (-INF, 3 * PI / 4), (0, PI / 2), (-5, PI / 2)]],
    *[(math.copysign(2, s), x, math.copysign(a, s)) for s in (1, -1) for x, a in
      [(0.0, PI / 2), (-0.0, PI / 2), (2, PI / 4), (-2, 3 * PI / 4), (INF, 0), (-INF, PI)]],
    *[(y, x, NAN) for y, x in [(NAN, 1), (1, NAN), (NAN, NAN), (INF, NAN), (NAN, -INF), (0, NAN), (NAN, 0)]],
]  # fmt: skip

POW: list[tuple[float, float, float]] = [
    *[(x, zero, 1) for x in (2, 0, -3, INF, -INF, NAN) for zero in (0.0, -0.0)],
    *[(1, y, 1) for y in (5, -0.5, INF, -INF, NAN)],
    (-1, INF, 1), (-1, -INF, 1), (-1, NAN, NAN), (NAN, 2, NAN), (2, NAN, NAN),
    (0, 3, 0), (-0.0, 3, -0.0), (-0.0, 2, 0), (0, -1, INF), (-0.0, -1, -INF), (-0.0, -2, INF),
    (0, 0.5, 0), (-0.0, 0.5, 0), (0, 1e-30, 0),
    (INF, 2, INF), (INF, -2, 0), (-INF, 3, -INF), (-INF, 2, INF), (-INF, -3, -0.0), (-INF, 0.5, INF),
    (2, INF, INF), (2, -INF, 0), (0.5, INF, 0), (0.5, -INF, INF), (-2, INF, INF), (-0.5, INF, 0),
    (-8, 1 / 3, NAN), (-2, 3, -8), (-2, -1, -0.5), (3, 3, 27), (10, 5, 1e5), (2, -20, 2.0**-20), (7, 2, 49),
]  # fmt: skip


def same(result: float, wanted: float, ty: Type) -> bool:
    """Equal with equal signs, or both NaN; irrational values are rounded to the type."""
    with np.errstate(over="ignore"):
        wanted = float(ty.dtype.type(wanted))
    if math.isnan(wanted):
        return math.isnan(result)
    return result == wanted and math.copysign(1, result) == math.copysign(1, wanted)


@pytest.mark.parametrize("ty", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str, ty: Type) -> None:
    x = np.array([a for a, _ in UNARY[name]], ty.dtype)
    results = EXPANSIONS[name, ty](LANES, x).tolist()
    for (argument, wanted), result in zip(UNARY[name], results, strict=True):
        assert same(result, wanted, ty), (name, argument, result)


@pytest.mark.parametrize("ty", FLOATS)
@pytest.mark.parametrize(("name", "table"), [("ATAN2", ATAN2), ("POW", POW)], ids=["ATAN2", "POW"])
def test_binary(name: str, table: list[tuple[float, float, float]], ty: Type) -> None:
    a, b = (np.array([row[k] for row in table], ty.dtype) for k in (0, 1))
    for row, result in zip(table, EXPANSIONS[name, ty](LANES, a, b).tolist(), strict=True):
        assert same(result, row[2], ty), (name, row, result)


def _spread(ty: Type) -> Array:
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(0, 3, 20_000), np.exp(rng.uniform(-80, 80, 20_000))]).astype(ty.dtype)


@pytest.mark.parametrize("ty", FLOATS)
@pytest.mark.parametrize("name", ["SIN", "TAN", "TANH", "SINH", "ATAN", "ASIN", "ERF"])
def test_odd_functions_are_odd_to_the_bit(name: str, ty: Type) -> None:
    x = _spread(ty)
    np.testing.assert_array_equal(EXPANSIONS[name, ty](LANES, -x), -EXPANSIONS[name, ty](LANES, x))


@pytest.mark.parametrize("ty", FLOATS)
@pytest.mark.parametrize("name", ["SIN", "COS", "TANH", "ERF", "SIGMOID"])
def test_results_never_exceed_one(name: str, ty: Type) -> None:
    rng = np.random.default_rng(5)
    near = [k * np.pi / 2 + rng.normal(0, s, 10_000) for k in (0, 1, 5) for s in (1e-2, 1e-5, 1e-8)]
    x = np.concatenate([_spread(ty), *near]).astype(ty.dtype)
    assert np.max(np.abs(EXPANSIONS[name, ty](LANES, x))) <= 1


def test_the_sine_of_every_reduced_f32_angle_is_at_most_one() -> None:
    first, last = np.array([1.4, 1.6], np.float32).view(np.int32)
    angles = np.arange(first, last + 1, dtype=np.int32).view(np.float32)
    assert trigonometric.reduced_sine(Value(LANES, Type.F32, angles)).raw.max() == 1


@pytest.mark.parametrize("ty", FLOATS)
def test_powers_of_two_are_exact_both_ways(ty: Type) -> None:
    info = np.finfo(ty.dtype)
    exponents = np.arange(info.minexp - info.nmant, info.maxexp).astype(ty.dtype)
    powers = np.ldexp(ty.dtype.type(1), exponents.astype(int))
    np.testing.assert_array_equal(EXPANSIONS["EXP2", ty](LANES, exponents), powers)
    np.testing.assert_array_equal(EXPANSIONS["LOG2", ty](LANES, powers), exponents)


@pytest.mark.parametrize("ty", FLOATS)
def test_powers_that_are_whole_numbers_are_exact(ty: Type) -> None:
    x, y = (a.ravel().astype(ty.dtype) for a in np.meshgrid(np.arange(1, 100), np.arange(0, 9)))
    wanted = x.astype(object) ** y.astype(int)
    representable = np.array([int(ty.dtype.type(w)) == w for w in wanted.tolist()])
    assert representable.sum() > 300
    results = EXPANSIONS["POW", ty](LANES, x, y)
    np.testing.assert_array_equal(results[representable], wanted[representable].astype(ty.dtype))


@pytest.mark.parametrize("ty", FLOATS)
@pytest.mark.parametrize("name", ["SIN", "COS", "TAN", "LOG", "LOG2", "LOG10", "LOG1P"])
def test_a_lane_does_not_depend_on_its_neighbours(name: str, ty: Type) -> None:
    ordinary = np.linspace(0.1, 50, 4_000).astype(ty.dtype)
    slow = np.array([1e30, np.inf, np.nan, -1, 0, np.finfo(ty.dtype).smallest_subnormal], ty.dtype)
    together = EXPANSIONS[name, ty](LANES, np.concatenate([ordinary, slow]))
    np.testing.assert_array_equal(together[: ordinary.size], EXPANSIONS[name, ty](LANES, ordinary))
    np.testing.assert_array_equal(together[ordinary.size :], EXPANSIONS[name, ty](LANES, slow))
