"""NumPy's indices: integers, slices, Ellipsis and newaxis give views; values are written through programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.errors import ArgumentRangeError, ArgumentTypeError
from hologram.tensors import moves
from hologram.tensors.array import Tensor
from hologram.tensors.layout import Layout


def get(tensor: Tensor, index: Any) -> Tensor:
    """`tensor[index]`: a view that shares the memory."""
    return Tensor(tensor.buffer, layout_at(tensor.layout, index), tensor.is_bool)


def set_items(tensor: Tensor, index: Any, value: Any) -> None:
    """`tensor[index] = value`: numbers and tensors are broadcast and converted to the tensor's type."""
    target = get(tensor, index)
    source = value if isinstance(value, Tensor) else _constant(value, tensor)
    source = source.broadcast_to(target.shape)
    if np.may_share_memory(source.elements(), target.elements()):
        source = source.copy()
    moves.copy(source, target)


def layout_at(layout: Layout, index: Any) -> Layout:
    """The part of a layout that an index of integers, slices, Ellipsis and None names."""
    parts = _expanded(index if isinstance(index, tuple) else (index,), layout)
    axis = 0
    for part in parts:
        if part is None:
            layout = layout.expand_dims([axis])
        elif isinstance(part, slice):
            layout = layout.sliced(axis, part)
        else:
            layout = layout.select(axis, part)
            continue
        axis += 1
    return layout


def _expanded(parts: tuple[Any, ...], layout: Layout) -> list[Any]:
    """With slices of everything in place of Ellipsis and where nothing is said."""
    for part in parts:
        if not (part is None or part is Ellipsis or isinstance(part, slice) or _is_integer(part)):
            raise ArgumentTypeError(f"a tensor is indexed by integers, slices, Ellipsis and None, not {_named(part)}")
    ellipses = [k for k, part in enumerate(parts) if part is Ellipsis]
    if len(ellipses) > 1:
        raise ArgumentRangeError("an index has at most one Ellipsis (`...`)")
    named = sum(part is not None and part is not Ellipsis for part in parts)
    if named > layout.ndim:
        raise ArgumentRangeError(f"{named} indices are too many for a tensor of shape {layout.shape}")
    place = ellipses[0] if ellipses else len(parts)
    rest = [slice(None)] * (layout.ndim - named)
    return [*parts[:place], *rest, *parts[place + 1 :]]


def _is_integer(part: Any) -> bool:
    if isinstance(part, Tensor):
        return not part.ndim and not part.is_bool and part.type.is_integer
    return hasattr(part, "__index__") and not isinstance(part, bool | np.bool_) and not getattr(part, "ndim", 0)


def _named(part: Any) -> str:
    return f"{type(part).__name__} {part!r}" if isinstance(part, bool | float | str) else type(part).__name__


def _constant(value: Any, tensor: Tensor) -> Tensor:
    from hologram.tensors.creation import constant

    return constant(value, tensor)
