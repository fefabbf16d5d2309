"""DLPack for bfloat16, which NumPy's own lacks: its bits go as u16, and the type in the capsule says what they are.

The layout of a capsule is that of `dlpack.h`: `DLManagedTensor`, and since version 1 `DLManagedTensorVersioned`.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from hologram.types import Type

HOST = 1
"""`kDLCPU`."""
_SIGNED, _UNSIGNED, _FLOAT, _BFLOAT, _BOOL = 0, 1, 2, 4, 6
_TYPE_AT = {b"dltensor": 20, b"dltensor_versioned": 52}
"""Where a capsule of each name has its type: a byte of kind, a byte of bits, two bytes of lanes."""
_BFLOAT16 = bytes((_BFLOAT, 16, 1, 0))
_UNSIGNED16 = bytes((_UNSIGNED, 16, 1, 0))


def element(type: Type) -> int:
    """A type as DLPack says it: kind, bits and lanes in 32 bits."""
    kind = _BFLOAT if type is Type.BF16 else _FLOAT if type.is_float else _SIGNED if type.is_signed else _UNSIGNED
    return int.from_bytes((kind, 8 * type.size, 1, 0), "little")


TRUTH = int.from_bytes((_BOOL, 8, 1, 0), "little")
"""Truth values as DLPack says them."""


def exported(array: np.ndarray[Any, Any], **options: Any) -> Any:
    """`array.__dlpack__(**options)`, for every type."""
    if array.dtype != Type.BF16.dtype:
        return array.__dlpack__(**options)
    capsule = array.view(np.uint16).__dlpack__(**options)
    assert _exchange(capsule, _UNSIGNED16, _BFLOAT16)
    return capsule


def imported(value: Any) -> np.ndarray[Any, Any] | None:
    """An array over the memory of a host object that speaks DLPack, or None for a type that does not exist here."""
    device = getattr(value, "__dlpack_device__", None)
    if device is None or isinstance(value, type) or device()[0] != HOST:
        return None
    try:
        return np.from_dlpack(value)
    except (BufferError, RuntimeError, TypeError):
        return _patterns(value)


def _patterns(value: Any) -> np.ndarray[Any, Any] | None:
    try:
        capsule = _capsule(value)
    except (BufferError, RuntimeError, TypeError):
        return None
    if not _exchange(capsule, _BFLOAT16, _UNSIGNED16):
        return None
    array: np.ndarray[Any, Any] = np.from_dlpack(Holder(capsule)).view(Type.BF16.dtype)
    return array


def _capsule(value: Any) -> Any:
    """A capsule of version 1, which says whether it may be written to, where the other library has that."""
    try:
        return value.__dlpack__(max_version=(1, 0))
    except TypeError:
        return value.__dlpack__()


class Holder:
    """Something that gives one capsule away."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return HOST, 0


def _exchange(capsule: Any, found: bytes, wanted: bytes) -> bool:
    """Write another type into a capsule that nobody has taken yet; False where it does not have the first one."""
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype, api.PyCapsule_GetName.argtypes = ctypes.c_char_p, [ctypes.py_object]
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
    name = api.PyCapsule_GetName(capsule)
    place = api.PyCapsule_GetPointer(capsule, name) + _TYPE_AT[name]
    if ctypes.string_at(place, 4) != found:
        return False
    ctypes.memmove(place, wanted, 4)
    return True
