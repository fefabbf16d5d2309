"""Every expansion stays within its stated error, over dense arguments, the edges of its range and random bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hologram.backends.interpreter.lanes import NumpyLanes
from hologram.isa.elementary import EXPANSIONS, ULP
from hologram.types import Type
from tests.isa.elementary.references import EXACT, REFERENCES, WIDE, Array, precise_ulps, ulps

LANES = NumpyLanes()
DENSE = {Type.F32: 40_000, Type.F64: 8_000}
# Where results come near the borders of the format, besides the arguments that all functions get.
RANGES: dict[str, dict[Type, list[tuple[float, float]]]] = {
    "ERF": {Type.F32: [(-4.2, 4.2), (0.98, 1.02)]},
    "EXP": {Type.F32: [(-104, -87), (88, 89)], Type.F64: [(-746, -708), (709, 710)]},
    "EXP2": {Type.F32: [(-151, -126), (127, 129)], Type.F64: [(-1076, -1022), (1023, 1025)]},
    "EXPM1": {Type.F32: [(-20, -10), (88, 89)], Type.F64: [(-40, -30), (709, 710)]},
    "SIGMOID": {Type.F32: [(-104, -87), (10, 20)], Type.F64: [(-746, -708), (30, 40)]},
    "SINH": {Type.F32: [(88, 90)], Type.F64: [(709, 711)]},
    "COSH": {Type.F32: [(88, 90)], Type.F64: [(709, 711)]},
}
ANGLES = {"SIN", "COS", "TAN"}
UNARY = sorted(set(REFERENCES) - EXACT.keys() - {"ATAN2", "POW"})


def edges(ty: Type) -> Array:
    """Zeros, infinities, NaN, subnormals, halves, powers of two and their neighbours, with both signs."""
    info = np.finfo(ty.dtype)
    powers = np.ldexp(1.0, np.arange(info.minexp - info.nmant, info.maxexp)).astype(ty.dtype)
    around = np.concatenate(
        [np.nextafter(powers, ty.dtype.type(0)), powers, np.nextafter(powers, ty.dtype.type(np.inf))]
    )
    special = np.array([0.0, np.inf, np.nan, info.max, info.smallest_normal, 3 * info.smallest_subnormal, 0.5, 1.5])
    positive = np.concatenate([around, special.astype(ty.dtype), np.arange(300).astype(ty.dtype) / 2])
    return np.concatenate([positive, -positive])


def arguments(name: str, ty: Type) -> Array:
    """What a function of one argument is tried on."""
    rng = np.random.default_rng(len(name))
    n = DENSE[ty]
    unsigned = np.dtype(f"u{ty.size}")
    parts = [
        rng.integers(0, 1 << ty.bits, n, dtype=unsigned, endpoint=False).view(ty.dtype),
        rng.uniform(-10, 10, n),
        rng.uniform(-1.1, 1.1, n),
        np.exp(rng.uniform(-20, 7, n)) * rng.choice([-1, 1], n),
        rng.normal(1, 1e-3, n // 4),
        edges(ty),
    ]
    parts += [rng.uniform(*bounds, n // 4) for bounds in RANGES.get(name, {}).get(ty, [])]
    if name in ANGLES:
        parts.append(rng.integers(-(1 << 24), 1 << 24, n) * (np.pi / 4))
        parts.append(rng.normal(0, 1e-4, n))
    with np.errstate(over="ignore"):
        return np.concatenate([p.astype(ty.dtype) for p in parts])


def _worst(name: str, ty: Type, *operands: Array) -> tuple[float, list[Any]]:
    """(largest error, operands and result where it is)."""
    with np.errstate(all="ignore"):
        exact = REFERENCES[name](*(x.astype(WIDE[ty]) for x in operands))
    result = EXPANSIONS[name, ty](LANES, *operands)
    assert result.dtype == ty.dtype
    error = ulps(result, exact, ty)
    at = int(np.argmax(error))
    return float(error[at]), [*(x[at] for x in operands), result[at]]


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than f64 here")
@pytest.mark.parametrize("name", sorted({*UNARY} - {"ERF"}))
def test_f64_error_is_within_the_bound(name: str) -> None:
    error, where = _worst(name, Type.F64, arguments(name, Type.F64))
    assert error <= ULP[name, Type.F64], where


@pytest.mark.parametrize("name", UNARY)
def test_f32_error_is_within_the_bound(name: str) -> None:
    error, where = _worst(name, Type.F32, arguments(name, Type.F32))
    assert error <= ULP[name, Type.F32], where


def pairs(ty: Type) -> list[tuple[Array, Array]]:
    """Operands of ATAN2 and POW: random bits, moderate numbers, edges with edges, powers near overflow and near 1."""
    rng = np.random.default_rng(7)
    n = DENSE[ty]
    unsigned = np.dtype(f"u{ty.size}")
    limit = 1.1 * np.log(float(np.finfo(ty.dtype).max))
    few = np.array([0, 1, 2, 3, 0.5, 1.5, 7, np.inf, np.nan, 2.0**24 + 1, np.finfo(ty.dtype).smallest_subnormal])
    few = np.concatenate([few, -few])
    base = np.exp(rng.uniform(-limit, limit, n) / 1.1).astype(ty.dtype)
    epsilon = float(np.finfo(ty.dtype).eps)
    near_one = (1 + rng.normal(0, 100, n) * epsilon).astype(ty.dtype)
    found = [
        tuple(rng.integers(0, 1 << ty.bits, n, dtype=unsigned, endpoint=False).view(ty.dtype) for _ in range(2)),
        (rng.uniform(-9, 9, n), rng.integers(-30, 30, n)),
        (rng.normal(0, 1, n), rng.normal(0, 1, n)),
        (np.repeat(few, few.size), np.tile(few, few.size)),
        (base, rng.uniform(-limit, limit, n) / np.log(base.astype(np.float64))),
        (near_one, rng.normal(0, 0.3, n) / epsilon),
    ]
    return [(x.astype(ty.dtype), y.astype(ty.dtype)) for x, y in found]


@pytest.mark.parametrize("ty", [Type.F32, Type.F64])
@pytest.mark.parametrize("name", ["ATAN2", "POW"])
def test_error_of_two_operands_is_within_the_bound(name: str, ty: Type) -> None:
    if ty is Type.F64 and np.finfo(np.longdouble).nmant < 63:
        pytest.skip("long double is no wider than f64 here")
    for x, y in pairs(ty):
        error, where = _worst(name, ty, x, y)
        assert error <= ULP[name, ty], where


# mpmath where long double has no function, and where only many digits tell: angles next to a multiple of π/2.
MANY_DIGITS: list[tuple[str, list[float]]] = [
    ("ERF", [*np.linspace(-5.9, 6.1, 701), *np.linspace(0.97, 1.1, 300), 5e-324, 1e-310, -1e-20, 1e300]),
    ("SIN", [3.141592653589793, 2.0**1023, 1.7976931348623157e308, 1e22, 355.0, 1e8, 100000001.0]),
    ("COS", [math.ldexp(6381956970095103, 797), 1.5707963267948966, 2.0**1000, -1e300, 1e5, 99999999.5]),
    ("TAN", [math.ldexp(6381956970095103, 797), 1.5707963267948966, 1e22, -(2.0**900), 1e8]),
]


@pytest.mark.parametrize(("name", "points"), MANY_DIGITS, ids=[m[0] for m in MANY_DIGITS])
def test_f64_against_many_digits(name: str, points: list[float]) -> None:
    results = EXPANSIONS[name, Type.F64](LANES, np.array(points))
    for x, result in zip(points, results.tolist(), strict=True):
        assert precise_ulps(name, Type.F64, result, x) <= ULP[name, Type.F64], (x, result)


def test_every_stated_bound_meets_the_promise_of_the_isa() -> None:
    two, three = {"EXP", "EXP2", "LOG", "LOG2", "SIN", "COS"}, {"TANH", "SIGMOID", "ERF"}
    for (name, _), bound in ULP.items():
        assert bound <= (2 if name in two else 3 if name in three else 4)
    assert ULP.keys() == EXPANSIONS.keys()
    assert {name for name, _ in ULP} == REFERENCES.keys() - EXACT.keys()
