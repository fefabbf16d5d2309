"""Host arrays: any object that exports host memory, seen as a NumPy array without a copy, and pinned."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.runtime import dlpack, tensors
from hologram.types import Type

HostArray = np.ndarray[Any, Any]


def host_array(value: Any) -> HostArray | None:
    """A plain ndarray over the memory `value` exports, or None where it exports no host memory.

    Understands ndarray and its subclasses, PyTorch's tensors, the buffer protocol, `__array_interface__`, and DLPack
    on the host.
    Raises ArgumentTypeError for a masked array, whose mask would be lost.
    """
    if type(value) is np.ndarray:
        return value
    if isinstance(value, np.ndarray):
        if hasattr(value, "mask"):  # importing numpy.ma to ask for its type would cost 10 ms
            raise ArgumentTypeError("a masked array cannot be used, its mask would be ignored; pass x.filled(value)")
        return np.asarray(value)
    if isinstance(value, np.generic | str):  # scalars of NumPy export a buffer too, of a copy
        return None
    if tensors.is_tensor(value):
        return tensors.elements(value)
    if hasattr(value, "__array_interface__"):
        return np.asarray(value)
    try:
        return np.asarray(memoryview(value))
    except (TypeError, ValueError, NotImplementedError, BufferError):
        return dlpack.imported(value)


def pin(array: HostArray) -> tuple[Any, ...]:
    """What must be kept so that the memory of `array` stays where it is, `resize(refcheck=False)` included.

    An exported memoryview makes plain `resize` refuse, a weak reference makes the unchecked one refuse too;
    both are taken along the whole chain of arrays that share the memory.
    """
    kept: list[Any] = []
    owner: Any = array
    while isinstance(owner, np.ndarray):
        kept += [owner, _export(owner), weakref.ref(owner)]
        owner = owner.base
        behind = getattr(owner, "base", None)
        if not isinstance(owner, np.ndarray) and isinstance(behind, np.ndarray):  # what as_strided puts in between
            owner = behind
    kept.append(owner)
    return tuple(kept)


def _export(array: HostArray) -> memoryview | None:
    try:
        return array.data
    except (ValueError, BufferError):  # bfloat16 has no letter in the buffer protocol
        return None


def element_type(dtype: Any) -> Type:
    """The element type named by a Type, its name, or anything NumPy takes as a dtype.

    >>> element_type("f32"), element_type("float64")
    (f32, f64)
    """
    if isinstance(dtype, Type):
        return dtype
    if isinstance(dtype, str) and dtype in Type._value2member_map_:
        return Type(dtype)
    try:
        found = Type.of_dtype(dtype)
    except TypeError as error:
        raise ArgumentValueError(f"unknown dtype {dtype!r}; use one of {_names()} or a NumPy dtype") from error
    if found is None:
        raise ArgumentTypeError(f"dtype {np.dtype(dtype)} has no element type here; the types are {_names()}")
    return found


def type_name(dtype: np.dtype[Any]) -> str:
    """How an element type is called: that of truth values is "bool"."""
    return "bool" if dtype.kind == "b" else element_type(dtype).value


def _names() -> str:
    return ", ".join(t.value for t in Type)
