"""The pools of an executor: the boundary pool (96 classes of 12,288 bytes, one block), and linear pools of any size."""

from __future__ import annotations

import operator
import weakref
from typing import TYPE_CHECKING, Any

from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError, BufferFreedError, CapacityError
from hologram.isa.operands import BYTES_PER_CLASS, BYTES_PER_PAGE, CLASSES, PAGES_PER_CLASS
from hologram.runtime.buffer import Memory
from hologram.runtime.host import HostArray
from hologram.runtime.locks import fork_safe_lock
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor

_lock = fork_safe_lock()


class BoundaryPool:
    """Memory by place: class c is the bytes from 12,288·c. A class is held by one live buffer at a time.

    The pool starts as zeros; what a class holds stays there when its buffer is freed.
    """

    __slots__ = ("_held", "bytes")

    def __init__(self, content: HostArray) -> None:
        self.bytes = content
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


class LinearPool:
    """Bytes that programs reach by `handle` and byte offset (`PoolLoad`, `PoolStore`): see `Executor.allocate_pool`.

    It lives until `free`, a program's `PoolFree`, the end of `with` or `Executor.cleanup`.
    """

    __slots__ = ("executor", "handle", "size")

    def __init__(self, executor: Executor, handle: int, size: int) -> None:
        self.executor, self.handle, self.size = executor, handle, size

    @property
    def is_freed(self) -> bool:
        """True when the handle is no longer good."""
        return self.executor.is_closed or self.executor.memory.pools.content(self.handle) is None

    def read(self, size: int | None = None, offset: int = 0) -> bytes:
        """A copy of so many bytes (by default all that follow) from a byte offset on."""
        with self.executor.memory.lock:
            content = self._content()
            wanted = self.size - offset if size is None else size
            self._check_range(offset, wanted)
            return bytes(content[offset : offset + wanted])

    def write(self, data: Any, offset: int = 0) -> None:
        """Overwrite bytes from a byte offset on; `data` is anything with a buffer: bytes, an array."""
        raw = memoryview(data).cast("B")
        with self.executor.memory.lock:
            content = self._content()
            self._check_range(offset, len(raw))
            content[offset : offset + len(raw)] = raw

    def free(self) -> None:
        """Give the memory back; once is enough."""
        with self.executor.memory.lock:
            self.executor.memory.pools.free(self.handle)

    def _content(self) -> HostArray:
        content = None if self.executor.is_closed else self.executor.memory.pools.content(self.handle)
        if content is None:
            raise BufferFreedError(f"linear pool {self.handle:#x} has been freed")
        return content

    def _check_range(self, offset: int, size: int) -> None:
        if not 0 <= offset <= offset + size <= self.size:
            message = f"bytes {offset} to {offset + size} are not all inside a pool of {self.size} bytes"
            raise ArgumentRangeError(message)

    def __enter__(self) -> LinearPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()

    def __repr__(self) -> str:
        return f"LinearPool({self.size} bytes, handle {self.handle:#x}{', freed' if self.is_freed else ''})"


def _check(name: str, value: Any, low: int, high: int) -> None:
    try:
        number = operator.index(value)
    except TypeError as error:
        raise ArgumentTypeError(f"{name} must be an integer, not {type(value).__name__}") from error
    if not low <= number <= high:
        raise ArgumentValueError(f"{name} must be from {low} to {high}, got {value}")
