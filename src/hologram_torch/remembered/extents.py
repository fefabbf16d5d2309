"""Where tensors lie in memory, and which of them share any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a tensor lies: the bytes from its first element to behind its last."""

    place: int
    tensor: Tensor = field(compare=False)
    start: int
    end: int


def version(value: Any) -> int:
    """How often a tensor was written; 0 where that is not counted."""
    return value._version if isinstance(value, Tensor) and not value.is_inference() else 0


def extents(args: Sequence[Any]) -> list[Extent]:
    """Where the tensors lie, each once."""
    found: dict[int, Extent] = {}
    for place, value in enumerate(args):
        if isinstance(value, Tensor) and id(value) not in found:
            found[id(value)] = extent(place, value)
    return [*found.values()]


def copies(args: Sequence[Any]) -> tuple[Any, ...]:
    """Arguments with tensors that have memory of their own and lie in it alike."""
    made: dict[int, Any] = {id(a): a for a in args}
    for own in extents(args):
        tensor = own.tensor
        whole = tensor.as_strided(((own.end - own.start) // tensor.element_size(),), (1,)).clone()
        made[id(tensor)] = whole.as_strided(tensor.shape, tensor.stride())
    return tuple(made[id(a)] for a in args)


def extent(place: int, tensor: Tensor) -> Extent:
    """Where a tensor lies that is at some place of a call."""
    start = tensor.data_ptr()
    steps = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return Extent(place, tensor, start, start + (steps + 1) * tensor.element_size() if tensor.numel() else start)


def are_apart(found: Sequence[Extent]) -> bool:
    """True where no two tensors share memory, so that each array belongs to one."""
    ordered = sorted((e for e in found if e.end > e.start), key=lambda e: e.start)
    return all(a.end <= b.start for a, b in pairwise(ordered))
