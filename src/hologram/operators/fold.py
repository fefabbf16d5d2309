"""What a row of the reduction table says.

A reduction is one fold of all elements, or several, one after the other: each folds a formula of the elements and of
what the folds before it gave. Their results have the names "a", "b", …; formulas of the elements know them, the
elements "x" (and "y"), the parameters, and the number of elements "n". The formula of a fold's own result calls the
folded value "fold".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from hologram.operators.row import Formula
from hologram.types import Type

RESULTS = ("a", "b", "c")
"""Names of the folds' results, in their order."""


class Gives(Enum):
    """The type of a result, by that of the elements."""

    ELEMENT = "the type of the elements"
    WIDE = "for integers the widest of their sign"
    REAL = "for integers f32"
    COUNT = "i64"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Fold:
    """`of` every element, folded by ADD, MUL, MIN, MAX, MINP or MAXP; `result` makes of that what counts."""

    op: str
    of: Formula = "x"
    result: Formula = "fold"


@dataclass(frozen=True, slots=True)
class Reduction:
    """One reduction.

    `names` are those of the op library, NumPy's first. The result is that of the last fold or, where there is `each`,
    an array of that formula of each element. `integers` are the folds of integers where they differ. `empty` says that
    it has a meaning for no elements at all. `parameters` are numbers with their defaults. `derivative` is that of the
    result for one element, over "x", "out", "n" and the folds' results; None where there is none of that form.
    `numpy` and `torch` are the same in those libraries, as expressions in x, axis, keepdims (dim, keepdim). `ulp`
    bounds the error beyond that of the sums themselves, in roundings.
    """

    name: str
    folds: tuple[Fold, ...]
    gives: Gives
    meaning: str
    names: tuple[str, ...]
    arity: int = 1
    each: Formula | None = None
    integers: tuple[Fold, ...] = ()
    empty: bool = True
    truths: bool = True
    parameters: Mapping[str, float] = field(default_factory=dict)
    derivative: Formula | None = None
    numpy: str = ""
    torch: str = ""
    roundings: float = 2.0

    def folds_of(self, computed: Type) -> tuple[Fold, ...]:
        """The folds for elements of a type."""
        return self.integers if self.integers and computed.is_integer else self.folds
