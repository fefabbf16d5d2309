"""Reductions by PyTorch's names: rows of the reduction table along any axes, with PyTorch's types and errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hologram.operators import NORMS
from hologram_torch.elementwise import apply as formula
from hologram_torch.formulas import text_of
from hologram_torch.functional.arguments import Dims, dim_of, dims_of, type_name
from hologram_torch.functional.plans import NUMBERS
from hologram_torch.registration import function
from hologram_torch.rows.function import computed
from hologram_torch.rows.operator import apply
from hologram_torch.rows.reductions import folded, place_of, reduction, taken, test_of_truth

_PAIRS = {"max": text_of(("MAXP", "x", "y")), "min": text_of(("MINP", "x", "y"))}
_DIMS = "(Tensor input, int[]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"


def along(
    meant: str, input: Tensor, dims: Sequence[int], keepdim: bool = False, numbers: Sequence[float] = ()
) -> Tensor:
    """A function over rows that gives one value a row, with or without the axes that are folded."""
    if not dims:  # no axes: each element is a row
        (made,) = apply(meant, [input.unsqueeze(-1)], numbers, (*input.shape, 1), [input.dim()])
        return made.squeeze(-1)
    (made,) = apply(meant, [input], numbers, input.shape, dims)
    return made if keepdim else made.squeeze(tuple(dims))


def _sum_like(name: str, input: Tensor, dim: Dims, keepdim: bool, dtype: torch.dtype | None) -> Tensor:
    result = dtype or (input.dtype if input.dtype.is_floating_point else torch.int64)
    if result is torch.bool:  # whether any element is not 0
        return along(test_of_truth("MAXP", input.dtype, result), input, dims_of(dim, input.dim()), keepdim)
    return along(reduction(name, folded(result), result), input, dims_of(dim, input.dim()), keepdim)


@function(_DIMS)
def sum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The sum of elements along axes, all of them if none are named; integers add up in i64."""
    return _sum_like("sum", input, dim, keepdim, dtype)


@function(_DIMS)
def nansum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The sum of the elements that are no NaN."""
    return _sum_like("nansum", input, dim, keepdim, dtype)


@function(_DIMS)
def mean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The mean of elements along axes. Raises RuntimeError for integers without a `dtype`."""
    result = dtype or input.dtype
    if not result.is_floating_point:
        which = "Input" if dtype is None else "Optional"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {which} dtype must be either a floating point or complex dtype. "
            f"Got: {type_name(result)}"
        )
    row = reduction("mean", computed(result), result)
    return along(row, input, dims_of(dim, input.dim()), keepdim)


@function(_DIMS)
def nanmean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The mean of the elements that are no NaN. Raises RuntimeError for integers."""
    result = dtype or input.dtype
    if not result.is_floating_point:
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {type_name(result)}"
        )
    row = reduction("nanmean", computed(result), result)
    return along(row, input, dims_of(dim, input.dim()), keepdim)


def _checked(name: str, input: Tensor, dims: Sequence[int], given: bool) -> None:
    """Refuse extremes of nothing."""
    if input.numel():
        return
    if not given:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
            "with the 'dim' argument."
        )
    for d in dims:
        if input.dim() and input.shape[d] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")


def _extreme(name: str, row: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    given = dim is not None and not (isinstance(dim, Sequence) and not len(dim))
    dims = dims_of(dim, input.dim())
    _checked(name, input, dims, given)
    return along(reduction(row, computed(input.dtype), input.dtype), input, dims, keepdim)


@function("(Tensor input, int[] dim=[], bool keepdim=False) -> Tensor")
def amax(input: Tensor, dim: Dims = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The largest elements along axes, NaN where there is one; equal ones share the gradient."""
    return _extreme("amax", "max", input, dim, keepdim)


