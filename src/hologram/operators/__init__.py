"""The element-wise operators: one row each, read by circuits, by the op library and by all who offer operators.

Adding an operator is adding a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hologram.operators import activations, arithmetic, functions, logic
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
)

__all__ = [
    "COMPARISONS",
    "INTEGER_FORM",
    "OPERANDS",
    "TABLE",
    "TRUTHS",
    "VARIANTS",
    "Domain",
    "Form",
    "Formula",
    "Operator",
    "is_truth",
]

TABLE: Mapping[str, Operator] = MappingProxyType(
    {row.name: row for row in (*arithmetic.ROWS, *functions.ROWS, *activations.ROWS, *logic.ROWS)}
)
"""All operators by the name they have in circuits."""
VARIANTS: Mapping[str, Operator] = MappingProxyType({name: row for name, row in TABLE.items() if row.is_variant})
"""Those that circuits have as variants of their generators."""
