"""Tensors and Buffers: one from the other, without a copy where memory can be shared.

The functions of the original interface, for tensors of all types and strides. Calls of `functional` need none of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.dlpack import from_dlpack

from hologram import BackendType, Buffer, Executor
from hologram.types import Type
from hologram_torch.rows.function import NAMES

_BACKENDS = {"cpu": "cpu", "cuda": "cuda", "mps": "metal"}


def validate_tensor_compatible(tensor: object) -> None:
    """Refuse what a Buffer cannot hold.

    Raises TypeError for what is no tensor, ValueError for types without elements here and for other places than host
    memory.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected a torch.Tensor, got {type(tensor).__name__}")
    if tensor.dtype not in NAMES:
        raise ValueError(f"tensors of {tensor.dtype} have no elements here; there are {', '.join(map(str, NAMES))}")
    if tensor.device.type != "cpu":
        raise ValueError(f"Only CPU tensors supported, got one on {tensor.device}; cure: x.cpu()")
    if tensor.layout is not torch.strided:
        raise ValueError(f"only dense tensors lie in memory as Buffers do, got {tensor.layout}; cure: x.to_dense()")


def tensor_to_buffer(
    executor: Executor, tensor: Tensor, existing_buffer: Buffer | None = None
) -> tuple[Buffer, Tensor]:
    """A Buffer with a tensor's elements, and the flat tensor, detached, that these were copied from.

    The flat tensor is a view where the tensor is contiguous. An `existing_buffer` of as many elements takes them.
    Raises TypeError and ValueError as `validate_tensor_compatible`, and ValueError for a Buffer of another size.
    """
    validate_tensor_compatible(tensor)
    flat = tensor.detach().contiguous().reshape(-1)
    source = flat.view(torch.uint8) if flat.dtype is torch.bool else flat
    if existing_buffer is not None and existing_buffer.size != flat.numel():
        raise ValueError(f"existing buffer has {existing_buffer.size} elements, the tensor {flat.numel()}")
    name = NAMES[source.dtype]
    buffer = executor.allocate(flat.numel(), dtype=name) if existing_buffer is None else existing_buffer
    held = Type.of_dtype(buffer.dtype)
    if held is not Type(name):
        raise ValueError(f"existing buffer holds {held!r}, the tensor {name}")
    from_dlpack(buffer).reshape(-1).copy_(source)
    return buffer, flat


def buffer_to_tensor(
    buffer: Buffer,
    shape: Sequence[int],
    device: torch.device | str | None = None,
    requires_grad: bool = False,
    *,
    copy: bool = True,
) -> Tensor:
    """A tensor of a shape with a Buffer's elements; `copy=False` shares their memory.

    Raises ValueError for a shape of another number of elements, and for other places than host memory.
    """
    where = torch.device("cpu" if device is None else device)
    if where.type != "cpu":
        raise ValueError(f"Only CPU tensors supported, got {where}; cure: buffer_to_tensor(…).to({str(where)!r})")
    if math.prod(shape) != buffer.size:
        raise ValueError(f"shape {tuple(shape)} has {math.prod(shape)} elements, the buffer {buffer.size}")
    shared = from_dlpack(buffer).reshape(tuple(shape))
    made = shared.clone() if copy else shared
    return made.requires_grad_() if requires_grad else made


def match_device(tensor: Tensor, backend: str | None = None) -> str:
    """The backend for a tensor: the one named, else that of the tensor's device, cpu where there is none."""
    return backend if backend is not None else _BACKENDS.get(tensor.device.type, "cpu")


def create_executor_for_tensor(tensor: Tensor, backend: str | None = None) -> Executor:
    """An executor where a tensor is, or of the backend named. Raises BackendUnavailableError where there is none."""
    return Executor(backend=match_device(tensor, backend))


__all__ = [
    "BackendType",
    "Buffer",
    "Executor",
    "buffer_to_tensor",
    "create_executor_for_tensor",
    "match_device",
    "tensor_to_buffer",
    "validate_tensor_compatible",
]
