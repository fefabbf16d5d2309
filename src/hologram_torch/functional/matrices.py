"""Products of matrices and vectors by PyTorch's names, by Hologram's own programs."""

from __future__ import annotations

import torch
from torch import Tensor

from hologram.isa.region import Fold, Let
from hologram.operators import Formula
from hologram_torch.elementwise import apply
from hologram_torch.formulas import text_of
from hologram_torch.functional.arguments import type_name
from hologram_torch.mixed import lowered
from hologram_torch.products import HALVES, SUM, layer, multiplied
from hologram_torch.registration import function, in_place_of
from hologram_torch.roads import Road, road_of
from hologram_torch.rows.function import NAMES, RowFunction, builder, computed, row_function
from hologram_torch.rows.operator import apply as apply_rows

_SCALED = text_of(("ADD", ("MUL", "x", "y"), "z"))
_PRODUCT = text_of(("MUL", "x", "y"))


def _alike(name: str, *tensors: Tensor) -> None:
    """Refuse tensors of several types."""
    first = tensors[0].dtype
    for tensor in tensors[1:]:
        if tensor.dtype != first:
            found, other = (str(d).removeprefix("torch.") for d in (first, tensor.dtype))
            raise RuntimeError(f"{name}(): expected m1 and m2 to have the same dtype, but got: {found} != {other}")


@function("(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input · weightᵀ + bias, for inputs with any axes before the last and a weight of one axis or two."""
    input, weight, bias = lowered(input, weight, bias)
    _alike("linear", input, weight, *([] if bias is None else [bias]))
    if not 1 <= weight.dim() <= 2:
        raise RuntimeError(f"linear(): the weight has one or two dimensions, got {weight.dim()}")
    if not input.dim():
        raise RuntimeError("both arguments to linear need to be at least 1D, but they are 0D and 2D")
    if input.shape[-1] != weight.shape[-1]:
        rows = [input.numel() // max(input.shape[-1], 1), input.shape[-1]]
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows[0]}x{rows[1]} and "
            f"{weight.shape[-1]}x{weight.shape[0] if weight.dim() == 2 else 1})"
        )
    tensors = [input, weight] if bias is None else [input, weight, bias]
    is_usual = weight.dim() == 2 and (bias is None or [*bias.shape] == [weight.shape[0]])
    if is_usual and input.dtype not in (*HALVES, torch.bool):
        made = layer(*tensors)
        if made is not None:
            return made
    if bias is None:
        return _multiplied(input, weight.t())
    if input.dtype in HALVES:
        return _rounded_once(_multiplied(input, weight.t(), torch.float32), bias, 1, 1)
    return apply(SUM, _multiplied(input, weight.t()), bias)


@function("(Tensor input, Tensor other) -> Tensor")
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of matrices in the last two axes, others broadcast; vectors are rows and columns."""
    input, other, _ = lowered(input, other, None)
    if not input.dim() or not other.dim():
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {input.dim()}D and {other.dim()}D"
        )
    _alike("matmul", input, other)
    return _multiplied(input, other)


def _multiplied(input: Tensor, other: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """The same of arguments that were looked at, rounded to a type."""
    if input.dtype is torch.bool:
        what = "addmm_impl_cpu_" if other.dim() > 1 else "addmv_impl_cpu" if input.dim() > 1 else "dot"
        raise RuntimeError(f"\"{what}\" not implemented for 'Bool'")
    left = input.unsqueeze(0) if input.dim() == 1 else input
    right = other.unsqueeze(-1) if other.dim() == 1 else other
    if left.shape[-1] != right.shape[-2]:
        if input.dim() == other.dim() == 1:
            raise RuntimeError(
                "inconsistent tensor size, expected tensor "
                f"[{input.shape[0]}] and src [{other.shape[0]}] to have the same number of elements, but got "
                f"{input.shape[0]} and {other.shape[0]} elements respectively"
            )
        sizes = [f"{t.shape[-2]}x{t.shape[-1]}" for t in (left, right)]
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({sizes[0]} and {sizes[1]})")
    if other.dim() == 1 and _lie_in_rows(input, other) and road_of([input, other]) is Road.DIRECT:
        (sums,) = apply_rows(dots(input.dtype, dtype or input.dtype), [input, other], [], left.shape, [left.dim() - 1])
        return sums.reshape(input.shape[:-1])
    if left.dim() > 2 and right.dim() == 2:  # one tall matrix
        tall = multiplied(left.flatten(0, -2), right, dtype)
        made = tall.reshape(*left.shape[:-1], right.shape[-1])
    else:
        made = multiplied(left, right, dtype)
    if other.dim() == 1:
        made = made.squeeze(-1)
    return made.squeeze(-1 if other.dim() == 1 else -2) if input.dim() == 1 else made


def _lie_in_rows(*tensors: Tensor) -> bool:
    """Whether a launch may go along rows of real numbers, each of which lies together."""
    return all(t.dtype.is_floating_point and t.stride(-1) == 1 for t in tensors)


@builder
def dots(dtype: torch.dtype, rounded: torch.dtype) -> RowFunction:
    """The sum of x · y along rows, in a type."""
    steps = [Fold("out", "ADD", ("MUL", "x", "y"), computed(dtype))]
    return row_function(["x", "y"], steps, [("out", NAMES[rounded])])


def _matrices(name: str, axes: int, *tensors: Tensor) -> None:
    for place, tensor in enumerate(tensors, 1):
        if tensor.dim() != axes:
            what = "a matrix" if axes == 2 else "a 3D tensor"
            raise RuntimeError(f"{name}(): argument {place} must be {what}, got {tensor.dim()}-D tensor")


@function("(Tensor input, Tensor mat2) -> Tensor")
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices."""
    _matrices("mm", 2, input, mat2)
    return matmul(input, mat2)


