"""How far a result may be from the exact one, by operator and type: what all tests that compare numbers go by.

Functions and correctly rounded instructions have the bounds of the ISA's own table, in ulp; sums and products of many
terms have the bound of their order of additions. All else is exact.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hologram.operators import Reduction
from hologram.types import HALVES, Type
from tests.isa.elementary.references import WIDE, bound, ulps

Array = np.ndarray[Any, Any]

ACCUMULATORS = 64
PIECE = 4096
SUM_PIECE = 128
UNIT = {Type.F16: 2.0**-11, Type.BF16: 2.0**-8, Type.F32: 2.0**-24, Type.F64: 2.0**-53}
"""The largest relative error of one rounding."""
SECOND_ORDER = 1.01
"""Errors of errors."""


def of(op: str, ty: Type) -> float:
    """The largest error of an instruction, in ulp; for f16 and bf16 of the f32 result that is rounded once more."""
    return bound(op, Type.F32 if ty in HALVES else ty)


def assert_within(op: str, ty: Type, got: Array, exact: Array) -> None:
    """Results in f32 or f64 are as near to those of a wider type as the bound of the instruction says."""
    assert got.dtype == ty.dtype
    error = ulps(got, exact.astype(WIDE[ty]), ty)
    k = np.unravel_index(int(np.argmax(error)), error.shape)
    assert error[k] <= of(op, ty), f"{op}.{ty.value}: {got[k]!r}, not {exact[k]!r}: {error[k]:.2f} ulp"


def of_fold(op: str, ty: Type, terms: Array) -> float:
    """The largest error of a reduction: as many roundings as a term meets on its way up the tree."""
    if op in ("MIN", "MAX"):
        return 0.0
    values = terms.astype(np.float64)
    if op == "MUL":
        return float(len(terms) * UNIT[ty] * np.abs(values.prod()) * SECOND_ORDER)
    pieces = max(1, math.ceil(len(terms) / PIECE))
    depth = min(len(terms), PIECE / ACCUMULATORS + math.log2(ACCUMULATORS)) + math.ceil(math.log2(pieces))
    return float(depth * UNIT[ty] * np.abs(values).sum() * SECOND_ORDER)


def of_product(ty: Type, a: Array, b: Array) -> Array:
    """The largest errors of a product of matrices, whatever the order of additions."""
    sizes = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64))
    return np.asarray((a.shape[-1] + 1) * UNIT[ty] * sizes * SECOND_ORDER)


def of_reduction(row: Reduction, result: Type, count: int, exact: Array, size: Array) -> Array:
    """The largest errors of a row of the reduction table, for results of about `size` before anything cancels.

    Sums of f16, bf16 and f32 are made in f64 and rounded once. Sums in f64 meet as many roundings as a piece of 128
    has terms, and one for each piece; products one for each factor.
    """
    roundings = row.roundings
    if result is Type.F64 and roundings:
        rounds_each = any(fold.op == "MUL" for fold in row.folds)
        roundings += count if rounds_each else min(count, SUM_PIECE) + count / SUM_PIECE
    smallest = {Type.F16: 2.0**-24, Type.BF16: 2.0**-133, Type.F32: 2.0**-149, Type.F64: 0.0}[result]
    return np.asarray(roundings * UNIT[result] * (np.abs(exact) + np.abs(size)) + smallest * (roundings > 0))


def of_region(stored: Type, count: int) -> float:
    """How far results of a fused region may be from exact ones of about size 1, with rows of so many elements.

    It computes in f32 in a dozen steps; the roundings of a sum add up like the steps of a random walk.
    """
    return 16 * max(UNIT[stored], UNIT[Type.F32]) * math.sqrt(max(count, 1)) if stored.is_float else 0.0


def of_subtracted_mean(name: str, count: int, exact: Array, given: Array) -> Array:
    """What the rounding of the mean adds to a variance in f64, or to its root, beside the roundings that follow.

    Other types have their means in f64, whose roundings do not show.
    """
    roundings = 1 + min(count, SUM_PIECE) + count / SUM_PIECE
    shift = roundings * UNIT[Type.F64] * np.abs(given).max(initial=0)
    return np.asarray(shift**2 if name == "var" else np.hypot(exact, shift) - exact)


def of_training(largest: float, floor: float) -> float:
    """How far tensors of a training step in f32 may be apart when it adds and rounds in another order.

    `largest` is the tensor's largest magnitude, `floor` that of all tensors of its kind: a gradient that is zero in
    exact numbers holds roundings of the others' size.
    """
    return float(2.0**-14 * largest + 2.0**-20 * floor)
