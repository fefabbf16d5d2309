"""Softmax and its kin, and normalisations of layers, by PyTorch's names."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from hologram.runtime.notes import unrepeatable
from hologram_torch.elementwise import apply as formula
from hologram_torch.formulas import text_of
from hologram_torch.functional.arguments import dim_of, type_name
from hologram_torch.functional.reductions import vector_norm
from hologram_torch.registration import function
from hologram_torch.rows.function import computed
from hologram_torch.rows.normalisations import by_known, by_squares, moved, over_size, scaled_variance, standardised
from hologram_torch.rows.operator import apply
from hologram_torch.rows.reductions import reduction

_OVER = text_of(("DIV", "x", ("MAXP", "y", "z")))
_SOFT = "(Tensor input, int? dim=None, *, ScalarType? dtype=None) -> Tensor"


def _softened(name: str, input: Tensor, dim: int | None, dtype: torch.dtype | None) -> Tensor:
    if dim is None:
        dim = 0 if input.dim() in (0, 1, 3) else 1
        unrepeatable()
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. "
            "Change the call to include dim=X as an argument.",
            stacklevel=4,
        )
    result = dtype or input.dtype
    if not result.is_floating_point:
        raise RuntimeError(f"{name}(): not implemented for '{type_name(result)}'; cure: dtype=torch.float32")
    axis = dim_of(dim, input.dim())
    rows = input if input.dim() else input.reshape(1)
    (made,) = apply(reduction(name, computed(result), result), [rows], [], rows.shape, [axis])
    return made if input.dim() else made.reshape(())


@function(_SOFT)
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> Tensor:
    """e^x over the sum of e^x along an axis."""
    return _softened("softmax", input, dim, dtype)


@function(_SOFT)
def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None
) -> Tensor:
    """ln of the softmax along an axis."""
    return _softened("log_softmax", input, dim, dtype)


@function(_SOFT)
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: torch.dtype | None = None) -> Tensor:
    """The softmax of −x along an axis."""
    return _softened("softmin", input, dim, dtype)


def _real(name: str, input: Tensor) -> None:
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"{name}(): not implemented for '{type_name(input.dtype)}'; cure: x.to(torch.float32)")


def _trailing(name: str, input: Tensor, shape: Sequence[int], parts: dict[str, Tensor | None]) -> list[int]:
    """The last axes, which are of a shape, as are weight and bias."""
    shape = list(shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for part, given in parts.items():
        if given is not None and list(given.shape) != shape:
            raise RuntimeError(
                f"Expected {part} to be of same shape as normalized_shape, but got {part} of shape {list(given.shape)} "
                f"and normalized_shape = {shape}"
            )
    if list(input.shape[-len(shape) :]) != shape:
        wanted = "".join(f", {n}" for n in shape)
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [*{wanted}], but got input of size"
            f"{list(input.shape)}"
        )
    return list(range(input.dim() - len(shape), input.dim()))


@function("(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-5) -> Tensor")
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(variance + eps) · weight + bias over the last axes."""
    _real("layer_norm", input)
    dims = _trailing("layer_norm", input, normalized_shape, {"weight": weight, "bias": bias})
    meant = standardised(input.dtype, weight is not None, bias is not None, False, False)
    return apply(meant, [t for t in (input, weight, bias) if t is not None], [eps], input.shape, dims)[0]


@function("(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor")
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / √(mean of x² + eps) · weight over the last axes; eps is the type's smallest step at 1 if none is given."""
    _real("rms_norm", input)
    dims = _trailing("rms_norm", input, normalized_shape, {"weight": weight})
    small = torch.finfo(input.dtype).eps if eps is None else eps
    meant = by_squares(input.dtype, weight is not None)
    return apply(meant, [t for t in (input, weight) if t is not None], [small], input.shape, dims)[0]


