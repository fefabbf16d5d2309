"""Buffers: aligned host memory with a dtype and a shape, owned, borrowed, or part of another buffer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram import events
from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BufferFreedError,
    BufferInUseError,
    CapacityError,
    RecordingError,
)
from hologram.runtime import dlpack, recording
from hologram.runtime.host import HostArray, host_array, type_name
from hologram.runtime.locks import fork_safe_lock
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor

ALIGNMENT = 64

_lock = fork_safe_lock()  # guards `Memory.holds` against `free`


class Memory:
    """The bytes a buffer and its views share: who keeps them alive, whether they are freed, who holds them."""

    __slots__ = ("__weakref__", "freed", "hidden", "holds", "owner")

    def __init__(self, owner: Any) -> None:
        self.owner, self.freed, self.holds = owner, False, 0
        self.hidden = ""
        """Why the content is nobody's to see, for a temporary of a recorded graph."""


def aligned_zeros(count: int, type: Type) -> HostArray:
    """`count` zeros of a type, starting at a multiple of 64 bytes; raises CapacityError where memory is short."""
    nbytes = count * type.size
    try:
        raw = np.zeros(nbytes + ALIGNMENT, np.uint8)
    except (MemoryError, ValueError, OverflowError) as error:
        raise CapacityError(f"cannot allocate {nbytes} bytes") from error
    start = -raw.__array_interface__["data"][0] % ALIGNMENT
    return raw[start : start + nbytes].view(type.dtype)


