"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hologram_torch import functional, library, named

if TYPE_CHECKING:
    from hologram_torch import compiler, kernels
    from hologram_torch.compiler import explain
    from hologram_torch.kernels import op

__all__ = ["compiler", "explain", "functional", "kernels", "library", "named", "op"]
_LATER = {"compiler": "compiler", "explain": "compiler", "kernels": "kernels", "op": "kernels"}


def __getattr__(name: str) -> Any:
    """What is loaded when it is first asked for: the compiler of kernels, and Dynamo, which takes a second."""
    if name not in _LATER:
        raise AttributeError(f"module 'hologram_torch' has no attribute '{name}'")
    module = import_module(f"hologram_torch.{_LATER[name]}")
    return module if name == _LATER[name] else getattr(module, name)
