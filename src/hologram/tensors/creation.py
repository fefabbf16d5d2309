"""Tensors made of other things: copies of host data, and memory shared through DLPack."""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor, default_executor
from hologram.runtime.host import HostArray, element_type, host_array
from hologram.tensors.array import BOOL, Tensor, element_dtype
from hologram.tensors.layout import Layout
from hologram.types import Type

DEFAULTS = {"b": BOOL, "i": np.dtype(np.int64), "f": np.dtype(np.float32)}
"""The dtypes of lists of Python numbers, by what NumPy makes of them."""


def tensor(data: Any, dtype: Any = None, executor: Executor | None = None) -> Tensor:
    """A new tensor with a copy of `data`: an array, a Tensor, a Buffer, nested lists, or a number.

    >>> tensor([[1, 2], [3, 4]], dtype="f32")
    tensor([[1., 2.],
            [3., 4.]], dtype=f32)

    Arrays keep their dtype. Python floats become f32, integers i64, truth values bool. With `dtype` the elements are
    converted. The memory is the `executor`'s, else that of `data`, else the default executor's. Raises
    ArgumentTypeError for what has no type here, ArgumentValueError for lists of unequal lengths and integers that do
    not fit `dtype`.
    """
    if isinstance(data, Tensor):
        copied = data.copy(executor)
        return copied if dtype is None else copied.astype(dtype, copy=False)
    if isinstance(data, Buffer):
        executor = executor or data.executor
    array = data.numpy() if isinstance(data, Buffer) else host_array(data)
    if array is None:
        array = _array_of_numbers(data, dtype)
        dtype = DEFAULTS.get(array.dtype.kind) if dtype is None and _is_plain(data) else dtype
    made = _copied(array, executor or default_executor())
    return made if dtype is None else made.astype(dtype, copy=False)


def constant(value: Any, like: Tensor) -> Tensor:
    """A number or an array as a tensor of the type and executor of another."""
    return tensor(value, dtype=like.dtype, executor=like.executor)


def from_dlpack(array: Any, executor: Executor | None = None) -> Tensor:
    """A tensor over the memory of a host array of another library, without a copy: NumPy, PyTorch, JAX, … arrays.

    Any strides are fine. What is read-only stays so. Raises ArgumentTypeError for what is no host array or has an
    element type that does not exist here.
    """
    if isinstance(array, Tensor):
        return Tensor(array.buffer, array.layout)
    given = None if isinstance(array, list | tuple | bytes) else host_array(array)
    if given is None:
        raise ArgumentTypeError(
            f"from_dlpack takes an array in host memory, not {type(array).__name__}{_reason(array)}; "
            "hologram.tensor() copies numbers and lists"
        )
    size = element_dtype(given.dtype).itemsize
    if not given.flags.aligned or any(s % size for s in given.strides):
        raise ArgumentValueError("the array's elements do not lie at multiples of their size; pass array.copy()")
    low, flat = _span(given)
    start = (given.__array_interface__["data"][0] - low) // size if given.size else 0
    strides = tuple(s // size for s in given.strides)
    buffer = (executor or default_executor()).wrap(flat)
    return Tensor(buffer, Layout(given.shape, strides, start))


def _reason(array: Any) -> str:
    """Why an object that speaks DLPack gives its memory to nobody."""
    try:
        array.__dlpack__()
    except (BufferError, RuntimeError) as error:
        return f" ({error})"
    except (AttributeError, TypeError):
        return ""
    return ""


def _span(array: HostArray) -> tuple[int, HostArray]:
    """The address of the lowest element, and the memory from there to the highest as one axis."""
    if array.flags.c_contiguous:
        return array.__array_interface__["data"][0], array.reshape(-1)
    low, high = np.lib.array_utils.byte_bounds(array)
    first = array[tuple(slice(None, None, -1) if s < 0 else slice(None) for s in array.strides)]
    count = (high - low) // array.itemsize if array.size else 0
    return low, np.lib.stride_tricks.as_strided(first, (count,), (array.itemsize,))


def _copied(array: HostArray, executor: Executor) -> Tensor:
    return Tensor.from_buffer(executor.array(np.ascontiguousarray(array).reshape(-1)), array.shape)


def _array_of_numbers(data: Any, dtype: Any) -> HostArray:
    """Nested lists or one number as an array; integers go to an integer type directly, so that none is lost."""
    wanted = None if dtype is None else element_dtype(dtype)
    try:
        array = np.array(data)
        if wanted is not None and wanted.kind in "iu" and array.dtype.kind in "iuO":
            return np.array(data, wanted)
    except OverflowError as error:
        assert wanted is not None
        raise ArgumentValueError(f"an integer does not fit {element_type(wanted).value}: {error}") from error
    except (TypeError, ValueError) as error:
        raise ArgumentValueError(f"no tensor can be made of this: {error}") from error
    if array.dtype.kind not in "biuf" and Type.of_dtype(array.dtype) is None:
        what = type(data).__name__ if array.dtype.kind == "O" else array.dtype.name
        raise ArgumentTypeError(f"a tensor is made of numbers, not of {what}")
    return array


def _is_plain(data: Any) -> bool:
    """True for Python numbers and lists of them, which have no dtype of their own."""
    while isinstance(data, list | tuple):
        if not data:
            return True
        data = data[0]
    return type(data) in (bool, int, float)
