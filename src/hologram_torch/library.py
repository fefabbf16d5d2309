"""The operator `hologram::elementwise` of PyTorch: any formula of the operator table on tensors that broadcast.

It has a fake kernel, a gradient (a formula again, so there are gradients of gradients) and a rule for `vmap`. All
element-wise functions of this package are calls of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from hologram.operators import Formula
from hologram.operators.calculus import slope, substituted
from hologram.operators.row import words
from hologram_torch.formulas import (
    LETTERS,
    Number,
    Operand,
    formula_of,
    result_dtype,
    result_shape,
    row_of,
    run,
    text_of,
)

NAME = "hologram::elementwise"


@torch.library.custom_op(NAME, mutates_args=())
def elementwise(formula: str, tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> Tensor:
    """A formula of tensors and of numbers, which are the operands at some places."""
    return run(formula, operands_of(tensors, numbers, places))


@elementwise.register_fake
def _(formula: str, tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> Tensor:
    operands = operands_of(tensors, numbers, places)
    dtype = result_dtype(row_of(formula, len(operands)), operands)
    return tensors[0].new_empty(result_shape(operands), dtype=dtype)


def packed(operands: Sequence[Operand]) -> tuple[list[Tensor], list[Number], list[int]]:
    """Operands as the operator takes them: tensors, numbers, and the places of the numbers."""
    tensors: list[Tensor] = []
    numbers: list[Number] = []
    places: list[int] = []
    for place, operand in enumerate(operands):
        if isinstance(operand, Tensor):
            tensors.append(operand)
        else:
            numbers.append(operand)
            places.append(place)
    return tensors, numbers, places


def operands_of(tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> list[Operand]:
    """Tensors and numbers in the order of the formula's operands."""
    found: list[Operand] = list(tensors)
    for number, place in zip(numbers, places, strict=True):
        found.insert(place, number)
    return found


@cache
def gradient_of(formula: str, letter: str) -> tuple[str, tuple[str, ...]]:
    """The formula of a gradient along an operand, and which operands (and "v", "g") it reads.

    The operands are renamed in order, so that the same gradient is one formula whatever it belongs to.
    """
    whole = formula_of(formula)
    along: Formula = slope(whole, letter)
    value = {"v": "v"}
    shared = _with_result(along, whole)
    product: Formula = "g" if shared == 1.0 else 0.0 if shared == 0.0 else ("MUL", "g", shared)
    used = tuple(name for name in (*LETTERS[:3], *value, "g") if name in set(words(product)))
    renamed: dict[str, Formula] = dict(zip(used, LETTERS, strict=False))
    return text_of(substituted(product, renamed)), used


def _with_result(formula: Formula, whole: Formula) -> Formula:
    """A formula that reads the result as "v" wherever it computes the whole again."""
    if formula == whole:
        return "v"
    if not isinstance(formula, tuple):
        return formula
    return (formula[0], *(_with_result(part, whole) for part in formula[1:]))


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.formula, tensors, *ctx.numbers = inputs
    ctx.save_for_backward(*tensors, output)


def _backward(ctx: Any, g: Tensor) -> tuple[None, list[Tensor | None], list[None], list[None]]:
    *tensors, value = ctx.saved_tensors
    operands = operands_of(tensors, *ctx.numbers)
    values = {**dict(zip(LETTERS, operands, strict=False)), "v": value, "g": g}
    found: list[Tensor | None] = []
    for letter, operand in zip(LETTERS, operands, strict=False):
        if isinstance(operand, Tensor):
            wanted = operand.dtype.is_floating_point
            found.append(_gradient(ctx.formula, letter, values, operand) if wanted else None)
    blank = [None] * len(ctx.numbers[0])
    return None, found, blank, blank


def _gradient(formula: str, letter: str, values: dict[str, Operand], operand: Tensor) -> Tensor | None:
    text, used = gradient_of(formula, letter)
    if not used:  # the slope is 0
        return torch.zeros_like(operand)
    whole = apply(text, *(values[name] for name in used))
    return whole.sum_to_size(operand.shape).to(operand.dtype)


elementwise.register_autograd(_backward, setup_context=_setup)


@elementwise.register_vmap
def _batched(
    info: Any, in_dims: Any, formula: str, tensors: Sequence[Tensor], numbers: Any, places: Any
) -> tuple[Tensor, int]:
    return elementwise(formula, lined_up(tensors, in_dims[1]), numbers, places), 0


def lined_up(tensors: Sequence[Tensor], dims: Sequence[int | None]) -> list[Tensor]:
    """Tensors with the batch first and the other axes lined up at the end, as they are without it."""
    rank = max(t.dim() - (d is not None) for t, d in zip(tensors, dims, strict=True))
    lined = []
    for tensor, dim in zip(tensors, dims, strict=True):
        if dim is None:
            lined.append(tensor)
            continue
        moved = tensor.movedim(dim, 0)
        lined.append(moved.reshape(moved.shape[0], *(1,) * (rank + 1 - moved.dim()), *moved.shape[1:]))
    return lined


class _Elementwise(torch.autograd.Function):
    """The same for `torch.func` and for gradients that are not compiled."""

    @staticmethod
    def forward(formula: str, numbers: Any, places: Any, *tensors: Tensor) -> Tensor:
        return run(formula, operands_of(tensors, numbers, places))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.formula, numbers, places, *tensors = inputs
        ctx.numbers = numbers, places
        ctx.save_for_backward(*tensors, output)
        ctx.save_for_forward(*tensors, output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        _, found, _, _ = _backward(ctx, g)
        return None, None, None, *found

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        *tensors, value = ctx.saved_tensors
        operands = operands_of(tensors, *ctx.numbers)
        values = {**dict(zip(LETTERS, operands, strict=False)), "v": value}
        total = torch.zeros_like(value)
        moving = iter(tangents[3:])
        for letter, operand in zip(LETTERS, operands, strict=False):
            tangent = next(moving) if isinstance(operand, Tensor) else None
            if tangent is None:
                continue
            text, used = gradient_of(ctx.formula, letter)
            if used:
                total = total + apply(text, *({**values, "g": tangent}[name] for name in used))
        return total

    @staticmethod
    def vmap(info: Any, in_dims: Any, formula: str, numbers: Any, places: Any, *tensors: Tensor) -> tuple[Tensor, int]:
        made: Tensor = _Elementwise.apply(formula, numbers, places, *lined_up(tensors, in_dims[3:]))
        return made, 0


def apply(formula: str, *operands: Operand, out: Tensor | None = None) -> Tensor:
    """A formula on tensors and numbers: straight to the launch where nobody differentiates, traces or transforms."""
    if torch.compiler.is_compiling():
        return elementwise(formula, *packed(operands))
    tensors = [o for o in operands if isinstance(o, Tensor)]
    traced = not all(type(t) in _ORDINARY for t in tensors)
    transformed = torch._C._functorch.peek_interpreter_stack() is not None
    forward = torch.autograd.forward_ad._current_level >= 0
    differentiated = forward or (torch.is_grad_enabled() and any(t.requires_grad for t in tensors))
    if not (traced or transformed or differentiated):
        return run(formula, operands, out)
    if out is not None:
        raise RuntimeError("out= does not support gradients, tracing and transforms; cure: out.copy_(…)")
    given, numbers, places = packed(operands)
    if traced and not transformed:
        return elementwise(formula, given, numbers, places)
    made: Tensor = _Elementwise.apply(formula, tuple(numbers), tuple(places), *given)
    return made


_ORDINARY = (Tensor, torch.nn.Parameter)
