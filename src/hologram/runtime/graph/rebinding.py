"""Other memory for a graph's named buffers: the same steps on other places."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError, OverlapError
from hologram.runtime.graph.memory import GraphMemory
from hologram.runtime.host import HostArray


def check_like(name: str, dtype: np.dtype[Any], shape: tuple[int, ...], given: HostArray, is_written: bool) -> None:
    """Refuse an array of another type, shape or layout, or one that may not be written and is."""
    if given.dtype != dtype:
        raise ArgumentTypeError(f"'{name}' is {dtype.name}, got {given.dtype.name}; convert it with astype")
    if given.shape != shape:
        raise ArgumentValueError(
            f"'{name}' has the shape {shape}, got {given.shape}; a graph is recorded for fixed shapes"
        )
    if not given.flags.c_contiguous:
        raise ArgumentTypeError(f"'{name}' must be contiguous; cure: np.ascontiguousarray({name})")
    if is_written and not given.flags.writeable:
        raise ArgumentValueError(f"'{name}' is written by the graph and given read-only; pass a copy")


Changes = Mapping[int, tuple[HostArray, HostArray]]


def moved(memory: GraphMemory, changes: Changes, written: Collection[int]) -> GraphMemory:
    """The memory with some arrays (contiguous, by their first address) replaced by others.

    Raises OverlapError where places that are written would share memory that did not before.
    """
    out = GraphMemory()
    for region in memory.regions:
        array = region.array
        found = None if array is None else _inside(array, changes)
        if array is not None and found is not None:
            array = _carried(array, *found)
        out.regions.append(replace(region, array=array))
    before, after = memory.overlaps(), out.overlaps()
    for place in after:
        for other in after[place] - before.get(place, frozenset()):
            if place in written or other in written:
                raise OverlapError(
                    "the buffers share memory that was apart when the graph was recorded; pass a copy of one of them"
                )
    for place in before:
        for other in before[place] - after.get(place, frozenset()):
            if place in written or other in written:
                raise OverlapError(
                    "the buffers do not share the memory that they shared when the graph was recorded; bind them all"
                )
    return out


def _inside(array: HostArray, changes: Changes) -> tuple[HostArray, HostArray] | None:
    """The change whose old memory holds an array."""
    low, high = np.lib.array_utils.byte_bounds(array)
    for start, (old, new) in changes.items():
        if start <= low and high <= start + old.nbytes:
            return old, new
    return None


def _carried(array: HostArray, old: HostArray, new: HostArray) -> HostArray:
    """The same part of another array."""
    offset = array.__array_interface__["data"][0] - old.__array_interface__["data"][0]
    return part(new, offset, array.dtype, array.shape, array.strides)


def part(
    base: HostArray, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...], strides: tuple[int, ...] | None
) -> HostArray:
    """A part of a contiguous array's memory, which must lie inside."""
    memory = base.reshape(-1).view(np.uint8)
    return np.ndarray(shape, dtype, buffer=memory, offset=offset, strides=strides)
