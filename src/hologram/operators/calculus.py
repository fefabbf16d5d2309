"""Derivatives of formulas: what a formula's slope along an operand is, as a formula again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache

from hologram.operators.row import COMPARISONS, Formula

Rule = Callable[..., tuple[Formula, ...]]
"""Gives the slope along each operand, from the operands and the value."""

_SQRT_PI = math.sqrt(math.pi)


def _plus(a: Formula, b: Formula) -> Formula:
    if a == 0.0:
        return b
    if b == 0.0:
        return a
    if isinstance(a, float) and isinstance(b, float):
        return a + b
    return ("ADD", a, b)


def _times(a: Formula, b: Formula) -> Formula:
    if a == 0.0 or b == 0.0:
        return 0.0
    if a == 1.0:
        return b
    if b == 1.0:
        return a
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    return ("MUL", a, b)


def _square(a: Formula) -> Formula:
    return ("MUL", a, a)


def _sign(a: Formula) -> Formula:
    return ("SEL", (">", a, 0.0), 1.0, ("SEL", ("<", a, 0.0), -1.0, 0.0))


def _chosen(word: str) -> Rule:
    """Of the smaller or larger: 1 where it is the one, ½ where both are."""

    def slopes(a: Formula, b: Formula, value: Formula) -> tuple[Formula, ...]:
        even: Formula = ("SEL", ("==", a, b), 0.5, 0.0)
        return ("SEL", (word, a, b), 1.0, even), ("SEL", (word, b, a), 1.0, even)

    return slopes


def _power(a: Formula, b: Formula, value: Formula) -> tuple[Formula, ...]:
    along_base: Formula = ("SEL", ("==", b, 0.0), 0.0, ("MUL", b, ("POW", a, ("SUB", b, 1.0))))
    flat: Formula = ("PAND", ("==", a, 0.0), (">=", b, 0.0))
    return along_base, ("SEL", flat, 0.0, ("MUL", value, ("LOG", a)))


def _angle(a: Formula, b: Formula, value: Formula) -> tuple[Formula, ...]:
    length: Formula = ("ADD", _square(a), _square(b))
    return ("DIV", b, length), ("NEG", ("DIV", a, length))


RULES: Mapping[str, Rule] = {
    "ADD": lambda a, b, v: (1.0, 1.0),
    "SUB": lambda a, b, v: (1.0, -1.0),
    "MUL": lambda a, b, v: (b, a),
    "DIV": lambda a, b, v: (("DIV", 1.0, b), ("NEG", ("DIV", v, b))),
    "FMA": lambda a, b, c, v: (b, a, 1.0),
    "REM": lambda a, b, v: (1.0, ("NEG", ("TRUNC", ("DIV", a, b)))),
    "NEG": lambda a, v: (-1.0,),
    "ABS": lambda a, v: (_sign(a),),
    "MIN": _chosen("<"),
    "MINP": _chosen("<"),
    "MAX": _chosen(">"),
    "MAXP": _chosen(">"),
    "EXP": lambda a, v: (v,),
    "EXP2": lambda a, v: (("MUL", v, math.log(2)),),
    "EXPM1": lambda a, v: (("EXP", a),),
    "LOG": lambda a, v: (("DIV", 1.0, a),),
    "LOG2": lambda a, v: (("DIV", 1 / math.log(2), a),),
    "LOG10": lambda a, v: (("DIV", 1 / math.log(10), a),),
    "LOG1P": lambda a, v: (("DIV", 1.0, ("ADD", a, 1.0)),),
    "SQRT": lambda a, v: (("DIV", 0.5, v),),
    "RSQRT": lambda a, v: (("MUL", ("MUL", v, _square(v)), -0.5),),
    "POW": _power,
    "SIN": lambda a, v: (("COS", a),),
    "COS": lambda a, v: (("NEG", ("SIN", a)),),
    "TAN": lambda a, v: (("ADD", _square(v), 1.0),),
    "ASIN": lambda a, v: (("RSQRT", ("SUB", 1.0, _square(a))),),
    "ACOS": lambda a, v: (("NEG", ("RSQRT", ("SUB", 1.0, _square(a)))),),
    "ATAN": lambda a, v: (("DIV", 1.0, ("ADD", _square(a), 1.0)),),
    "ATAN2": _angle,
    "SINH": lambda a, v: (("COSH", a),),
    "COSH": lambda a, v: (("SINH", a),),
    "TANH": lambda a, v: (("SUB", 1.0, _square(v)),),
    "SIGMOID": lambda a, v: (("MUL", v, ("SUB", 1.0, v)),),
    "ERF": lambda a, v: (("MUL", ("EXP", ("NEG", _square(a))), 2 / _SQRT_PI),),
    **{word: lambda a, v: (0.0,) for word in ("FLOOR", "CEIL", "ROUND", "TRUNC")},
}


@cache
def slope(formula: Formula, operand: str) -> Formula:
    """The derivative of a formula along an operand; a choice goes with what was chosen, truths have none.

    >>> slope(("MUL", "x", "x"), "x")
    ('ADD', 'x', 'x')
    """
    if isinstance(formula, str):
        return 1.0 if formula == operand else 0.0
    if not isinstance(formula, tuple):
        return 0.0
    word, parts = str(formula[0]), formula[1:]
    if word in COMPARISONS or word in ("PAND", "POR", "PNOT"):
        return 0.0
    if word == "SEL":
        chosen, other = slope(parts[1], operand), slope(parts[2], operand)
        return chosen if chosen == other else ("SEL", parts[0], chosen, other)
    inner = [slope(part, operand) for part in parts]
    if all(s == 0.0 for s in inner):
        return 0.0
    total: Formula = 0.0
    for outer, own in zip(RULES[word](*parts, formula), inner, strict=True):
        total = _plus(total, _times(own, outer))
    return total


def substituted(formula: Formula, values: Mapping[str, Formula]) -> Formula:
    """A formula with other formulas for its operands."""
    if isinstance(formula, str):
        return values.get(formula, formula)
    if not isinstance(formula, tuple):
        return formula
    return (formula[0], *(substituted(part, values) for part in formula[1:]))
