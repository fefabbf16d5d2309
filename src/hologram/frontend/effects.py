"""What changes memory."""

from __future__ import annotations

from collections.abc import Iterable

from hologram.frontend.typed import (
    AtlasStep,
    AtlasValue,
    Atomic,
    Barrier,
    Expr,
    Reduce,
    Step,
    Store,
    is_block_reduction,
)
from hologram.frontend.walk import walk


def has_effect(items: Iterable[Expr | Step]) -> bool:
    """True when a statement or expression inside stores something, or waits for other lanes."""
    return any(
        isinstance(i, (Store, Reduce, Atomic, Barrier, AtlasStep)) or is_block_reduction(i) or _makes_pool(i)
        for i in walk(items)
    )


def _makes_pool(item: Expr | Step) -> bool:
    return isinstance(item, AtlasValue) and item.op == "PoolAlloc"
