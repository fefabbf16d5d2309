"""Seeing what a call asks of PyTorch: whether it only arranges memory, or looks at elements or computes with them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from hologram.runtime import notes

ARRANGING = frozenset(
    {
        *("dim", "ndimension", "size", "stride", "numel", "nelement", "element_size", "storage_offset", "__len__"),
        *("data_ptr", "untyped_storage", "get_device"),
        *("promote_types", "result_type", "can_cast", "broadcast_shapes", "get_default_dtype", "sym_max", "sym_min"),
        *("detach", "resolve_neg", "resolve_conj", "view", "view_as", "reshape", "squeeze", "unsqueeze", "flatten"),
        *("unflatten", "expand", "expand_as", "broadcast_to", "permute", "transpose", "t", "movedim", "narrow"),
        *("select", "as_strided", "contiguous", "diagonal"),
        *("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided"),
    }
)
"""Functions of PyTorch whose results depend on no element of a tensor, or that copy elements to memory of their own."""


class Watch(TorchFunctionMode):
    """Sees the functions of PyTorch that are called inside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[str] = []
        """The names of those that do more than arrange memory."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if not _arranges(func):
            self.others.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


def _arranges(func: Any) -> bool:
    """True for what looks at no element: functions above, questions of what a tensor is, attributes but for tensors."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        return getattr(func.__self__, "__name__", "") not in ("data", "grad", "_grad")
    return name in ARRANGING or (name.lstrip("_").startswith("is_") and name != "is_nonzero")


def looked_at(value: Tensor, low: int, high: int) -> int:
    """The only element of an i64 tensor that a launch wrote; repeated calls go on where it is in low … high."""
    notes.expected(value, low, high)
    with torch._C.DisableTorchFunction():
        return int(value)