def strided(memory: HostArray, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> HostArray:
    """The elements at offset + i·strides[0] + … of a contiguous array, counted in elements, without a copy.

    Raises ArgumentValueError where they are not all inside.
    """
    dtype, item = memory.dtype, memory.itemsize
    start = 0 if 0 in shape else offset * item
    try:
        return np.ndarray(tuple(shape), dtype, memory, start, tuple(s * item for s in strides))
    except (ValueError, TypeError, OverflowError) as error:
        raise ArgumentValueError(f"shape {shape}, strides {strides} and offset {offset} leave the memory") from error


def as_buffer(value: Any) -> Any:
    """The Buffer that something stands for, as tensors do by `__hologram_buffer__`; all else as it is."""
    made = getattr(type(value), "__hologram_buffer__", None)
    return value if made is None else made(value)


class Buffer:
    """Host memory of one element type, made by an `Executor`; freed by `free`, at the end of `with`, or when collected.

    Slices and `reshape` give buffers that share the memory. NumPy reads and writes it in place through `numpy()` or
    `np.asarray(buffer)`; DLPack consumers take it too. Using a buffer after `free` raises BufferFreedError.
    """

    __slots__ = ("__weakref__", "_array", "_exported", "_memory", "class_index", "executor", "is_view")

    def __init__(
        self,
        executor: Executor,
        array: HostArray,
        memory: Memory | None = None,
        class_index: int | None = None,
    ) -> None:
        self.executor = executor
        self.class_index = class_index
        self.is_view = False
        self._memory = Memory(array) if memory is None else memory
        self._array: HostArray | None = array
        self._exported: HostArray | None = None

    # What it is.

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of an element."""
        return self._live().dtype

    @property
    def type(self) -> Type:
        """The element type; truth values are stored as u8."""
        dtype = self._live().dtype
        found = Type.U8 if dtype == np.bool_ else Type.of_dtype(dtype)
        assert found is not None, "buffers are made with one of the twelve types"
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths along each axis."""
        lengths: tuple[int, ...] = self._live().shape
        return lengths

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from one element to the next along each axis."""
        return tuple(self._live().strides)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._live().ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._live().size

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._live().nbytes

    @property
    def device(self) -> str:
        """Where the memory is: "cpu"."""
        return "cpu"

    @property
    def is_boundary(self) -> bool:
        """True for a place in the executor's boundary pool."""
        return self.class_index is not None

    @property
    def is_freed(self) -> bool:
        """True once the memory may no longer be used through this buffer."""
        return self._array is None or self._memory.freed

    @property
    def is_hidden(self) -> bool:
        """True for a temporary of a recorded graph, whose content is nobody's to see."""
        return bool(self._memory.hidden)

    def hide(self, reason: str) -> None:
        """Refuse to show the content, with this reason; an empty one shows it again."""
        self._memory.hidden = reason

    def __len__(self) -> int:
        return len(self._live())

    def __repr__(self) -> str:
        if self.is_freed:
            return "Buffer(freed)"
        place = f", class_index={self.class_index}" if self.is_boundary else ""
        return f"Buffer(shape={self.shape}, dtype='{type_name(self.dtype)}', device='{self.device}'{place})"

    # Moving data.

    def from_numpy(self, array: HostArray) -> None:
        """Copy an array in: the same dtype, the same number of elements, any shape.

        Raises ArgumentTypeError for something that is no array, ArgumentValueError for another dtype or count.
        """
        self._take(array, "from_numpy")

    def _take(self, array: HostArray, what: str) -> None:
        mine = self._writable(what)
        given = host_array(array)
        if given is None:
            raise ArgumentTypeError(f"from_numpy takes an array, not {type(array).__name__}")
        if given.dtype != mine.dtype:
            name = mine.dtype.name
            raise ArgumentValueError(
                f"the array's dtype {given.dtype} doesn't match the buffer's dtype {name}; use x.astype(np.{name})"
            )
        if given.size != mine.size:
            raise ArgumentValueError(f"the array's size {given.size} doesn't match the buffer's size {mine.size}")
        start = events.start() if events.listeners else 0
        mine[...] = given if given.shape == mine.shape else given.reshape(mine.shape)
        self.executor.counters.copied(what, start, mine.nbytes)

    def to_numpy(self) -> HostArray:
        """A copy of the content, of the buffer's shape."""
        return self.executor.counters.copy("to_numpy", self.content("to_numpy"))

    def numpy(self) -> HostArray:
        """The content in place, as a NumPy array that shares the memory and keeps it alive."""
        return self.content("numpy").view()

    def elements(self) -> HostArray:
        """The elements in place, for launches: during a recording, too."""
        return self._live()

    def content(self, what: str, of: str = "Buffer") -> HostArray:
        """The elements in place for somebody who reads them (`what`, for the message).

        Raises RecordingError during a recording, and for a temporary of a recorded graph.
        """
        array = self._live()
        if recording.is_active():
            recording.refuse(f"{what} of a {of}", "read it after g.launch()")
        if self._memory.hidden:
            raise RecordingError(self._memory.hidden)
        return array

    def from_bytes(self, data: bytes | bytearray | memoryview) -> None:
        """Copy raw bytes in; their number must be `nbytes`."""
        mine = self._writable("from_bytes")
        if len(data) != mine.nbytes:
            raise ArgumentValueError(f"{len(data)} bytes given, which doesn't match the buffer's {mine.nbytes}")
        start = events.start() if events.listeners else 0
        mine[...] = np.frombuffer(data, mine.dtype).reshape(mine.shape)
        self.executor.counters.copied("from_bytes", start, mine.nbytes)

    def to_bytes(self) -> bytes:
        """The content as bytes, in C order."""
        content = self.content("to_bytes")
        start = events.start() if events.listeners else 0
        copied = content.tobytes()
        self.executor.counters.copied("to_bytes", start, len(copied))
        return copied

    def fill(self, value: int | float) -> None:
        """Set every element; an integer out of the type's range raises ArgumentValueError."""
        mine = self._writable("fill")
        try:
            mine.fill(value)
        except OverflowError as error:
            raise ArgumentValueError(f"{value!r} does not fit {self.type.value}") from error

    def copy_from(self, other: Buffer) -> None:
        """Copy another buffer's content: the same dtype and the same number of elements."""
        if not isinstance(other, Buffer):
            raise ArgumentTypeError(f"copy_from takes a Buffer, not {type(other).__name__}; from_numpy takes arrays")
        self._take(other.content("copy_from"), "copy_from")

    # Parts.

    def __getitem__(self, index: Any) -> Any:
        """Integers and slices as in NumPy: a buffer that shares the memory, or one element."""
        parts = index if isinstance(index, tuple) else (index,)
        if not all(p is Ellipsis or isinstance(p, slice | int | np.integer) for p in parts):
            raise ArgumentTypeError("a buffer is indexed by integers and slices; for more use buffer.numpy()[...]")
        found = self._live()[index]
        if isinstance(found, np.ndarray):
            return self.part(found)
        self.content("an element")
        return found

    def reshape(self, *shape: int | Sequence[int]) -> Buffer:
        """The same memory with another shape; the buffer must be contiguous."""
        mine = self._live()
        if not mine.flags.c_contiguous:
            raise ArgumentValueError("only a contiguous buffer can be reshaped without a copy")
        try:
            return self.part(mine.reshape(*shape))
        except ValueError as error:
            raise ArgumentValueError(str(error)) from error

    def strided(self, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Buffer:
        """The elements at offset + i·strides[0] + … of a contiguous buffer, counted in elements, sharing its memory."""
        return self.part(strided(self._live(), shape, strides, offset))

    def part(self, array: HostArray) -> Buffer:
        """A buffer over an array that lies in this one's memory."""
        part = Buffer(self.executor, array, self._memory, self.class_index)
        part.is_view = True
        return part

    # The end.

    def free(self) -> None:
        """Give the memory back; once is enough, more is harmless. Freeing a view ends the view only.

        Raises BufferInUseError while a bound launch holds the buffer. Arrays made by `numpy()` keep their memory.
        """
        with _lock:
            if self._array is None:
                return
            if not self.is_view and not self._memory.freed:
                if self._memory.holds:
                    raise BufferInUseError(
                        f"{self!r} is held by {self._memory.holds} bound launch(es); drop those first"
                    )
                self._memory.freed, self._memory.owner = True, None
            self._array = None

    def hold(self) -> Memory:
        """Keep the memory from being freed until `release` is called with what this gave."""
        with _lock:
            self._live()
            self._memory.holds += 1
            return self._memory

    @staticmethod
    def release(memory: Memory) -> None:
        """Undo one `hold`."""
        with _lock:
            memory.holds -= 1

    def expire(self) -> None:
        """End the buffer because its executor ends; memory that bound launches hold stays with them."""
        with _lock:
            self._memory.freed, self._memory.owner, self._array = True, None, None

    def __enter__(self) -> Buffer:
        self._live()
        return self

    def __exit__(self, *_: object) -> None:
        self.free()

    # Exchange.

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> HostArray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        if self.type is Type.BF16:
            raise AttributeError("bfloat16 has no type string; __array__ is used")
        return self.export("__array_interface__").__array_interface__

    def export(self, what: str, of: str = "Buffer") -> HostArray:
        """The content in place for a consumer that keeps only this buffer, which now keeps the memory, freed or not."""
        self._exported = self.content(what, of)
        return self._exported

    def __buffer__(self, flags: int) -> memoryview:
        """The buffer protocol (Python 3.12 and later; before that use `memoryview(buffer.numpy())`)."""
        return self.numpy().data

    def __dlpack__(self, **options: Any) -> Any:
        return dlpack.exported(self.numpy(), **{name: value for name, value in options.items() if value is not None})

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._live().__dlpack_device__()

    def __reduce__(self) -> Any:
        raise ArgumentTypeError("a Buffer belongs to its executor and cannot be pickled; pickle buffer.to_numpy()")

    def _live(self) -> HostArray:
        array = self._array
        if array is None or self._memory.freed:
            raise BufferFreedError("Buffer has been freed")
        return array

    def _writable(self, what: str) -> HostArray:
        array = self._live()
        if recording.is_active():
            recording.refuse(f"{what} of a Buffer", "write before recording, or between launches")
        if not array.flags.writeable:
            raise ArgumentValueError("the buffer borrows read-only memory")
        return array
