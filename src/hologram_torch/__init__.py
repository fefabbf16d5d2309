"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

from typing import Any

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
    "compiler",
    "create_executor_for_tensor",
    "explain",
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


def __getattr__(name: str) -> Any:
    """The backend of `torch.compile`, which is loaded when it is first asked for: Dynamo takes a second."""
    if name not in ("compiler", "explain"):
        raise AttributeError(f"module 'hologram_torch' has no attribute '{name}'")
    import importlib

    compiler = importlib.import_module("hologram_torch.compiler")
    return compiler if name == "compiler" else compiler.explain
