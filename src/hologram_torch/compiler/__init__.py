"""The backend "hologram" of `torch.compile`: fused regions as programs of the ISA, everything else in ATen."""

from torch._dynamo import list_backends, register_backend

from hologram_torch.compiler import backend
from hologram_torch.compiler.backend import Options, hologram
from hologram_torch.compiler.explain import explain
from hologram_torch.compiler.report import Report

if "hologram" not in list_backends():  # where the package is not installed, its entry point is not there
    register_backend(compiler_fn=hologram, name="hologram")


def last_report() -> Report:
    """What was made of the graphs that were compiled since the last `explain`."""
    return backend.last_report


__all__ = ["Options", "Report", "explain", "hologram", "last_report"]
