"""Which way a call goes: straight to the launch, through an operator of PyTorch, or through an autograd function."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import torch
from torch import Tensor

_ORDINARY = (Tensor, torch.nn.Parameter)


class Road(Enum):
    """How a call on some tensors is computed."""

    DIRECT = "nobody differentiates, traces or transforms: launch"
    OPERATOR = "traced, or elsewhere than in host memory: the operator, whose kernels say what follows"
    FUNCTION = "differentiated or transformed: an autograd function, which torch.func knows, too"


def road_of(tensors: Sequence[Tensor]) -> Road:
    """The road for some tensors."""
    if torch.compiler.is_compiling():
        return Road.OPERATOR
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return Road.FUNCTION
    if torch._C._len_torch_dispatch_stack() or not all(type(t) in _ORDINARY and t.is_cpu for t in tensors):
        return Road.OPERATOR
    if torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        return Road.FUNCTION
    return Road.FUNCTION if torch.autograd.forward_ad._current_level >= 0 else Road.DIRECT


def check_devices(name: str, tensors: Sequence[Tensor]) -> None:
    """Raise RuntimeError for tensors of several devices, as PyTorch does."""
    found = list(dict.fromkeys(str(t.device) for t in tensors))
    if len(found) > 1:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {found[0]} and "
            f"{found[1]}! ({name}() copies nothing from one to the other; cure: x.to(…))"
        )
