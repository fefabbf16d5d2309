"""The operator `hologram::product` of PyTorch: products of matrices in the last two axes, others broadcast."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from hologram_torch.elementwise import apply as formula
from hologram_torch.elementwise import lined_up
from hologram_torch.formulas import text_of
from hologram_torch.remembered import remembering
from hologram_torch.roads import Road, check_host, in_memory, known_signature, road_of, ways
from hologram_torch.rows.operator import sum_to
from hologram_torch.transforms import differentiated, operator

SUM = text_of(("ADD", "x", "y"))
HALVES = (torch.float16, torch.bfloat16)


@operator("hologram::product")
def product(a: Tensor, b: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """a · b for tensors of at least two axes, rounded to a type: that which both have if none is named."""
    made: Tensor = _run(a, b, dtype)
    return made


@remembering
def _run(a: Tensor, b: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Launch a product; raises RuntimeError for tensors outside of host memory."""
    from hologram import ops  # loaded with the first launch: it takes longer than all of this package

    check_host([a, b])
    given = in_memory(a), in_memory(b)
    made: Tensor
    if dtype is None or dtype is a.dtype is b.dtype:
        made = ops.matmul(*given)
        return made
    made = torch.empty(_shape(a, b), dtype=dtype)
    ops.matmul(*given, out=made)
    return made


def added_to_product(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x · weightᵀ + bias in one launch; raises RuntimeError for tensors outside of host memory."""
    from hologram import ops

    tensors = [x, weight, bias]
    check_host(tensors)
    made: Tensor = ops.linear(*map(in_memory, tensors))
    return made


def _shape(a: Tensor, b: Tensor) -> tuple[int, ...]:
    return (*torch.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])


@product.register_fake
def _(a: Tensor, b: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return a.new_empty(_shape(a, b), dtype=dtype)


def multiplied(a: Tensor, b: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """a · b on the road that they ask for."""
    road = road_of([a, b])
    made: Tensor = _WAYS[road](a, b, dtype)
    return made


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    a, b, ctx.dtype = inputs
    ctx.shapes = a.shape, b.shape
    ctx.save_for_backward(a, b)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
    a, b = ctx.saved_tensors
    first, second = ctx.shapes
    for_a = _share(gradient, b.mT, first, a.dtype) if ctx.needs_input_grad[0] else None
    for_b = _share(a.mT, gradient, second, b.dtype) if ctx.needs_input_grad[1] else None
    return for_a, for_b, None


def _share(left: Tensor, right: Tensor, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """The gradient of a factor of a shape and type, rounded once."""
    if math.prod(shape[:-2]) == math.prod(_shape(left, right)[:-2]):
        return multiplied(left, right, dtype).reshape(shape)
    return sum_to(multiplied(left, right, torch.float32 if dtype in HALVES else dtype), shape, dtype)


product.register_autograd(_backward, setup_context=_setup)


class _Product(torch.autograd.Function):
    """The same for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(a: Tensor, b: Tensor, dtype: torch.dtype | None) -> Tensor:
        made: Tensor = (product if road_of([a, b]) is Road.OPERATOR else _run)(a, b, dtype)
        return made

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _setup(ctx, inputs, output)
        ctx.save_for_forward(*inputs[:2])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        return _backward(ctx, gradient)

    @staticmethod
    def jvp(ctx: Any, a_moves: Tensor | None, b_moves: Tensor | None, _: None) -> Tensor:
        a, b = ctx.saved_tensors
        moves = [multiplied(a_moves, b, ctx.dtype)] if a_moves is not None else []
        moves += [multiplied(a, b_moves, ctx.dtype)] if b_moves is not None else []
        return moves[0] if len(moves) == 1 else formula(SUM, *moves)

    @staticmethod
    def vmap(info: Any, in_dims: Any, a: Tensor, b: Tensor, dtype: torch.dtype | None) -> tuple[Tensor, int]:
        left, right = lined_up([a, b], in_dims[:2])
        return multiplied(left, right, dtype), 0


known_signature(_Product)
_WAYS = ways(_run, product, _Product)
differentiated(product, lambda a, b, dtype=None: _Product.apply(a, b, dtype))
