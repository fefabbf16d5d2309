"""The shape of the tree that launch and block reductions follow; `docs/isa.md` tells how its parts fold."""

from __future__ import annotations

from hologram.types import Type

CHUNK = 4096
"""Lanes of a row that come to one value before rows and chunks fold."""
SECTION = 512
"""Lanes of a chunk that its accumulators take in one after the other."""
ACCUMULATORS = 64

_ROUNDED = ("ADD", "MUL")


def folding_type(operation: str, type: Type) -> Type:
    """The type in which accumulators and chunks fold: sums and products of floats in f64, rounded once at the end."""
    rounds = operation.rsplit("_", 1)[-1] in _ROUNDED
    return Type.F64 if rounds and type.is_float else type
