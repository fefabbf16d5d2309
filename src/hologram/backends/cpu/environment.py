"""The floating-point environment of a launch: round to nearest, keep subnormals, whatever the caller has set."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_ENVIRONMENT_BYTES = 64  # the largest fenv_t of the platforms in use is 32 bytes


@cache
def _functions() -> tuple[Any, Any, ctypes.c_void_p] | None:
    """`fegetenv`, `fesetenv` and the address of the default environment, where C has them."""
    if sys.platform == "win32":
        return None
    library = ctypes.CDLL("libm.so.6" if sys.platform == "linux" else None)
    if sys.platform == "linux":
        return library.fegetenv, library.fesetenv, ctypes.c_void_p(-1)
    default = ctypes.c_char.in_dll(library, "_FE_DFL_ENV")
    return library.fegetenv, library.fesetenv, ctypes.c_void_p(ctypes.addressof(default))


@contextmanager
def default_environment() -> Iterator[None]:
    """Run in the default environment, then put back the caller's; generated entries do the same in machine code."""
    functions = _functions()
    if functions is None:
        yield
        return
    get, put, default = functions
    saved = ctypes.create_string_buffer(_ENVIRONMENT_BYTES)
    get(saved)
    put(default)
    try:
        yield
    finally:
        put(saved)