@function("(Tensor input, int[] dim=[], bool keepdim=False) -> Tensor")
def amin(input: Tensor, dim: Dims = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The smallest elements along axes, NaN where there is one; equal ones share the gradient."""
    return _extreme("amin", "min", input, dim, keepdim)


def _places(name: str, op: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    if input.dtype is torch.bool:
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None:
        if not input.numel():
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        found = along(place_of(op, input.dtype), input.reshape(-1), [0])
        return found.reshape([1] * input.dim()) if keepdim else found
    axis = dim_of(dim, input.dim())
    if not input.dim():
        return along(place_of(op, input.dtype), input.reshape(1), [0])
    _checked(name, input, [axis], True)
    return along(place_of(op, input.dtype), input, [axis], keepdim)


@function("(Tensor input, int? dim=None, bool keepdim=False) -> Tensor")
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The place of the first largest element, or of the first NaN, along an axis or among all elements."""
    return _places("argmax", "MAXP", input, dim, keepdim)


@function("(Tensor input, int? dim=None, bool keepdim=False) -> Tensor")
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The place of the first smallest element, or of the first NaN, along an axis or among all elements."""
    return _places("argmin", "MINP", input, dim, keepdim)


def _either(name: str, op: str, input: Tensor, dim: Any, keepdim: bool, kind: Any) -> Any:
    """The extreme of all elements, of two tensors, or of an axis with its places."""
    if isinstance(dim, Tensor):
        return formula(_PAIRS[name], input, dim)
    if dim is None:
        _checked(name, input, (), False)
        return _extreme(name, name, input, None, False)
    axis = dim_of(dim, input.dim())
    rows = input.reshape(1) if not input.dim() else input
    _checked(name, rows, [axis], True)
    places = along(place_of(op, rows.dtype), rows.detach(), [axis], True)
    (values,) = apply(taken(rows.dtype), [rows, places], [], rows.shape, [axis])
    if not keepdim or not input.dim():
        values, places = values.squeeze(axis), places.squeeze(axis)
    return kind((values, places))


_EXTREME = (
    "(Tensor input) -> Tensor",
    ".dim(Tensor input, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
    ".other(Tensor input, Tensor other) -> Tensor",
)


@function(*_EXTREME)
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The largest element; along an axis the largest and their places; or the larger ones of two tensors."""
    return _either("max", "MAXP", input, dim, keepdim, torch.return_types.max)


@function(*_EXTREME)
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The smallest element; along an axis the smallest and their places; or the smaller ones of two tensors."""
    return _either("min", "MINP", input, dim, keepdim, torch.return_types.min)


_SPREAD = "(Tensor input, int[]? dim=None, *, Scalar? correction=1, bool keepdim=False) -> Tensor"


def _spread(
    name: str, input: Tensor, dim: Any, unbiased: bool | None, correction: float | None, keepdim: bool
) -> Tensor:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if not input.dtype.is_floating_point:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    if unbiased is not None:
        correction = float(unbiased)
    row = reduction(name, computed(input.dtype), input.dtype)
    if correction is not None and not isinstance(correction, NUMBERS):
        raise TypeError(f"{name}(): argument 'correction' must be Number, not {type(correction).__name__}")
    return along(row, input, dims_of(dim, input.dim()), keepdim, [1.0 if correction is None else float(correction)])


@function(_SPREAD)
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The variance along axes: squares of distances from the mean over n − correction."""
    return _spread("var", input, dim, unbiased, correction, keepdim)


@function(_SPREAD)
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The square root of the variance."""
    return _spread("std", input, dim, unbiased, correction, keepdim)


@function("(Tensor input, int[] dim, bool keepdim=False) -> Tensor")
def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """ln of the sum of e^x along axes, without overflow."""
    result = input.dtype if input.dtype.is_floating_point else torch.get_default_dtype()
    row = reduction("logsumexp", computed(result), result)
    return along(row, input, dims_of(dim, input.dim()), keepdim)


@function(
    "(Tensor x, Scalar ord=2, int[]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
)
def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: torch.dtype | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The norm of vectors of any order; that of all elements if no axes are named."""
    result = dtype or x.dtype
    if not result.is_floating_point:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {type_name(result)}"
        )
    dims = dims_of(dim, x.dim())
    order = float(ord)
    if not x.numel() and (order < 0 or order == math.inf) and (dim is None or 0 in [x.shape[d] for d in dims]):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order} norm on an empty tensor because the operation does not "
            "have an identity"
        )
    row = NORMS[order] if order in NORMS else NORMS[None]
    return along(reduction(row.name, computed(result), result), x, dims, keepdim, [] if order in NORMS else [order])


@function("(Tensor input, Scalar? p=2, int[]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    out: Tensor | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """The norm of order `p` ("fro": 2) of the elements along axes."""
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm(): the order is a number or 'fro', not {p!r}; cure: torch.linalg.matrix_norm")
    order = 2.0 if p is None or isinstance(p, str) else p
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


def _truth(op: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    result = torch.uint8 if input.dtype is torch.uint8 else torch.bool
    return along(test_of_truth(op, input.dtype, result), input, dims_of(dim, input.dim()), keepdim)


@function("(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor")
def any(input: Tensor, dim: Dims = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether any element is not 0."""
    return _truth("MAXP", input, dim, keepdim)


@function("(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor")
def all(input: Tensor, dim: Dims = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether all elements are not 0."""
    return _truth("MINP", input, dim, keepdim)


@function("(Tensor input, int[]? dim=None) -> Tensor")
def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """How many elements are not 0."""
    return along(test_of_truth("ADD", input.dtype, torch.int64), input, dims_of(dim, input.dim()))


__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "nanmean",
    "nansum",
    "norm",
    "std",
    "sum",
    "var",
    "vector_norm",
]
