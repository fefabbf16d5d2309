"""Every f16 and bf16 there is, and what unary instructions give for them: f64 rounded by independent arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from hologram.types import Type
from tests.backends.cpu.columns import Array

# Precision with the hidden bit, exponents of the smallest normal and of the largest number.
FORMATS = {Type.F16: (11, -14, 15), Type.BF16: (8, -126, 127)}
EVERY = np.arange(1 << 16, dtype=np.uint64).astype(np.uint16)
EXACT: dict[str, Callable[[Array], Any]] = {
    "MOV": lambda x: x,
    "NEG": np.negative,
    "ABS": np.abs,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "ROUND": np.rint,
    "TRUNC": np.trunc,
    "SQRT": np.sqrt,
}
FUNCTIONS: dict[str, Callable[[Array], Any]] = {
    "EXP": np.exp,
    "EXP2": np.exp2,
    "EXPM1": np.expm1,
    "LOG": np.log,
    "LOG2": np.log2,
    "LOG10": np.log10,
    "LOG1P": np.log1p,
    "SIN": np.sin,
    "COS": np.cos,
    "TAN": np.tan,
    "ASIN": np.arcsin,
    "ACOS": np.arccos,
    "ATAN": np.arctan,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "TANH": np.tanh,
    "SIGMOID": lambda x: 1 / (1 + np.exp(-x)),
    "ERF": np.vectorize(math.erf),
    "RSQRT": lambda x: 1 / np.sqrt(x),
}


def numbers(ty: Type, bits: Array) -> Array:
    """What bits stand for, in f64."""
    precision, least, _ = FORMATS[ty]
    wide = bits.astype(np.int64)
    field, fraction = (wide & 0x7FFF) >> (precision - 1), wide & ((1 << (precision - 1)) - 1)
    whole = np.where(field > 0, fraction | 1 << (precision - 1), fraction)
    size = np.ldexp(whole.astype(np.float64), np.maximum(field, 1) - 1 + least - precision + 1)
    top = (1 << (16 - precision)) - 1
    size = np.where(field == top, np.where(fraction > 0, np.nan, np.inf), size)
    return np.where(wide >> 15 != 0, -size, size)


def nearest(ty: Type, values: Array) -> Array:
    """The bits of f64 values rounded once, ties to even."""
    precision, least, greatest = FORMATS[ty]
    size = np.abs(values)
    finite = np.where(np.isfinite(size), size, 0.0)
    unit = np.where(
        finite > 0, np.maximum(np.frexp(finite)[1] - precision, least - precision + 1), least - precision + 1
    )
    whole = np.rint(np.ldexp(finite, -unit)).astype(np.int64)
    # Counting up through the bits of a float: a carry moves into the exponent.
    bits = ((unit - (least - precision + 1)).astype(np.int64) << (precision - 1)) + whole
    infinity = (greatest - least + 2) << (precision - 1)
    bits = np.where(np.isinf(size), infinity, np.minimum(bits, infinity))
    bits = np.where(np.isnan(size), infinity + 1, bits)
    return (bits | np.signbit(values).astype(np.int64) << 15).astype(np.uint16)
