"""Hologram's operations for PyTorch: differentiable, for `torch.compile` and `torch.func`."""

from hologram_torch import functional, kernels, library
from hologram_torch.kernels import op

__all__ = ["functional", "kernels", "library", "op"]
