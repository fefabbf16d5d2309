"""The functions of the kernel language, made from the compiler's own table.

Each exists in Python so that a kernel file can import it; called outside a kernel it raises UnsupportedError.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from hologram.frontend.builtins import ATLAS, FUNCTIONS
from hologram.language.annotations import outside_kernel

NAMES = frozenset(name for name in FUNCTIONS if not name.startswith(ATLAS))
"""Every function a kernel file may import; `print` is there without, and `hologram.language.atlas` has its own."""


def _stand_in(name: str) -> Callable[..., Any]:
    if hasattr(builtins, name):  # abs, min, max, pow, round: the names are Python's own outside kernels
        original: Callable[..., Any] = getattr(builtins, name)
        return original

    def call(*args: Any) -> Any:
        raise outside_kernel(name)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{name}` of the kernel language; works inside kernels only."
    return call


STAND_INS: dict[str, Callable[..., Any]] = {name: _stand_in(name) for name in sorted(NAMES)}
