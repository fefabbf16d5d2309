"""The shortest way of a function on plain contiguous tensors of one shape: a few checks, then machine code.

What is not plain goes the way for everything; machine code itself refuses tensors of transforms, other devices and
other layouts, which then go that way, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hologram.errors import HologramError
from hologram_torch.formulas import flat_of

Function = Callable[..., Tensor]
Planner = Callable[..., Any]
_compiling = torch.compiler.is_dynamo_compiling
_modes = torch._C._len_torch_dispatch_stack
_empty_like = torch.empty_like
_NONE: Any = object()


def unary(planner: Planner, whole: Function, takes_out: bool) -> Function:
    """A function of one tensor whose other arguments have defaults."""
    known: dict[Any, Any] = {}

    def function(first: Any = _NONE, /, *rest: Any, out: Any = None, **named: Any) -> Tensor:
        if rest or named or _compiling() or forward_ad._current_level >= 0 or _modes():
            return whole(*_given(first, *rest), out=out, **named)
        try:
            kernel, numbers, dtype, same = known[first.dtype]
        except (KeyError, AttributeError):
            _learn(known, planner, (first,))
            return whole(*_given(first, *rest), out=out)
        if kernel is None or first.requires_grad or not first.is_contiguous():
            return whole(first, out=out)
        if out is None:
            made = _empty_like(first) if same else _empty_like(first, dtype=dtype)
        elif takes_out and out.dtype is dtype and out.shape == first.shape and out.is_contiguous():
            made = out
        else:
            return whole(first, out=out)
        try:
            kernel(first, *numbers, made, first.numel())
        except HologramError:
            return whole(first, out=out)
        return made

    return function


def binary(planner: Planner, whole: Function, takes_out: bool) -> Function:
    """A function of two tensors, or of a tensor and a number, whose other arguments have defaults."""
    known: dict[Any, Any] = {}

    def function(first: Any = _NONE, second: Any = _NONE, /, *rest: Any, out: Any = None, **named: Any) -> Tensor:
        if rest or named or _compiling() or forward_ad._current_level >= 0 or _modes():
            return whole(*_given(first, second, *rest), out=out, **named)
        kind = type(second)
        try:
            key = first.dtype if kind is Tensor and second.dtype is first.dtype else (first.dtype, kind)
            kernel, numbers, dtype, same = known[key]
        except (KeyError, AttributeError):
            _learn(known, planner, (first, second))
            return whole(*_given(first, second), out=out)
        if kernel is None or first.requires_grad or not first.is_contiguous():
            return whole(first, second, out=out)
        if kind is Tensor and (second.requires_grad or second.shape != first.shape or not second.is_contiguous()):
            return whole(first, second, out=out)
        if out is None:
            made = _empty_like(first) if same else _empty_like(first, dtype=dtype)
        elif takes_out and out.dtype is dtype and out.shape == first.shape and out.is_contiguous():
            made = out
        else:
            return whole(first, second, out=out)
        try:
            kernel(first, second, *numbers, made, first.numel())
        except HologramError:
            return whole(first, second, out=out)
        return made

    return function


_Way = tuple[Any, tuple[float, ...], torch.dtype | None, bool]
_NO_WAY: _Way = (None, (), None, False)


def _learn(known: dict[Any, _Way], planner: Planner, given: tuple[Any, ...]) -> None:
    """Find the kernel for arguments of some types, for the next call; none where the values decide what happens."""
    kinds = tuple(g.dtype if type(g) is Tensor else type(g) for g in given)
    if not isinstance(kinds[0], torch.dtype) or len(known) > 64:
        return
    key = kinds[0] if kinds[-1] is kinds[0] else (kinds[0], Tensor if type(given[-1]) is Tensor else kinds[-1])
    known[key] = _way(planner, given, kinds)


def _way(planner: Planner, given: tuple[Any, ...], kinds: tuple[Any, ...]) -> _Way:
    floats = given[0].dtype.is_floating_point
    if not all(k is kinds[0] or (k in (int, float) and floats) for k in kinds):
        return _NO_WAY
    try:
        text, operands = planner(*given)
        flat = flat_of(text, tuple(o.dtype if type(o) is Tensor else type(o) for o in operands), torch.float32)
    except (RuntimeError, TypeError, ValueError):  # which the long way says
        return _NO_WAY
    count = len(given)
    numbers = operands[count:]
    in_order = len(operands) >= count and all(a is b for a, b in zip(operands, given, strict=False))
    if not in_order or any(isinstance(n, Tensor) for n in numbers) or (flat.dtype.is_floating_point and not floats):
        return _NO_WAY
    return flat.kernel, tuple(flat.held(n) for n in numbers), flat.dtype, flat.dtype is given[0].dtype


def _given(*values: Any) -> tuple[Any, ...]:
    return tuple(v for v in values if v is not _NONE)
