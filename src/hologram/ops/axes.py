"""Axes of reductions: which are meant, and arrays turned so that few programs serve all of them."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates.folds import KEPT, REDUCED
from hologram.ops.layout import MAX_AXES
from hologram.runtime.host import HostArray

MAX_KEPT = 2
"""Kept axes that a program has."""
MAX_WALKED = 64
"""Launches along further axes that are made rather than a copy."""


def reduced_axes(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` means, ascending: all for None; negative ones count from the end.

    Raises ArgumentTypeError for what is no axis, ArgumentValueError for one that the array does not have, or has twice.
    """
    if axis is None:
        return tuple(range(ndim))
    found = [one_axis(name, a, ndim) for a in (axis if isinstance(axis, tuple | list) else (axis,))]
    if len(set(found)) < len(found):
        raise ArgumentValueError(f"{name}(): axis={axis!r} names an axis twice")
    return tuple(sorted(found))


def one_axis(name: str, axis: Any, ndim: int) -> int:
    """The axis that a number means."""
    try:
        number = operator.index(axis)
    except TypeError:
        number = None
    if number is None or isinstance(axis, bool | np.bool_):
        raise ArgumentTypeError(f"{name}(): axis is a number, a tuple of numbers or None, not {type(axis).__name__}")
    if not -ndim <= number < ndim:
        has = f"{ndim} axes" if ndim != 1 else "one axis"
        raise ArgumentValueError(f"{name}(): axis {number} is out of range, the array has {has}")
    return number % ndim


def kept_shape(shape: Sequence[int], axes: Sequence[int], keepdims: bool) -> tuple[int, ...]:
    """The shape of a result."""
    if keepdims:
        return tuple(1 if k in axes else n for k, n in enumerate(shape))
    return tuple(n for k, n in enumerate(shape) if k not in axes)


def with_axes(result: HostArray, ndim: int, axes: Sequence[int]) -> HostArray:
    """A result with all axes of the elements, those reduced of length 1."""
    if result.ndim == ndim:
        return result
    return result[tuple(np.newaxis if k in axes else slice(None) for k in range(ndim))]


def part_at(array: HostArray, place: Sequence[slice]) -> HostArray:
    """A part of an array, in the same memory even where there are no axes."""
    index: Any = (*place, ...)
    part: HostArray = array[index]
    return part


@dataclass(frozen=True, slots=True)
class _Axis:
    """An axis of all arrays: kept or reduced, its length, each array's stride along it."""

    letter: str
    length: int
    strides: tuple[int, ...]

    def holds(self, below: _Axis) -> bool:
        """True where this axis and the next one can be one."""
        steps = zip(self.strides, below.strides, strict=True)
        return self.letter == below.letter and all(a == below.length * b for a, b in steps)


@dataclass(frozen=True, slots=True)
class Turned:
    """Arrays of one launch: those with all axes, in the order of a pattern of kept and reduced axes, and the results.

    A result has the kept axes alone, in the same order, or where the only one is not contiguous a second of length 1.
    """

    pattern: str
    whole: tuple[HostArray, ...]
    kept: tuple[HostArray, ...]


def turned(
    whole: Sequence[HostArray], kept: Sequence[HostArray], axes: Sequence[int], ordered: bool = False
) -> list[Turned] | None:
    """The launches for arrays of one shape, of which `axes` are reduced, and results with those of length 1.

    Axes are ordered by the strides of the first array, merged where every array allows it, and walked launch by launch
    where they are too many. None where that is no good way: first copy the arrays to contiguous ones. With `ordered`,
    what belongs to one result stays in C order.
    """
    if any(n == 0 for k, n in enumerate(whole[0].shape) if k not in axes):
        return []
    arrays, merged = _forward(whole, kept, axes, ordered)
    reduced = [a for a in merged if a.letter == REDUCED]
    if len(reduced) > 2 or (ordered and len(reduced) > 1):
        return None
    outer = [a for a in merged if a.letter == KEPT]
    walked = outer[: max(0, len(outer) - min(MAX_KEPT, MAX_AXES - max(1, len(reduced))))]
    if math.prod(a.length for a in walked) > MAX_WALKED:
        return None
    inner = [a for a in merged if a not in walked]
    for letter in {KEPT, REDUCED} - {a.letter for a in inner}:
        inner.insert(0, _Axis(letter, 1, tuple(a.itemsize for a in arrays)))
    views = [_view(a, [*walked, *inner], k, k >= len(whole)) for k, a in enumerate(arrays)]
    pattern = "".join(a.letter for a in inner)
    launches = []
    for place in product(*(range(a.length) for a in walked)):
        here = [v[place] for v in views]
        launches.append(Turned(pattern, tuple(here[: len(whole)]), tuple(_result(a) for a in here[len(whole) :])))
    return launches


def _forward(
    whole: Sequence[HostArray], kept: Sequence[HostArray], axes: Sequence[int], ordered: bool
) -> tuple[list[HostArray], list[_Axis]]:
    """The arrays turned so that the first runs forwards in memory, and their axes by its strides, merged."""
    first = whole[0]
    backwards = [s < 0 and not (ordered and k in axes) for k, s in enumerate(first.strides)]
    turn = tuple(slice(None, None, -1) if b else slice(None) for b in backwards)
    arrays = [part_at(a, turn) for a in (*whole, *kept)]
    order = sorted(
        (k for k, n in enumerate(first.shape) if n != 1),
        key=lambda k: (first.strides[k] != 0, -abs(first.strides[k])),
    )
    if ordered:  # reduced axes keep their order among themselves
        reduced = iter(sorted(k for k in order if k in axes))
        order = [next(reduced) if k in axes else k for k in order]
    merged: list[_Axis] = []
    for k in order:
        letter = REDUCED if k in axes else KEPT
        axis = _Axis(letter, first.shape[k], tuple(a.strides[k] if a.shape[k] != 1 else 0 for a in arrays))
        if merged and merged[-1].holds(axis):
            axis = _Axis(letter, merged[-1].length * axis.length, axis.strides)
            merged.pop()
        merged.append(axis)
    return arrays, merged


def _view(array: HostArray, axes: Sequence[_Axis], index: int, is_result: bool) -> HostArray:
    """An array with these axes, of a result with the kept ones."""
    taken = [a for a in axes if not (is_result and a.letter == REDUCED)]
    lengths, strides = [a.length for a in taken], [a.strides[index] for a in taken]
    return np.lib.stride_tricks.as_strided(array, lengths, strides, writeable=array.flags.writeable)


def _result(array: HostArray) -> HostArray:
    """A result as programs take it: a single axis is contiguous, or has a second one behind it."""
    if array.ndim > 1 or array.flags.c_contiguous:
        return array
    strides = (*array.strides, array.itemsize)
    return np.lib.stride_tricks.as_strided(array, (*array.shape, 1), strides, writeable=array.flags.writeable)
