"""The operator `hologram::product` of PyTorch: products of matrices in the last two axes, others broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hologram_torch.elementwise import apply as formula
from hologram_torch.elementwise import lined_up
from hologram_torch.formulas import text_of
from hologram_torch.nodes import Node, Plan, is_plain
from hologram_torch.remembered.calls import remembering
from hologram_torch.roads import Differentiated, Road, check_host, in_memory, road_of, ways
from hologram_torch.rows.function import NAMES, stored
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
    for tensor in (a, b):
        stored(tensor.dtype)
    given = in_memory(a), in_memory(b)
    made: Tensor
    if dtype is None or dtype is a.dtype is b.dtype:
        made = ops.matmul(*given)
        return made
    made = torch.empty(_shape(a, b), dtype=dtype)
    ops.matmul(*given, out=made)
    return made


@remembering
def _layer(*tensors: Tensor) -> Tensor:
    from hologram import ops

    check_host(tensors)
    made: Tensor = ops.linear(*map(in_memory, tensors))
    return made


def _shape(a: Tensor, b: Tensor) -> tuple[int, ...]:
    if a.dim() == b.dim() == 2:
        return a.shape[0], b.shape[1]
    return (*torch.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])


@product.register_fake
def _(a: Tensor, b: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return a.new_empty(_shape(a, b), dtype=dtype)


def multiplied(a: Tensor, b: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """a · b on the road that they ask for."""
    road = road_of([a, b])
    if road is Road.FUNCTION and is_plain():
        return Node.apply(_PLANS[dtype], a, b)
    made: Tensor = _WAYS[road](a, b, dtype)
    return made


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    a, b, ctx.dtype = inputs
    ctx.save_for_backward(a, b)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
    a, b = ctx.saved_tensors
    return *_shares(a, b, gradient, ctx.needs_input_grad), None


def _shares(a: Tensor, b: Tensor, gradient: Tensor, asked: Sequence[bool]) -> tuple[Tensor | None, Tensor | None]:
    """The gradients of both factors, None for one that is not asked for."""
    for_a = _share(gradient, b.mT, a.shape, a.dtype) if asked[0] else None
    return for_a, _share(a.mT, gradient, b.shape, b.dtype) if asked[1] else None


def _share(left: Tensor, right: Tensor, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """The gradient of a factor of a shape and type, rounded once."""
    if math.prod(shape[:-2]) == math.prod(_shape(left, right)[:-2]):
        return multiplied(left, right, dtype).reshape(shape)
    return sum_to(multiplied(left, right, torch.float32 if dtype in HALVES else dtype), shape, dtype)


product.register_autograd(_backward, setup_context=_setup)


class _Transformed(Differentiated):
    """The same for `torch.func` and in forward mode."""

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


_WAYS = ways(_run, product, _Transformed)
differentiated(product, lambda a, b, dtype=None: _Transformed.apply(a, b, dtype))


class _Linear(Plan):
    """x · weightᵀ as one node of the graph of gradients, with a bias or without."""

    def run(self, *tensors: Tensor) -> Tensor:
        made: Tensor = _layer(*tensors)
        return made

    def kept(self, wanted: Sequence[bool]) -> Sequence[int]:
        return (0, 1)

    def gradients(
        self, wanted: Sequence[bool], kept: Sequence[Tensor], given: Sequence[Any], asked: Sequence[bool]
    ) -> Sequence[Tensor | None]:
        (x, weight), (gradient,) = kept, given
        tall, inputs = gradient.reshape(-1, gradient.shape[-1]), x.reshape(-1, x.shape[-1])
        found = [
            multiplied(tall, weight).reshape(x.shape) if asked[0] else None,
            multiplied(tall.mT, inputs) if asked[1] else None,
        ]
        return found if len(asked) == 2 else [*found, sum_to(tall, tall.shape[-1:]) if asked[2] else None]


_LINEAR = _Linear(several=False)


def layer(*tensors: Tensor) -> Tensor | None:
    """x · weightᵀ, + a bias if there is a third: one node; None where tangents, transforms or traces ask for its parts.

    Raises RuntimeError for tensors outside of host memory.
    """
    road = road_of(tensors)
    if road not in (Road.DIRECT, Road.FUNCTION) or not is_plain():
        return None
    if road is Road.FUNCTION:
        return Node.apply(_LINEAR, *tensors)
    made: Tensor = _layer(*tensors)
    return made


class _Product(Plan):
    """A product as one node of the graph of gradients."""

    def __init__(self, dtype: torch.dtype | None) -> None:
        super().__init__(several=False)
        self._dtype = dtype

    def run(self, *tensors: Tensor) -> Tensor:
        made: Tensor = _run(*tensors, self._dtype)
        return made

    def kept(self, wanted: Sequence[bool]) -> Sequence[int]:
        return (0, 1)

    def gradients(
        self, wanted: Sequence[bool], kept: Sequence[Tensor], given: Sequence[Any], asked: Sequence[bool]
    ) -> Sequence[Tensor | None]:
        return _shares(kept[0], kept[1], given[0], asked)


_PLANS = {dtype: _Product(dtype) for dtype in (None, *NAMES)}
