"""The short way of an operator: contiguous tensors that nobody differentiates, traces or transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hologram.errors import ArgumentTypeError, ArgumentValueError, LaunchError
from hologram_torch.kernels.signatures import DTYPES, Signature
from hologram_torch.roads import ORDINARY

Call = Callable[[tuple[Any, ...]], Any]


def nobody_listens() -> bool:
    """True where no mode, transform, cast or tangent is between a call and its launch."""
    return not (
        torch._C._len_torch_dispatch_stack()
        or torch._C._len_torch_function_stack()
        or torch._C._is_tracing()
        or torch._C._functorch.peek_interpreter_stack() is not None
        or torch.is_autocast_enabled("cpu")
        or forward_ad._current_level >= 0
    )


def direct(signature: Signature) -> Call | None:
    """A function of an operator's arguments that launches it, or gives None where they need more care.

    Operators with shapes, sizes and grids of their own, or that change tensors in place, have none.
    """
    if signature.mutated or signature.sizes or signature.shapes or signature.told or signature.grid:
        return None
    inputs, outputs, kernel = signature.inputs, signature.outputs, signature.kernel
    wanted = tuple((DTYPES[p.type], p.ndim) if p.is_array else None for p in inputs)
    tensors = tuple(k for k, p in enumerate(inputs) if p.is_array)
    place = {p.name: k for k, p in enumerate((*inputs, *outputs))}
    order = tuple(place[p.name] for p in kernel.program.params)
    made_as = tuple((place[signature.like(p).name], DTYPES[p.type]) for p in outputs)
    flat, zeros = signature.elementwise, torch.zeros

    def call(args: tuple[Any, ...]) -> Any:
        if len(args) != len(wanted):
            return None
        for arg, want in zip(args, wanted, strict=True):
            if not _fits(arg, want, flat):
                return None
        if flat and any(args[k].shape != args[tensors[0]].shape for k in tensors):
            return None
        made = [zeros(args[k].shape, dtype=dtype) for k, dtype in made_as]
        placed = [*args, *made]
        if flat and args[tensors[0]].dim() != 1:
            placed = [a.view(-1) if isinstance(a, Tensor) else a for a in placed]
        try:
            kernel(*[placed[k] for k in order])
        except (ArgumentTypeError, ArgumentValueError, LaunchError) as error:
            raise RuntimeError(f"{signature.name}(): {error}") from error
        return made[0] if len(made) == 1 else tuple(made)

    return call


def _fits(arg: Any, want: tuple[torch.dtype, int] | None, flat: bool) -> bool:
    if want is None:
        return type(arg) is float or type(arg) is int
    if type(arg) not in ORDINARY or arg.dtype is not want[0] or arg.requires_grad:
        return False
    return arg.is_cpu and arg.is_contiguous() and not arg.is_neg() and (flat or arg.dim() == want[1])


def launcher(signature: Signature) -> Callable[..., Any]:
    """The operator on tensors in host memory, whatever they are: the short way where it is one."""
    short = direct(signature)

    def launch(*args: Any) -> Any:
        if short is not None:
            made = short(tuple(a.detach() if isinstance(a, Tensor) and a.requires_grad else a for a in args))
            if made is not None:
                return made
        return signature.launch(*args)

    return launch
