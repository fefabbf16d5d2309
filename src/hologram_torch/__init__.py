"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

from hologram_torch import functional, library

__all__ = ["functional", "library"]
