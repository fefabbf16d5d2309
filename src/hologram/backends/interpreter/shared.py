"""The memory that the lanes of a block share: its bytes, and which of them have been written; whole or by array."""

from __future__ import annotations

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.races import Shadow, Tracked
from hologram.isa.shared_arrays import SharedArray


class SharedMemory:
    """Shared memory of one block, unwritten at first."""

    def __init__(self, size: int, shadow: Shadow | None = None) -> None:
        self._bytes, self._written, self._shadow = np.zeros(size, np.uint8), np.zeros(size, np.bool_), shadow
        self._parts: dict[SharedArray, Region] = {}
        self.whole = self.part(SharedArray(faults.SHARED, 0, size))

    def part(self, array: SharedArray) -> Region:
        """One array of it, with offsets from its own first byte."""
        if array not in self._parts:
            inside = slice(array.start, array.start + array.size)
            tracked = Tracked(self._shadow, array.start) if self._shadow else None
            self._parts[array] = Region(array.name, self._bytes[inside], 0, tracked, self._written[inside])
        return self._parts[array]


def mark(region: Region, offsets: Array, size: int) -> None:
    """Note a store of `size` bytes at offsets that are inside."""
    assert region.written is not None
    region.written[offsets[:, None] + np.arange(size)] = True


def unwritten(region: Region, offsets: Array, size: int) -> Array:
    """Which loads of `size` bytes read a byte that nothing was stored to."""
    assert region.written is not None
    return np.asarray(~region.written[offsets[:, None] + np.arange(size)].all(axis=1))
