"""The memory that the lanes of a block share: its bytes, and which of them have been written."""

from __future__ import annotations

import numpy as np

from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.races import Shadow, Tracked


class SharedMemory:
    """Shared memory of one block, unwritten at first."""

    def __init__(self, size: int, shadow: Shadow | None = None) -> None:
        self.region = Region("shared memory", np.zeros(size, np.uint8), 0, Tracked(shadow, 0) if shadow else None)
        self._written = np.zeros(size, np.bool_)

    def mark(self, offsets: Array, size: int) -> None:
        """Note a store of `size` bytes at offsets that are inside."""
        self._written[offsets[:, None] + np.arange(size)] = True

    def unwritten(self, offsets: Array, size: int) -> Array:
        """Which loads of `size` bytes read a byte that nothing was stored to."""
        return np.asarray(~self._written[offsets[:, None] + np.arange(size)].all(axis=1))
