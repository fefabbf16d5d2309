"""Dropout by PyTorch's name, with random numbers of Hologram's own programs."""

from __future__ import annotations

from torch import Tensor

from hologram_torch.drawing import drawn
from hologram_torch.elementwise import apply
from hologram_torch.formulas import text_of
from hologram_torch.functional.arguments import type_name
from hologram_torch.functional.plans import number, tensor
from hologram_torch.outputs import in_place
from hologram_torch.registration import function

_KEPT = text_of(("MUL", "x", ("MUL", "y", "z")))


@function("(Tensor input, float p=0.5, bool training=True) -> Tensor")
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Elements become 0 with probability p, the others 1 / (1 − p) times as large; the input where not in training.

    The elements follow from a seed that PyTorch's generator gives, so `torch.manual_seed` makes them again. Raises
    ValueError for what is no probability, RuntimeError for integers.
    """
    share = number("dropout", p, "p")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    given = tensor("dropout", input)
    if not training or not given.numel():
        return given
    if not given.dtype.is_floating_point:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {type_name(given.dtype)}")
    operands = (given, drawn(given, 1.0 - share), 0.0 if share == 1.0 else 1.0 / (1.0 - share))
    return in_place("dropout", _KEPT, operands) if inplace else apply(_KEPT, *operands)


__all__ = ["dropout"]
