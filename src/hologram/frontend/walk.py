"""Walks over the typed tree, in source order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hologram.frontend.typed import Expr, Step


def children(item: Expr | Step) -> Iterator[Expr | Step]:
    """The expressions and statements directly inside one."""
    for name in item.__match_args__:
        value = getattr(item, name)
        if isinstance(value, (Expr, Step)):
            yield value
        elif isinstance(value, tuple):
            yield from (v for v in value if isinstance(v, (Expr, Step)))


def walk(items: Iterable[Expr | Step]) -> Iterator[Expr | Step]:
    """Every statement and expression inside, the outer before the inner."""
    stack = list(items)[::-1]
    while stack:
        item = stack.pop()
        yield item
        stack.extend(list(children(item))[::-1])
