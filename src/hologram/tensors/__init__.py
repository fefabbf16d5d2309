"""Tensors: shaped, strided views of an executor's memory, with NumPy's indexing and operators."""

from hologram.ops import kinds, recall
from hologram.tensors.array import Tensor
from hologram.tensors.creation import from_dlpack, tensor
from hologram.tensors.kind import TensorKind
from hologram.tensors.layout import broadcast_shapes

kinds.register(TensorKind())
recall.read_as_owned(Tensor)

__all__ = ["Tensor", "broadcast_shapes", "from_dlpack", "tensor"]
