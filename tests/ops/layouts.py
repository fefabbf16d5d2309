"""Ways in which the same elements may lie in memory: what every operation is tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def contiguous(x: Array) -> Array:
    return np.ascontiguousarray(x)


def strided(x: Array) -> Array:
    """Every other element along each axis of a larger array, the last one backwards."""
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in x.shape)]
    view = view[..., ::-1] if x.ndim else view
    view[...] = x
    return view


def transposed(x: Array) -> Array:
    """Axes in the opposite order in memory."""
    return np.ascontiguousarray(x.T).T


def offset(x: Array) -> Array:
    """In the middle of a larger array, an odd number of elements from its start."""
    wide = np.zeros(x.size + 7, x.dtype)
    view = wide[3 : 3 + x.size].reshape(x.shape)
    view[...] = x
    return view


def read_only(x: Array) -> Array:
    made = np.array(x)
    made.flags.writeable = False
    return made


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    f.__name__: f for f in (contiguous, strided, transposed, offset, read_only)
}
