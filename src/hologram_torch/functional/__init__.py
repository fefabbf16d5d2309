"""PyTorch's functions by PyTorch's names, computed by Hologram: `functional.gelu(x)`.

All broadcast, take any strides and every type that PyTorch's own take, have gradients of any order, and work under
`torch.compile` and `torch.func`. A leading executor, as in the original interface, is accepted.
"""

from hologram_torch.functional import elementwise, reductions
from hologram_torch.functional.elementwise import *  # noqa: F403

__all__ = [*elementwise.__all__]
