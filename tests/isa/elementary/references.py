"""What functions of one or two arguments should give: NumPy in a wider type, mpmath where that is not enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy import special

from hologram.isa.elementary import ULP
from hologram.types import Type

Array = np.ndarray[Any, np.dtype[Any]]

MANTISSA = {Type.F32: 24, Type.F64: 53}
WIDE = {Type.F32: np.float64, Type.F64: np.longdouble}


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


REFERENCES: dict[str, Callable[..., Array]] = {
    "EXP": np.exp,
    "EXP2": np.exp2,
    "EXPM1": np.expm1,
    "SIGMOID": _sigmoid,
    "LOG": np.log,
    "LOG2": np.log2,
    "LOG10": np.log10,
    "LOG1P": np.log1p,
    "SIN": np.sin,
    "COS": np.cos,
    "TAN": np.tan,
    "TANH": np.tanh,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "ATAN": np.arctan,
    "ATAN2": np.arctan2,
    "ASIN": np.arcsin,
    "ACOS": np.arccos,
    "ERF": special.erf,
    "POW": np.power,
    "RSQRT": lambda x: 1 / np.sqrt(x),
    "SQRT": np.sqrt,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "ROUND": np.rint,
    "TRUNC": np.trunc,
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "REM": np.fmod,
    "FMA": lambda x, y, z: x * y + z,
}
"""By mnemonic: a function of arrays that is precise to the type it is given (ERF: to f64)."""

EXACT = {
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "FMA", "SQRT"), 0.5),
    **dict.fromkeys(("FLOOR", "CEIL", "ROUND", "TRUNC", "REM"), 0.0),
}
"""Correctly rounded instructions, not expansions; those that are 0 always give numbers of their type."""

MANY_DIGITS: dict[str, Callable[..., Any]] = {
    "EXP": mpmath.exp,
    "EXP2": lambda x: mpmath.power(2, x),
    "EXPM1": mpmath.expm1,
    "SIGMOID": lambda x: 1 / (1 + mpmath.exp(-x)),
    "LOG": mpmath.log,
    "LOG2": lambda x: mpmath.log(x) / mpmath.log(2),
    "LOG10": mpmath.log10,
    "LOG1P": mpmath.log1p,
    "SIN": mpmath.sin,
    "COS": mpmath.cos,
    "TAN": mpmath.tan,
    "TANH": mpmath.tanh,
    "SINH": mpmath.sinh,
    "COSH": mpmath.cosh,
    "ATAN": mpmath.atan,
    "ATAN2": mpmath.atan2,
    "ASIN": mpmath.asin,
    "ACOS": mpmath.acos,
    "ERF": mpmath.erf,
    "POW": mpmath.power,
    "RSQRT": lambda x: 1 / mpmath.sqrt(x),
    "SQRT": mpmath.sqrt,
    "ADD": lambda x, y: x + y,
    "SUB": lambda x, y: x - y,
    "MUL": lambda x, y: x * y,
    "DIV": lambda x, y: x / y,
    "FMA": lambda x, y, z: x * y + z,
}
DIGITS_OF_ANGLES = 1300
"""Bits that tell a large f64 angle from a multiple of π/2."""


def bound(name: str, ty: Type) -> float:
    """The largest error allowed, in ulp."""
    return EXACT[name] if name in EXACT else ULP[name, ty]


def ulps(result: Array, exact: Array, ty: Type) -> Array:
    """|result - exact| in units in the last place of `exact`; overflow counts as the next power of two."""
    info = np.finfo(ty.dtype)
    with np.errstate(all="ignore"):
        top = np.ldexp(exact.dtype.type(1), info.maxexp)
        wide = np.clip(result.astype(exact.dtype), -top, top)
        exact = np.clip(exact, -top, top)
        exponent = np.frexp(np.where(exact == 0, 1, exact))[1]
        exponent = np.clip(exponent, info.minexp + 1, info.maxexp) - MANTISSA[ty]
        error = np.ldexp(np.abs(wide - exact), -exponent)
    same_nan = np.isnan(result) == np.isnan(exact)
    return np.where(np.isnan(exact) | ~same_nan, np.where(same_nan, 0.0, np.inf), error)


def precise_ulps(name: str, ty: Type, result: float, *operands: float) -> float:
    """The error of one finite result, by mpmath."""
    info = np.finfo(ty.dtype)
    with mpmath.workprec(DIGITS_OF_ANGLES if name in ("SIN", "COS", "TAN") else 250):
        exact = MANY_DIGITS[name](*(mpmath.mpf(x) for x in operands))
        top = mpmath.ldexp(1, int(info.maxexp))
        exact = min(max(exact, -top), top)
        exponent = min(max(mpmath.frexp(exact)[1], int(info.minexp) + 1), int(info.maxexp))
        wide = min(max(mpmath.mpf(result), -top), top)
        return float(abs(wide - exact) * mpmath.ldexp(1, MANTISSA[ty] - exponent))
