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
WORTH = 1.6
"""So many times the pixels of a result may be computed to read them one after the other."""


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


@dataclass(frozen=True, slots=True)
class Panels:
    """How pixels of results lie in panels, all images after each other or each image in panels of its own."""

    width: int
    straight: bool
    pixels: int
    """Pixels of an image."""
    across: int
    """Pixels of a row, of which those at its end may be none of the result's."""
    images: int

    @property
    def per_image(self) -> int:
        """Panels that images begin with: of all of them or of one."""
        return -(-self.total // self.width)

    @property
    def total(self) -> int:
        """Pixels that these panels have."""
        return self.pixels if self.straight else self.pixels * self.images

    @property
    def count(self) -> int:
        """All panels of a group."""
        return self.per_image * (self.images if self.straight else 1)


def panels_of(slide: Slide, window: Sequence[int], width: int, images: int) -> Panels:
    """Panels of so many images: straight ones where windows lie one element apart and few pixels are superfluous."""
    rows, columns = slide.size
    across = slide.reach(window)[1]
    straight = Panels(width, True, rows * across, across, images)
    if slide.stride == (1, 1) and straight.count * width <= WORTH * rows * columns * images:
        return straight
    return Panels(width, False, rows * columns, columns, images)


def slide_over(x: Tensor, weight: Tensor, bias: Tensor | None, slide: Slide, made: Tensor) -> None:
    """Launch a convolution of tensors in host memory; `made` is contiguous and not empty."""
    from hologram.isa.templates.products import panel, summed_in
    from hologram.types import Type

    summed = summed_in(Type(NAMES[x.dtype]))
    width, groups, window = panel(summed), slide.groups, weight.shape[2:]
    depth = prod(weight.shape[1:])
    packed, rows = _packed(weight.reshape(weight.shape[0], depth), groups, summed)
    together = max(1, MOST_BYTES // max(1, groups * prod(slide.size) * depth * summed.size))
    for first in range(0, x.shape[0], together):
        count = min(together, x.shape[0] - first)
        images, part = x.narrow(0, first, count), made.narrow(0, first, count)
        laid = panels_of(slide, window, width, count)
        panels = _gathered(_padded(images, slide, window, laid), weight, slide, laid, summed)
        _multiplied(packed, panels, bias, part, (groups, rows), laid, summed)


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
    rows = -(-outputs // -(-outputs // PACKED_ROWS))
    if groups > 1:
        rows = next(r for r in range(min(PACKED_ROWS, outputs), 0, -1) if outputs % r == 0)
    packed = _empty((-(-weight.shape[0] // rows), weight.shape[1], rows), summed)
    what = Type(NAMES[weight.dtype]), summed, rows, True
    _launched(("pack", *what), pack_name(*what), lambda: pack(*what), [weight, packed])
    return packed, rows


def _padded(x: Tensor, slide: Slide, window: Sequence[int], laid: Panels) -> Tensor:
    """All elements that windows come to, zeros where there are none: planes of rows, and some more at the end."""
    from hologram.isa.templates.windows import pad, pad_name
    from hologram.types import Type

    lengths, is_spread = slide.reach(window), slide.spread != (1, 1)
    planes, plane = x.shape[0] * x.shape[1], prod(lengths)
    last = (window[0] - 1) * slide.dilation[0] * lengths[1] + (window[1] - 1) * slide.dilation[1]
    behind = laid.per_image * laid.width + last - plane if laid.straight else 0
    whole = [*x.shape[2:]] == lengths
    if whole and not is_spread and not any(slide.padding) and x.is_contiguous() and behind <= 0:
        return x.view(-1, *lengths)
    made = torch.empty((planes + max(0, -(-behind // plane)), *lengths), dtype=x.dtype)
    if not x.shape[2] or not x.shape[3]:
        return made.zero_()
    what = Type(NAMES[x.dtype]), is_spread
    tensors = [x.reshape(-1, *x.shape[2:]), made]
    _launched(("pad", *what), pad_name(*what), lambda: pad(*what), tensors, planes, *slide.padding, *slide.spread)
    return made


def _gathered(whole: Tensor, weight: Tensor, slide: Slide, laid: Panels, summed: Type) -> Tensor:
    """What is under the windows, in panels."""
    from hologram.isa.templates.windows import gather, gather_name
    from hologram.types import Type

    inputs, *window = weight.shape[1:]
    panels = _empty((slide.groups * laid.count, inputs * prod(window), laid.width), summed)
    what = Type(NAMES[whole.dtype]), summed, laid.width, laid.straight
    across, plane = whole.shape[2], whole.shape[1] * whole.shape[2]
    steps = slide.stride[0] * across, slide.stride[1], slide.dilation[0] * across, slide.dilation[1]
    each = slide.groups * inputs * plane, inputs * plane, plane
    pixels = laid.pixels, laid.across, laid.total, laid.count, laid.per_image
    tensors = [whole.view(-1), panels]
    _launched(
        ("gather", *what), gather_name(*what), lambda: gather(*what), tensors, inputs, *window, *pixels, *each, *steps
    )
    return panels


def _multiplied(
    packed: Tensor,
    panels: Tensor,
    bias: Tensor | None,
    made: Tensor,
    sizes: tuple[int, int],
    laid: Panels,
    summed: Type,
) -> None:
    """Weights times panels into a result; `sizes` are the groups, and the outputs of a block of weights."""
    from hologram.isa.templates.windows import Slid
    from hologram.types import Type

    groups, rows = sizes
    channels, *size = made.shape[1:]
    outputs = channels // groups
    added = None if bias is None else Type(NAMES[bias.dtype])
    of = Slid(summed, Type(NAMES[made.dtype]), rows, laid.width, added)
    tensors = [packed, panels, *([] if bias is None else [bias.contiguous()]), made.view(-1, prod(size))]
    where = laid.per_image, laid.pixels, laid.across, size[1], laid.total
    _launched(of, of.name, of.program, tensors, outputs, -(-outputs // rows), laid.count, channels, *where)
