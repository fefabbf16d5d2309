"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

from hologram_torch import functional, kernels, library, nn, utils
from hologram_torch.kernels import op
from hologram_torch.utils import (
    BackendType,
    Buffer,
    Executor,
    buffer_to_tensor,
    create_executor_for_tensor,
    match_device,
    tensor_to_buffer,
    validate_tensor_compatible,
)

__all__ = [
    "BackendType",
    "Buffer",
    "Executor",
    "buffer_to_tensor",
    "create_executor_for_tensor",
    "functional",
    "kernels",
    "library",
    "match_device",
    "nn",
    "op",
    "tensor_to_buffer",
    "utils",
    "validate_tensor_compatible",
]