@function("(Tensor input, Tensor vec) -> Tensor")
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector."""
    _matrices("mv", 2, input)
    _matrices("mv", 1, vec)
    _alike("mv", input, vec)
    return _multiplied(input, vec)


@function("(Tensor input, Tensor tensor) -> Tensor")
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The dot product of two vectors."""
    if input.dim() != 1 or tensor.dim() != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.dim()}D and {tensor.dim()}D tensors")
    if input.dtype != tensor.dtype:
        found = f"{type_name(input.dtype)} and {type_name(tensor.dtype)}"
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {found}")
    if input.numel() != tensor.numel():
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{input.numel()}] and src [{tensor.numel()}] to have the same "
            f"number of elements, but got {input.numel()} and {tensor.numel()} elements respectively"
        )
    return _multiplied(input, tensor)


@function("(Tensor input, Tensor mat2) -> Tensor")
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of as many pairs of matrices."""
    _pairs(input, mat2)
    return matmul(input, mat2)


def _pairs(input: Tensor, mat2: Tensor) -> None:
    _matrices("bmm", 3, input, mat2)
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input.shape[0]}, {input.shape[2]}] "
            f"but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )


def _added(input: Tensor, left: Tensor, right: Tensor, beta: float, alpha: float) -> Tensor:
    """beta · input + alpha · left · right, rounded once; the input is not read where beta is 0."""
    left, right, input = lowered(left, right, input)
    _alike("addmm", left, right)
    return added(input, left, right, beta, alpha)


def added(added: Tensor, left: Tensor, right: Tensor, beta: float, alpha: float) -> Tensor:
    """The same of arguments that were looked at."""
    if beta != 0 and added.dtype == left.dtype and left.dtype in HALVES:
        return _rounded_once(_multiplied(left, right, torch.float32), added, beta, alpha)
    product = _multiplied(left, right)
    scaled = product if alpha == 1 else apply(_PRODUCT, product, _number(product, alpha))
    if beta == 0:
        return scaled
    if beta == 1:
        return apply(SUM, scaled, added)
    if added.dtype.is_floating_point:
        return apply(_SCALED, added, beta, scaled)
    return apply(SUM, apply(_PRODUCT, added, _number(added, beta)), scaled)


def _rounded_once(product: Tensor, added: Tensor, beta: float, alpha: float) -> Tensor:
    """beta · added + alpha · product in the type of what is added."""
    shape = torch.broadcast_shapes(product.shape, added.shape)
    return apply_rows(scaled_sum(added.dtype), [product, added], [float(alpha), float(beta)], shape, [])[0]


@builder
def scaled_sum(dtype: torch.dtype) -> RowFunction:
    """alpha · x + beta · y for x in f32, in a type."""
    formula: Formula = ("ADD", ("MUL", "alpha", "x"), ("MUL", "beta", "y"))
    steps = [Let("out", formula, computed(dtype))]
    return row_function(["x", "y"], steps, [("out", NAMES[dtype])], numbers=["alpha", "beta"])


def _number(like: Tensor, value: float) -> float:
    """A number for elements of a type: whole for whole ones."""
    return value if like.dtype.is_floating_point else int(value)


_ADDED = "(Tensor input, Tensor {0}1, Tensor {0}2, *, Scalar beta=1, Scalar alpha=1) -> Tensor"


@function(_ADDED.format("mat"))
def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor | None = None
) -> Tensor:
    """beta · input + alpha · mat1 · mat2."""
    _matrices("addmm", 2, mat1, mat2)
    return _added(input, mat1, mat2, beta, alpha)


@function(_ADDED.format("batch"))
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1, out: Tensor | None = None
) -> Tensor:
    """The same for as many pairs of matrices."""
    _pairs(batch1, batch2)
    return _added(input, batch1, batch2, beta, alpha)


addmm_ = in_place_of(addmm)
baddbmm_ = in_place_of(baddbmm)

__all__ = ["addmm", "addmm_", "baddbmm", "baddbmm_", "bmm", "dot", "linear", "matmul", "mm", "mv"]
