"""Functions over rows that are losses: rows of the loss table, and the cross-entropy of logits and classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from hologram.isa.region import Fold, Let
from hologram.operators import Formula
from hologram.operators.calculus import slope
from hologram.operators.losses import LOSSES
from hologram.types import Type
from hologram_torch.rows.function import COUNT, NAMES, PLACE, RowFunction, builder, computed, row_function

_LN: Formula = ("MUL", ("LOG", ("MUL", "y", 2 * math.pi)), 0.5)
STIRLING: Formula = ("SEL", (">", "y", 1.0), ("ADD", ("SUB", ("MUL", "y", ("LOG", "y")), "y"), _LN), 0.0)
"""ln y! for large y; nothing for small ones."""
_FAR: Formula = ("SUB", "margin", "x")
_HINGE: tuple[Formula, Formula] = (  # what is neither 1 nor −1 counts as both
    ("ADD", ("SEL", ("!=", "y", 1.0), ("MAXP", _FAR, 0.0), 0.0), ("SEL", ("!=", "y", -1.0), "x", 0.0)),
    ("SUB", ("SEL", ("!=", "y", -1.0), 1.0, 0.0), ("SEL", ("PAND", ("!=", "y", 1.0), (">=", _FAR, 0.0)), 1.0, 0.0)),
)
_TABLE = {row.name: row for row in LOSSES}
ROWS = {
    **_TABLE,
    "hinge_embedding_loss": replace(_TABLE["hinge_embedding_loss"], formula=_HINGE[0], slope=_HINGE[1]),
}


@builder
def elementwise_loss(
    name: str, choices: tuple[str, ...], weights: tuple[str, ...], reduction: str, dtype: torch.dtype
) -> RowFunction:
    """A loss of each prediction "x" and target "y", kept, or added up over all elements, or their mean.

    `choices` are the keywords that are true, `weights` the tensors "w" (of elements) and "p" (of positive targets).
    """
    row, type = ROWS[name], computed(dtype)
    formula, along = row.formula, row.slope
    for choice, others in row.choices.items():
        if choice in choices:
            formula, along = others
    if "full" in choices:
        formula = ("ADD", formula, STIRLING)
    along_y = slope(formula, "y")
    numbers = list(row.parameters)
    if row.takes_positive and "p" not in weights:
        numbers.append("p")
    if "w" in weights:
        formula, along, along_y = (("MUL", part, "w") for part in (formula, along, along_y))
    slopes = [("each", "x", along), ("each", "y", along_y)]
    slopes += [("each", weight, slope(formula, weight)) for weight in weights]
    steps: list[Let | Fold] = [Let("each", formula, type)]
    out = "each"
    if reduction != "none":
        steps.append(Fold("out", "ADD", "each", type))
        out = "out"
    if reduction == "mean":
        steps.append(Let("mean", ("DIV", "out", COUNT), type))
        out = "mean"
    return row_function(["x", "y", *weights], steps, [(out, NAMES[dtype])], numbers=numbers, slopes=slopes)


def _log_sum(type: Type) -> list[Let | Fold]:
    """Steps that find "norm", ln of the sum of e^x over the classes."""
    return [
        Fold("largest", "MAXP", "x", type),
        Fold("risen", "ADD", ("EXP", ("SUB", "x", "largest")), type),
        Let("norm", ("ADD", ("LOG", "risen"), "largest"), type),
    ]


_NORM_SLOPE: tuple[str, str, Formula] = ("norm", "x", ("EXP", ("SUB", "x", "norm")))


@builder
def loss_of_classes(
    dtype: torch.dtype, of_logits: bool, has_weight: bool, is_smooth: bool, is_kept: bool
) -> RowFunction:
    """The loss of each row of classes whose "target" is known, and its weight: 0 for targets that are "ignored".

    NaN where there is no such class. Losses that are kept are rounded to the type, others are still to be added up.
    """
    type = computed(dtype)
    hit: Formula = ("SEL", "hit", "weight" if has_weight else 1.0, 0.0)
    steps: list[Let | Fold] = _log_sum(type) if of_logits else []
    steps += [
        Let("hit", ("==", PLACE, "target"), Type.I64),
        Let("counts", ("!=", "target", "ignored"), Type.I64),
        Fold("there", "MAXP", ("SEL", "hit", 1.0, 0.0), type),
        Fold("chosen", "ADD", ("SEL", "hit", "x", 0.0), type),
        Fold("share", "ADD", hit, type),
    ]
    away: Formula = ("SUB", "norm", "chosen") if of_logits else ("NEG", "chosen")
    each: Formula = ("MUL", "share", away)
    if is_smooth:
        term: Formula = ("SUB", "norm", "x") if of_logits else ("NEG", "x")
        steps.append(Fold("spread", "ADD", ("MUL", "weight", term) if has_weight else term, type))
        evenly: Formula = ("MUL", ("DIV", "smoothing", COUNT), "spread")
        each = ("ADD", ("MUL", ("SUB", 1.0, "smoothing"), each), evenly)
    known: Formula = ("SEL", ("!=", "there", 0.0), each, math.nan)
    steps += [
        Let("loss", ("SEL", "counts", known, 0.0), type),
        Let("mass", ("SEL", "counts", "share", 0.0), type),
    ]
    loss = NAMES[dtype] if is_kept else type.value
    outputs = [("loss", loss), ("mass", type.value), *([("norm", type.value)] if of_logits else [])]
    return row_function(
        ["x", *(["weight"] if has_weight else [])],
        steps,
        outputs,
        narrow=["target"],
        numbers=["ignored", *(["smoothing"] if is_smooth else [])],
        still=["largest"] if of_logits else [],
        slopes=[_NORM_SLOPE] if of_logits else [],
    )


@builder
def loss_of_shares(dtype: torch.dtype, has_weight: bool, is_smooth: bool, is_kept: bool) -> RowFunction:
    """The loss of each row of classes that each have a probability."""
    type = computed(dtype)
    share: Formula = "target"
    if is_smooth:
        share = ("ADD", ("MUL", "target", ("SUB", 1.0, "smoothing")), ("DIV", "smoothing", COUNT))
    away: Formula = ("SUB", "norm", "x")
    each: Formula = ("MUL", share, ("MUL", "weight", away) if has_weight else away)
    steps = [*_log_sum(type), Fold("loss", "ADD", each, type)]
    return row_function(
        ["x", "target", *(["weight"] if has_weight else [])],
        steps,
        [("loss", NAMES[dtype] if is_kept else type.value), ("norm", type.value)],
        numbers=["smoothing"] if is_smooth else [],
        still=["largest"],
        slopes=[_NORM_SLOPE],
    )


@builder
def total(computed_in: str, dtype: torch.dtype, over: str) -> RowFunction:
    """Losses of rows added up: their "sum", or that over the sum of their weights ("mass"), or over a number "size"."""
    type = Type(computed_in)
    steps: list[Let | Fold] = [Fold("total", "ADD", "loss", type)]
    wide, out = ["loss"], "total"
    numbers: Sequence[str] = []
    if over == "mass":
        steps += [Fold("masses", "ADD", "mass", type), Let("mean", ("DIV", "total", "masses"), type)]
        wide, out = ["loss", "mass"], "mean"
    elif over == "size":
        steps.append(Let("mean", ("DIV", "total", "size"), type))
        numbers, out = ["size"], "mean"
    return row_function(wide, steps, [(out, NAMES[dtype])], numbers=numbers)


@builder
def bounds() -> RowFunction:
    """The smallest and the largest class of targets that are not "ignored"; 0 where there are none."""
    chosen: Formula = ("SEL", ("!=", "target", "ignored"), "target", 0.0)
    steps = [Fold("low", "MINP", chosen, Type.I64), Fold("high", "MAXP", chosen, Type.I64)]
    return row_function(["target"], steps, [("low", "i64"), ("high", "i64")], numbers=["ignored"])


@builder
def improbable(dtype: torch.dtype) -> RowFunction:
    """1 where an element is no probability, not between 0 and 1, else 0."""
    within: Formula = ("PAND", (">=", "x", 0.0), ("<=", "x", 1.0))
    steps: list[Let | Fold] = [
        Let("beyond", ("SEL", within, 0.0, 1.0), computed(dtype)),
        Fold("some", "MAXP", "beyond", Type.I64),
    ]
    return row_function(["x"], steps, [("some", "i64")])
