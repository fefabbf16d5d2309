"""What machine code must know about the running CPython and NumPy: some offsets, and a few functions by name."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass

C_API = (
    "PyBytes_FromStringAndSize",
    "PyDict_GetItem",
    "PyErr_Clear",
    "PyEval_RestoreThread",
    "PyEval_SaveThread",
    "PyFloat_AsDouble",
    "PyList_GetItem",
    "PyList_Size",
    "PyLong_AsLongLongAndOverflow",
    "PyLong_FromLongLong",
    "PyObject_Vectorcall",
    "PyStructSequence_New",
    "PyTuple_GetItem",
    "PyTuple_New",
    "PyTuple_SetItem",
    "PyTuple_Size",
    "Py_DecRef",
    "Py_IncRef",
    "Py_NewRef",
)
"""The functions of CPython's C API that entry functions may call."""


@dataclass(frozen=True, slots=True)
class Abi:
    """Offsets of the fields that entry functions read.

    `header` is the size of a bare Python object: its last word is the type, and the fields of an ndarray follow it.
    """

    python: str
    header: int

    @property
    def type(self) -> int:
        """Offset of an object's type."""
        return self.header - 8

    @property
    def data(self) -> int:
        """Offset of an ndarray's data pointer."""
        return self.header

    @property
    def ndim(self) -> int:
        """Offset of an ndarray's number of dimensions (32 bits)."""
        return self.header + 8

    @property
    def shape(self) -> int:
        """Offset of an ndarray's pointer to its lengths."""
        return self.header + 16

    @property
    def strides(self) -> int:
        """Offset of an ndarray's pointer to its byte strides."""
        return self.header + 24

    @property
    def dtype(self) -> int:
        """Offset of an ndarray's dtype; its base object comes before."""
        return self.header + 40

    @property
    def flags(self) -> int:
        """Offset of an ndarray's flags (32 bits)."""
        return self.header + 48


def running_abi() -> Abi:
    """The ABI of this process; its `python` tag (`cpython-311-x86_64-linux-gnu` …) belongs in cache keys."""
    tag = getattr(sys.implementation, "_multiarch", platform.machine())
    return Abi(f"{sys.implementation.cache_tag}-{tag}{getattr(sys, 'abiflags', '')}", object.__basicsize__)


def c_api_addresses() -> Mapping[str, int]:
    """Addresses of the C API functions by name; AttributeError where this Python lacks one."""
    found = {name: ctypes.cast(ctypes.pythonapi[name], ctypes.c_void_p).value for name in C_API}
    return {name: address or 0 for name, address in found.items()}
