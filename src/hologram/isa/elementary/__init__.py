"""Elementary functions as expansions over basic operations, written once for every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hologram.isa.elementary import error_function, exponential, hyperbolic, inverse, logarithm, power, trigonometric
from hologram.isa.elementary.lanes import Lanes
from hologram.isa.elementary.value import Value, expansion
from hologram.types import Type

# (mnemonic, body on values, largest error in ulp for F32, for F64)
_TABLE: list[tuple[str, Callable[..., Value[Any]], float, float]] = [
    ("EXP", exponential.exp, 2.0, 2.0),
    ("EXP2", exponential.exp2, 2.0, 2.0),
    ("EXPM1", exponential.expm1, 3.0, 3.0),
    ("SIGMOID", exponential.sigmoid, 3.0, 3.0),
    ("LOG", logarithm.log, 1.5, 1.5),
    ("LOG2", logarithm.log2, 2.0, 2.0),
    ("LOG10", logarithm.log10, 3.0, 3.0),
    ("LOG1P", logarithm.log1p, 2.0, 2.0),
    ("SIN", trigonometric.sin, 2.0, 2.0),
    ("COS", trigonometric.cos, 2.0, 2.0),
    ("TAN", trigonometric.tan, 4.0, 4.0),
    ("TANH", hyperbolic.tanh, 3.0, 3.0),
    ("SINH", hyperbolic.sinh, 4.0, 4.0),
    ("COSH", hyperbolic.cosh, 2.0, 2.0),
    ("ATAN", inverse.atan, 2.0, 2.0),
    ("ATAN2", inverse.atan2, 3.0, 3.0),
    ("ASIN", inverse.asin, 3.0, 3.0),
    ("ACOS", inverse.acos, 2.0, 2.0),
    ("ERF", error_function.erf, 3.0, 3.0),
    ("POW", power.power, 1.0, 1.5),
    ("RSQRT", power.rsqrt, 2.0, 2.0),
]

EXPANSIONS: dict[tuple[str, Type], Callable[..., Any]] = {
    (name, ty): expansion(body, ty) for name, body, *_ in _TABLE for ty in (Type.F32, Type.F64)
}
"""By mnemonic and type: a function of a `Lanes` object and the operands' lane values that gives the result's."""

ULP: dict[tuple[str, Type], float] = {
    (name, ty): bound for name, _, *bounds in _TABLE for ty, bound in zip((Type.F32, Type.F64), bounds, strict=True)
}
"""Largest error over the full range, in units in the last place of the exact result."""

__all__ = ["EXPANSIONS", "ULP", "Lanes"]
