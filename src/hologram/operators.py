"""The element-wise operators: one row each, read by circuits and by whatever offers operators to users.

A formula is an operand ("x", "y", "z"), a number, or a mnemonic of the ISA with its operands. A row is the operator's
whole meaning: whoever computes it emits these instructions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Formula = str | float | tuple["str | Formula", ...]
OPERANDS = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Operator:
    """One element-wise operator of `arity` operands; `commutes` where x and y may change places, bit for bit."""

    name: str
    arity: int
    formula: Formula
    meaning: str
    commutes: bool = False


def _rows() -> tuple[Operator, ...]:
    x, y, z = OPERANDS
    unary = {
        "neg": ("NEG", "−x"),
        "abs": ("ABS", "|x|"),
        "exp": ("EXP", "e^x"),
        "exp2": ("EXP2", "2^x"),
        "expm1": ("EXPM1", "e^x − 1"),
        "log": ("LOG", "ln x"),
        "log2": ("LOG2", "log₂ x"),
        "log10": ("LOG10", "log₁₀ x"),
        "log1p": ("LOG1P", "ln (1 + x)"),
        "sqrt": ("SQRT", "√x"),
        "rsqrt": ("RSQRT", "1 / √x"),
        "sin": ("SIN", "sin x"),
        "cos": ("COS", "cos x"),
        "tan": ("TAN", "tan x"),
        "asin": ("ASIN", "arcsin x"),
        "acos": ("ACOS", "arccos x"),
        "atan": ("ATAN", "arctan x"),
        "sinh": ("SINH", "sinh x"),
        "cosh": ("COSH", "cosh x"),
        "tanh": ("TANH", "tanh x"),
        "sigmoid": ("SIGMOID", "1 / (1 + e^−x)"),
        "erf": ("ERF", "the error function of x"),
        "floor": ("FLOOR", "⌊x⌋"),
        "ceil": ("CEIL", "⌈x⌉"),
        "round": ("ROUND", "x rounded to an integer, ties to even"),
        "trunc": ("TRUNC", "x without its fraction"),
    }
    half_erf: Formula = ("ERF", ("MUL", x, math.sqrt(0.5)))
    return (
        Operator("add", 2, ("ADD", x, y), "x + y", commutes=True),
        Operator("mul", 2, ("MUL", x, y), "x · y", commutes=True),
        Operator("min", 2, ("MINP", x, y), "the smaller, NaN if either is", commutes=True),
        Operator("max", 2, ("MAXP", x, y), "the larger, NaN if either is", commutes=True),
        Operator("sub", 2, ("SUB", x, y), "x − y"),
        Operator("div", 2, ("DIV", x, y), "x / y"),
        Operator("pow", 2, ("POW", x, y), "x to the power y"),
        Operator("atan2", 2, ("ATAN2", x, y), "the angle of the point (y, x)"),
        *(Operator(name, 1, (mnemonic, x), meaning) for name, (mnemonic, meaning) in unary.items()),
        Operator("relu", 1, ("MAXP", x, 0.0), "max(x, 0)"),
        Operator("square", 1, ("MUL", x, x), "x²"),
        Operator("reciprocal", 1, ("DIV", 1.0, x), "1 / x"),
        Operator("silu", 1, ("MUL", x, ("SIGMOID", x)), "x · sigmoid(x)"),
        Operator("gelu", 1, ("MUL", ("MUL", x, 0.5), ("ADD", half_erf, 1.0)), "x · Φ(x)"),
        Operator("fma", 3, ("FMA", x, y, z), "x · y + z, rounded once"),
        Operator("where", 3, ("SEL", x, y, z), "y where x is not 0, else z"),
        Operator("clamp", 3, ("MINP", ("MAXP", x, y), z), "x, at least y and at most z"),
    )


TABLE: Mapping[str, Operator] = MappingProxyType({row.name: row for row in _rows()})
INTEGER_FORM = MappingProxyType({"MINP": "MIN", "MAXP": "MAX"})
"""What integers use where floats have a form that propagates NaN."""
