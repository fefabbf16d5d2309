"""Plans of activation functions, with the arguments of `torch.nn.functional`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch.functional.arguments import type_name
from hologram_torch.functional.plans import Plan, Planned, Planner, check_floats, described, number, tensor, unary


def _floats(name: str, input: Any) -> Tensor:
    given = tensor(name, input)
    check_floats(name, given)
    return given


def _with_inplace(name: str) -> Planner:
    def plan(input: Any, inplace: bool = False) -> Planned:
        return name, (_floats(name, input),)

    return described(plan, name)


def relu(input: Any, inplace: bool = False) -> Planned:
    """Max(x, 0), element by element."""
    given = tensor("relu", input)
    if given.dtype is torch.bool:
        raise RuntimeError("Boolean inputs not supported for relu")
    return "relu", (given,)


def relu6(input: Any, inplace: bool = False) -> Planned:
    """X, at least 0 and at most 6, element by element."""
    given = tensor("relu6", input)
    if given.dtype is torch.bool:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    return "relu6", (given,)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Planned:
    """Input, at least min_val and at most max_val, element by element."""
    given = tensor("hardtanh", input)
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if given.dtype is torch.bool:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    if not given.dtype.is_floating_point:
        if not given.dtype.is_signed and (min_val < 0 or max_val < 0):
            raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
        return "hardtanh", (given, int(min_val), int(max_val))
    return "hardtanh", (given, number("hardtanh", min_val, "min_val"), number("hardtanh", max_val, "max_val"))


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Planned:
    """Input where it is above the threshold, else the value, element by element."""
    given = tensor("threshold", input)
    limits = number("threshold", threshold, "threshold"), number("threshold", value, "value")
    return "threshold", (given, *limits) if given.dtype.is_floating_point else (given, *map(int, limits))


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Planned:
    """Input above 0, else negative_slope · input, element by element."""
    return "leaky_relu", (_floats("leaky_relu", input), number("leaky_relu", negative_slope, "negative_slope"))


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Planned:
    """Input above 0, else alpha · (e^input − 1), element by element."""
    return "elu", (_floats("elu", input), number("elu", alpha, "alpha"))


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Planned:
    """Input above 0, else alpha · (e^(input / alpha) − 1), element by element."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return "celu", (_floats("celu", input), number("celu", alpha, "alpha"))


def gelu(input: Any, *, approximate: str = "none") -> Planned:
    """Input · Φ(input), or its approximation by tanh, element by element."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return ("gelu" if approximate == "none" else "gelu_tanh"), (_floats("gelu", input),)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Planned:
    """Ln (1 + e^(beta · input)) / beta; input above the threshold, element by element."""
    given = _floats("softplus", input)
    return "softplus", (given, number("softplus", beta, "beta"), number("softplus", threshold, "threshold"))


def hardshrink(input: Any, lambd: float = 0.5) -> Planned:
    """0 where |input| is at most lambd, else input, element by element."""
    return "hardshrink", (_floats("hardshrink", input), number("hardshrink", lambd, "lambd"))


def softshrink(input: Any, lambd: float = 0.5) -> Planned:
    """Input brought nearer to 0 by lambd, element by element."""
    given = _floats("softshrink", input)
    largest = torch.finfo(given.dtype).max
    if not 0 <= lambd <= largest:
        raise RuntimeError(f"lambda must be in range [0, {largest}] for input dtype {given.dtype}, but found {lambd}")
    return "softshrink", (given, number("softshrink", lambd, "lambd"))


def prelu(input: Any, weight: Any) -> Planned:
    """Input above 0, else the channel's weight · input, element by element."""
    given, slopes = _floats("prelu", input), tensor("prelu", weight, "weight", 2)
    if given.dtype is not slopes.dtype:
        kinds = f"{type_name(given.dtype)} and {type_name(slopes.dtype)}"
        raise RuntimeError(f"prelu: Type promoting not supported. Got {kinds}")
    if slopes.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {slopes.dim()}")
    if slopes.numel() != 1:
        if not given.dim():
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = given.shape[1] if given.dim() > 1 else 1
        if slopes.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. "
                f"Found parameter numbers = {slopes.numel()} and channel size = {channels}."
            )
    axes = (slopes.numel(), *[1] * max(0, given.dim() - 2)) if given.dim() > 1 else ()  # one number for all otherwise
    return "leaky_relu", (given, slopes.reshape(axes))


_IN_PLACE = ("silu", "mish", "selu", "hardsigmoid", "hardswish")

PLANS: tuple[Plan, ...] = (
    Plan("relu", relu, out=False),
    Plan("relu6", relu6, out=False, underscore=False),
    Plan("hardtanh", hardtanh, out=False),
    Plan("threshold", threshold, out=False),
    Plan("leaky_relu", leaky_relu, out=False),
    Plan("elu", elu, out=False),
    Plan("celu", celu, out=False),
    Plan("gelu", gelu, underscore=False),
    Plan("softplus", softplus, underscore=False),
    Plan("hardshrink", hardshrink, underscore=False),
    Plan("softshrink", softshrink, underscore=False),
    Plan("prelu", prelu, out=False, underscore=False),
    Plan("logsigmoid", unary("logsigmoid", floats=True), underscore=False),
    Plan("softsign", unary("softsign"), out=False, underscore=False),
    Plan("tanhshrink", unary("tanhshrink"), out=False, underscore=False),
    *(Plan(name, _with_inplace(name), out=False) for name in _IN_PLACE),
)
