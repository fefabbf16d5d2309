"""Tensors: shaped, strided views of an executor's memory, with NumPy's indexing and operators."""

from hologram.tensors.array import Tensor
from hologram.tensors.creation import from_dlpack, tensor
from hologram.tensors.layout import broadcast_shapes

__all__ = ["Tensor", "broadcast_shapes", "from_dlpack", "tensor"]
