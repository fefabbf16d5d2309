"""The operator `hologram::scan` of PyTorch: sums and products of all elements up to each along an axis."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch.roads import Differentiated, Road, check_host, in_memory, road_of, ways
from hologram_torch.rows.function import NAMES, stored
from hologram_torch.transforms import differentiated, operator


@operator("hologram::scan")
def scan(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    """`name` is cumsum or cumprod; computed in, and given back as, a type."""
    return _run(name, x, dim, dtype)


def _run(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    from hologram import ops  # loaded with the first launch: it takes longer than all of this package

    check_host([x])
    stored(dtype)
    made = torch.empty(x.shape, dtype=dtype)
    getattr(ops, name)(in_memory(x), axis=dim, dtype=NAMES[dtype], out=made)
    return made


@scan.register_fake
def _(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    return x.new_empty(x.shape, dtype=dtype)


def scanned(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    """A scan on the road that its tensor asks for."""
    made: Tensor = _WAYS[road_of([x])](name, x, dim, dtype)
    return made


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.name, x, ctx.dim, ctx.result = inputs
    ctx.dtype = x.dtype


def _backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor | None, None, None]:
    if not ctx.dtype.is_floating_point:
        return None, None, None, None
    _check_gradient(ctx.name)
    return None, scanned("cumsum", gradient.flip(ctx.dim), ctx.dim, ctx.dtype).flip(ctx.dim), None, None


def _check_gradient(name: str) -> None:
    """Raise RuntimeError for products, which have no gradient here."""
    if name != "cumsum":
        raise RuntimeError(
            f"hologram::scan has no gradient of {name}; cure: torch.ops.hologram.{name}, which is made of products"
        )


scan.register_autograd(_backward, setup_context=_setup)


class _Scan(Differentiated):
    """The same for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(name: str, x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
        made: Tensor = (scan if road_of([x]) is Road.OPERATOR else _run)(name, x, dim, dtype)
        return made

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _setup(ctx, inputs, output)
        if not (inputs[1].dtype.is_floating_point and inputs[3].is_floating_point):
            ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor | None, None, None]:
        return _backward(ctx, gradient)

    @staticmethod
    def jvp(ctx: Any, name: None, moves: Tensor, *rest: None) -> Tensor:
        _check_gradient(ctx.name)
        return scanned("cumsum", moves, ctx.dim, ctx.result)

    @staticmethod
    def vmap(info: Any, in_dims: Any, name: str, x: Tensor, dim: int, dtype: torch.dtype) -> tuple[Tensor, int]:
        moved = x.movedim(in_dims[1], 0)
        whole = moved.unsqueeze(1) if moved.dim() == 1 else moved  # a batch of numbers without axes
        return scanned(name, whole, dim + 1, dtype).reshape(moved.shape), 0


_WAYS = ways(_run, scan, _Scan)
differentiated(scan, _Scan.apply)
