"""Convolutions of signals and images by PyTorch's names, by Hologram's own programs."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from hologram_torch.convolutions import convolved
from hologram_torch.mixed import lowered
from hologram_torch.registration import LIBRARY, function
from hologram_torch.windows import Pair, Slide

Lengths = int | Sequence[int]
_SCHEMA = (
    "(Tensor input, Tensor weight, Tensor? bias=None, SymInt[{0}] stride=1, {1}, SymInt[{0}] dilation=1, "
    "SymInt groups=1) -> Tensor"
)
_NUMBERS, _WORD = "SymInt[{0}] padding=0", 'str padding="valid"'
_MESSAGES = {
    "stride": "non-positive stride is not supported",
    "padding": "negative padding is not supported",
    "dilation": "non-positive dilation is not supported: dilation should be greater than zero",
}


@function(_SCHEMA.format(1, _NUMBERS.format(1)))
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Lengths = 1,
    padding: Lengths | str = 0,
    dilation: Lengths = 1,
    groups: int = 1,
) -> Tensor:
    """Weights slid over signals with channels."""
    return _convolved("conv1d", 1, input, weight, bias, (stride, padding, dilation), groups)


@function(_SCHEMA.format(2, _NUMBERS.format(2)))
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Lengths = 1,
    padding: Lengths | str = 0,
    dilation: Lengths = 1,
    groups: int = 1,
) -> Tensor:
    """Weights slid over images with channels."""
    return _convolved("conv2d", 2, input, weight, bias, (stride, padding, dilation), groups)


for _place, _function in enumerate((conv1d, conv2d), 1):
    LIBRARY.define(f"conv{_place}d.padding{_SCHEMA.format(_place, _WORD)}")
    LIBRARY.impl(f"conv{_place}d.padding", inspect.unwrap(_function), "CompositeImplicitAutograd")


def _convolved(
    name: str, axes: int, input: Tensor, weight: Tensor, bias: Tensor | None, how: tuple[Any, ...], groups: int
) -> Tensor:
    """A convolution over one or two axes."""
    if input.dim() not in (axes + 1, axes + 2):
        raise RuntimeError(
            f"Expected {axes + 1}D (unbatched) or {axes + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}"
        )
    single = input.dim() == axes + 1
    images = input.unsqueeze(0) if single else input
    _check_shapes(axes, images, weight, groups)
    stride, padding, dilation = how
    steps, apart = _lengths(name, "stride", stride, axes, 1), _lengths(name, "dilation", dilation, axes, 1)
    reach = [d * (k - 1) for d, k in zip(apart, weight.shape[2:], strict=True)]
    before, around = _padding(name, padding, axes, reach, steps)
    _check_channels(images, weight, bias, groups)
    room = [n + p for n, p in zip(images.shape[2:], around, strict=True)]
    if any(have <= needed for have, needed in zip(room, reach, strict=True)):
        sizes = [" x ".join(map(str, found)) for found in (room, [r + 1 for r in reach])]
        raise RuntimeError(
            f"Calculated padded input size per channel: ({sizes[0]}). Kernel size: ({sizes[1]}). Kernel size can't be "
            "greater than actual input size"
        )
    images, weight, bias = lowered(images, weight, bias)
    _check_types(images, weight, bias)
    size = tuple((have - needed - 1) // s + 1 for have, needed, s in zip(room, reach, steps, strict=True))
    if axes == 1:
        images, weight = images.unsqueeze(2), weight.unsqueeze(2)
        steps, before, apart, size = (1, *steps), (0, *before), (1, *apart), (1, *size)
    made = convolved(images, weight, bias, Slide(steps, before, apart, (1, 1), size, groups), images.dtype)
    made = made.squeeze(2) if axes == 1 else made
    return made.squeeze(0) if single else made


def _check_shapes(axes: int, input: Tensor, weight: Tensor, groups: int) -> None:
    if weight.dim() < 3:
        raise RuntimeError("weight should have at least three dimensions")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if weight.dim() != axes + 2:
        raise RuntimeError(
            f"Expected {weight.dim()}-dimensional input for {weight.dim()}-dimensional weight {list(weight.shape)}, "
            f"but got {input.dim()}-dimensional input of size {list(input.shape)} instead"
        )


def _check_channels(input: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    shape, outputs = list(weight.shape), weight.shape[0]
    if outputs < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{shape} instead"
        )
    if outputs % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{shape}] instead"
        )
    if input.shape[1] != shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {shape}, expected input{list(input.shape)} to have "
            f"{shape[1] * groups} channels, but got {input.shape[1]} channels instead"
        )
    if bias is not None and (bias.dim() != 1 or bias.shape[0] != outputs):
        raise RuntimeError(
            f"Given weight of size {shape}, expected bias to be 1-dimensional with {outputs} elements, but got bias of "
            f"size {list(bias.shape)} instead"
        )


def _check_types(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    for what, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.dtype != input.dtype:
            raise RuntimeError(f"Input type ({input.type()}) and {what} type ({tensor.type()}) should be the same")
    if input.dtype is torch.bool:
        raise RuntimeError("\"slow_conv2d_cpu\" not implemented for 'Bool'")


def _lengths(name: str, label: str, given: Any, axes: int, least: int) -> Pair:
    """One number for all axes, or one each."""
    values = list(given) if isinstance(given, list | tuple) else [given]
    if any(isinstance(v, bool) or not isinstance(v, int | torch.SymInt) for v in values):
        raise TypeError(f"{name}(): argument '{label}' must be tuple of ints, not {type(given).__name__}")
    if len(values) not in (1, axes):
        raise RuntimeError(
            f"expected {label} to be a single integer value or a list of {axes} values to match the convolution "
            f"dimensions, but got {label}={values}"
        )
    if any(v < least for v in values):
        raise RuntimeError(_MESSAGES[label])
    return tuple(values) * (axes // len(values))


def _padding(name: str, given: Any, axes: int, reach: Sequence[int], stride: Pair) -> tuple[Pair, Pair]:
    """What is missing before an image, and before and after it together, along each axis."""
    if given == "same":
        if any(step != 1 for step in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        return tuple(r // 2 for r in reach), tuple(reach)
    if isinstance(given, str) and given != "valid":
        raise RuntimeError(f"Invalid padding string: '{given}'")
    before = _lengths(name, "padding", 0 if given == "valid" else given, axes, 0)
    return before, tuple(2 * p for p in before)


__all__ = ["conv1d", "conv2d"]
