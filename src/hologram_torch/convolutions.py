"""The operator `hologram::convolution` of PyTorch: weights slid over images with channels.

A convolution says where its windows begin, how far they step and reach, how far apart the elements of its image lie,
and how large the result is; elements that are not there are 0. So its gradients are convolutions again: that of the
image slides the turned weights over the gradient, whose elements lie a stride apart; that of the weights slides the
gradient over the image. Derivatives of any order are calls of this one operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hologram_torch.elementwise import apply as formula
from hologram_torch.formulas import run as run_formula
from hologram_torch.products import HALVES, SUM
from hologram_torch.remembered.calls import remembering
from hologram_torch.roads import Differentiated, Road, check_host, in_memory, road_of, ways
from hologram_torch.rows.operator import sum_to
from hologram_torch.transforms import differentiated, operator
from hologram_torch.windows import Pair, Slide, slide_over

COPY = "positive"


@operator("hologram::convolution")
def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    spread: Sequence[int],
    size: Sequence[int],
    groups: int,
    dtype: torch.dtype,
) -> Tensor:
    """Weights (outputs, inputs of a group, rows, columns) over images (batch, channels, rows, columns), in a type."""
    how = *map(tuple, (stride, padding, dilation, spread, size)), groups, dtype
    made: Tensor = _run(x, weight, bias, *how)
    return made


@convolution.register_fake
def _(
    x: Tensor, weight: Tensor, bias: Any, stride: Any, padding: Any, dilation: Any, spread: Any, size: Any, groups: Any,
    dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    return x.new_empty((x.shape[0], weight.shape[0], *size), dtype=dtype)


@remembering
def _run(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Pair, padding: Pair, dilation: Pair, spread: Pair,
    size: Pair, groups: int, dtype: torch.dtype,
) -> Tensor:  # fmt: skip
    """Launch a convolution; raises RuntimeError for tensors outside of host memory."""
    tensors = [x, weight] if bias is None else [x, weight, bias]
    check_host(tensors)
    x, weight, *rest = map(in_memory, tensors)
    slide = Slide(stride, padding, dilation, spread, size, groups)
    made = torch.empty((x.shape[0], weight.shape[0], *size), dtype=dtype)
    if not made.numel():
        return made
    if not weight.shape[1]:  # nothing is summed
        return made.zero_() if bias is None else run_formula(COPY, [rest[0].reshape(-1, 1, 1).expand(made.shape)], made)
    slide_over(x, weight, rest[0] if rest else None, slide, made)
    return made


def convolved(x: Tensor, weight: Tensor, bias: Tensor | None, slide: Slide, dtype: torch.dtype) -> Tensor:
    """A convolution on the road that its tensors ask for."""
    road = road_of([x, weight] if bias is None else [x, weight, bias])
    how = slide.stride, slide.padding, slide.dilation, slide.spread, slide.size, slide.groups
    made: Tensor = _WAYS[road](x, weight, bias, *how, dtype)
    return made


def _slide(how: Sequence[Any], groups: int) -> Slide:
    stride, padding, dilation, spread, size = map(tuple, how)
    return Slide(stride, padding, dilation, spread, size, groups)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, weight, bias, *how, groups, ctx.dtype = inputs
    ctx.slide = _slide(how, groups)
    ctx.bias = None if bias is None else (bias.shape, bias.dtype)
    ctx.save_for_backward(x, weight)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    x, weight = ctx.saved_tensors
    slide: Slide = ctx.slide
    wants = ctx.needs_input_grad
    for_x = for_weight = for_bias = None
    if wants[0]:
        turned = _turned(weight, slide.groups)
        for_x = convolved(gradient, turned, None, slide.of_image(x.shape[2:], weight.shape[2:]), x.dtype)
    if wants[1]:
        image, over = _by_batch(x, slide.groups), gradient.transpose(0, 1)
        found = convolved(image, over, None, slide.of_weights(weight.shape[2:]), weight.dtype)
        for_weight = found.transpose(0, 1)
    if ctx.bias is not None and wants[2]:
        shape, dtype = ctx.bias
        for_bias = sum_to(gradient, (shape[0], 1, 1), dtype).reshape(shape)
    return for_x, for_weight, for_bias


def _turned(weight: Tensor, groups: int) -> Tensor:
    """Weights turned round, with what comes in and what goes out exchanged."""
    outputs, inputs, *window = weight.shape
    by_group = weight.flip(2, 3).reshape(groups, outputs // groups, inputs, *window)
    return by_group.transpose(1, 2).reshape(groups * inputs, outputs // groups, *window)


def _by_batch(x: Tensor, groups: int) -> Tensor:
    """Images with the batch as the channels of each group, and the channels of a group as batch."""
    count, channels, *image = x.shape
    by_group = x.reshape(count, groups, channels // groups, *image)
    return by_group.permute(2, 1, 0, 3, 4).reshape(channels // groups, groups * count, *image)


convolution.register_autograd(lambda ctx, gradient: (*_backward(ctx, gradient), *(None,) * 7), setup_context=_setup)


class _Convolution(Differentiated):
    """The same for `torch.func`, forward-mode and gradients that are not compiled."""

    @staticmethod
    def forward(
        x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, spread: Any,
        size: Any, groups: int, dtype: torch.dtype,
    ) -> Tensor:  # fmt: skip
        tensors = [x, weight] if bias is None else [x, weight, bias]
        way = convolution if road_of(tensors) is Road.OPERATOR else _run
        made: Tensor = way(x, weight, bias, stride, padding, dilation, spread, size, groups, dtype)
        return made

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _setup(ctx, inputs, output)
        ctx.save_for_forward(*inputs[:2])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return *_backward(ctx, gradient), *(None,) * 7

    @staticmethod
    def jvp(ctx: Any, x_moves: Tensor | None, weight_moves: Tensor | None, bias_moves: Any, *_: Any) -> Tensor:
        x, weight = ctx.saved_tensors
        whole = torch.float32 if ctx.dtype in HALVES else ctx.dtype
        moves = [convolved(x_moves, weight, None, ctx.slide, whole)] if x_moves is not None else []
        moves += [convolved(x, weight_moves, None, ctx.slide, whole)] if weight_moves is not None else []
        if bias_moves is not None:
            shape = x.shape[0], weight.shape[0], *ctx.slide.size
            moves.append(bias_moves.reshape(-1, 1, 1).expand(shape))
        total = moves[0]
        for more in moves[1:]:
            total = formula(SUM, total, more)
        return total.to(ctx.dtype)

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Tensor, weight: Tensor, bias: Tensor | None, *how: Any) -> tuple[Tensor, int]:
        *rest, groups, dtype = how
        batch = info.batch_size
        if in_dims[1] is None and in_dims[2] is None:  # more images
            images = x.movedim(in_dims[0], 0)
            made = convolved(images.flatten(0, 1), weight, bias, _slide(rest, groups), dtype)
            return made.unflatten(0, (batch, images.shape[1])), 0
        images, weights = (  # more groups
            t.expand(batch, *t.shape) if d is None else t.movedim(d, 0)
            for t, d in zip((x, weight), in_dims, strict=False)
        )
        added = None
        if bias is not None:
            added = (bias.expand(batch, *bias.shape) if in_dims[2] is None else bias.movedim(in_dims[2], 0)).flatten()
        slide = _slide(rest, groups * batch)
        made = convolved(images.transpose(0, 1).flatten(1, 2), weights.flatten(0, 1), added, slide, dtype)
        return made.unflatten(1, (batch, weights.shape[1])), 1


_WAYS = ways(_run, convolution, _Convolution)
differentiated(convolution, _Convolution.apply)
