"""Where elements lie: shapes broadcast, axes put in order and collapsed, so that few programs serve all arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hologram.errors import ArgumentValueError
from hologram.runtime.host import HostArray

MAX_AXES = 3
"""Axes that a program has; the others are walked launch by launch."""


def broadcast_shapes(name: str, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that all broadcast to, by NumPy's rule; raises ArgumentValueError where there is none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(map(str, shapes))
        raise ArgumentValueError(
            f"{name}(): the shapes {listed} do not broadcast; each axis needs one length or 1"
        ) from None


@dataclass(frozen=True, slots=True)
class Piece:
    """Arrays of one launch, all of one shape of at most three axes (a stride of 0 repeats an element)."""

    arrays: tuple[HostArray, ...]

    @property
    def rank(self) -> int:
        """Axes that the program needs: 1 where all arrays are contiguous (or one element repeated), else 2 or 3."""
        plain = all(a.strides[-1] in (0, a.itemsize) or a.shape[-1] < 2 for a in self.arrays)
        return 1 if self.arrays[0].ndim == 1 and plain else max(2, self.arrays[0].ndim)

    @property
    def count(self) -> int:
        """Elements along the last axis."""
        return int(self.arrays[0].shape[-1])

    @property
    def is_strided(self) -> bool:
        """True where some array has gaps along the last axis."""
        return any(a.shape[-1] > 1 and a.strides[-1] not in (0, a.itemsize) for a in self.arrays)

    def is_fixed(self, index: int) -> bool:
        """True where an array has one element for all along the last axis."""
        return self.count > 1 and self.arrays[index].strides[-1] == 0

    def argument(self, index: int) -> HostArray:
        """An array as its program takes it: with as many axes as that has, one element where it is fixed."""
        array = self.arrays[index]
        if self.is_fixed(index):
            shape, strides = (*array.shape[:-1], 1), (*array.strides[:-1], array.itemsize)
            array = np.lib.stride_tricks.as_strided(array, shape, strides, writeable=array.flags.writeable)
        return array if array.ndim == self.rank else array[np.newaxis]


def pieces(arrays: Sequence[HostArray], shape: tuple[int, ...]) -> Iterator[Piece]:
    """The launches that together visit all elements of arrays broadcast to a shape; the last array is the output.

    Axes are ordered by the output's strides and merged where every array allows it.
    """
    if 0 in shape:
        return
    spread = [a if a.shape == shape else np.broadcast_to(a, shape) for a in arrays]
    if all(a.flags.c_contiguous for a in spread):
        yield Piece(tuple(a.reshape(-1) for a in spread))
        return
    order = sorted(range(len(shape)), key=lambda axis: -abs(spread[-1].strides[axis]))
    moved = [_forward(a.transpose(order), spread[-1].transpose(order)) for a in spread]
    lengths, strides = merged(moved)
    views = [
        np.lib.stride_tricks.as_strided(a, lengths, steps, writeable=a.flags.writeable)
        for a, steps in zip(moved, strides, strict=True)
    ]
    walked = lengths[: max(0, len(lengths) - MAX_AXES)]
    for place in product(*map(range, walked)):
        yield Piece(tuple(v[place] for v in views))


def _forward(array: HostArray, out: HostArray) -> HostArray:
    """An array with the axes turned round on which the output runs backwards."""
    turned = tuple(slice(None, None, -1) if s < 0 else slice(None) for s in out.strides)
    return array[turned]


def merged(arrays: Sequence[HostArray]) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Lengths of the axes that are left, and each array's strides on them."""
    lengths: list[int] = []
    steps: list[list[int]] = []
    for axis, length in enumerate(arrays[0].shape):
        if length == 1:
            continue
        here = [a.strides[axis] for a in arrays]
        if lengths and all(above == length * below for above, below in zip(steps[-1], here, strict=True)):
            lengths[-1] *= length
            steps[-1] = here
        else:
            lengths.append(length)
            steps.append(here)
    if not lengths:
        return (1,), [(a.itemsize,) for a in arrays]
    return tuple(lengths), [tuple(s[k] for s in steps) for k in range(len(arrays))]
