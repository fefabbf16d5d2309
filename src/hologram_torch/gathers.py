"""The operators `hologram::gather` and `hologram::spread` of PyTorch: elements at places along an axis, and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram.runtime.notes import unrepeatable
from hologram_torch.roads import Differentiated, Road, check_host, in_memory, road_of, ways
from hologram_torch.transforms import differentiated, operator


@operator("hologram::gather")
def gather(x: Tensor, dim: int, places: Tensor) -> Tensor:
    """The elements of x at places along an axis."""
    return _gather(x, dim, places)


@gather.register_fake
def _(x: Tensor, dim: int, places: Tensor) -> Tensor:
    return x.new_empty(places.shape)


@operator("hologram::spread")
def spread(x: Tensor, dim: int, places: Tensor, length: int) -> Tensor:
    """Zeros with the elements of x added at their places along an axis of a length."""
    return _spread(x, dim, places, length)


@spread.register_fake
def _(x: Tensor, dim: int, places: Tensor, length: int) -> Tensor:
    return x.new_empty((*x.shape[:dim], length, *x.shape[dim + 1 :]))


def _gather(x: Tensor, dim: int, places: Tensor) -> Tensor:
    from hologram import ops  # loaded with the first launch: it takes longer than all of this package

    check_host([x, places])
    unrepeatable()  # whether all places are there is looked at
    made: Tensor = ops.take_along_axis(in_memory(x), in_memory(places), axis=dim)
    return made


def _spread(x: Tensor, dim: int, places: Tensor, length: int) -> Tensor:
    from hologram import ops

    check_host([x, places])
    unrepeatable()
    shape = (*x.shape[:dim], length, *x.shape[dim + 1 :])
    made = torch.zeros(shape, dtype=torch.float32 if x.dtype.itemsize == 2 else x.dtype)
    ops.scatter_add(made, in_memory(places), in_memory(x).to(made.dtype), axis=dim, out=made)
    return made.to(x.dtype)


def gathered(x: Tensor, dim: int, places: Tensor) -> Tensor:
    """The elements of x at places along an axis, on the road that they ask for."""
    made: Tensor = _GATHER[road_of([x, places])](x, dim, places)
    return made


def _added(x: Tensor, dim: int, places: Tensor, length: int) -> Tensor:
    made: Tensor = _SPREAD[road_of([x, places])](x, dim, places, length)
    return made


def _setup_gather(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, ctx.dim, places = inputs
    ctx.length = x.shape[ctx.dim]
    ctx.save_for_backward(places)


def _setup_spread(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, ctx.dim, places, ctx.length = inputs
    ctx.save_for_backward(places)


def _backward_gather(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    return _added(gradient, ctx.dim, ctx.saved_tensors[0], ctx.length), None, None


def _backward_spread(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    return gathered(gradient, ctx.dim, ctx.saved_tensors[0]), None, None, None


gather.register_autograd(_backward_gather, setup_context=_setup_gather)
spread.register_autograd(_backward_spread, setup_context=_setup_spread)


def _with_batch(size: int, in_dims: Any, x: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the batch as a first axis."""
    pairs = ((x, in_dims[0]), (places, in_dims[2]))
    first, second = (t.expand(size, *t.shape) if d is None else t.movedim(d, 0) for t, d in pairs)
    return first, second


class _Gather(Differentiated):
    """The same for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(x: Tensor, dim: int, places: Tensor) -> Tensor:
        made: Tensor = (gather if road_of([x, places]) is Road.OPERATOR else _gather)(x, dim, places)
        return made

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _setup_gather(ctx, inputs, output)
        ctx.save_for_forward(inputs[2])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _backward_gather(ctx, gradient)

    @staticmethod
    def jvp(ctx: Any, moves: Tensor, *rest: None) -> Tensor:
        return gathered(moves, ctx.dim, ctx.saved_tensors[0])

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, dim: int, places: Tensor) -> tuple[Tensor, int]:
        rows, where = _with_batch(info.batch_size, in_dims, x, places)
        return gathered(rows, dim + 1, where), 0


class _Spread(Differentiated):
    """The same for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(x: Tensor, dim: int, places: Tensor, length: int) -> Tensor:
        made: Tensor = (spread if road_of([x, places]) is Road.OPERATOR else _spread)(x, dim, places, length)
        return made

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _setup_spread(ctx, inputs, output)
        ctx.save_for_forward(inputs[2])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return _backward_spread(ctx, gradient)

    @staticmethod
    def jvp(ctx: Any, moves: Tensor, *rest: None) -> Tensor:
        return _added(moves, ctx.dim, ctx.saved_tensors[0], ctx.length)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, dim: int, places: Tensor, length: int) -> tuple[Tensor, int]:
        rows, where = _with_batch(info.batch_size, in_dims, x, places)
        return _added(rows, dim + 1, where, length), 0


_GATHER, _SPREAD = ways(_gather, gather, _Gather), ways(_spread, spread, _Spread)
differentiated(gather, _Gather.apply)
differentiated(spread, _Spread.apply)
