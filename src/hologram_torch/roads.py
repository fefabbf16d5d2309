"""Which way a call goes: straight to the launch, through an operator of PyTorch, or through an autograd function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch._functorch.utils import unwrap_dead_wrappers
from torch.autograd import forward_ad

ORDINARY = (Tensor, torch.nn.Parameter)
"""The types whose elements lie where they say; subclasses stand for other things."""


class Road(Enum):
    """How a call on some tensors is computed."""

    DIRECT = "nobody differentiates, traces or transforms: launch"
    OPERATOR = "traced, or elsewhere than in host memory: the operator, whose kernels say what follows"
    BATCHES = "what torch.autograd.grad(is_grads_batched=True) goes backwards with: for each of a batch"
    FUNCTION = "differentiated or transformed: an autograd function, which torch.func knows, too"


def road_of(tensors: Sequence[Tensor]) -> Road:
    """The road for some tensors."""
    if torch.compiler.is_compiling():
        return Road.OPERATOR
    if torch._C._functorch.peek_interpreter_stack() is not None:
        return Road.FUNCTION
    if is_traced() or not all(type(t) in ORDINARY and t.is_cpu for t in tensors):
        return Road.OPERATOR
    if any(map(torch._C._functorch.is_legacy_batchedtensor, tensors)):
        return Road.BATCHES
    return Road.FUNCTION if is_differentiated(tensors) else Road.DIRECT


def stands_in(value: Any) -> bool:
    """True for what is no tensor and wants to be asked in the place of functions, as proxies of `torch.fx` do."""
    return not isinstance(value, Tensor) and hasattr(type(value), "__torch_function__")


def asked(function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """What the stand-ins among the arguments make of a function."""
    those = tuple(filter(stands_in, (*args, *named.values())))
    return torch.overrides.handle_torch_function(function, those, *args, **named)


def is_traced() -> bool:
    """True inside of a mode, which sees operators alone. Raises RuntimeError inside of `torch.jit.trace`."""
    if torch._C._is_tracing():
        raise RuntimeError("torch.jit.trace does not record functions of hologram_torch; cure: torch.export.export")
    return bool(torch._C._len_torch_dispatch_stack())


def is_differentiated(tensors: Sequence[Tensor]) -> bool:
    """True where gradients are recorded, or forward-mode gradients may be there."""
    return forward_ad._current_level >= 0 or (torch.is_grad_enabled() and any(t.requires_grad for t in tensors))


def of_batches(function: Callable[..., Any], *args: Any) -> Any:
    """What a function that `torch.func.vmap` knows gives for what `Road.BATCHES` says."""
    level = torch._C._vmapmode_increment_nesting() - 1
    torch._C._vmapmode_decrement_nesting()
    batches = [isinstance(a, Tensor) and torch._C._functorch.is_legacy_batchedtensor(a) for a in args]
    bare = [torch._remove_batch_dim(a, level, 1, 0) if b else a for a, b in zip(args, batches, strict=True)]
    made = torch.func.vmap(function, in_dims=tuple(0 if b else None for b in batches))(*bare)
    if isinstance(made, Tensor):
        return torch._add_batch_dim(made, 0, level)
    return type(made)(torch._add_batch_dim(m, 0, level) for m in made)


def ways(launch: Callable[..., Any], operator: Callable[..., Any], function: Any) -> Mapping[Road, Callable[..., Any]]:
    """How a call is computed on each road."""
    return {
        Road.DIRECT: launch,
        Road.OPERATOR: operator,
        Road.FUNCTION: function.apply,
        Road.BATCHES: partial(of_batches, function.apply),
    }


def check_devices(tensors: Sequence[Tensor]) -> None:
    """Raise RuntimeError for tensors of several devices, as PyTorch does; numbers in host memory go with all."""
    found = list(dict.fromkeys(str(t.device) for t in tensors if t.dim() or not t.is_cpu))
    if len(found) > 1:
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {found[0]} and {found[1]}!"
        )


def check_host(tensors: Sequence[Tensor]) -> None:
    """Raise RuntimeError for tensors of several devices, outside of host memory, or that are not dense."""
    if all(t.is_cpu and t.layout is torch.strided for t in tensors):
        return
    check_devices(tensors)
    for tensor in tensors:
        if not tensor.is_cpu:
            raise RuntimeError(f"hologram computes on tensors in host memory, not on {tensor.device}; cure: x.cpu()")
        if tensor.layout is not torch.strided:
            raise RuntimeError(
                f"hologram computes on dense tensors, not on those of {tensor.layout}; cure: x.to_dense()"
            )


def in_memory(tensor: Tensor) -> Tensor:
    """The elements of a tensor as they lie in memory, also of views that show other signs, and of autograd's zeros."""
    if tensor._is_zerotensor():
        return torch.zeros(tensor.shape, dtype=tensor.dtype)
    return tensor.detach().resolve_neg()


class Differentiated(torch.autograd.Function):
    """An autograd function that is given all arguments in order: PyTorch need not bind them at every call."""

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """What PyTorch's own `apply` does."""
        if torch._C._are_functorch_transforms_active():
            return super().apply(*args)
        return super(torch.autograd.Function, cls).apply(*unwrap_dead_wrappers(args))  # type: ignore[misc]
