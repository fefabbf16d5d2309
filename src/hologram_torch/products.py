"""The operator `hologram::product` of PyTorch: products of matrices in the last two axes, others broadcast."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch.formulas import text_of
from hologram_torch.library import apply as formula
from hologram_torch.library import lined_up
from hologram_torch.roads import Road, check_host, road_of
from hologram_torch.rows.operator import sum_to

SUM = text_of(("ADD", "x", "y"))


@torch.library.custom_op("hologram::product", mutates_args=())
def product(a: Tensor, b: Tensor) -> Tensor:
    """a · b for tensors of at least two axes."""
    return _run(a, b)


def _run(a: Tensor, b: Tensor) -> Tensor:
    """Launch a product; raises RuntimeError for tensors outside of host memory."""
    from hologram import ops  # loaded with the first launch: it takes longer than all of this package

    check_host("product", [a, b])
    made: Tensor = ops.matmul(a.detach().resolve_neg(), b.detach().resolve_neg())
    return made


@product.register_fake
def _(a: Tensor, b: Tensor) -> Tensor:
    batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return a.new_empty((*batch, a.shape[-2], b.shape[-1]))


def multiplied(a: Tensor, b: Tensor) -> Tensor:
    """a · b on the road that they ask for."""
    road = road_of([a, b])
    if road is Road.DIRECT:
        return _run(a, b)
    made: Tensor = product(a, b) if road is Road.OPERATOR else _Product.apply(a, b)
    return made


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    a, b = inputs
    ctx.shapes = a.shape, b.shape
    ctx.save_for_backward(a, b)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
    a, b = ctx.saved_tensors
    first, second = ctx.shapes
    for_a = sum_to(multiplied(gradient, b.mT), first) if ctx.needs_input_grad[0] else None
    for_b = sum_to(multiplied(a.mT, gradient), second) if ctx.needs_input_grad[1] else None
    return for_a, for_b


product.register_autograd(_backward, setup_context=_setup)


@product.register_vmap
def _(info: Any, in_dims: Any, a: Tensor, b: Tensor) -> tuple[Tensor, int]:
    return product(*lined_up([a, b], in_dims)), 0


class _Product(torch.autograd.Function):
    """The same for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(a: Tensor, b: Tensor) -> Tensor:
        return product(a, b) if road_of([a, b]) is Road.OPERATOR else _run(a, b)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.shapes = inputs[0].shape, inputs[1].shape
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        return _backward(ctx, gradient)

    @staticmethod
    def jvp(ctx: Any, a_moves: Tensor | None, b_moves: Tensor | None) -> Tensor:
        a, b = ctx.saved_tensors
        moves = [multiplied(a_moves, b)] if a_moves is not None else []
        moves += [multiplied(a, b_moves)] if b_moves is not None else []
        return moves[0] if len(moves) == 1 else formula(SUM, *moves)

    @staticmethod
    def vmap(info: Any, in_dims: Any, a: Tensor, b: Tensor) -> tuple[Tensor, int]:
        return multiplied(*lined_up([a, b], in_dims)), 0
