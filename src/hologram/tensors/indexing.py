"""NumPy's indices: integers, slices, Ellipsis and newaxis give views; arrays of integers and masks give copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentRangeError, ArgumentTypeError
from hologram.tensors.arithmetic import operation
from hologram.tensors.array import Tensor
from hologram.tensors.creation import constant, tensor
from hologram.tensors.layout import Layout, Shape, broadcast_shapes
from hologram.tensors.places import Indexed, gather, scatter
from hologram.types import Type

EVERYTHING = slice(None)


@dataclass(frozen=True, slots=True)
class Found:
    """What an index names: a layout, and arrays of indices on some of its axes, which go to `place` in a result."""

    layout: Layout
    axes: Shape = ()
    indices: tuple[Tensor, ...] = ()
    place: int = 0
    masks: bool = False


def get(source: Tensor, index: Any) -> Tensor:
    """`tensor[index]`: a view that shares the memory, or a copy where arrays are indices."""
    found = find(source, index)
    if not found.axes:
        return Tensor(source.buffer, found.layout)
    indexed, shape = _indexed(source, found)
    rest = indexed.rest.shape
    result = Tensor.new(source.executor, (indexed.count, *rest), source.dtype)
    gather(indexed, result)
    order = _order(len(shape), len(rest), found.place)
    return result.reshape((*shape, *rest)).permute(order)


def set_items(target: Tensor, index: Any, value: Any) -> None:
    """`tensor[index] = value`: numbers and tensors are broadcast and converted to the tensor's type."""
    found = find(target, index)
    given = value if isinstance(value, Tensor) else constant(value, target)
    if not found.axes:
        if given.buffer is target.buffer and given.layout == found.layout:
            return  # the end of `t[1:] += 1`: the elements are there already
        view = Tensor(target.buffer, found.layout)
        operation("astype")(given.broadcast_to(view.shape), view.dtype, out=view)
        return
    indexed, shape = _indexed(target, found)
    rest = indexed.rest.shape
    order = _order(len(shape), len(rest), found.place)
    wanted = (*shape, *rest)
    source = given.broadcast_to(tuple(wanted[k] for k in order)).permute(np.argsort(order).tolist())
    if source.dtype != target.dtype or _meet(source, target):
        source = source.astype(target.dtype)
    scatter(source.reshape((indexed.count, *rest)), indexed)


def find(source: Tensor, index: Any) -> Found:
    """What an index of a tensor names; raises ArgumentRangeError or ArgumentTypeError for an impossible one."""
    given = tuple(map(_part, index if isinstance(index, tuple) else (index,)))
    parts = _expanded(given, source.layout)
    layout, axes, indices = _walk(source.layout, parts)
    if not axes:
        return Found(layout)
    named = _named(given)
    together = named[-1] - named[0] == len(named) - 1  # an Ellipsis parts them even where it stands for nothing
    masks = any(isinstance(part, Tensor) and part.is_bool for part in parts)
    return Found(layout, axes, indices, _named(parts)[0] if together else 0, masks)


def _named(parts: Sequence[Any]) -> list[int]:
    """Where there are arrays and integers."""
    return [k for k, part in enumerate(parts) if isinstance(part, Tensor) or _is_integer(part)]


def _walk(layout: Layout, parts: Sequence[Any]) -> tuple[Layout, Shape, tuple[Tensor, ...]]:
    """The layout that slices and integers leave, and the axes on which there are arrays of indices."""
    axis, axes, indices = 0, [], []
    for part in parts:
        if part is None:
            layout = layout.expand_dims([axis])
            axis += 1
        elif isinstance(part, slice):
            layout = layout.sliced(axis, part)
            axis += 1
        elif isinstance(part, Tensor):
            for array in _places(part, layout.shape[axis:]) if part.is_bool else (part,):
                axes.append(axis)
                indices.append(array)
                axis += 1
        else:
            layout = layout.select(axis, part)
    return layout, tuple(axes), tuple(indices)


