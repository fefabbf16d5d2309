"""Hologram compiles numerical kernels ahead of time and launches them from Python in tens of nanoseconds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hologram import metrics, ops
    from hologram.backends.base import LaunchConfig
    from hologram.backends.interpreter.moment import Moment
    from hologram.errors import HologramError
    from hologram.isa.builder import Builder
    from hologram.isa.cache import ProgramCache
    from hologram.language.kernel import Kernel, kernel
    from hologram.language.program import Library, Program, load_library
    from hologram.runtime.buffer import Buffer
    from hologram.runtime.executor import (
        BackendType,
        Executor,
        backends,
        default_executor,
        get_default_backend,
        is_cuda_available,
        is_metal_available,
        set_default_executor,
    )
    from hologram.runtime.graph import Graph
    from hologram.runtime.graph.program import GraphProgram
    from hologram.runtime.launch import Launch
    from hologram.runtime.threads import get_num_threads, set_num_threads
    from hologram.runtime.tracing.trace import Trace, trace
    from hologram.tensors import Tensor, from_dlpack, tensor
    from hologram.types import Type

__version__ = "0.1.0"

_HOMES = {
    "hologram.backends.base": ("LaunchConfig",),
    "hologram.backends.interpreter.moment": ("Moment",),
    "hologram.errors": ("HologramError",),
    "hologram.isa.builder": ("Builder",),
    "hologram.isa.cache": ("ProgramCache",),
    "hologram.language.kernel": ("Kernel", "kernel"),
    "hologram.language.program": ("Library", "Program", "load_library"),
    "hologram.runtime.buffer": ("Buffer",),
    "hologram.runtime.executor": (
        "BackendType",
        "Executor",
        "backends",
        "default_executor",
        "get_default_backend",
        "is_cuda_available",
        "is_metal_available",
        "set_default_executor",
    ),
    "hologram.runtime.graph.graph": ("Graph",),
    "hologram.runtime.graph.program": ("GraphProgram",),
    "hologram.runtime.launch": ("Launch",),
    "hologram.runtime.threads": ("get_num_threads", "set_num_threads"),
    "hologram.runtime.tracing.trace": ("Trace", "trace"),
    "hologram.tensors": ("Tensor", "from_dlpack", "tensor"),
    "hologram.types": ("Type",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}
_MODULES = ("errors", "language", "metrics", "numpy", "ops", "random", "stdlib", "tensors", "types")

__all__ = [
    "BackendType",
    "Buffer",
    "Builder",
    "Executor",
    "Graph",
    "GraphProgram",
    "HologramError",
    "Kernel",
    "Launch",
    "LaunchConfig",
    "Library",
    "Moment",
    "Program",
    "ProgramCache",
    "Tensor",
    "Trace",
    "Type",
    "__version__",
    "backends",
    "default_executor",
    "from_dlpack",
    "get_default_backend",
    "get_num_threads",
    "is_cuda_available",
    "is_metal_available",
    "kernel",
    "load_library",
    "metrics",
    "ops",
    "set_default_executor",
    "set_num_threads",
    "tensor",
    "trace",
]


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so `import hologram` costs next to nothing."""
    if name in _MODULES:
        return import_module(f"hologram.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'hologram' has no attribute '{name}'")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
