"""Custom operators under `torch.func` and in forward mode, which PyTorch's own registrations leave out.

An operator that is called inside of a transform, or with dual tensors, goes through an autograd function that does the
same: that one knows tangents and batches, and transforms may be nested in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._library.autograd import make_autograd_impl
from torch.autograd import forward_ad

LIBRARY = torch.library.Library("hologram", "FRAGMENT")
INSIDE = "FuncTorchDynamicLayerFrontMode"
"""The dispatch key of calls inside of transforms, before any of these looks at them."""
_RECORDED = ("AutogradCPU", "AutogradMeta")


def operator(name: str) -> Callable[[Callable[..., Any]], Any]:
    """A custom operator of PyTorch.

    PyTorch looks for the module of whoever makes one, which takes milliseconds a module: here it is always the same.
    """

    def made(function: Callable[..., Any]) -> Any:
        return torch.library.custom_op(name, mutates_args=())(function)

    return made


def transformed(name: str, function: Callable[..., Any]) -> None:
    """Inside of transforms compute an operator by a function, which these look into."""
    LIBRARY.impl(name, function, INSIDE)


def differentiated(operation: Any, function: Callable[..., Any]) -> None:
    """Inside of transforms, and where tensors have tangents, compute a custom operator by an autograd function."""
    name = operation._opoverload._schema.name.partition("::")[2]
    usual = cache(lambda: make_autograd_impl(operation._opoverload, operation))

    def recorded(keys: Any, *args: Any, **named: Any) -> Any:
        if _moves(args):
            return function(*args, **named)
        return usual()(keys, *args, **named)

    transformed(name, function)
    for key in _RECORDED:
        LIBRARY.impl(name, recorded, key, with_keyset=True)


def _moves(args: Sequence[Any]) -> bool:
    """True where a tensor has a tangent."""
    if forward_ad._current_level < 0 or not torch._C._is_fwd_grad_enabled():
        return False
    return any(forward_ad.unpack_dual(tensor).tangent is not None for tensor in _tensors(args))


def _tensors(args: Sequence[Any]) -> Iterator[Tensor]:
    for value in args:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)
