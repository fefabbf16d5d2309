"""Products of vectors with vectors and along chosen axes by PyTorch's names, by Hologram's own programs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from hologram.operators import Formula
from hologram_torch.elementwise import apply
from hologram_torch.formulas import TITLES, text_of
from hologram_torch.functional.arguments import dim_of
from hologram_torch.functional.elementwise import FUNCTIONS
from hologram_torch.functional.matrices import added, dot, matmul
from hologram_torch.functional.reductions import sum as total
from hologram_torch.mixed import lowered
from hologram_torch.registration import function, in_place_of, into

_SCALED: Formula = ("ADD", ("MUL", "g", "x"), ("MUL", ("MUL", "v", "y"), "z"))
_SCALED_OUTER = text_of(_SCALED)


def _vectors(name: str, **tensors: Tensor) -> None:
    for argument, tensor in tensors.items():
        if tensor.dim() != 1:
            raise RuntimeError(f"{name}: Expected 1-D argument {argument}, but got {tensor.dim()}-D")


@function("(Tensor input, Tensor vec2) -> Tensor")
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Every element of a vector times every one of another."""
    _vectors("outer", self=input, vec2=vec2)
    return _product(input.unsqueeze(-1), vec2)


def _product(first: Any, second: Any) -> Tensor:
    made: Tensor = FUNCTIONS["mul"](first, second)
    return made


@function("(Tensor input, Tensor vec2) -> Tensor")
def ger(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Every element of a vector times every one of another, as `outer`."""
    return outer(input, vec2)


@function("(Tensor input, Tensor other) -> Tensor")
def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The dot product of two vectors."""
    return dot(input, other)


@function("(Tensor input, Tensor other) -> Tensor")
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sums of products over the last axes; a tensor without axes is a factor."""
    if not input.dim() or not other.dim():
        return _product(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    _same(input, other)
    return dot(input, other) if input.dim() == other.dim() == 1 else _contracted(input, other, [-1], [-1])


def _same(input: Tensor, other: Tensor) -> None:
    if input.dtype != other.dtype:
        raise RuntimeError("both inputs should have same dtype")


@function("(Tensor input, Tensor other, int[] dims_self, int[] dims_other) -> Tensor", name="tensordot")
def _contracted(input: Tensor, other: Tensor, dims_self: Sequence[int], dims_other: Sequence[int]) -> Tensor:
    """The sums of products over pairs of axes."""
    _same(input, other)
    if len(dims_self) != len(dims_other):
        raise RuntimeError("both dimension lists should have same length")
    first, second = ([dim_of(d, t.dim()) for d in dims] for t, dims in ((input, dims_self), (other, dims_other)))
    for axes in (first, second):
        for axis in axes:
            if axes.count(axis) > 1:
                raise RuntimeError(f"dim {axis} appears multiple times in the list of dims")
    for place, (i, j) in enumerate(zip(first, second, strict=True)):
        found = input.shape[i], other.shape[j]
        if found[0] != found[1] and 1 not in found:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {found[0]} in dim {dims_self[place]} and "
                f"second has size {found[1]} in dim {dims_other[place]}"
            )
        if found[0] != found[1]:  # the elements of the other one meet the same element
            input, other = (
                t if t.shape[d] == 1 else total(t, d, keepdim=True, dtype=t.dtype) for t, d in ((input, i), (other, j))
            )
    if len(first) == input.dim() and len(second) == other.dim():
        return dot(input.permute(first).flatten(), other.permute(second).flatten())
    rows, columns = ([d for d in range(t.dim()) if d not in axes] for t, axes in ((input, first), (other, second)))
    shape = [*(input.shape[d] for d in rows), *(other.shape[d] for d in columns)]
    length = prod(input.shape[d] for d in first)
    left = input.permute(*rows, *first).reshape(prod(shape[: len(rows)]), length)
    right = other.permute(*second, *columns).reshape(length, prod(shape[len(rows) :]))
    return matmul(left, right).reshape(shape)


@function()
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sums of products over the last axes of a and the first of b (`dims` of them), or over pairs of axes."""
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, int | torch.SymInt):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        return _contracted(a, b, list(range(-dims, 0)), list(range(dims)))
    if not isinstance(dims, list | tuple) or len(dims) != 2 or isinstance(dims[0], str):
        raise RuntimeError(
            "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two lists, "
            f"but got dims={dims}"
        )
    first, second = (list(d) if isinstance(d, list | tuple) else [d] for d in dims)
    return _contracted(a, b, first, second)


