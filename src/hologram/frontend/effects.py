"""What changes memory."""

from __future__ import annotations

from collections.abc import Iterable

from hologram.frontend.typed import Atomic, Barrier, Expr, Reduce, Step, Store, is_block_reduction
from hologram.frontend.walk import walk


def has_effect(items: Iterable[Expr | Step]) -> bool:
    """True when a statement or expression inside stores something, or waits for other lanes."""
    return any(isinstance(i, (Store, Reduce, Atomic, Barrier)) or is_block_reduction(i) for i in walk(items))
