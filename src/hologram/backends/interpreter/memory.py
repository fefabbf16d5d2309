"""Bound arrays as bytes: addresses are byte offsets from an array's first element, checked before any access."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.array_utils import byte_bounds

from hologram.backends.interpreter.lanes import Array

if TYPE_CHECKING:
    from hologram.backends.interpreter.races import Tracked


@dataclass
class Region:
    """The byte range of a bound array: `bytes[base]` is the first byte of its element 0.

    `tracked` is the place of its shadow where races are looked for; `written` has the bytes that something was stored
    to, of memory that holds nothing at first.
    """

    name: str
    bytes: Array
    base: int
    tracked: Tracked | None = None
    written: Array | None = None

    @property
    def address(self) -> int:
        """Where the first byte lies in the memory of the process."""
        return int(self.bytes.__array_interface__["data"][0])

    @property
    def end(self) -> int:
        """The address behind the last byte."""
        return self.address + len(self.bytes)

    @classmethod
    def of(cls, name: str, array: Array) -> Region:
        """The region of a host array of any strides; writes go through to it."""
        if array.size == 0:
            return cls(name, np.empty(0, np.uint8), 0)
        low, high = byte_bounds(array)
        # Flipping axes of negative stride puts the lowest address first.
        upward = array[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in array.strides)]
        corner = upward[(slice(0, 1),) * array.ndim].reshape(1).view(np.uint8)
        raw = np.lib.stride_tricks.as_strided(corner, (high - low,), (1,))
        return cls(name, raw, array.ctypes.data - low)

    def outside(self, offsets: Array, size: int) -> Array:
        """Which accesses of `size` bytes at signed byte offsets are not wholly inside."""
        least, greatest = -self.base, len(self.bytes) - self.base - size
        return np.asarray((offsets < least) | (offsets > greatest))

    def load(self, offsets: Array, dtype: np.dtype[np.generic]) -> Array:
        """Values at byte offsets that are inside; unaligned ones too."""
        cells, index = self._cells(offsets, dtype)
        if cells is not None:
            return np.asarray(cells[index])
        return self.bytes[index[:, None] + np.arange(dtype.itemsize)].view(dtype)[:, 0]

    def store(self, offsets: Array, values: Array) -> None:
        """Write values at byte offsets that are inside; of several at one place the last one stays."""
        cells, index = self._cells(offsets, values.dtype)
        if cells is not None:
            cells[index] = values
            return
        raw = np.ascontiguousarray(np.broadcast_to(values, offsets.shape)).view(np.uint8)
        self.bytes[index[:, None] + np.arange(values.itemsize)] = raw.reshape(len(offsets), -1)

    def _cells(self, offsets: Array, dtype: np.dtype[np.generic]) -> tuple[Array | None, Array]:
        """The region as cells of a dtype and cell numbers; or None and byte positions when those are not aligned."""
        size, positions = dtype.itemsize, offsets + self.base
        if size > 1 and np.any(positions & (size - 1)):
            return None, positions
        whole = len(self.bytes) & -size
        return self.bytes[:whole].view(dtype), positions // size


@dataclass(frozen=True)
class Place:
    """One cell: a region and a byte offset in it."""

    region: Region
    offset: int
