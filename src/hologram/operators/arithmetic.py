"""Sums, products, quotients, and what is chosen of two."""

from __future__ import annotations

import math

from hologram.operators.row import Domain, Form, Formula, Operator

X, Y, Z = "x", "y", "z"


def _share(first: Formula) -> Formula:
    """1 where the condition holds, ½ where x and y are equal, else 0."""
    return ("SEL", first, 1.0, ("SEL", ("==", X, Y), 0.5, 0.0))


def _below_zero(operand: Formula) -> Formula:
    return ("SEL", ("<", operand, 0.0), 1.0, 0.0)


def _borrow(quotient: Formula) -> Formula:
    """1 where an integer quotient was rounded up, towards 0, else 0 (and 0 where y is 0)."""
    left: Formula = ("SUB", X, ("MUL", quotient, Y))
    inexact: Formula = ("PAND", ("!=", left, 0.0), ("!=", Y, 0.0))
    return ("SEL", ("PAND", inexact, ("!=", _below_zero(left), _below_zero(Y))), 1.0, 0.0)


_REMAINDER: Formula = ("REM", X, Y)
_UNLIKE: Formula = ("PAND", ("!=", _REMAINDER, 0.0), ("!=", ("SEL", ("<", _REMAINDER, 0.0), 1.0, 0.0), _below_zero(Y)))
_MODULO: Formula = ("SEL", _UNLIKE, ("ADD", _REMAINDER, Y), _REMAINDER)
_DOWN: Formula = ("FLOOR", ("DIV", ("SUB", X, _MODULO), Y))
_NEAR: Formula = (
    "SEL",
    (">", ("SUB", ("DIV", ("SUB", X, _MODULO), Y), _DOWN), 0.5),
    ("ADD", _DOWN, 1.0),
    _DOWN,
)
_QUOTIENT: Formula = ("DIV", X, Y)
_LARGER, _SMALLER = ("MAXP", ("ABS", X), ("ABS", Y)), ("MINP", ("ABS", X), ("ABS", Y))
_ENDLESS: Formula = ("POR", ("==", ("ABS", X), math.inf), ("==", ("ABS", Y), math.inf))  # whatever the other is
_RATIO: Formula = ("DIV", _SMALLER, _LARGER)
_LENGTH: Formula = ("MUL", _LARGER, ("SQRT", ("ADD", ("MUL", _RATIO, _RATIO), 1.0)))
_APART: Formula = ("ABS", ("SUB", X, Y))