@function("(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-5) -> Tensor")
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """A layer norm over groups of channels, which are axis 1, and over all axes behind."""
    _real("group_norm", input)
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    channels = input.shape[1]
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    for part, given in (("weight", weight), ("bias", bias)):
        if given is not None and list(given.shape) != [channels]:
            raise RuntimeError(
                f"Expected {part} to be a vector of size equal to the number of channels in input, but got {part} of "
                f"shape {list(given.shape)} and input of shape {list(input.shape)}"
            )
    shape = (input.shape[0], num_groups, channels // num_groups, math.prod(input.shape[2:]))
    rows = input.reshape(shape)
    parts = [t.reshape(1, num_groups, -1, 1) for t in (weight, bias) if t is not None]
    meant = standardised(input.dtype, weight is not None, bias is not None, False, False)
    return apply(meant, [rows, *parts], [eps], shape, [2, 3])[0].reshape(input.shape)


def _channelled(input: Tensor, parts: dict[str, Tensor | None]) -> None:
    if input.dim() < 2:
        raise ValueError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    for part, given in parts.items():
        if given is not None and list(given.shape) != [input.shape[1]]:
            raise RuntimeError(f"{part} should contain {input.shape[1]} elements not {given.numel()}")


_STATISTICS = "(Tensor input, Tensor(a!)? running_mean{0}, Tensor(b!)? running_var{0}, Tensor? weight=None, "
_SHARES = "float momentum=0.1, float eps=1e-5) -> Tensor"


@function(f"{_STATISTICS.format('')}Tensor? bias=None, bool training=False, {_SHARES}")
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """A layer norm of each channel (axis 1); in training over all else, which running statistics take in."""
    _real("batch_norm", input)
    if input.shape == (0,):  # which PyTorch takes, whatever its channels are
        return input.clone()
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _channelled(input, {**statistics, "weight": weight, "bias": bias})
    along = [1, input.shape[1], *[1] * (input.dim() - 2)]
    parts = [t.reshape(along) for t in (weight, bias) if t is not None]
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        known = by_known(input.dtype, weight is not None, bias is not None)
        given = [input, running_mean.reshape(along), running_var.reshape(along), *parts]
        return apply(known, given, [eps], input.shape, [])[0]
    dims = [0, *range(2, input.dim())]
    count = math.prod(input.shape[d] for d in dims)
    if count <= 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.shape}")
    meant = standardised(input.dtype, weight is not None, bias is not None, True, running_var is not None)
    out, mean, _, *spread = apply(meant, [input, *parts], [eps], input.shape, dims)
    if running_mean is not None:
        _moved_on(running_mean, mean.detach().reshape(-1), momentum)
    if running_var is not None:
        unbiased = scaled_variance(spread[0].dtype)
        (found,) = apply(unbiased, [spread[0].detach().reshape(-1)], [count / (count - 1)], running_var.shape, [])
        _moved_on(running_var, found, momentum)
    return out


def _moved_on(running: Tensor, found: Tensor, momentum: float) -> None:
    with torch.no_grad():
        running.copy_(apply(moved(running.dtype), [running, found], [momentum], running.shape, [])[0])


@function(f"{_STATISTICS.format('=None')}Tensor? bias=None, bool use_input_stats=True, {_SHARES}")
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """A layer norm of each channel of each sample; running statistics take in the mean over the samples."""
    _real("instance_norm", input)
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _channelled(input, {**statistics, "weight": weight, "bias": bias})
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    samples, channels = input.shape[:2]
    if math.prod(input.shape[2:]) <= 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    rows = input.reshape(1, samples * channels, *input.shape[2:])
    weight, bias, means, variances = (
        None if t is None else t.repeat(samples) for t in (weight, bias, running_mean, running_var)
    )
    made = batch_norm(rows, means, variances, weight, bias, True, momentum, eps)
    for running, several in ((running_mean, means), (running_var, variances)):
        if running is not None and several is not None:
            with torch.no_grad():
                average = reduction("mean", computed(running.dtype), running.dtype)
                (found,) = apply(average, [several.reshape(samples, channels)], [], (samples, channels), [0])
                running.copy_(found.reshape(-1))
    return made.reshape(input.shape)


@function("(Tensor input, Scalar p=2.0, int[1] dim=1, float eps=1e-12) -> Tensor")
def normalize(
    input: Tensor, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """x over its norm of order p along axes, which counts as eps at least."""
    if input.dtype in (torch.float16, torch.bfloat16):  # rounded once
        size = vector_norm(input, p, dim, True, dtype=torch.float32)
        return apply(over_size(input.dtype), [input, size], [eps], input.shape, [])[0]
    return formula(_OVER, input, vector_norm(input, p, dim, True), eps)


__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "log_softmax",
    "normalize",
    "rms_norm",
    "softmax",
    "softmin",
]
