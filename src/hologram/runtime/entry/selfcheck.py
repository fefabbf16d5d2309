"""One check, at the first use in a process, that native entries do here what they are meant to do.

The entry functions read fields of NumPy arrays at offsets no specification promises. So before anyone relies on them
an array is read both ways, and one call of each entry is made with a Python function in the place of the kernel.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np

from hologram.backends.llvm.layout import Layout, header
from hologram.errors import HologramError
from hologram.isa.program import Param
from hologram.runtime.entry.abi import Abi, running_abi
from hologram.runtime.entry.context import EntryContext, bound_context, unbound_context
from hologram.runtime.entry.stubs import load_stubs
from hologram.runtime.entry.types import set_entry, vectorcall_type
from hologram.types import Type


@cache
def available() -> tuple[bool, str]:
    """Whether native entries work in this process, and if not why: objects are then called through `__call__`."""
    if sys.implementation.name != "cpython":
        return False, f"{sys.implementation.name} does not have CPython's object layout"
    if hasattr(sys, "gettotalrefcount"):
        return False, "debug builds of Python end the process on types with an inherited call slot"
    if object.__basicsize__ not in (16, 32) or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False, f"unknown object header of {object.__basicsize__} bytes"
    if wrong := misread_fields(running_abi()):
        return False, f"NumPy {np.__version__} keeps {', '.join(wrong)} of an array elsewhere"
    try:
        return _trial_calls()
    except HologramError as error:
        return False, str(error)


def misread_fields(abi: Abi) -> list[str]:
    """Names of the ndarray fields that are not where the ABI says, judged on a sample array; empty if all are."""
    array = np.zeros((5, 7), np.float32)[1:, ::2]
    start = id(array)
    data, lengths, strides = (_word(start + offset) for offset in (abi.data, abi.shape, abi.strides))
    seen = {
        "the type": _word(start + abi.type) == id(np.ndarray),
        "the data pointer": data == array.__array_interface__["data"][0],
        "ndim": ctypes.c_int32.from_address(start + abi.ndim).value == array.ndim,
        "the dtype": _word(start + abi.dtype) == id(array.dtype),
        "the flags": ctypes.c_int32.from_address(start + abi.flags).value == array.flags.num,
    }
    wrong = [name for name, right in seen.items() if not right]
    if wrong:
        return wrong  # the two pointers below may lead nowhere
    found = {"the shape": (lengths, array.shape), "the strides": (strides, array.strides)}
    return [name for name, (at, value) in found.items() if tuple((ctypes.c_int64 * 2).from_address(at)) != value]


def _word(address: int) -> int:
    return int(ctypes.c_uint64.from_address(address).value)


class _Trial:
    """Base of the type the trial calls are made on."""

    __slots__ = ("context",)

    def __init__(self, function: int, context: EntryContext) -> None:
        self.context = context
        set_entry(self, function, context.address)


def _trial_calls() -> tuple[bool, str]:
    """One bound call, one unbound call and one slow call, with Python functions as kernel and check."""
    stubs = load_stubs()
    seen: list[Any] = []
    params = (Param("x", "array", Type.F32, 1, "w"), Param("n", "scalar", Type.I32))
    layout = Layout.of(params)
    words = layout.size // 8

    def run(block: int) -> int:
        seen.append(list((ctypes.c_int64 * words).from_address(block)))
        return 0

    def slow(*args: Any) -> None:
        seen.append(args)

    trial = vectorcall_type(_Trial, f"{__name__}._Trial")
    functions = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(run), ctypes.CFUNCTYPE(ctypes.c_int32)(int)
    run_at, check_at = (ctypes.cast(f, ctypes.c_void_p).value or 0 for f in functions)
    handlers: dict[str, Any] = {"slow": slow, "fault": slow}
    bound = trial(stubs.bound, bound_context(run_at, header((3, 1, 1)).ljust(layout.size, b"\0"), **handlers))
    unbound = trial(stubs.unbound, unbound_context(run_at, check_at, params, **handlers))
    array = np.zeros(4, np.float32)
    results = [bound(), unbound(array, 7), unbound(array, 7.0)]  # type: ignore[operator]
    address = array.__array_interface__["data"][0]
    expected = [
        [3, 1, 1, *(0,) * 7, 3, *(0,) * (words - 11)],
        [*(0,) * 12, address, 4, 4, 7],
        (array, 7.0),
    ]
    if results != [None, None, None] or seen[:2] != expected[:2] or len(seen) != 3 or seen[2][0] is not array:
        return False, "a trial call through the native entries went wrong"
    return True, ""
