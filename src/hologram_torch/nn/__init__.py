"""PyTorch's modules by PyTorch's names, computed by Hologram: `nn.LayerNorm(64)`.

Each is a subclass of PyTorch's own, with its arguments, parameters, state and text, so that states of one load into the
other; only `forward` is another.
"""

from hologram_torch.nn import made
from hologram_torch.nn.made import *  # noqa: F403

__all__ = [*made.__all__]