ROWS: tuple[Operator, ...] = (
    Operator(
        "add",
        2,
        ("ADD", X, Y),
        "x + y",
        ("add", "vector_add"),
        True,
        forms={Form.BOOL: ("OR", X, Y)},
        derivative=(1.0, 1.0),
        numpy="np.add(x, y)",
        torch="torch.add(x, y)",
    ),
    Operator(
        "mul",
        2,
        ("MUL", X, Y),
        "x · y",
        ("multiply", "vector_mul", "mul"),
        True,
        forms={Form.BOOL: ("AND", X, Y)},
        derivative=(Y, X),
        numpy="np.multiply(x, y)",
        torch="torch.mul(x, y)",
    ),
    Operator(
        "min",
        2,
        ("MINP", X, Y),
        "the smaller, NaN if either is",
        ("minimum", "vector_min"),
        True,
        forms={Form.BOOL: ("AND", X, Y)},
        derivative=(_share(("<", X, Y)), _share(("<", Y, X))),
        numpy="np.minimum(x, y)",
        torch="torch.minimum(x, y)",
    ),
    Operator(
        "max",
        2,
        ("MAXP", X, Y),
        "the larger, NaN if either is",
        ("maximum", "vector_max"),
        True,
        forms={Form.BOOL: ("OR", X, Y)},
        derivative=(_share((">", X, Y)), _share((">", Y, X))),
        numpy="np.maximum(x, y)",
        torch="torch.maximum(x, y)",
    ),
    Operator(
        "sub",
        2,
        ("SUB", X, Y),
        "x − y",
        ("subtract", "vector_sub", "sub"),
        derivative=(1.0, -1.0),
        numpy="np.subtract(x, y)",
        torch="torch.sub(x, y)",
    ),
    Operator(
        "div",
        2,
        _QUOTIENT,
        "x / y",
        ("divide", "true_divide", "vector_div", "div"),
        domain=Domain.REALS,
        derivative=(("DIV", 1.0, Y), ("NEG", ("DIV", "out", Y))),
        numpy="np.divide(x, y)",
        torch="torch.div(x, y)",
    ),
    Operator(
        "fmin",
        2,
        ("MIN", X, Y),
        "the smaller; a number rather than NaN",
        ("fmin",),
        True,
        derivative=(_share(("<", X, Y)), _share(("<", Y, X))),
        numpy="np.fmin(x, y)",
        torch="torch.fmin(x, y)",
        in_circuits=False,
    ),
    Operator(
        "fmax",
        2,
        ("MAX", X, Y),
        "the larger; a number rather than NaN",
        ("fmax",),
        True,
        derivative=(_share((">", X, Y)), _share((">", Y, X))),
        numpy="np.fmax(x, y)",
        torch="torch.fmax(x, y)",
        in_circuits=False,
    ),
    Operator(
        "floor_divide",
        2,
        ("SEL", ("==", Y, 0.0), _QUOTIENT, _NEAR),
        "x / y rounded down",
        ("floor_divide",),
        forms={Form.UNSIGNED: _QUOTIENT, Form.INTEGER: ("SUB", _QUOTIENT, _borrow(_QUOTIENT))},
        derivative=(0.0, 0.0),
        numpy="np.floor_divide(x, y)",
        torch="torch.div(x, y, rounding_mode='floor')",
    ),
    Operator(
        "remainder",
        2,
        _MODULO,
        "what is left of x after x / y rounded down; it has the sign of y",
        ("remainder", "mod"),
        forms={Form.UNSIGNED: _REMAINDER},
        derivative=(1.0, ("NEG", _NEAR)),
        numpy="np.remainder(x, y)",
        torch="torch.remainder(x, y)",
    ),
    Operator(
        "fmod",
        2,
        _REMAINDER,
        "what is left of x after x / y rounded to zero; it has the sign of x",
        ("fmod",),
        derivative=(1.0, ("NEG", ("TRUNC", _QUOTIENT))),
        numpy="np.fmod(x, y)",
        torch="torch.fmod(x, y)",
    ),
    Operator(
        "pow",
        2,
        ("POW", X, Y),
        "x to the power y; integers to a negative power are rounded to zero",
        ("power", "pow"),
        forms={Form.INTEGER: ("IPOW", X, Y)},
        derivative=(
            ("SEL", ("==", Y, 0.0), 0.0, ("MUL", Y, ("POW", X, ("SUB", Y, 1.0)))),
            ("SEL", ("PAND", ("==", X, 0.0), (">=", Y, 0.0)), 0.0, ("MUL", "out", ("LOG", X))),
        ),
        numpy="np.power(x, y)",
        torch="torch.pow(x, y)",
        ulp=(4.0, 4.0),
        samples=(0.1, 4.0),
    ),
    Operator(
        "atan2",
        2,
        ("ATAN2", X, Y),
        "the angle of the point (y, x)",
        ("arctan2", "atan2"),
        domain=Domain.REALS,
        derivative=(
            ("DIV", Y, ("ADD", ("MUL", X, X), ("MUL", Y, Y))),
            ("NEG", ("DIV", X, ("ADD", ("MUL", X, X), ("MUL", Y, Y)))),
        ),
        numpy="np.arctan2(x, y)",
        torch="torch.atan2(x, y)",
        ulp=(3.0, 3.0),
    ),
    Operator(
        "hypot",
        2,
        ("SEL", ("==", _LARGER, 0.0), 0.0, ("SEL", _ENDLESS, math.inf, _LENGTH)),
        "the length of the vector (x, y)",
        ("hypot",),
        domain=Domain.REALS,
        derivative=(("DIV", X, "out"), ("DIV", Y, "out")),
        numpy="np.hypot(x, y)",
        torch="torch.hypot(x, y)",
        ulp=(4.0, 4.0),
    ),
    Operator(
        "logaddexp",
        2,
        (
            "SEL",
            ("==", X, Y),
            ("ADD", X, math.log(2)),
            ("ADD", ("MAXP", X, Y), ("LOG1P", ("EXP", ("NEG", _APART)))),
        ),
        "ln (e^x + e^y)",
        ("logaddexp",),
        domain=Domain.REALS,
        derivative=(("EXP", ("SUB", X, "out")), ("EXP", ("SUB", Y, "out"))),
        numpy="np.logaddexp(x, y)",
        torch="torch.logaddexp(x, y)",
        ulp=(8.0, 8.0),
        samples=(1.0, 6.0),
    ),
    Operator(
        "fma",
        3,
        ("FMA", X, Y, Z),
        "x · y + z, rounded once",
        ("fma",),
        domain=Domain.REALS,
        derivative=(Y, X, 1.0),
        numpy="",
        torch="torch.addcmul(z, x, y)",
    ),
    Operator(
        "lerp",
        3,
        ("ADD", X, ("MUL", Z, ("SUB", Y, X))),
        "x + z · (y − x)",
        ("lerp",),
        domain=Domain.REALS,
        derivative=(("SUB", 1.0, Z), Z, ("SUB", Y, X)),
        numpy="x + z * (y - x)",
        ulp=(64.0, 64.0),
        torch="torch.lerp(x, y, z)",
    ),
    Operator(
        "where",
        3,
        ("SEL", X, Y, Z),
        "y where x is not 0, else z",
        ("where",),
        tested=("x",),
        forms={Form.BOOL: ("SEL", X, Y, Z)},
        derivative=(None, ("SEL", X, 1.0, 0.0), ("SEL", X, 0.0, 1.0)),
        numpy="np.where(x, y, z)",
        torch="torch.where(x != 0, y, z)",
    ),
    Operator(
        "clamp",
        3,
        ("MINP", ("MAXP", X, Y), Z),
        "x, at least y and at most z",
        ("clip", "clamp", "vector_clip"),
        parameters=("min", "max"),
        defaults=(None, None),
        derivative=(
            ("SEL", ("PAND", (">=", X, Y), ("<=", X, Z)), 1.0, 0.0),
            ("SEL", ("PAND", ("<", X, Y), ("<", Y, Z)), 1.0, 0.0),
            ("SEL", ("POR", (">", X, Z), (">", Y, Z)), 1.0, 0.0),
        ),
        numpy="np.clip(x, y, z)",
        torch="torch.clamp(x, y, z)",
    ),
)
