"""Sizes as graphs have them: plain integers, or symbols whose values come with each call."""

from __future__ import annotations

from typing import Any

import torch

Size = int | torch.SymInt


def plain(size: Any) -> Any:
    """A size as an integer where it is known, else as a symbolic expression."""
    if isinstance(size, int):
        return size
    if isinstance(size, torch.SymInt | torch.SymFloat | torch.SymBool):
        expression = size.node.expr
        return int(expression) if expression.is_Integer else expression
    return int(size) if getattr(size, "is_Integer", False) else size


def same(a: Any, b: Any) -> bool:
    """True where two sizes are equal whatever the symbols are."""
    return bool(plain(a) == plain(b))


def is_one(size: Any) -> bool:
    """True for a size that is 1 whatever the symbols are."""
    return bool(plain(size) == 1)


def times(*sizes: Any) -> Any:
    """The product of sizes."""
    product: Any = 1
    for size in sizes:
        product = plain(size) * product
    return plain(product)


def quotient(whole: Any, part: Any) -> Any:
    """How many times a size goes into another without rest, or None where that is not sure."""
    whole, part = plain(whole), plain(part)
    if isinstance(whole, int) and isinstance(part, int):
        return whole // part if part and whole % part == 0 else None
    found = whole / part
    return plain(found) if getattr(found, "is_integer", False) and found.as_numer_denom()[1] == 1 else None


def text(size: Any) -> str:
    """A size as Python source over the names of its symbols."""
    size = plain(size)
    if isinstance(size, int):
        return str(size)
    from torch.utils._sympy.printers import PythonPrinter

    printed: str = PythonPrinter().doprint(size)
    return printed


def tuple_text(sizes: Any) -> str:
    """Several sizes as the source of a tuple."""
    inner = ", ".join(text(s) for s in sizes)
    return f"({inner},)" if len(sizes) == 1 else f"({inner})"
