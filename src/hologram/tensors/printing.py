"""How tensors look: their numbers as NumPy prints them, and their type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hologram.runtime import recording
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.tensors.array import Tensor

WIDTH = 100
"""Characters of a line."""


def shown(tensor: Tensor) -> str:
    """`tensor([[1., 2.], …], dtype=f32)`; without numbers where there are none to be seen."""
    if tensor.buffer.is_freed:
        return "tensor(freed)"
    dtype = "bool" if tensor.is_bool else tensor.type.value
    if tensor.buffer.is_hidden or recording.current() is not None:
        return f"tensor(<recorded>, shape={tensor.shape}, dtype={dtype})"
    if not tensor.size and tensor.shape != (0,):
        return f"tensor([], shape={tensor.shape}, dtype={dtype})"
    array = tensor.elements()
    if tensor.type is Type.BF16:
        array = array.astype(np.float32)
    numbers = np.array2string(array, separator=", ", prefix="tensor(", max_line_width=WIDTH)
    return f"tensor({numbers}, dtype={dtype})"
