"""Tensors: an executor's memory seen as an array of some shape, with views that share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError, BackendUnavailableError
from hologram.ops import kinds
from hologram.runtime import dlpack
from hologram.runtime.buffer import Buffer, strided
from hologram.runtime.executor import Executor
from hologram.runtime.host import HostArray, element_type
from hologram.tensors.arithmetic import Arithmetic, operation, universal
from hologram.tensors.layout import Layout, Shape, inferred, lengths, row_major
from hologram.tensors.views import Views, executor_first
from hologram.types import Type

DEVICES = frozenset({"cuda", "metal", "mps", "vulkan"})
"""Names of devices on which no tensor can be."""
BOOL = np.dtype(np.bool_)


def element_dtype(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype of elements named by a Type, its name, or a dtype; truth values are a thirteenth type."""
    if dtype is bool or dtype is np.bool_ or (isinstance(dtype, str | np.dtype) and dtype in ("bool", BOOL)):
        return BOOL
    return element_type(dtype).dtype


class Tensor(Views, Arithmetic):
    """An array in an executor's memory: a buffer, a shape, and how many elements lie between neighbours on each axis.

    Made by `hologram.tensor(data)`, `hologram.from_dlpack(array)`, `Tensor.from_buffer(buffer, shape)`, or by
    operations. Views (`reshape`, `transpose`, slices, …) share the memory and keep it alive; everything that computes
    is a program on the buffer's executor. Elements have one of the twelve types, or are truth values (`bool`).
    Using a tensor after its buffer was freed raises BufferFreedError.
    """

    __slots__ = ("__weakref__", "_layout", "buffer")

    def __init__(self, buffer: Buffer, layout: Layout) -> None:
        self.buffer, self._layout = buffer, layout

    @classmethod
    def from_buffer(cls, buffer: Buffer, shape: int | Sequence[int]) -> Tensor:
        """The first elements of a buffer in C order, without a copy; one length may be -1.

        Raises ArgumentValueError where the buffer has fewer elements than the shape.
        """
        flat, wanted = _flat(buffer), lengths(shape)
        layout = row_major(inferred(wanted, flat.size) if -1 in wanted else wanted)
        return cls(flat, _inside(layout, flat))

    @classmethod
    def from_buffer_with_strides(cls, buffer: Buffer, shape: Sequence[int], strides: Sequence[int]) -> Tensor:
        """A buffer's elements from the first, `strides` elements apart on each axis, without a copy.

        Raises ArgumentValueError where lengths and strides differ in number or an element would be outside.
        """
        flat, wanted, steps = _flat(buffer), lengths(shape), lengths(strides)
        if len(wanted) != len(steps):
            raise ArgumentValueError(f"shape {wanted} and strides {steps} have different numbers of axes")
        return cls(flat, _inside(Layout(wanted, steps), flat))

    @classmethod
    def new(cls, executor: Executor, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
        """A packed tensor of zeros; in a recording, a temporary of the graph."""
        buffer: Buffer = kinds.new(kinds.BUFFER, (row_major(shape).size,), dtype, None, executor)
        return cls(buffer, row_major(shape))

    # What it is.

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of an element."""
        found: np.dtype[Any] = self.buffer.dtype
        return found

    @property
    def type(self) -> Type:
        """The type of an element in memory; truth values are `u8`, 0 and 1."""
        return self.buffer.type

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.type.size

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    @property
    def executor(self) -> Executor:
        """The executor whose memory this is."""
        return self.buffer.executor

    @property
    def is_bool(self) -> bool:
        """True where the elements are truth values."""
        return self.dtype == BOOL

    @property
    def stored(self) -> Buffer:
        """The buffer as programs take it: truth values are bytes."""
        return self.buffer.part(self.buffer.elements().view(np.uint8)) if self.is_bool else self.buffer

    @property
    def device(self) -> str:
        """Where the memory is: "cpu"."""
        return self.buffer.device

    # Copies and products.

    def _view(self, layout: Layout) -> Tensor:
        return Tensor(self.buffer, layout)

    def copy(self, executor: Executor | None = None) -> Tensor:
        """A packed copy, on another executor if one is given."""
        if executor is not None and executor is not self.executor:
            return Tensor.from_buffer(executor.array(self.numpy()), self.shape)
        return self._written_to(Tensor.new(self.executor, self.shape, self.dtype))

    def _written_to(self, target: Tensor) -> Tensor:
        """The tensor that now has these elements, converted to its type."""
        operation("astype")(self, target.dtype, out=target)
        return target

    def astype(self, dtype: Any, copy: bool = True) -> Tensor:
        """The elements converted, each rounded once: floats to integers towards zero, numbers to bool by being not 0.

        `copy=False` gives the tensor itself where it has the type already.
        """
        wanted = element_dtype(dtype)
        if not copy and wanted == self.dtype:
            return self
        return self._written_to(Tensor.new(self.executor, self.shape, wanted))

    def to(self, target: Any) -> Tensor:
        """This tensor with another dtype, or on another executor; itself where nothing changes.

        `target` is a dtype, an Executor, or the name of a device: tensors are in host memory, "cpu".
        """
        if isinstance(target, Executor):
            return self if target is self.executor else self.copy(target)
        if isinstance(target, str) and target.partition(":")[0] in DEVICES:
            raise BackendUnavailableError(f"there is no device '{target}' for tensors; they are in host memory")
        return self if target == self.device else self.astype(target, copy=False)

    def fill(self, value: Any) -> None:
        """Set every element, converted to the tensor's type."""
        self[...] = value

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        """The elements at some indices of an axis, or of all elements along one axis: a copy, as in NumPy."""
        if axis is None:
            return self.ravel().take(indices, 0)
        chosen = np.asarray(indices) if not isinstance(indices, Tensor | list) else indices
        return self[(slice(None),) * self._layout.axis(axis) + (chosen,)]

    def round(self, decimals: int = 0, out: Tensor | None = None) -> Tensor:
        """The nearest numbers with so many decimal places, ties to even."""
        if not decimals or not self.type.is_float:
            rounded: Tensor = operation("round")(self, out=out)
            return rounded
        scale = 10.0**decimals
        return operation("divide")((self * scale).round(), scale, out=out)  # type: ignore[no-any-return]

    __round__ = round

    def matmul(self, *arguments: Any) -> Tensor:
        """The product of two matrices, `a.matmul(b)`; a leading executor is accepted. `@` is that of any axes.

        Raises ArgumentValueError unless both have two axes and the inner lengths agree.
        """
        executor, rest = executor_first(arguments)
        if len(rest) != 1 or not isinstance(rest[0], Tensor):
            raise ArgumentTypeError("matmul takes another Tensor")
        for name, matrix in (("first", self), ("second", rest[0])):
            if matrix.ndim != 2:
                raise ArgumentValueError(f"matmul takes matrices, the {name} tensor has shape {matrix.shape}; use @")
        product: Tensor = operation("matmul", executor)(self, rest[0])
        return product

    # Parts.

    def __getitem__(self, index: Any) -> Tensor:
        from hologram.tensors.indexing import get

        return get(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        from hologram.tensors.indexing import set_items

        set_items(self, index, value)

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __len__(self) -> int:
        if not self.ndim:
            raise ArgumentTypeError("a tensor without axes has no len(); tensor.item() gives its number")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise ArgumentTypeError("a tensor without axes cannot be iterated over; tensor.item() gives its number")
        return (self.select(0, k) for k in range(self.shape[0]))

    # Reading.

    def elements(self) -> HostArray:
        """The elements in place, for launches: during a recording, too."""
        return strided(self.buffer.elements(), self.shape, self.strides, self.offset)

    def numpy(self) -> HostArray:
        """The elements in place, as a NumPy array that shares the memory and keeps it alive."""
        self.buffer.content("numpy", "Tensor")
        return self.elements()

    def to_numpy(self) -> HostArray:
        """A copy as a NumPy array."""
        self.buffer.content("to_numpy", "Tensor")
        return self.buffer.executor.counters.copy("to_numpy", self.elements())

    def tobytes(self) -> bytes:
        """The content as bytes, in C order."""
        self.buffer.content("tobytes", "Tensor")
        return self.elements().tobytes()

    def tolist(self) -> Any:
        """Nested lists of Python numbers; a number where there are no axes."""
        self.buffer.content("tolist", "Tensor")
        return self.elements().tolist()

    def item(self, *index: int) -> Any:
        """The only element as a Python number, or the one at an index.

        Raises ArgumentValueError where there are more, RecordingError in a recording.
        """
        chosen = self[index] if index else self
        if chosen.size != 1:
            raise ArgumentValueError(f"only one element can be a number; the tensor has shape {chosen.shape}")
        chosen.buffer.content("item", "Tensor")
        return chosen.elements().item()

    def _number(self, as_what: str) -> Any:
        if self.size != 1:
            cure = "; use tensor.any() or tensor.all()" if as_what == "truth value" else ""
            raise ArgumentValueError(
                f"a tensor of shape {self.shape} has no {as_what}, it has {self.size} elements{cure}"
            )
        return self.item()

    def __bool__(self) -> bool:
        return bool(self._number("truth value"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __float__(self) -> float:
        return float(self._number("float"))

    def __index__(self) -> int:
        if self.type.is_float or self.is_bool or self.ndim:
            raise ArgumentTypeError(f"only an integer tensor without axes is an index, not {self._what()}")
        return int(self.item())

    def _what(self) -> str:
        return f"one of shape {self.shape} and type {'bool' if self.is_bool else self.type.value}"

    def __repr__(self) -> str:
        from hologram.tensors.printing import shown

        return shown(self)

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form else repr(self)

    # Exchange.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return universal(ufunc, method, inputs, options)

    def __hologram_buffer__(self) -> Buffer:
        """The elements as a Buffer that shares the memory: what launches take."""
        return self.buffer.strided(self.shape, self.strides, self.offset)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> HostArray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    @property
    def __array_interface__(self) -> dict[str, Any]:
        if self.type is Type.BF16:
            raise AttributeError("bfloat16 has no type string; __array__ is used")
        self.buffer.export("__array_interface__", "Tensor")
        return self.elements().__array_interface__

    def __dlpack__(self, **options: Any) -> Any:
        return dlpack.exported(self.numpy(), **{name: value for name, value in options.items() if value is not None})

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.buffer.__dlpack_device__()

    def __copy__(self) -> Tensor:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self.copy()

    def __reduce__(self) -> Any:
        from hologram.tensors.creation import tensor

        return tensor, (self.to_numpy(),)


def _flat(buffer: Any) -> Buffer:
    """A buffer's memory as one axis."""
    if not isinstance(buffer, Buffer):
        cure = "hologram.tensor(array) copies one, hologram.from_dlpack(array) shares its memory"
        raise ArgumentTypeError(f"a Buffer is needed, not {type(buffer).__name__}; {cure}")
    if not buffer.elements().flags.c_contiguous:
        raise ArgumentValueError("a tensor needs a contiguous buffer; make a tensor of the whole one and slice that")
    return buffer if buffer.ndim == 1 else buffer.reshape(-1)


def _inside(layout: Layout, buffer: Buffer) -> Layout:
    """The layout, if all of its elements are in the buffer."""
    if any(n < 0 for n in layout.shape):
        raise ArgumentValueError(f"a length cannot be negative, got {layout.shape}")
    low, high = layout.bounds
    if low < 0:
        raise ArgumentValueError(
            f"strides {layout.strides} lead before the start of the buffer; slice with [::-1] instead"
        )
    if high > buffer.size:
        raise ArgumentValueError(
            f"shape {layout.shape} with strides {layout.strides} needs {high} elements, the buffer has {buffer.size}"
        )
    return layout
