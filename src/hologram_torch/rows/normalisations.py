"""Functions over rows that normalise: to mean 0 and variance 1, or to a mean of squares of 1, then scaled."""

from __future__ import annotations

import torch

from hologram.isa.region import Fold, Let
from hologram.operators import Formula
from hologram_torch.rows.function import NAMES, RowFunction, builder, computed, row_function

FLAT_MEAN = "level"
"""The mean as the variance sees it: moving it does not change the variance to the first order."""


def _scaled(value: Formula, has_weight: bool, has_bias: bool) -> Formula:
    scaled: Formula = ("MUL", value, "weight") if has_weight else value
    return ("ADD", scaled, "bias") if has_bias else scaled


def _affine(has_weight: bool, has_bias: bool) -> list[str]:
    return [*(["weight"] if has_weight else []), *(["bias"] if has_bias else [])]


@builder
def standardised(
    dtype: torch.dtype, has_weight: bool, has_bias: bool, is_narrow: bool, has_spread: bool
) -> RowFunction:
    """(x − mean) / √(variance + eps) · weight + bias, with the mean, 1 / √… and, if wanted, the variance of each row.

    Weight and bias are narrow (one a row) or wide.
    """
    type = computed(dtype)
    steps: list[Let | Fold] = [
        Fold("total", "ADD", "x", type),
        Let("mean", ("DIV", "total", "n"), type),
        Let(FLAT_MEAN, "mean", type),
        Let("away", ("SUB", "x", FLAT_MEAN), type),
        Fold("squares", "ADD", ("MUL", "away", "away"), type),
        Let("spread", ("DIV", "squares", "n"), type),
        Let("scale", ("RSQRT", ("ADD", "spread", "eps")), type),
        Let("out", _scaled(("MUL", ("SUB", "x", "mean"), "scale"), has_weight, has_bias), type),
    ]
    affine = _affine(has_weight, has_bias)
    outputs = [("out", NAMES[dtype]), ("mean", type.value), ("scale", type.value)]
    if has_spread:
        outputs.append(("spread", type.value))
    return row_function(
        ["x", *([] if is_narrow else affine)],
        steps,
        outputs,
        narrow=affine if is_narrow else [],
        numbers=["eps"],
        flat=[FLAT_MEAN],
    )


@builder
def by_known(dtype: torch.dtype, has_weight: bool, has_bias: bool) -> RowFunction:
    """The same with a mean and a variance that are known; there are no folds."""
    type = computed(dtype)
    known: Formula = ("MUL", ("SUB", "x", "mean"), ("RSQRT", ("ADD", "spread", "eps")))
    steps = [Let("out", _scaled(known, has_weight, has_bias), type)]
    wide = ["x", "mean", "spread", *_affine(has_weight, has_bias)]
    return row_function(wide, steps, [("out", NAMES[dtype])], numbers=["eps"])


@builder
def by_squares(dtype: torch.dtype, has_weight: bool) -> RowFunction:
    """x / √(mean of x² + eps) · weight, with 1 / √… of each row."""
    type = computed(dtype)
    steps: list[Let | Fold] = [
        Fold("squares", "ADD", ("MUL", "x", "x"), type),
        Let("scale", ("RSQRT", ("ADD", ("DIV", "squares", "n"), "eps")), type),
        Let("out", _scaled(("MUL", "x", "scale"), has_weight, False), type),
    ]
    wide = ["x", *_affine(has_weight, False)]
    return row_function(wide, steps, [("out", NAMES[dtype]), ("scale", type.value)], numbers=["eps"])


@builder
def moved(dtype: torch.dtype) -> RowFunction:
    """old + share · (new − old), which is how running statistics go along."""
    formula: Formula = ("ADD", ("MUL", ("SUB", 1.0, "share"), "old"), ("MUL", "share", "new"))
    return row_function(
        ["old", "new"], [Let("out", formula, computed(dtype))], [("out", NAMES[dtype])], numbers=["share"]
    )


@builder
def scaled_variance(dtype: torch.dtype) -> RowFunction:
    """A variance over n as one over n − 1, by their ratio."""
    steps = [Let("out", ("MUL", "x", "ratio"), computed(dtype))]
    return row_function(["x"], steps, [("out", NAMES[dtype])], numbers=["ratio"])


@builder
def over_size(dtype: torch.dtype) -> RowFunction:
    """x over a size, which counts as eps at least."""
    steps = [Let("out", ("DIV", "x", ("MAXP", "size", "eps")), computed(dtype))]
    return row_function(["x", "size"], steps, [("out", NAMES[dtype])], numbers=["eps"])
