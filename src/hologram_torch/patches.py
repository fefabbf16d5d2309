"""The launches of a convolution: zeros around images, what is under windows in panels, weights times panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hologram_torch.rows.function import NAMES

if TYPE_CHECKING:
    from hologram.types import Type

Pair = tuple[int, ...]
MOST_BYTES = 1 << 25
"""Panels of more bytes are made for a few images at a time."""


@dataclass(frozen=True, slots=True)
class Slide:
    """How windows go over an image: their steps, what is missing before it, how far apart they read, …"""

    stride: Pair
    padding: Pair
    dilation: Pair
    spread: Pair
    """How far apart the elements of the image lie, with zeros between them."""
    size: Pair
    """The rows and columns of the result."""
    groups: int

    def of_image(self, image: Sequence[int], window: Sequence[int]) -> Slide:
        """How turned weights go over the gradient of a result to make that of an image."""
        before = tuple(d * (k - 1) - a for d, k, a in zip(self.dilation, window, self.padding, strict=True))
        return Slide(self.spread, before, self.dilation, self.stride, tuple(image), self.groups)

    def of_weights(self, window: Sequence[int]) -> Slide:
        """How the gradient of a result goes over an image to make that of weights."""
        return Slide(self.dilation, self.padding, self.stride, self.spread, tuple(window), self.groups)

    def reach(self, window: Sequence[int]) -> list[int]:
        """The rows and columns that windows come to."""
        each = zip(self.size, self.stride, window, self.dilation, strict=True)
        return [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in each]


def slide_over(x: Tensor, weight: Tensor, bias: Tensor | None, slide: Slide, made: Tensor) -> None:
    """Launch a convolution of tensors in host memory; `made` is contiguous and not empty."""
    from hologram.isa.templates.products import panel, summed_in
    from hologram.types import Type

    summed = summed_in(Type(NAMES[x.dtype]))
    width, groups = panel(summed), slide.groups
    depth = prod(weight.shape[1:])
    packed, rows = _packed(weight.reshape(weight.shape[0], depth), groups, summed)
    whole = _padded(x, slide, weight.shape[2:])
    pixels = prod(slide.size)
    together = max(1, MOST_BYTES // max(1, groups * pixels * depth * summed.size))
    for first in range(0, x.shape[0], together):
        part, images = (t.narrow(0, first, min(together, len(t) - first)) for t in (made, whole))
        panels = _gathered(images, weight, slide, width, summed)
        _multiplied(packed, panels, bias, part, (groups, rows, pixels), summed)


def _launched(key: Any, name: str, make: Any, tensors: Sequence[Tensor], *numbers: int) -> None:
    from hologram.ops.kinds import TorchKind
    from hologram.ops.plan import Step, kernel_for, launch

    read = TorchKind().array
    launch(Step(kernel_for(key, name, make), (*map(read, tensors), *numbers)))


def _empty(shape: Sequence[int], type: Type) -> Tensor:
    return torch.empty(tuple(shape), dtype=getattr(torch, type.dtype.name))


def _packed(weight: Tensor, groups: int, summed: Type) -> tuple[Tensor, int]:
    """Weights in blocks of so many outputs as a lane makes, and how many these are."""
    from hologram.isa.templates.products import PACKED_ROWS, pack, pack_name
    from hologram.types import Type

    outputs = weight.shape[0] // groups
    rows = min(PACKED_ROWS, outputs)
    if groups > 1:
        rows = next(r for r in range(rows, 0, -1) if outputs % r == 0)
    packed = _empty((-(-weight.shape[0] // rows), weight.shape[1], rows), summed)
    what = Type(NAMES[weight.dtype]), summed, rows, True
    _launched(("pack", *what), pack_name(*what), lambda: pack(*what), [weight, packed])
    return packed, rows


def _padded(x: Tensor, slide: Slide, window: Sequence[int]) -> Tensor:
    """All elements that windows come to, zeros where there are none, without gaps."""
    from hologram.isa.templates.patches import pad, pad_name
    from hologram.types import Type

    lengths, is_spread = slide.reach(window), slide.spread != (1, 1)
    inside = all(have >= needed for have, needed in zip(x.shape[2:], lengths, strict=True))
    if not is_spread and not any(slide.padding) and inside and x.is_contiguous():
        return x
    whole = torch.empty((*x.shape[:2], *lengths), dtype=x.dtype)
    if not x.shape[2] or not x.shape[3]:
        return whole.zero_()
    images = x.reshape(-1, *x.shape[2:])
    what = Type(NAMES[x.dtype]), is_spread
    tensors = [images, whole.view(-1, *lengths)]
    _launched(("pad", *what), pad_name(*what), lambda: pad(*what), tensors, *slide.padding, *slide.spread)
    return whole


def _gathered(whole: Tensor, weight: Tensor, slide: Slide, width: int, summed: Type) -> Tensor:
    """What is under the windows, in panels."""
    from hologram.isa.templates.patches import gather, gather_name
    from hologram.types import Type

    inputs, *window = weight.shape[1:]
    pixels = prod(slide.size)
    total = whole.shape[0] * pixels
    count = -(-total // width)
    panels = _empty((slide.groups * count, inputs * prod(window), width), summed)
    what = Type(NAMES[whole.dtype]), summed, width
    across, plane = whole.shape[3], whole.shape[2] * whole.shape[3]
    steps = slide.stride[0] * across, slide.stride[1], slide.dilation[0] * across, slide.dilation[1]
    each = whole.shape[1] * plane, inputs * plane, plane
    numbers = inputs, *window, pixels, slide.size[1], total, count, *each, *steps
    tensors = [whole.view(-1), panels]
    _launched(("gather", *what), gather_name(*what), lambda: gather(*what), tensors, *numbers)
    return panels


def _multiplied(
    packed: Tensor, panels: Tensor, bias: Tensor | None, made: Tensor, sizes: tuple[int, int, int], summed: Type
) -> None:
    """Weights times panels into a result."""
    from hologram.isa.templates.patches import Slid
    from hologram.types import Type

    groups, rows, pixels = sizes
    outputs = made.shape[1] // groups
    added = None if bias is None else Type(NAMES[bias.dtype])
    of = Slid(summed, Type(NAMES[made.dtype]), rows, panels.shape[2], added)
    tensors = [packed, panels, *([] if bias is None else [bias.contiguous()]), made.view(-1, pixels)]
    total = made.shape[0] * pixels
    numbers = outputs, -(-outputs // rows), panels.shape[0] // groups, made.shape[1], pixels, total
    _launched(of, of.name, of.program, tensors, *numbers)
