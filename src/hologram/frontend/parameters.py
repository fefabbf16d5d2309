"""How a kernel uses its array parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hologram.frontend.typed import Atomic, Element, Expr, Reduce, Step, Store
from hologram.frontend.walk import walk
from hologram.isa.program import Param


def with_access(params: tuple[Param, ...], body: Iterable[Step]) -> tuple[Param, ...]:
    """The parameters with "r", "w" or "rw" from what the statements do; an array that is never used is "r"."""
    written: set[int] = set()
    targets: list[Expr] = []
    touched: list[Element] = []
    for item in walk(body):
        if isinstance(item, (Store, Reduce)):
            written.add(item.target.slot)
            targets.append(item.target)
        elif isinstance(item, Atomic):
            written.add(item.target.slot)
        elif isinstance(item, Element):
            touched.append(item)
    stores = {id(t) for t in targets}
    read = {e.slot for e in touched if id(e) not in stores}
    return tuple(
        replace(p, access="rw" if i in written and i in read else "w" if i in written else "r") if p.is_array else p
        for i, p in enumerate(params)
    )
