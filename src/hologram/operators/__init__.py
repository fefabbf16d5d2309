"""The element-wise operators and the reductions: one row each, read by circuits, the op library and all who offer them.

Adding an operator or a reduction is adding a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hologram.operators import activations, arithmetic, functions, logic
from hologram.operators.fold import RESULTS, Fold, Gives, Reduction
from hologram.operators.reductions import NORMALISATIONS, NORMS, REDUCTIONS, SCANS
from hologram.operators.row import (
    COMPARISONS,
    INTEGER_FORM,
    OPERANDS,
    TRUTHS,
    Domain,
    Form,
    Formula,
    Operator,
    is_truth,
    words,
)

__all__ = [
    "COMPARISONS",
    "INTEGER_FORM",
    "NORMALISATIONS",
    "NORMS",
    "OPERANDS",
    "REDUCTIONS",
    "RESULTS",
    "SCANS",
    "TABLE",
    "TRUTHS",
    "VARIANTS",
    "Domain",
    "Fold",
    "Form",
    "Formula",
    "Gives",
    "Operator",
    "Reduction",
    "is_truth",
    "words",
]

TABLE: Mapping[str, Operator] = MappingProxyType(
    {row.name: row for row in (*arithmetic.ROWS, *functions.ROWS, *activations.ROWS, *logic.ROWS)}
)
"""All operators by the name they have in circuits."""
VARIANTS: Mapping[str, Operator] = MappingProxyType({name: row for name, row in TABLE.items() if row.is_variant})
"""Those that circuits have as variants of their generators."""
