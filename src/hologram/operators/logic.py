"""Comparisons, logic and bits."""

from __future__ import annotations

import math

from hologram.operators.row import COMPARISONS, Domain, Form, Formula, Operator
from hologram.types import Type

X, Y = "x", "y"
_NAMES = {
    "<": ("less", "lt"),
    "<=": ("less_equal", "le"),
    ">": ("greater", "gt"),
    ">=": ("greater_equal", "ge"),
    "==": ("equal", "eq"),
    "!=": ("not_equal", "ne"),
}


def _comparison(word: str, name: str, short: str) -> Operator:
    return Operator(
        name,
        2,
        (word, X, Y),
        f"x {word} y",
        (name,),
        word in ("==", "!="),
        forms={Form.BOOL: (word, X, Y)},
        numpy=f"np.{name}(x, y)",
        torch=f"torch.{short}(x, y)",
    )


def _logical(name: str, formula: Formula, meaning: str, arity: int) -> Operator:
    given = "x, y"[: 3 * arity - 2]
    return Operator(
        name,
        arity,
        formula,
        meaning,
        (name,),
        arity == 2,
        forms={Form.BOOL: formula},
        numpy=f"np.{name}({given})",
        torch=f"torch.{name}({given})",
    )


def _question(name: str, formula: Formula, of_integers: Formula, meaning: str) -> Operator:
    return Operator(
        name,
        1,
        formula,
        meaning,
        (name,),
        forms={Form.INTEGER: of_integers, Form.BOOL: of_integers},
        numpy=f"np.{name}(x)",
        torch=f"torch.{name}(x)",
    )


def _bitwise(name: str, formula: Formula, meaning: str, arity: int) -> Operator:
    return Operator(
        name,
        arity,
        formula,
        meaning,
        (name,),
        True,
        domain=Domain.BITS,
        forms={Form.BOOL: formula},
        numpy=f"np.{name}(x, y)",
        torch=f"torch.{name}(x, y)",
    )


def _inside(type: Type) -> Formula:
    return ("PAND", (">=", Y, 0.0), ("<", Y, float(type.bits)))


def _left_shift(type: Type) -> Formula:
    return ("SEL", _inside(type), ("SHL", X, Y), 0.0)


def _right_shift(type: Type) -> Formula:
    """Past the last bit there is the sign."""
    return ("SEL", _inside(type), ("SHR", X, Y), ("SHR", X, float(type.bits - 1)) if type.is_signed else 0.0)


_HOLDS_X, _HOLDS_Y = ("!=", X, 0.0), ("!=", Y, 0.0)
_MAGNITUDE: Formula = ("ABS", X)

ROWS: tuple[Operator, ...] = (
    *(_comparison(word, *_NAMES[word]) for word in COMPARISONS),
    _logical("logical_and", ("PAND", _HOLDS_X, _HOLDS_Y), "x and y", 2),
    _logical("logical_or", ("POR", _HOLDS_X, _HOLDS_Y), "x or y", 2),
    _logical(
        "logical_xor",
        ("PAND", ("POR", _HOLDS_X, _HOLDS_Y), ("PNOT", ("PAND", _HOLDS_X, _HOLDS_Y))),
        "x or y, not both",
        2,
    ),
    _logical("logical_not", ("==", X, 0.0), "not x", 1),
    _question("isnan", ("!=", X, X), ("!=", X, X), "is x NaN"),
    _question("isinf", ("==", _MAGNITUDE, math.inf), ("!=", X, X), "is x infinite"),
    _question("isfinite", ("<", _MAGNITUDE, math.inf), ("==", X, X), "is x neither infinite nor NaN"),
    _bitwise("bitwise_and", ("AND", X, Y), "x and y, bit by bit", 2),
    _bitwise("bitwise_or", ("OR", X, Y), "x or y, bit by bit", 2),
    _bitwise("bitwise_xor", ("XOR", X, Y), "x or y, not both, bit by bit", 2),
    Operator(
        "bitwise_not",
        1,
        ("NOT", X),
        "the other bits",
        ("invert", "bitwise_not"),
        domain=Domain.BITS,
        forms={Form.BOOL: ("XOR", X, 1.0)},
        numpy="np.invert(x)",
        torch="torch.bitwise_not(x)",
    ),
    Operator(
        "left_shift",
        2,
        X,
        "x · 2^y; 0 where y is no place in x",
        ("left_shift",),
        domain=Domain.BITS,
        forms={Form.INTEGER: _left_shift},
        numpy="np.left_shift(x, y)",
        torch="torch.bitwise_left_shift(x, y)",
        samples=(0.0, 7.0),
    ),
    Operator(
        "right_shift",
        2,
        X,
        "x / 2^y rounded down",
        ("right_shift",),
        domain=Domain.BITS,
        forms={Form.INTEGER: _right_shift},
        numpy="np.right_shift(x, y)",
        torch="torch.bitwise_right_shift(x, y)",
        samples=(0.0, 7.0),
    ),
    Operator(
        "popcount",
        1,
        ("POPC", X),
        "the number of ones among the bits of x",
        ("bitwise_count", "popcount"),
        domain=Domain.BITS,
        numpy="_popcount(x)",
    ),
)
