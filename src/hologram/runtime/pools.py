"""The boundary pool: 96 classes of 12,288 bytes in one contiguous, 64-byte aligned block."""

from __future__ import annotations

import operator
import weakref
from typing import Any

from hologram.errors import ArgumentTypeError, ArgumentValueError, CapacityError
from hologram.isa.operands import BYTES_PER_CLASS, BYTES_PER_PAGE, CLASSES, PAGES_PER_CLASS
from hologram.runtime.buffer import Memory, aligned_zeros
from hologram.runtime.host import HostArray
from hologram.runtime.locks import fork_safe_lock
from hologram.types import Type

POOL_BYTES = CLASSES * BYTES_PER_CLASS

_lock = fork_safe_lock()


class BoundaryPool:
    """Memory by place: class c is the bytes from 12,288·c. A class is held by one live buffer at a time.

    The pool starts as zeros; what a class holds stays there when its buffer is freed.
    """

    __slots__ = ("_held", "bytes")

    def __init__(self) -> None:
        self.bytes = aligned_zeros(POOL_BYTES, Type.U8)
        self._held: dict[int, weakref.ref[Memory]] = {}

    def view(self, class_index: int, type: Type) -> HostArray:
        """All elements of a class, without taking it."""
        _check("class_index", class_index, 0, CLASSES - 1)
        start = class_index * BYTES_PER_CLASS
        return self.bytes[start : start + BYTES_PER_CLASS].view(type.dtype)

    def take(self, class_index: int, width: int, height: int, type: Type) -> tuple[HostArray, Memory]:
        """The first width·height bytes of a class as elements of a type, and the memory that holds the class.

        Raises ArgumentValueError for a class outside 0 … 95, a width outside 1 … 48 or a height outside 1 … 256,
        CapacityError where another live buffer holds the class.
        """
        _check("class_index", class_index, 0, CLASSES - 1)
        _check("width", width, 1, PAGES_PER_CLASS)
        _check("height", height, 1, BYTES_PER_PAGE)
        start = class_index * BYTES_PER_CLASS
        count = width * height // type.size
        array = self.bytes[start : start + count * type.size].view(type.dtype)
        with _lock:
            if self._is_held(class_index):
                raise CapacityError(f"class {class_index} is held by another buffer; free that first")
            memory = Memory(array)
            self._held[class_index] = weakref.ref(memory)
        return array, memory

    def _is_held(self, class_index: int) -> bool:
        reference = self._held.get(class_index)
        memory = reference() if reference else None
        return memory is not None and not memory.freed

    @property
    def held(self) -> tuple[int, ...]:
        """The classes held by live buffers, ascending."""
        return tuple(sorted(c for c in list(self._held) if self._is_held(c)))


def _check(name: str, value: Any, low: int, high: int) -> None:
    try:
        number = operator.index(value)
    except TypeError as error:
        raise ArgumentTypeError(f"{name} must be an integer, not {type(value).__name__}") from error
    if not low <= number <= high:
        raise ArgumentValueError(f"{name} must be from {low} to {high}, got {value}")
