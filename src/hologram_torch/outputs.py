"""Results in tensors that are given, `out=` and in place: PyTorch's rules of types, shapes and shared memory."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor
from torch._prims_common import is_non_overlapping_and_dense_or_false

from hologram.runtime.notes import unrepeatable
from hologram_torch.elementwise import apply
from hologram_torch.formulas import TITLES, Operand, placing, result_dtype, result_shape, row_of
from hologram_torch.roads import is_differentiated


def into(name: str, text: str, operands: Sequence[Operand], out: Tensor) -> Tensor:
    """Compute a formula into `out`, which is resized where it has another shape; gives `out` back.

    Raises RuntimeError where `out` cannot hold the type of the result or is recorded for gradients.
    """
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    tensors = [o for o in operands if isinstance(o, Tensor)]
    if torch.is_grad_enabled() and any(t.requires_grad for t in (*tensors, out)):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    dtype = result_dtype(row_of(text, len(operands)), operands)
    check_cast(dtype, out.dtype)
    check_device(placing(tensors), out)
    shape = result_shape(operands)
    if out.shape != shape:
        _resize(out, shape)
    _check_memory(out, tensors)
    return _written(text, operands, out, dtype)


def in_place(name: str, text: str, operands: Sequence[Operand]) -> Tensor:
    """Compute a formula into its first operand, which is given back; gradients go on through it.

    Raises RuntimeError for leaves that require grad, and where the operand cannot hold the result.
    """
    target = operands[0]
    if not isinstance(target, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(target).__name__}")
    tensors = [o for o in operands if isinstance(o, Tensor)]
    recorded = is_differentiated(tensors)
    if recorded and target.requires_grad and target.is_leaf:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
    dtype = result_dtype(row_of(text, len(operands)), operands)
    check_cast(dtype, target.dtype)
    shape = result_shape(operands)
    if target.shape != shape:
        raise RuntimeError(f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(shape)}")
    if recorded:  # the first operand as it was may be needed for the gradient
        return target.copy_(apply(text, target.clone(), *operands[1:]))
    _check_memory(target, tensors)
    return _written(text, operands, target, dtype)


def check_cast(result: torch.dtype, out: torch.dtype) -> None:
    """Raise RuntimeError where values of a type would lose their kind in another."""
    if not torch.can_cast(result, out):
        raise RuntimeError(f"result type {TITLES[result]} can't be cast to the desired output type {TITLES[out]}")


def check_device(result: Tensor, out: Tensor) -> None:
    """Raise RuntimeError where a result is to be elsewhere."""
    if result.device != out.device:
        raise RuntimeError(f"Expected out tensor to have device {result.device}, but got {out.device} instead")


def _written(text: str, operands: Sequence[Operand], out: Tensor, dtype: torch.dtype) -> Tensor:
    shared = any(_shares(out, o) for o in operands if isinstance(o, Tensor))
    if torch.compiler.is_compiling() or out.dtype != dtype or shared or out.is_meta or type(out) is not Tensor:
        return out.copy_(apply(text, *operands))
    return apply(text, *operands, out=out)


def _resize(out: Tensor, shape: torch.Size) -> None:
    unrepeatable()
    if out.numel():
        warnings.warn(
            f"An output with one or more elements was resized since it had shape {list(out.shape)}, "
            f"which does not match the required output shape {list(shape)}. "
            "PyTorch means to refuse this one day; cure: out.resize_(0)",
            UserWarning,
            stacklevel=4,
        )
    out.resize_(shape)


def _check_memory(out: Tensor, tensors: Sequence[Tensor]) -> None:
    """Raise RuntimeError where an element of `out` is several, or partly an operand's."""
    if torch.compiler.is_compiling() or out.is_meta:
        return
    if any(step == 0 and length > 1 for step, length in zip(out.stride(), out.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    for tensor in tensors:
        if _shares(out, tensor) and _is_dense(out) and _is_dense(tensor) and _meet(out, tensor):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )


def _shares(out: Tensor, tensor: Tensor) -> bool:
    """True where both lie in one piece of memory, unless they are the same elements in the same order."""
    if tensor is out or tensor.is_meta or type(tensor) is not Tensor or type(out) is not Tensor:
        return False
    if tensor.untyped_storage().data_ptr() != out.untyped_storage().data_ptr():
        return False
    return not (
        tensor.data_ptr() == out.data_ptr()
        and tensor.shape == out.shape
        and tensor.stride() == out.stride()
        and tensor.dtype == out.dtype
    )


def _is_dense(tensor: Tensor) -> bool:
    return tensor.is_contiguous() or is_non_overlapping_and_dense_or_false(tensor)


def _meet(first: Tensor, second: Tensor) -> bool:
    starts = first.data_ptr(), second.data_ptr()
    ends = tuple(s + t.numel() * t.element_size() for s, t in zip(starts, (first, second), strict=True))
    return starts[0] < ends[1] and starts[1] < ends[0]
