"""The operator `hologram::scan` of PyTorch: sums and products of all elements up to each along an axis."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch.roads import Road, check_host, road_of
from hologram_torch.rows.function import NAMES


@torch.library.custom_op("hologram::scan", mutates_args=())
def scan(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    """`name` is cumsum or cumprod; computed in, and given back as, a type."""
    return _run(name, x, dim, dtype)


def _run(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    from hologram import ops  # loaded with the first launch: it takes longer than all of this package

    check_host(name, [x])
    made = torch.empty(x.shape, dtype=dtype)
    getattr(ops, name)(x.detach().resolve_neg(), axis=dim, dtype=NAMES[dtype], out=made)
    return made


@scan.register_fake
def _(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    return x.new_empty(x.shape, dtype=dtype)


def scanned(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    """A scan on the road that its tensor asks for."""
    road = road_of([x])
    if road is Road.DIRECT:
        return _run(name, x, dim, dtype)
    if road is Road.FUNCTION and name == "cumsum" and x.dtype.is_floating_point:
        found: Tensor = _Sums.apply(x, dim, dtype)
        return found
    made: Tensor = scan(name, x, dim, dtype)
    return made


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.name, x, ctx.dim, _ = inputs
    ctx.dtype = x.dtype


def _backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor | None, None, None]:
    if not ctx.dtype.is_floating_point:
        return None, None, None, None
    if ctx.name != "cumsum":
        raise RuntimeError(f"{ctx.name} has no gradient of its own: it is made of products where there is to be one")
    return None, scanned("cumsum", gradient.flip(ctx.dim), ctx.dim, ctx.dtype).flip(ctx.dim), None, None


scan.register_autograd(_backward, setup_context=_setup)


@scan.register_vmap
def _(info: Any, in_dims: Any, name: str, x: Tensor, dim: int, dtype: torch.dtype) -> tuple[Tensor, int]:
    moved = x.movedim(in_dims[1], 0)
    if moved.dim() == 1:  # a batch of numbers without axes
        return scan(name, moved.unsqueeze(1), 1, dtype).squeeze(1), 0
    return scan(name, moved, dim + 1, dtype), 0


class _Sums(torch.autograd.Function):
    """The sums for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        return _run("cumsum", x, dim, dtype) if road_of([x]) is not Road.OPERATOR else scan("cumsum", x, dim, dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.dim, ctx.result = inputs
        ctx.dtype = x.dtype

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return scanned("cumsum", gradient.flip(ctx.dim), ctx.dim, ctx.dtype).flip(ctx.dim), None, None

    @staticmethod
    def jvp(ctx: Any, moves: Tensor, *rest: Any) -> Tensor:
        return scanned("cumsum", moves, ctx.dim, ctx.result)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, dim: int, dtype: torch.dtype) -> tuple[Tensor, int]:
        moved = x.movedim(in_dims[0], 0)
        whole = moved.unsqueeze(1) if moved.dim() == 1 else moved
        return scanned("cumsum", whole, dim + 1, dtype).reshape(moved.shape), 0
