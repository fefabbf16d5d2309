"""Memory held in place while a launch may use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hologram.runtime.buffer import Buffer, Memory
from hologram.runtime.host import HostArray, pin


class Pins:
    """Holds the memory of some arguments until `release` is called or the object is dropped.

    Buffers cannot be freed meanwhile, arrays cannot be resized.
    """

    __slots__ = ("__weakref__", "_kept", "_memories")

    def __init__(self, given: Iterable[Any], arrays: Iterable[HostArray]) -> None:
        self._memories: list[Memory] = []
        self._kept: Any = ()
        for value in given:
            if isinstance(value, Buffer):
                self._memories.append(value.hold())
        self._kept = [pin(array) for array in arrays]

    def release(self) -> None:
        """Let go; once is enough."""
        memories, self._memories = self._memories, []
        self._kept = ()
        for memory in memories:
            Buffer.release(memory)

    __del__ = release


def pins_of(given: Iterable[Any], arguments: Iterable[Any]) -> Pins:
    """Pins of all memory in a launch: Buffers as given, arrays as marshalled (those of Buffers included)."""
    return Pins(given, (a for a in arguments if isinstance(a, np.ndarray)))
