"""PyTorch's functions by PyTorch's names, computed by Hologram: `functional.gelu(x)`.

All broadcast, take any strides and every type that PyTorch's own take, have gradients of any order, and work under
`torch.compile` and `torch.func`. A leading executor, as in the original interface, is accepted.
"""

from hologram_torch.functional import (
    contractions,
    convolutions,
    dropouts,
    elementwise,
    losses,
    matrices,
    normalisation,
    reductions,
    scans,
)
from hologram_torch.functional.contractions import *  # noqa: F403
from hologram_torch.functional.convolutions import *  # noqa: F403
from hologram_torch.functional.dropouts import *  # noqa: F403
from hologram_torch.functional.elementwise import *  # noqa: F403
from hologram_torch.functional.losses import *  # noqa: F403
from hologram_torch.functional.matrices import *  # noqa: F403
from hologram_torch.functional.normalisation import *  # noqa: F403
from hologram_torch.functional.reductions import *  # noqa: F403
from hologram_torch.functional.scans import *  # noqa: F403

__all__ = [
    *dropouts.__all__,
    *contractions.__all__,
    *convolutions.__all__,
    *elementwise.__all__,
    *losses.__all__,
    *matrices.__all__,
    *normalisation.__all__,
    *reductions.__all__,
    *scans.__all__,
]
