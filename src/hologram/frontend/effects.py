"""What changes memory."""

from __future__ import annotations

from collections.abc import Iterable

from hologram.frontend.typed import Atomic, Barrier, Expr, Reduce, Step, Store
from hologram.frontend.walk import walk


def has_effect(items: Iterable[Expr | Step]) -> bool:
    """True when a statement or expression inside stores something."""
    return any(isinstance(item, (Store, Reduce, Atomic, Barrier)) for item in walk(items))