@function("(Tensor x, Tensor y, *, int dim=-1) -> Tensor")
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The dot products of the vectors along an axis, others broadcast."""
    for tensor in (x, y):
        if not tensor.dtype.is_floating_point:
            raise RuntimeError(
                f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {TITLES[tensor.dtype]}"
            )
    if x.dtype != y.dtype:
        raise RuntimeError(
            "linalg.vecdot: Expected x and y to have the same dtype, but found x of type "
            f"{TITLES[x.dtype]} and y of type {TITLES[y.dtype]} instead"
        )
    x, y, _ = lowered(x, y, None)
    torch.broadcast_shapes(x.shape, y.shape)
    rank = max(x.dim(), y.dim())
    axis = dim_of(dim, rank) - rank if rank else -1
    first, second = (t.reshape([1] * (-axis - t.dim()) + [*t.shape]) for t in (x, y))
    if first.shape[axis] != second.shape[axis]:
        length = max(first.shape[axis], second.shape[axis]) if first.shape[axis] and second.shape[axis] else 0
        first, second = (t.expand([*t.shape[:axis], length, *t.shape[t.dim() + axis + 1 :]]) for t in (first, second))
    return matmul(first.movedim(axis, -1).unsqueeze(-2), second.movedim(axis, -1).unsqueeze(-1)).squeeze((-1, -2))


@function("(Tensor input) -> Tensor")
def trace(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the diagonal of a matrix; of integers as int64."""
    if input.dim() != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.dim()}")
    if input.dtype is torch.bool:
        raise RuntimeError("\"trace\" not implemented for 'Bool'")
    return total(input.diagonal())


def _whole(name: str, number: Any, dtype: torch.dtype) -> None:
    if isinstance(number, float) and not dtype.is_floating_point:
        raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")


@function("(Tensor input, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor | None = None
) -> Tensor:
    """beta · input + alpha · the outer product of two vectors; the input is not read where beta is 0."""
    _vectors("addr", vec1=vec1, vec2=vec2)
    dtype = torch.promote_types(torch.promote_types(input.dtype, vec1.dtype), vec2.dtype)
    _whole("beta", beta, dtype)
    _whole("alpha", alpha, dtype)
    shape = vec1.shape[0], vec2.shape[0]
    spread = input.expand(shape)
    column = vec1.unsqueeze(-1)
    if beta == 0:
        outside = _product(column, vec2).to(dtype)
        return outside if alpha == 1 else _product(outside, bool(alpha) if dtype is torch.bool else alpha)
    if dtype is torch.bool:
        made: Tensor = FUNCTIONS["logical_or"](spread, _product(_product(column, vec2), bool(alpha)))
        return made
    if beta == 1:
        made = FUNCTIONS["addcmul"](spread, column, vec2, value=alpha)
        return made
    if dtype.is_floating_point:
        return apply(_SCALED_OUTER, spread, column, vec2, alpha, beta)
    made = FUNCTIONS["addcmul"](_product(spread, beta), column, vec2, value=alpha)
    return made


@function("(Tensor input, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor | None = None
) -> Tensor:
    """beta · input + alpha · mat · vec."""
    if mat.dim() != 2 or vec.dim() != 1 or input.dim() > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.dim()}, {mat.dim()}, {vec.dim()}")
    if input.dtype != mat.dtype or mat.dtype != vec.dtype:
        found = [TITLES[t.dtype] for t in (input, mat, vec)]
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {found[0]}, {found[1]}, and {found[2]}"
        )
    if mat.shape[1] != vec.shape[0] or (input.numel() != 1 and input.shape[0] != mat.shape[0]):
        raise RuntimeError(
            f"size mismatch, got input ({input.shape[0] if input.dim() else 1}), mat "
            f"({mat.shape[0]}x{mat.shape[1]}), vec ({vec.shape[0]})"
        )
    return added(input, mat, vec, beta, alpha)


@function("(Tensor input, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor | None = None
) -> Tensor:
    """beta · input + alpha · the sum of the products of as many pairs of matrices."""
    for place, tensor in enumerate((batch1, batch2), 1):
        if tensor.dim() != 3:
            raise RuntimeError(f"batch{place} must be a 3D tensor")
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches, got {batch1.shape[0]} and {batch2.shape[0]}"
        )
    if batch1.shape[2] != batch2.shape[1]:
        sizes = [f"{t.shape[1]}x{t.shape[2]}" for t in (batch1, batch2)]
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({sizes[0]} and {sizes[1]})")
    input, batch1, batch2 = lowered(input, batch1, batch2)
    length = batch1.shape[0] * batch1.shape[2]
    left = batch1.transpose(0, 1).reshape(batch1.shape[1], length)
    right = batch2.reshape(length, batch2.shape[2])
    return added(input.expand(left.shape[0], right.shape[1]), left, right, beta, alpha)


def addbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """The same with its result in its first argument, which grows to its shape and is given back."""
    if input.shape == (batch1.shape[-2], batch2.shape[-1]):
        return _summed_in_place(input, batch1, batch2, beta=beta, alpha=alpha)
    return into("addbmm_", addbmm(input.clone(), batch1, batch2, beta=beta, alpha=alpha), input)


_summed_in_place = in_place_of(addbmm)
addr_ = in_place_of(addr)
addmv_ = in_place_of(addmv)

__all__ = [
    *("addbmm", "addbmm_", "addmv", "addmv_", "addr", "addr_", "ger", "inner", "outer", "tensordot", "trace"),
    *("vdot", "vecdot"),
]