def _places(mask: Tensor, shape: Shape) -> tuple[Tensor, ...]:
    """The indices at which a mask is true, one array an axis."""
    if mask.shape != shape[: mask.ndim]:
        raise ArgumentRangeError(f"a mask of shape {mask.shape} does not fit axes of lengths {shape[: mask.ndim]}")
    mask.buffer.content("a mask", "Tensor")
    return tuple(operation("nonzero")(mask))


def _indexed(source: Tensor, found: Found) -> tuple[Indexed, Shape]:
    """The elements, after a look at the indices, and the shape that those have together."""
    shape = broadcast_shapes(*(array.shape for array in found.indices))
    packed = []
    for axis, array in zip(found.axes, found.indices, strict=True):
        _check(array, axis, found.layout.shape[axis], shape)
        wide = array.astype(Type.I64, copy=_meet(array, source)).broadcast_to(shape)
        packed.append(wide.contiguous())
    return Indexed(source.stored, found.layout, found.axes, tuple(packed), _are_distinct(found, shape)), shape


def _are_distinct(found: Found, shape: Shape) -> bool:
    """True where a mask says it: that names each place once, unless its places are broadcast."""
    return found.masks and all(array.shape == shape for array in found.indices)


def _check(array: Tensor, axis: int, length: int, shape: Shape) -> None:
    """Refuse indices that are out of range, before anything is read or written."""
    array.buffer.content("an index", "Tensor")
    elements = array.elements()
    if not elements.size or 0 in shape:
        return
    for index in (int(elements.min()), int(elements.max())):
        if not -length <= index < length:
            raise ArgumentRangeError(f"index {index} is out of range on axis {axis}, which has length {length}")


def _order(count: int, rest: int, place: int) -> list[int]:
    """The axes of a result whose first `count` axes belong at `place` among the rest."""
    first, others = list(range(count)), list(range(count, count + rest))
    return [*others[:place], *first, *others[place:]]


def _meet(source: Tensor, target: Tensor) -> bool:
    """True where a tensor may lie in the buffer of another."""
    return bool(np.may_share_memory(source.elements(), target.buffer.elements()))


def _part(part: Any) -> Any:
    """Lists and arrays as tensors of integers or truth values; all else as it is."""
    if part is None or part is Ellipsis or isinstance(part, slice) or _is_integer(part):
        return part
    if isinstance(part, list | tuple | np.ndarray | Tensor) and not (isinstance(part, np.ndarray) and not part.ndim):
        array = part if isinstance(part, Tensor) else tensor(part, dtype=Type.I64 if np.size(part) == 0 else None)
        if (array.is_bool or array.type.is_integer) and array.ndim:
            return array
        raise ArgumentTypeError(f"an array of indices holds integers or truth values, not {array.dtype}")
    named = f"{type(part).__name__} {part!r}" if isinstance(part, bool | float | str) else type(part).__name__
    raise ArgumentTypeError(f"a tensor is indexed by integers, slices, Ellipsis, None and arrays of them, not {named}")


def _expanded(parts: tuple[Any, ...], layout: Layout) -> list[Any]:
    """With slices of everything in place of Ellipsis and where nothing is said."""
    ellipses = [k for k, part in enumerate(parts) if part is Ellipsis]
    if len(ellipses) > 1:
        raise ArgumentRangeError("an index has at most one Ellipsis (`...`)")
    named = sum(_axes(part) for part in parts)
    if named > layout.ndim:
        raise ArgumentRangeError(f"{named} indices are too many for a tensor of shape {layout.shape}")
    place = ellipses[0] if ellipses else len(parts)
    return [*parts[:place], *[EVERYTHING] * (layout.ndim - named), *parts[place + 1 :]]


def _axes(part: Any) -> int:
    """How many axes of the tensor a part of an index stands for."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, Tensor) and part.is_bool else 1


def _is_integer(part: Any) -> bool:
    if isinstance(part, Tensor):
        return not part.ndim and not part.is_bool and part.type.is_integer
    return hasattr(part, "__index__") and not isinstance(part, bool | np.bool_) and not getattr(part, "ndim", 0)
