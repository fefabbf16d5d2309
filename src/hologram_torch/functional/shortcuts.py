"""The shortest way of a function on plain contiguous tensors of one axis: a few checks, then machine code.

All else goes the way for everything; machine code itself refuses tensors of other lengths, types, layouts, devices and
of transforms, which then go that way, too.
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
_tracing = torch._C._is_tracing
_empty_like = torch.empty_like
_NONE: Any = object()


def unary(planner: Planner, whole: Function, takes_out: bool) -> Function:
    """A function of one tensor whose other arguments have defaults."""
    known: dict[Any, _Way] = {}

    def function(first: Any = _NONE, /, *rest: Any, out: Any = None, **named: Any) -> Tensor:
        if rest or named or _compiling() or forward_ad._current_level >= 0 or _modes() or _tracing():
            return whole(*_given(first, *rest), out=out, **named)
        try:
            kernel, numbers, dtype, careful = known[first.dtype]
        except (KeyError, AttributeError):
            _learn(known, planner, (first,))
            return whole(*_given(first), out=out)
        if careful and (kernel is None or _are_others(first, out)):
            return whole(first, out=out)
        made = out
        if out is None:
            made = _empty_like(first) if dtype is None else _empty_like(first, dtype=dtype)
        elif not takes_out:
            return whole(first, out=out)
        try:
            if numbers:
                kernel(first, *numbers, made)
            else:
                kernel(first, made)
        except HologramError:
            known[first.dtype] = (kernel, numbers, dtype, True)
            return whole(first, out=out)
        return made

    return function


def binary(planner: Planner, whole: Function, takes_out: bool) -> Function:
    """A function of two tensors, or of a tensor and a number, whose other arguments have defaults."""
    known: dict[Any, _Way] = {}

    def function(first: Any = _NONE, second: Any = _NONE, /, *rest: Any, out: Any = None, **named: Any) -> Tensor:
        if rest or named or _compiling() or forward_ad._current_level >= 0 or _modes() or _tracing():
            return whole(*_given(first, second, *rest), out=out, **named)
        try:
            key = first.dtype if type(second) is Tensor else (first.dtype, type(second))
            kernel, numbers, dtype, careful = known[key]
        except (KeyError, AttributeError):
            _learn(known, planner, (first, second))
            return whole(*_given(first, second), out=out)
        if careful and (kernel is None or _are_others(first, out, second)):
            return whole(first, second, out=out)
        made = out
        if out is None:
            made = _empty_like(first) if dtype is None else _empty_like(first, dtype=dtype)
        elif not takes_out:
            return whole(first, second, out=out)
        try:
            kernel(first, second, *numbers, made)
        except HologramError:
            known[key] = (kernel, numbers, dtype, True)
            return whole(first, second, out=out)
        return made

    return function


def _are_others(first: Tensor, out: Tensor | None, second: Any = None) -> bool:
    """True where some are no vectors, or require grad."""
    if first.requires_grad or first.dim() != 1 or (out is not None and out.dim() != 1):
        return True
    return isinstance(second, Tensor) and (second.requires_grad or second.dim() != 1)


_Way = tuple[Any, tuple[float, ...], torch.dtype | None, bool]
"""A kernel for vectors (None: the long way), numbers behind the arguments, the result's type if it is another, and
whether to look at the tensors first, because machine code has refused some."""
_NO_WAY: _Way = (None, (), None, True)


def _learn(known: dict[Any, _Way], planner: Planner, given: tuple[Any, ...]) -> None:
    """Find the kernel for arguments of some types, for the next call; none where the values decide what happens."""
    first, last = given[0], given[-1]
    if type(first) is Tensor and (type(last) is not Tensor or last.dtype is first.dtype):
        known[first.dtype if type(last) is Tensor else (first.dtype, type(last))] = _way(planner, given)


def _way(planner: Planner, given: tuple[Any, ...]) -> _Way:
    dtype, count = given[0].dtype, len(given)
    if type(given[-1]) is not Tensor and not (type(given[-1]) in (int, float) and dtype.is_floating_point):
        return _NO_WAY
    try:
        text, operands = planner(*given)
        flat = flat_of(text, tuple(o.dtype if type(o) is Tensor else type(o) for o in operands), torch.float32)
    except (RuntimeError, TypeError, ValueError):  # which the long way says
        return _NO_WAY
    numbers = operands[count:]
    in_order = len(operands) >= count and all(a is b for a, b in zip(operands, given, strict=False))
    becomes_float = flat.dtype.is_floating_point and not dtype.is_floating_point
    if not in_order or becomes_float or any(isinstance(n, Tensor) for n in numbers):
        return _NO_WAY
    truths = torch.bool in (dtype, flat.dtype)  # as elements of launches they are bytes, which only spans take them for
    kernel = flat.vectors.spanning() if truths else flat.vectors
    return kernel, tuple(flat.held(n) for n in numbers), None if flat.dtype is dtype else flat.dtype, truths


def _given(*values: Any) -> tuple[Any, ...]:
    return tuple(v for v in values if v is not _NONE)
