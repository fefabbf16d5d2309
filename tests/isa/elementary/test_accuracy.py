"""Every expansion stays within its stated error, over dense arguments, the edges of its range and random bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hologram.backends.interpreter.lanes import NumpyLanes
from hologram.isa.elementary import EXPANSIONS, ULP
from hologram.types import Type
from tests.isa.elementary.operands import arguments, pairs
from tests.isa.elementary.references import EXACT, REFERENCES, WIDE, Array, precise_ulps, ulps

LANES = NumpyLanes()
DENSE = {Type.F32: 40_000, Type.F64: 8_000}
UNARY = sorted(set(REFERENCES) - EXACT.keys() - {"ATAN2", "POW"})


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
    error, where = _worst(name, Type.F64, arguments(name, Type.F64, DENSE[Type.F64], len(name)))
    assert error <= ULP[name, Type.F64], where


@pytest.mark.parametrize("name", UNARY)
def test_f32_error_is_within_the_bound(name: str) -> None:
    error, where = _worst(name, Type.F32, arguments(name, Type.F32, DENSE[Type.F32], len(name)))
    assert error <= ULP[name, Type.F32], where


@pytest.mark.parametrize("ty", [Type.F32, Type.F64])
@pytest.mark.parametrize("name", ["ATAN2", "POW"])
def test_error_of_two_operands_is_within_the_bound(name: str, ty: Type) -> None:
    if ty is Type.F64 and np.finfo(np.longdouble).nmant < 63:
        pytest.skip("long double is no wider than f64 here")
    for x, y in pairs(ty, DENSE[ty], 7):
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
