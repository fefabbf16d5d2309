"""Operators as PyTorch has them: the rows of the operator table, and those that only PyTorch has or has otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from hologram.operators import TABLE, Domain, Form, Formula, Operator

X, Y, Z, V = "x", "y", "z", "v"
_QUOTIENT: Formula = ("DIV", X, Y)
_ABOVE_HALF: Formula = ("SUB", 1.0, Y)
_KEPT: Formula = ("SEL", ("<", X, Y), Y, ("SEL", (">", X, _ABOVE_HALF), _ABOVE_HALF, X))


def _row(
    name: str,
    arity: int,
    formula: Formula,
    meaning: str,
    *derivative: Formula | None,
    domain: Domain = Domain.NUMBERS,
    forms: Mapping[Form, Formula] | None = None,
) -> Operator:
    return Operator(
        name,
        arity,
        formula,
        meaning,
        (name,),
        domain=domain,
        forms=dict(forms or {}),
        derivative=derivative,
        in_circuits=False,
    )


def _first(word: str) -> tuple[Formula, Formula]:
    chosen: Formula = ("POR", (word, X, Y), ("!=", Y, Y))
    return ("SEL", chosen, 1.0, 0.0), ("SEL", chosen, 0.0, 1.0)


_OTHERWISE = {
    # integers stay integers in PyTorch
    **{name: replace(TABLE[name], domain=Domain.NUMBERS) for name in ("hardtanh", "relu6")},
    # NaN stays NaN
    "threshold": replace(
        TABLE["threshold"], name="threshold_of_any", formula=("SEL", ("<=", X, Y), Z, X), domain=Domain.NUMBERS
    ),
    # NaN has the sign 0
    "sign": replace(
        TABLE["sign"],
        name="sign_or_none",
        formula=("SUB", ("SEL", (">", X, 0.0), 1.0, 0.0), ("SEL", ("<", X, 0.0), 1.0, 0.0)),
        forms={**TABLE["sign"].forms, Form.BOOL: X},
    ),
    # equal ones: all of the gradient goes to the first
    "fmax": replace(TABLE["fmax"], derivative=_first(">="), forms={Form.BOOL: ("OR", X, Y)}),
    "fmin": replace(TABLE["fmin"], derivative=_first("<="), forms={Form.BOOL: ("AND", X, Y)}),
    "relu": replace(TABLE["relu"], forms={Form.UNSIGNED: X}),
}
_OWN = (
    _row(
        "add_scaled",
        3,
        ("ADD", X, ("MUL", Y, Z)),
        "x + z · y",
        1.0,
        Z,
        Y,
        forms={Form.BOOL: ("OR", X, ("AND", Y, Z))},
    ),
    _row("sub_scaled", 3, ("SUB", X, ("MUL", Y, Z)), "x − z · y", 1.0, ("NEG", Z), ("NEG", Y)),
    _row("sub_from_scaled", 3, ("SUB", Y, ("MUL", X, Z)), "y − z · x", ("NEG", Z), 1.0, ("NEG", X)),
    _row("div_trunc", 2, ("TRUNC", _QUOTIENT), "x / y rounded to zero", 0.0, 0.0, forms={Form.INTEGER: _QUOTIENT}),
    _row(
        "clamp_min",
        2,
        ("MAXP", X, Y),
        "x, at least y",
        ("SEL", (">=", X, Y), 1.0, 0.0),
        ("SEL", ("<", X, Y), 1.0, 0.0),
        forms={Form.BOOL: ("OR", X, Y)},
    ),
    _row(
        "clamp_max",
        2,
        ("MINP", X, Y),
        "x, at most y",
        ("SEL", ("<=", X, Y), 1.0, 0.0),
        ("SEL", (">", X, Y), 1.0, 0.0),
        forms={Form.BOOL: ("AND", X, Y)},
    ),
    _row("addcmul", 3, ("ADD", X, ("MUL", Y, Z)), "x + y · z", 1.0, Z, Y),
    _row("addcmul_scaled", 4, ("ADD", X, ("MUL", ("MUL", V, Y), Z)), "x + v · y · z"),
    _row("addcdiv", 4, ("ADD", X, ("MUL", V, ("DIV", Y, Z))), "x + v · y / z", domain=Domain.REALS),
    _row(
        "logit_within",
        2,
        ("LOG", ("DIV", _KEPT, ("SUB", 1.0, _KEPT))),
        "ln (x / (1 − x)) of x between y and 1 − y",
        ("SEL", ("POR", ("<", X, Y), (">", X, _ABOVE_HALF)), 0.0, ("DIV", 1.0, ("MUL", X, ("SUB", 1.0, X)))),
        None,
        domain=Domain.REALS,
    ),
    _row(
        "nan_to_num",
        4,
        (
            "SEL",
            ("!=", X, X),
            Y,
            ("SEL", ("==", X, math.inf), Z, ("SEL", ("==", X, -math.inf), V, X)),
        ),
        "x, with numbers for NaN and the infinities",
        ("SEL", ("<", ("ABS", X), math.inf), 1.0, 0.0),
        None,
        None,
        None,
        forms={Form.INTEGER: X, Form.BOOL: X},
    ),
    _row("round_finer", 2, ("DIV", ("ROUND", ("MUL", X, Y)), Y), "x rounded to places after the point", 0.0, None),
    _row("round_coarser", 2, ("MUL", ("ROUND", ("DIV", X, Y)), Y), "x rounded to tens", 0.0, None),
    _row("frac", 1, ("SUB", X, ("TRUNC", X)), "x without what is before the point", 1.0, domain=Domain.REALS),
    _row(
        "xlogy",
        2,
        ("SEL", ("!=", Y, Y), Y, ("SEL", ("==", X, 0.0), 0.0, ("MUL", X, ("LOG", Y)))),
        "x · ln y; 0 where x is 0",
        ("SEL", ("PAND", ("==", X, 0.0), ("<=", Y, 0.0)), 0.0, ("LOG", Y)),
        ("DIV", X, Y),
        domain=Domain.REALS,
    ),
    _row(
        "heaviside",
        2,
        ("SEL", ("==", X, 0.0), Y, ("SEL", (">", X, 0.0), 1.0, 0.0)),
        "0 below 0, 1 above, y at 0",
        forms={Form.BOOL: ("OR", X, Y)},
    ),
    _row("isposinf", 1, ("==", X, math.inf), "is x +∞", forms={Form.INTEGER: ("!=", X, X), Form.BOOL: ("!=", X, X)}),
    _row("isneginf", 1, ("==", X, -math.inf), "is x −∞", forms={Form.INTEGER: ("!=", X, X), Form.BOOL: ("!=", X, X)}),
)

ROWS: Mapping[str, Operator] = MappingProxyType({**TABLE, **_OTHERWISE, **{row.name: row for row in _OWN}})
"""All rows by name."""
