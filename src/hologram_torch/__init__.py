"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

_collects = gc.isenabled()
gc.disable()  # all that is made here stays, and a search through all of PyTorch takes longer than the rest
try:
    from hologram_torch import elementwise, functional, named, nn
finally:
    if _collects:
        gc.enable()

if TYPE_CHECKING:
    from hologram_torch import compiler, kernels, utils
    from hologram_torch.compiler import explain
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
    "elementwise",
    "explain",
    "functional",
    "kernels",
    "match_device",
    "named",
    "nn",
    "op",
    "tensor_to_buffer",
    "utils",
    "validate_tensor_compatible",
]
_LATER = {
    "compiler": ("explain",),
    "kernels": ("op",),
    "utils": (
        *("BackendType", "Buffer", "Executor", "buffer_to_tensor", "create_executor_for_tensor", "match_device"),
        *("tensor_to_buffer", "validate_tensor_compatible"),
    ),
}
"""Modules that are loaded when they are first asked for, with their names that are names of the package, too.

They take the runtime, the compiler of kernels or Dynamo, which take a second.
"""


def __getattr__(name: str) -> Any:
    """A module that is loaded later, or a name of one."""
    for module, names in _LATER.items():
        if name == module or name in names:
            found = import_module(f"hologram_torch.{module}")
            return found if name == module else getattr(found, name)
    raise AttributeError(f"module 'hologram_torch' has no attribute '{name}'")
