"""What PyTorch is told of an operator made of a kernel: kernels for its dispatch keys, fake, gradient and vmap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import torch._functorch.autograd_function as levels
from torch import Tensor
from torch._C import DispatchKey, DispatchKeySet, _AutoDispatchBelowAutograd, _ExcludeDispatchKeyGuard
from torch.autograd.function import _SingleLevelFunction

from hologram_torch.elementwise import lined_up
from hologram_torch.kernels import gradients
from hologram_torch.kernels.direct import launcher
from hologram_torch.kernels.gradients import Gradient
from hologram_torch.kernels.signatures import DTYPES, Signature

NAMESPACE = "hologram_user"
_LIBRARY = torch.library.Library(NAMESPACE, "FRAGMENT")
_CAST = (torch.float16, torch.bfloat16, torch.float32)
"""The types that autocast changes."""


def registered(signature: Signature, gradient: Gradient | None, name: str) -> Any:
    """The operator `hologram_user::<name>` of PyTorch, complete."""
    _LIBRARY.define(f"{name}{signature.schema}", tags=(torch.Tag.pt2_compliant_tag,))
    operator = getattr(getattr(torch.ops, NAMESPACE), name).default
    _LIBRARY.impl(name, launcher(signature), "CompositeExplicitAutograd")
    torch.library.register_fake(f"{NAMESPACE}::{name}", signature.fake, lib=_LIBRARY)
    torch.library.register_vmap(f"{NAMESPACE}::{name}", partial(_batched, signature, operator), lib=_LIBRARY)
    _LIBRARY.impl(name, partial(_cast, signature, operator), "AutocastCPU")
    if signature.mutated:
        _LIBRARY.impl(name, partial(_refusing, signature, operator), "Autograd")
        _LIBRARY.impl(name, partial(_counted, signature, operator), "ADInplaceOrView", with_keyset=True)
    else:
        _LIBRARY.impl(name, partial(_differentiable, signature, gradient, operator), "Autograd")
    return operator


# Gradients.


class _Differentiated(_SingleLevelFunction):
    """An operator with its gradient, at one level of differentiation: `torch.func` has several."""

    @staticmethod
    def forward(signature: Signature, gradient: Gradient | None, operator: Any, *args: Any) -> Any:
        with _AutoDispatchBelowAutograd():
            return operator(*args)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.signature, ctx.gradient, _, *args = inputs
        if ctx.gradient is not None:
            gradients.save(ctx, ctx.signature, ctx.gradient, args, output)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        name = ctx.signature.name
        if ctx.gradient is None:
            raise RuntimeError(f"{name}() has no gradient; cure: give op() one, op({name}, backward=…)")
        needed = ctx.needs_input_grad[3:]
        found = gradients.backward(ctx, ctx.signature, ctx.gradient, needed, grads)
        return None, None, None, *found, *[None] * (len(needed) - len(found))


_apply: Any = _Differentiated.apply  # type: ignore[attr-defined]


def _differentiable(signature: Signature, gradient: Gradient | None, operator: Any, *args: Any) -> Any:
    wanted = torch.is_grad_enabled() and any(isinstance(a, Tensor) and a.requires_grad for a in args)
    if wanted or _has_tangent(args):
        with levels.enable_single_level_autograd_function():  # type: ignore[attr-defined]
            return _apply(signature, gradient, operator, *args)
    with _AutoDispatchBelowAutograd():
        return operator(*args)


def _has_tangent(args: Sequence[Any]) -> bool:
    forward_mode = torch.autograd.forward_ad
    if forward_mode._current_level < 0:
        return False
    return any(isinstance(a, Tensor) and forward_mode.unpack_dual(a).tangent is not None for a in args)


# Changes in place.


def _refusing(signature: Signature, operator: Any, *args: Any) -> Any:
    """Changes in place have no gradient, and say so."""
    for p, arg in zip(signature.inputs, args, strict=False):
        if isinstance(arg, Tensor) and arg.requires_grad and torch.is_grad_enabled():
            if p.is_written and arg.is_leaf:
                raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
            raise RuntimeError(
                f"{signature.name}() changes '{signature.mutated[0].name}' in place and has no gradient, but "
                f"'{p.name}' requires one; cure: {p.name}.detach(), or torch.no_grad()"
            )
    with _AutoDispatchBelowAutograd():
        return operator(*args)


def _counted(signature: Signature, operator: Any, keyset: DispatchKeySet, *args: Any) -> Any:
    """Autograd is told which tensors changed."""
    for p, arg in zip(signature.inputs, args, strict=False):
        if p.is_written:
            torch.autograd.graph.increment_version(arg)
    return operator.redispatch(keyset & torch._C._after_ADInplaceOrView_keyset, *args)


# Autocast and vmap.


def _cast(signature: Signature, operator: Any, *args: Any) -> Any:
    """Under autocast whatever is read comes in the kernel's own types."""
    given = list(args)
    for k, (p, arg) in enumerate(zip(signature.inputs, args, strict=False)):
        if p.is_array and not p.is_written and p.type.is_float and arg.dtype in _CAST:
            given[k] = arg.to(DTYPES[p.type])
    with _ExcludeDispatchKeyGuard(DispatchKeySet(DispatchKey.AutocastCPU)):
        return operator(*given)


def _batched(signature: Signature, operator: Any, info: Any, in_dims: Sequence[int | None], *args: Any) -> Any:
    """With one more axis: elementwise in one launch, else a launch for each."""
    dims = [*in_dims, *[None] * (len(args) - len(in_dims))]
    for p, dim in zip(signature.inputs, dims, strict=False):
        if p.is_written and dim is None:
            raise RuntimeError(
                f"vmap: {signature.name}() changes '{p.name}' in place, which has no batch axis while another "
                "argument has one; cure: give it one, or write to an array of its own"
            )
    if signature.elementwise:
        places = [k for k, p in enumerate(signature.inputs) if p.is_array]
        lined = lined_up([args[k] for k in places], [dims[k] for k in places])
        moved = dict(zip(places, lined, strict=True))
        found = operator(*(moved.get(k, arg) for k, arg in enumerate(args)))
    else:
        found = _looped(signature, operator, info.batch_size, dims, args)
    several = len(signature.outputs)
    return found, 0 if several == 1 else (0,) * several if several else None


def _looped(signature: Signature, operator: Any, count: int, dims: Sequence[int | None], args: Sequence[Any]) -> Any:
    if not count:
        moved = [a if d is None else a.movedim(d, 0) for a, d in zip(args, dims, strict=True)]
        made = signature.fake(*(a if d is None else a.new_empty(a.shape[1:]) for a, d in zip(moved, dims, strict=True)))
        none = [t.new_empty((0, *t.shape)) for t in (made if isinstance(made, tuple) else (made,))]
        return none[0] if len(none) == 1 else tuple(none)
    rounds = [
        operator(*(a if d is None else a.select(d, k) for a, d in zip(args, dims, strict=True))) for k in range(count)
    ]
    if not signature.outputs:
        return None
    if len(signature.outputs) == 1:
        return torch.stack(rounds)
    return tuple(torch.stack(parts) for parts in zip(*rounds, strict=True))
