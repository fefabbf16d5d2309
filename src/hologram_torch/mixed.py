"""Mixed precision: what becomes of arguments inside of `torch.autocast`, by PyTorch's own lists for the CPU.

Inside, everything computes in f32 at least whatever its tensors hold; these rules decide the types of results.
"""

from __future__ import annotations

import torch
from torch import Tensor


def lowered(*tensors: Tensor | None) -> tuple[Tensor, ...]:
    """Arguments of products in the lower type that autocast names, and as they are without it."""
    return _cast(tensors, torch.get_autocast_dtype("cpu")) if is_on() else tensors  # type: ignore[return-value]


def raised(*tensors: Tensor | None) -> tuple[Tensor, ...]:
    """Arguments of what autocast keeps in f32: losses, products of all elements."""
    return _cast(tensors, torch.float32) if is_on() else tensors  # type: ignore[return-value]


def is_on() -> bool:
    """True inside of `torch.autocast("cpu")`."""
    return torch.is_autocast_enabled("cpu")


_CAST = (torch.float16, torch.bfloat16, torch.float32)


def _cast(tensors: tuple[Tensor | None, ...], dtype: torch.dtype) -> tuple[Tensor, ...]:
    found = [t if t is None or t.dtype not in _CAST or t.dtype is dtype else t.to(dtype) for t in tensors]
    return tuple(found)  # type: ignore[arg-type]
