"""Convolutions: NumPy's of two sequences, and PyTorch's of images and signals with channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates.convolutions import CHANNELS, Convolution
from hologram.isa.templates.products import summed_in
from hologram.ops.linalg.frame import Frame, Held
from hologram.ops.linalg.operation import LinearOperation
from hologram.ops.operation import Call
from hologram.ops.plan import Plan, Step, kernel_for

Pair = tuple[int, int]
MODES = ("full", "same", "valid")


@dataclass(frozen=True, slots=True)
class Window:
    """How a window goes over an image: steps, what is missing above and before it, and how far apart it reads."""

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1


def convolved(frame: Frame, x: Held, weight: Held, bias: Held | None, out: Held, window: Window) -> None:
    """Launch y = weight over x for four axes: images, channels, rows, columns. The output may share memory."""
    if 0 in out.view.shape:
        return
    images, _, height, width = x.view.shape
    channels, inputs, rows, columns = weight.view.shape
    x, weight = frame.apart(x, out), frame.apart(weight, out)
    bias = None if bias is None else frame.apart(bias, out)
    flat_x = frame.reshaped(x, (images * x.view.shape[1], height, width))
    flat_weight = frame.reshaped(weight, (channels * inputs, rows, columns))
    if bias is not None:
        bias = frame.reshaped(bias, (channels,))
        if bias.view.strides[0] != bias.view.itemsize:
            copied = frame.temporary((channels,), bias.type)
            frame.copy(bias, copied)
            bias = copied
    shape = (images * channels, *out.view.shape[2:])
    target = _in_place(out, shape)
    place = target or frame.temporary(shape, out.type)
    outputs = channels // window.groups
    blocks = -(-outputs // min(CHANNELS, outputs))
    of = Convolution(
        x.type,
        weight.type,
        summed_in(frame.joined(x, weight)),
        out.type,
        None if bias is None else bias.type,
        min(CHANNELS, outputs),
    )
    sizes = (inputs, outputs, window.groups, blocks, *window.stride, *window.padding, *window.dilation)
    arrays = [h.argument for h in (flat_x, flat_weight, *([] if bias is None else [bias]), place)]
    kernel = kernel_for(of, of.name, of.program)
    frame.steps.append(Step(kernel, (*arrays, *sizes, images * window.groups * blocks)))
    if target is None:
        frame.copy(place.seen(place.view.reshape(out.view.shape)), out)


def _in_place(out: Held, shape: tuple[int, ...]) -> Held | None:
    """The output in another shape, None where its strides do not allow that."""
    try:
        view = out.view.view()
        view.shape = shape
    except AttributeError:
        return None
    return out.seen(view)


class Convolve(LinearOperation):
    """NumPy's convolution of two sequences."""

    turned = True
    """True where the second sequence is read backwards."""

    def planned(self, call: Call, frame: Frame) -> Plan:
        a, v = map(frame.held, call.inputs)
        name, mode = frame.name, call.values["mode"]
        if mode not in MODES:
            raise ArgumentValueError(f"{name}(): mode is one of {', '.join(map(repr, MODES))}, got {mode!r}")
        if a.view.ndim != 1 or v.view.ndim != 1 or not a.view.size or not v.view.size:
            raise ArgumentValueError(
                f"{name}() takes sequences of one element or more, got shapes {a.view.shape} and {v.view.shape}"
            )
        swapped = v.view.size > a.view.size
        if swapped:
            a, v = v, a
        long, short = a.view.size, v.view.size
        before = {"full": short - 1, "same": short // 2, "valid": 0}[mode]
        length = {"full": long + short - 1, "same": long, "valid": long - short + 1}[mode]
        out = frame.output(call.out, (length,), frame.joined(a, v))
        target = out.seen(out.view[::-1]) if swapped and not self.turned else out
        window = v.seen(v.view[::-1]) if self.turned else v
        images = [h.seen(h.view[np.newaxis, np.newaxis, np.newaxis]) for h in (a, window, target)]
        convolved(frame, images[0], images[1], None, images[2], Window(padding=(0, before)))
        return frame.plan(out, call.out is None)


class Correlate(Convolve):
    """NumPy's correlation of two sequences."""

    turned = False


class Conv(LinearOperation):
    """PyTorch's convolution of images (two axes) or signals (one), with channels."""

    axes = 2

    def arrays(self, call: Call) -> tuple[object, ...]:
        return (*call.inputs, call.values["bias"])

    def planned(self, call: Call, frame: Frame) -> Plan:
        x, weight = map(frame.held, call.inputs)
        values, name = call.values, frame.name
        bias = None if values["bias"] is None else frame.held(values["bias"])
        is_single = x.view.ndim == self.axes + 1
        if (not is_single and x.view.ndim != self.axes + 2) or weight.view.ndim != self.axes + 2:
            raise ArgumentValueError(
                f"{name}(): x has {self.axes + 2} axes (or {self.axes + 1} without a batch) and weight "
                f"{self.axes + 2}, got shapes {x.view.shape} and {weight.view.shape}"
            )
        whole = x.seen(x.view[np.newaxis]) if is_single else x
        groups = values["groups"]
        self.check_channels(name, whole.view.shape, weight.view.shape, groups, bias)
        stride, dilation = (_lengths(name, label, values[label], self.axes, 1) for label in ("stride", "dilation"))
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.view.shape[2:], strict=True)]
        before, around = _padding(name, values["padding"], self.axes, reach, stride)
        lengths = []
        for have, more, reached, step in zip(whole.view.shape[2:], around, reach, stride, strict=True):
            if have + more < reached:
                raise ArgumentValueError(
                    f"{name}(): a window of shape {weight.view.shape[2:]} that reaches over {reached} elements is "
                    f"larger than x of shape {x.view.shape} with its padding"
                )
            lengths.append((have + more - reached) // step + 1)
        shape = (*([] if is_single else whole.view.shape[:1]), weight.view.shape[0], *lengths)
        out = frame.output(call.out, shape, frame.joined(*([x, weight] if bias is None else [x, weight, bias])))
        target = out.seen(out.view[np.newaxis]) if is_single else out
        images = [h if self.axes == 2 else h.seen(h.view[:, :, np.newaxis]) for h in (whole, weight, target)]
        window = Window(_pair(stride, 1), _pair(before, 0), _pair(dilation, 1), groups)
        convolved(frame, images[0], images[1], bias, images[2], window)
        return frame.plan(out, call.out is None)

    def check_channels(
        self, name: str, x: tuple[int, ...], weight: tuple[int, ...], groups: Any, bias: Held | None
    ) -> None:
        """Raise where channels, groups and bias do not fit together."""
        if not isinstance(groups, int) or isinstance(groups, bool) or groups < 1:
            raise ArgumentValueError(f"{name}(): groups is a number from 1, got {groups!r}")
        if x[1] != weight[1] * groups or weight[0] % groups or not weight[0]:
            raise ArgumentValueError(
                f"{name}(): x of shape {x} and weight of shape {weight} do not fit in {groups} groups: {x[1]} channels "
                f"come in, the weights take {weight[1]} a group and make {weight[0]}"
            )
        if bias is not None and bias.view.shape != weight[:1]:
            raise ArgumentValueError(f"{name}(): bias has shape {bias.view.shape}, it needs {weight[:1]}")


class Conv1d(Conv):
    """PyTorch's convolution of signals with channels."""

    axes = 1


def _pair(values: tuple[int, ...], first: int) -> Pair:
    return (first, values[0]) if len(values) == 1 else (values[0], values[1])


def _lengths(name: str, label: str, given: Any, axes: int, least: int) -> tuple[int, ...]:
    """One number for all axes, or one each."""
    values = (given,) * axes if isinstance(given, int) else given
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) not in (1, axes):
        raise ArgumentTypeError(f"{name}(): {label} is a number or {axes} of them, got {given!r}")
    values = tuple(values) * (axes // len(values))
    if any(not isinstance(v, int) or isinstance(v, bool) for v in values):
        raise ArgumentTypeError(f"{name}(): {label} is a number or {axes} of them, got {given!r}")
    if any(v < least for v in values):
        raise ArgumentValueError(f"{name}(): {label} is {least} or more, got {given!r}")
    return values


def _padding(
    name: str, given: Any, axes: int, reach: list[int], stride: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What is missing before x, and before and after together, along each axis."""
    if given == "valid":
        given = 0
    if given == "same":
        if any(step != 1 for step in stride):
            raise ArgumentValueError(f"{name}(): padding='same' goes with stride 1, got {stride}")
        return tuple((r - 1) // 2 for r in reach), tuple(r - 1 for r in reach)
    if isinstance(given, str):
        raise ArgumentValueError(f"{name}(): padding is 'same', 'valid' or numbers, got {given!r}")
    before = _lengths(name, "padding", given, axes, 0)
    return before, tuple(2 * p for p in before)
