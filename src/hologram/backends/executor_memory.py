"""What an executor keeps from launch to launch: the boundary pool, the resonance accumulators, the linear pools."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from contextlib import AbstractContextManager
from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np

from hologram.errors import CapacityError
from hologram.isa.demands import Demand
from hologram.isa.operands import BYTES_PER_CLASS, CLASSES

Array = np.ndarray[Any, np.dtype[Any]]

BOUNDARY_BYTES = CLASSES * BYTES_PER_CLASS
ALIGNMENT = 64
SLOTS = 1 << 16
"""Linear pools that may live together, and one for the boundary pool, whose handle is 0."""
PROGRAM_BYTES = 1 << 30
"""Linear pools as a whole may take so much when a program asks for another."""

HANDLE, ADDRESS, SIZE, ENTRY_BYTES = 0, 8, 16, 24
"""Offsets in an entry of the table of pools; a handle's lowest 16 bits are the number of its entry."""
_ENTRY = np.dtype([("handle", np.uint64), ("address", np.uint64), ("size", np.uint64)])
BOUNDARY, RESONANCE, TABLE, ALLOCATE, FREE = 0, 8, 16, 24, 32
"""Offsets of the addresses that native code finds at `ExecutorMemory.address`."""
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)


def aligned_bytes(count: int) -> Array:
    """So many zero bytes from a multiple of 64 on; raises CapacityError where memory is short."""
    try:
        raw = np.zeros(count + ALIGNMENT, np.uint8)
    except (MemoryError, ValueError, OverflowError) as error:
        raise CapacityError(f"cannot allocate {count} bytes") from error
    start = -_address(raw) % ALIGNMENT
    return raw[start : start + count]


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


class LinearPools:
    """Pools of bytes by handle. Handle 0 is the boundary pool; no handle is ever used again.

    Callers hold the lock of the executor's memory.
    """

    def __init__(self, boundary: Array) -> None:
        self.table = np.zeros(SLOTS, _ENTRY)
        self.table[0] = (0, _address(boundary), len(boundary))
        self._bytes: dict[int, Array] = {0: boundary}
        self._vacant: list[int] = []
        self._serial = 0
        self.total = 0

    def allocate(self, size: int, limit: int | None = None) -> int:
        """The handle of a new pool of zeros; raises CapacityError where there is no room."""
        if limit is not None and self.total + size > limit:
            raise CapacityError(f"linear pools of more than {limit} bytes in all")
        used = len(self._bytes)
        if not self._vacant and used >= SLOTS:
            raise CapacityError(f"more than {SLOTS - 1} linear pools at once")
        content = aligned_bytes(size)
        slot = self._vacant.pop() if self._vacant else used
        self._serial += 1
        handle = self._serial << 16 | slot
        self.table[slot] = (handle, _address(content), size)
        self._bytes[handle] = content
        self.total += size
        return handle

    def free(self, handle: int) -> bool:
        """Free a pool; False where there is none of that handle (the boundary pool is never freed)."""
        if handle == 0 or handle not in self._bytes:
            return False
        self.total -= len(self._bytes.pop(handle))
        slot = handle & (SLOTS - 1)
        self.table[slot] = (0, 0, 0)
        self._vacant.append(slot)
        return True

    def content(self, handle: int) -> Array | None:
        """The bytes of a pool, or None where there is none of that handle."""
        return self._bytes.get(handle)

    @cached_property
    def callbacks(self) -> tuple[Any, Any]:
        """`u64 allocate(u64 size)`, 0 where there is no room, and `u64 free(u64 handle)`, 0 where there was none."""
        mine = weakref.ref(self)

        def allocate(size: int) -> int:
            pools = mine()
            try:
                return pools.allocate(size, PROGRAM_BYTES) if pools is not None else 0
            except CapacityError:
                return 0

        def free(handle: int) -> int:
            pools = mine()
            return int(pools is not None and pools.free(handle))

        return _CALLBACK(allocate), _CALLBACK(free)


class ExecutorMemory:
    """State of one executor that programs see; all of it comes into being when it is first needed.

    `lock` is held by launches that use more of it than the boundary pool.
    """

    def __init__(self, boundary: Array | None = None) -> None:
        self.boundary = aligned_bytes(BOUNDARY_BYTES) if boundary is None else boundary
        self.resonance = np.zeros(CLASSES)
        self._words = np.zeros(5, np.uint64)
        self._words[BOUNDARY // 8] = _address(self.boundary)
        self._words[RESONANCE // 8] = _address(self.resonance)
        self._lock, self._process = threading.RLock(), os.getpid()

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """One launch at a time; a forked child gets a lock of its own, whoever held this one."""
        if self._process != os.getpid():
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock

    @cached_property
    def pools(self) -> LinearPools:
        """The linear pools."""
        pools = LinearPools(self.boundary)
        self._words[TABLE // 8] = _address(pools.table)
        for offset, callback in zip((ALLOCATE, FREE), pools.callbacks, strict=True):
            self._words[offset // 8] = ctypes.cast(callback, ctypes.c_void_p).value or 0
        return pools

    def prepared(self, demands: Demand) -> int:
        """Where native code finds the addresses of all parts that a program asks for."""
        if demands & (Demand.POOLS | Demand.ALLOCATION):
            _ = self.pools
        return _address(self._words)

    @property
    def total(self) -> float:
        """The sum of the accumulators, added from class 0 upwards."""
        return reduce(add, self.resonance.tolist(), 0.0)
