"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

from typing import Any

from hologram_torch import functional, kernels, library
from hologram_torch.kernels import op

__all__ = ["compiler", "explain", "functional", "kernels", "library", "op"]


def __getattr__(name: str) -> Any:
    """The backend of `torch.compile`, which is loaded when it is first asked for: Dynamo takes a second."""
    if name not in ("compiler", "explain"):
        raise AttributeError(f"module 'hologram_torch' has no attribute '{name}'")
    import importlib

    compiler = importlib.import_module("hologram_torch.compiler")
    return compiler if name == "compiler" else compiler.explain
