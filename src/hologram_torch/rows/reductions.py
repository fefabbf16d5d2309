"""Functions over rows that are rows of the reduction table of operators."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from hologram.isa.region import Fold, Let
from hologram.operators import NORMALISATIONS, NORMS, REDUCTIONS, RESULTS, Formula, Reduction
from hologram.operators.calculus import substituted
from hologram.types import Type
from hologram_torch.rows.function import NAMES, PLACE, RowFunction, builder, computed, row_function

OUT = "out"


def folded(dtype: torch.dtype) -> Type:
    """The type in which elements are added up or multiplied: bytes, of which truths are made, in a wider one."""
    return Type.I64 if dtype in (torch.uint8, torch.bool) else computed(dtype)


ROWS = {row.name: row for row in (*REDUCTIONS.values(), *NORMS.values(), *NORMALISATIONS.values())}
"""Rows of the reduction table that are functions over rows, by name."""


@builder
def reduction(name: str, computed_in: Type, dtype: torch.dtype) -> RowFunction:
    """A reduction, or a normalisation by folds, computed in a type, with a result of another."""
    row = ROWS[name]
    steps: list[Let | Fold] = []
    results: dict[str, Formula] = {}
    folds = row.folds_of(computed_in)
    for letter, fold in zip(RESULTS, folds, strict=False):
        total = f"{letter}0"
        of = substituted(fold.of, results)
        steps.append(Fold(total, fold.op, of, computed_in))
        results[letter] = total
        if fold.result != "fold":
            steps.append(Let(letter, substituted(fold.result, {**results, "fold": total}), computed_in))
            results[letter] = letter
    last = row.each if row.each is not None else RESULTS[len(folds) - 1]
    steps += _ends(steps, substituted(last, results), computed_in)
    still = [results[RESULTS[0]]] if _only_in_range(row) else []
    return row_function(
        ("x", "y")[: row.arity],
        steps,
        [(OUT, NAMES[dtype])],
        numbers=list(row.parameters),
        still=[str(k) for k in (*still, *(["a0"] if still else []))],
        slopes=_slopes(row, results),
    )


def _ends(steps: list[Let | Fold], last: Formula, type: Type) -> list[Let | Fold]:
    """The last steps. A quotient whose upper part was folded names that part, so that it is computed once."""
    for place, step in enumerate(steps):
        if isinstance(step, Fold) and isinstance(last, tuple) and last[:2] == ("DIV", step.of):
            steps[place : place + 1] = [Let("part", step.of, type), Fold(step.name, step.op, "part", type)]
            return [Let("unit", ("DIV", 1.0, last[2]), type), Let(OUT, ("MUL", "part", "unit"), type)]
    return [Let(OUT, last, type)]


def _only_in_range(row: Reduction) -> bool:
    """True where the first fold is the largest element, which is subtracted from all."""
    return len(row.folds) > 1 and row.folds[0].op == "MAXP" and row.name != "ptp" and "nan" not in row.name


_SHORT = ("var", "std", "logsumexp", "norm", "norm_1", "norm_p")
"""Rows whose own derivative is shorter than that of their steps."""
_MAY_BE_ZERO = ("norm", "norm_p", "std")
"""Those whose derivative has the result below the line: it is 0 where that is."""
_BY_RESULT: Mapping[str, tuple[tuple[str, str, Formula], ...]] = {
    "softmax": ((OUT, "x", OUT), (OUT, "b0", ("NEG", OUT)), ("b0", "x", OUT)),
    "softmin": ((OUT, "x", ("NEG", OUT)), (OUT, "b0", ("NEG", OUT)), ("b0", "x", ("NEG", OUT))),
    "log_softmax": ((OUT, "x", 1.0), (OUT, "b", -1.0), ("b", "x", ("EXP", OUT))),
}
"""Slopes that read the result alone: nothing of the elements is kept. "b0" moves as the logarithm of what it is."""


def _slopes(row: Reduction, results: dict[str, Formula]) -> list[tuple[str, str, Formula]]:
    if row.name in _BY_RESULT:
        return [*_BY_RESULT[row.name]]
    if row.name not in _SHORT or row.derivative is None:
        return []
    along = substituted(row.derivative, results)
    if row.name in _MAY_BE_ZERO:
        along = ("SEL", ("==", OUT, 0.0), 0.0, along)
    return [(OUT, "x", along)]


@builder
def test_of_truth(op: str, dtype: torch.dtype, result: torch.dtype) -> RowFunction:
    """Whether any ("MAXP") or all ("MINP") elements are not 0, or how many ("ADD")."""
    fold = Type.I64 if op == "ADD" else Type.U8
    steps: list[Let | Fold] = [Let("holds", ("!=", "x", 0.0), computed(dtype)), Fold(OUT, op, "holds", fold)]
    return row_function(["x"], steps, [(OUT, NAMES[result])])


@builder
def place_of(op: str, dtype: torch.dtype) -> RowFunction:
    """The place of the first extreme ("MINP" or "MAXP"), or of the first NaN."""
    steps: list[Let | Fold] = [
        Fold("extreme", op, "x", computed(dtype)),
        Let("hit", ("POR", ("==", "x", "extreme"), ("!=", "x", "x")), computed(dtype)),
        Let("place", PLACE, Type.I64),
        Fold(OUT, "MINP", ("SEL", "hit", "place", float(2**62)), Type.I64),
    ]
    return row_function(["x"], steps, [(OUT, "i64")])


@builder
def places_equal(dtype: torch.dtype) -> RowFunction:
    """The place of each element that is equal to its partner, or NaN; −1 for others."""
    steps: list[Let | Fold] = [
        Let("hit", ("POR", ("==", "x", "y"), ("!=", "x", "x")), computed(dtype)),
        Let("place", PLACE, Type.I64),
        Let(OUT, ("SEL", "hit", "place", -1.0), Type.I64),
    ]
    return row_function(["x", "y"], steps, [(OUT, "i64")])


@builder
def taken(dtype: torch.dtype) -> RowFunction:
    """The element of each row at a place."""
    steps: list[Let | Fold] = [
        Let("hit", ("==", PLACE, "place"), Type.I64),
        Fold(OUT, "ADD", ("SEL", "hit", "x", 0.0), folded(dtype)),
    ]
    return row_function(["x"], steps, [(OUT, NAMES[dtype])], narrow=["place"])
