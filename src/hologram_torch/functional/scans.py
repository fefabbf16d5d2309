"""Sums and products of all elements up to each, and products of all, by PyTorch's names."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch.elementwise import apply
from hologram_torch.formulas import text_of
from hologram_torch.functional.arguments import dim_of
from hologram_torch.functional.reductions import along
from hologram_torch.gathers import gathered
from hologram_torch.mixed import raised
from hologram_torch.products import SUM
from hologram_torch.registration import function, in_place_of
from hologram_torch.roads import Road, road_of
from hologram_torch.rows.function import computed
from hologram_torch.rows.operator import apply as apply_rows
from hologram_torch.rows.reductions import folded, places_equal, reduction, test_of_truth
from hologram_torch.scans import scanned

_MUL = text_of(("MUL", "x", "y"))


def _type_of(input: Tensor, dtype: torch.dtype | None) -> torch.dtype:
    return dtype or (input.dtype if input.dtype.is_floating_point else torch.int64)


@function("(Tensor input, int dim, *, ScalarType? dtype=None) -> Tensor")
def cumsum(input: Tensor, dim: int, *, dtype: torch.dtype | None = None, out: Tensor | None = None) -> Tensor:
    """The sum of all elements up to each along an axis; integers add up in i64."""
    axis, result = dim_of(dim, input.dim()), _type_of(input, dtype)
    if not input.dim():
        return scanned("cumsum", input.reshape(1), 0, result).reshape(())
    return scanned("cumsum", input, axis, result)


@function("(Tensor input, int dim, *, ScalarType? dtype=None) -> Tensor")
def cumprod(input: Tensor, dim: int, *, dtype: torch.dtype | None = None, out: Tensor | None = None) -> Tensor:
    """The product of all elements up to each along an axis.

    Where a gradient is to be had it is made of products of pairs, whose gradients are right at zeros, too.
    """
    axis, result = dim_of(dim, input.dim()), _type_of(input, dtype)
    whole = input if input.dim() else input.reshape(1)
    if road_of([input]) is Road.DIRECT:
        return scanned("cumprod", whole, axis, result).reshape(input.shape)
    made = whole if whole.dtype is result else whole.to(result)
    step, count = 1, whole.shape[axis]
    while step < count:
        later = apply(_MUL, made.narrow(axis, step, count - step), made.narrow(axis, 0, count - step))
        made = torch.cat([made.narrow(axis, 0, step), later], axis)
        step *= 2
    return made.reshape(input.shape)


@function("(Tensor input, int? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The product of elements along an axis, of all of them if none is named; integers multiply in i64.

    Where a gradient is to be had it is made of products of pairs, whose gradients are right at zeros, too.
    """
    (input,) = raised(input)
    result = _type_of(input, dtype)
    axis = None if dim is None else dim_of(dim, input.dim())
    if road_of([input]) is Road.DIRECT or not input.dtype.is_floating_point:
        dims = range(input.dim()) if axis is None or not input.dim() else [axis]
        if result is torch.bool:
            return along(test_of_truth("MINP", input.dtype, result), input, list(dims), keepdim)
        return along(reduction("prod", folded(result), result), input, list(dims), keepdim)
    whole = input if input.dtype is result else input.to(result)
    if axis is None or not input.dim():
        return _by_pairs(whole.reshape(-1), 0).reshape([1] * input.dim() if keepdim and axis is not None else ())
    made = _by_pairs(whole, axis)
    return made if keepdim else made.squeeze(axis)


def _greatest(name: str, input: Tensor, dim: int, kind: Any) -> Any:
    """The extreme up to each, and its place: that of the last one of several.

    The extremes are taken from their places where a gradient is to be had.
    """
    axis = dim_of(dim, input.dim())
    rows = input.detach()
    if rows.dtype is torch.bool:
        rows = rows.view(torch.uint8)
    if not input.dim() or not input.numel():
        return kind((input.clone(), torch.zeros(input.shape, dtype=torch.int64, device=input.device)))
    extremes = scanned(name, rows, axis, rows.dtype)
    (found,) = apply_rows(places_equal(rows.dtype), [rows, extremes], [], rows.shape, [axis])
    places = scanned("cummax", found, axis, torch.int64)
    values = extremes.view(input.dtype) if road_of([input]) is Road.DIRECT else gathered(input, axis, places)
    return kind((values, places))


@function("(Tensor input, int dim) -> (Tensor values, Tensor indices)")
def cummax(input: Tensor, dim: int, *, out: tuple[Tensor, Tensor] | None = None) -> Any:
    """The largest element up to each along an axis, NaN from the first NaN on, and the places of the last of them."""
    return _greatest("cummax", input, dim, torch.return_types.cummax)


@function("(Tensor input, int dim) -> (Tensor values, Tensor indices)")
def cummin(input: Tensor, dim: int, *, out: tuple[Tensor, Tensor] | None = None) -> Any:
    """The smallest element up to each along an axis, NaN from the first NaN on, and the places of the last of them."""
    return _greatest("cummin", input, dim, torch.return_types.cummin)


def _by_pairs(x: Tensor, axis: int) -> Tensor:
    """The product along an axis, which stays."""
    count = x.shape[axis]
    if count == 0:
        return apply(SUM, along(reduction("sum", computed(x.dtype), x.dtype), x, [axis], True), 1.0)
    while count > 1:
        half = count // 2
        pairs = apply(_MUL, x.narrow(axis, 0, half), x.narrow(axis, half, half))
        x = torch.cat([pairs, x.narrow(axis, 2 * half, 1)], axis) if count % 2 else pairs
        count = x.shape[axis]
    return x


cumsum_ = in_place_of(cumsum)
cumprod_ = in_place_of(cumprod)

__all__ = ["cummax", "cummin", "cumprod", "cumprod_", "cumsum", "cumsum_", "prod"]
