"""Losses by PyTorch's names: rows of the loss table, and those of classes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import _reduction as legacy

from hologram.runtime.notes import unrepeatable
from hologram_torch.elementwise import apply as formula
from hologram_torch.formulas import text_of
from hologram_torch.functional.arguments import type_name
from hologram_torch.functional.reductions import sum
from hologram_torch.mixed import raised
from hologram_torch.nodes import Node, is_plain
from hologram_torch.registration import function
from hologram_torch.remembered.looks import looked_at
from hologram_torch.roads import Road, road_of
from hologram_torch.rows.chains import class_plan
from hologram_torch.rows.losses import bounds, elementwise_loss, improbable, loss_of_classes, loss_of_shares, total
from hologram_torch.rows.operator import apply

PRODUCT, QUOTIENT = text_of(("MUL", "x", "y")), text_of(("DIV", "x", "y"))
REDUCTIONS = ("none", "mean", "sum")


def _reduction(name: str, reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """How losses are put together. Raises ValueError for a word that says nothing."""
    if size_average is not None or reduce is not None:
        unrepeatable()
        reduction = legacy.legacy_get_string(size_average, reduce)
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _common(name: str, *tensors: Tensor) -> torch.dtype:
    """The type of a loss. Raises RuntimeError where nothing is real."""
    dtype = tensors[0].dtype
    for tensor in tensors[1:]:
        dtype = torch.promote_types(dtype, tensor.dtype)
    if name == "poisson_nll_loss" and not dtype.is_floating_point:
        return torch.get_default_dtype()
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name}(): not implemented for '{type_name(dtype)}'; cure: x.to(torch.float32)")
    return dtype


def _loss(
    name: str,
    row: str,
    reduction: str,
    input: Tensor,
    target: Tensor,
    numbers: Sequence[float] = (),
    choices: tuple[str, ...] = (),
    weights: Mapping[str, Tensor | None] | None = None,
) -> Tensor:
    if not isinstance(target, Tensor):
        raise TypeError(f"{name}(): argument 'target' (position 2) must be Tensor, not {type(target).__name__}")
    given = {k: t for k, t in (weights or {}).items() if t is not None}
    tensors = list(raised(input, target, *given.values()))
    dtype = _common(name, *tensors)
    shape = torch.broadcast_shapes(*(t.shape for t in tensors))
    meant = elementwise_loss(row, choices, tuple(given), reduction, dtype)
    if reduction == "none":
        return apply(meant, tensors, numbers, shape, [])[0]
    rows = shape or (1,)
    (made,) = apply(meant, tensors, numbers, rows, list(range(len(rows))))
    return made.reshape(())


def _sizes(name: str, input: Tensor, target: Tensor) -> None:
    """Warn of sizes that broadcast, as PyTorch does."""
    if isinstance(target, Tensor) and target.size() != input.size():
        unrepeatable()
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=4,
        )


_PAIR = "(Tensor input, Tensor target, *, str reduction='mean'"


@function(f"{_PAIR}, Tensor? weight=None) -> Tensor")
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The square of the difference; with weights their mean is over the sum of these."""
    _sizes("mse_loss", input, target)
    reduction = _reduction("mse_loss", reduction, size_average, reduce)
    return _weighed("mse_loss", reduction, input, target, weight)


@function(f"{_PAIR}, Tensor? weight=None) -> Tensor")
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The size of the difference; with weights their mean is over the sum of these."""
    _sizes("l1_loss", input, target)
    reduction = _reduction("l1_loss", reduction, size_average, reduce)
    return _weighed("l1_loss", reduction, input, target, weight)


def _weighed(
    name: str, reduction: str, input: Tensor, target: Tensor, weight: Tensor | None, numbers: Sequence[float] = ()
) -> Tensor:
    if weight is None:
        return _loss(name, name, reduction, input, target, numbers)
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    each = formula(PRODUCT, _loss(name, name, "none", input, target, numbers), weight)
    if reduction == "none":
        return each
    whole = sum(each)
    return whole if reduction == "sum" else formula(QUOTIENT, whole, sum(weight))


@function(f"{_PAIR}, float beta=1.0) -> Tensor")
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """The square of the difference over 2 beta up to beta, its size less beta / 2 beyond."""
    _sizes("smooth_l1_loss", input, target)
    reduction = _reduction("smooth_l1_loss", reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return _loss("smooth_l1_loss", "l1_loss", reduction, input, target)
    return _loss("smooth_l1_loss", "smooth_l1_loss", reduction, input, target, [beta])


@function(f"{_PAIR}, float delta=1.0, Tensor? weight=None) -> Tensor")
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Half the square of the difference up to delta, delta times its size less delta / 2 beyond."""
    _sizes("huber_loss", input, target)
    reduction = _reduction("huber_loss", reduction, None, None)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return _weighed("huber_loss", reduction, input, target, weight, [delta])


@function("(Tensor input, Tensor target, Tensor? weight=None, *, str reduction='mean') -> Tensor")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−y ln x − (1 − y) ln (1 − x) for probabilities x; logarithms are −100 at least."""
    reduction = _reduction("binary_cross_entropy", reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    input, target = raised(input, target)
    if target.dtype != input.dtype:
        raise RuntimeError(f"Found dtype {type_name(target.dtype)} but expected {type_name(input.dtype)}")
    _check_probabilities(input)
    return _loss("binary_cross_entropy", "binary_cross_entropy_loss", reduction, input, target, weights={"w": weight})


def _check_probabilities(input: Tensor) -> None:
    """Refuse what is no probability, where values can be looked at."""
    if road_of([input.detach()]) is not Road.DIRECT or not input.numel():
        return
    (found,) = apply(improbable(input.dtype), [input.detach()], [], input.shape, list(range(input.dim())))
    if looked_at(found, 0, 0):
        raise RuntimeError("all elements of input should be between 0 and 1")


@function(
    "(Tensor input, Tensor target, Tensor? weight=None, *, str reduction='mean', Tensor? pos_weight=None) -> Tensor"
)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """The binary cross-entropy of 1 / (1 + e^−x); pos_weight weighs positive targets."""
    name = "binary_cross_entropy_with_logits"
    reduction = _reduction(name, reduction, size_average, reduce)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    weights = {"w": weight, "p": pos_weight}
    numbers = [1.0] if pos_weight is None else []
    return _loss(name, "bce_with_logits", reduction, input, target, numbers, weights=weights)


@function(f"{_PAIR}, bool log_target=False) -> Tensor")
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """y (ln y − x) for logarithms x of probabilities; "batchmean" is the sum over the number of samples."""
    by_sample = reduction == "batchmean"
    reduction = "sum" if by_sample else _reduction("kl_div", reduction, size_average, reduce)
    made = _loss("kl_div", "kl_div", reduction, input, target, choices=("log_target",) if log_target else ())
    if not by_sample or not input.dim():
        return made
    return formula(QUOTIENT, made, float(input.shape[0]))


@function(f"{_PAIR}, bool log_input=True, bool full=False, float eps=1e-8) -> Tensor")
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """e^x − y x for logarithms x of rates; `full` adds Stirling's approximation of ln y!."""
    reduction = _reduction("poisson_nll_loss", reduction, size_average, reduce)
    choices = (*(["log_input"] if log_input else []), *(["full"] if full else []))
    numbers = [eps]
    return _loss("poisson_nll_loss", "poisson_nll", reduction, input, target, numbers, choices)


@function(f"{_PAIR}, float margin=1.0) -> Tensor")
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x for a target of 1, max(0, margin − x) for one of −1."""
    reduction = _reduction("hinge_embedding_loss", reduction, size_average, reduce)
    return _loss("hinge_embedding_loss", "hinge_embedding_loss", reduction, input, target, [margin])


@function(f"{_PAIR}) -> Tensor")
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """ln (1 + e^(−y x)) for targets of 1 and −1."""
    reduction = _reduction("soft_margin_loss", reduction, size_average, reduce)
    return _loss("soft_margin_loss", "soft_margin_loss", reduction, input, target)


@function(
    "(Tensor input, Tensor target, Tensor? weight=None, *, int ignore_index=-100, str reduction='mean', "
    "float label_smoothing=0.0) -> Tensor"
)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross-entropy of logits, classes along axis 1 (the only one of a vector), and classes or probabilities."""
    reduction = _reduction("cross_entropy", reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.shape == input.shape and target.dtype.is_floating_point:
        return _of_shares(input, target, weight, reduction, label_smoothing)
    return _of_classes("cross_entropy", input, target, weight, ignore_index, reduction, label_smoothing, True)


@function(
    "(Tensor input, Tensor target, Tensor? weight=None, *, int ignore_index=-100, str reduction='mean') -> Tensor"
)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−x at the class of each sample, for logarithms x of probabilities."""
    reduction = _reduction("nll_loss", reduction, size_average, reduce)
    return _of_classes("nll_loss", input, target, weight, ignore_index, reduction, 0.0, False)


def _class_axis(name: str, input: Tensor) -> int:
    if not input.dim():
        raise ValueError(f"{name}(): expected input with at least 1 dimension, got one without")
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"{name}(): not implemented for '{type_name(input.dtype)}'; cure: x.to(torch.float32)")
    return min(1, input.dim() - 1)


def _class_weight(input: Tensor, weight: Tensor | None, axis: int) -> list[Tensor]:
    if weight is None:
        return []
    if list(weight.shape) != [input.shape[axis]]:
        raise RuntimeError(
            f"weight tensor should be defined either for all {input.shape[axis]} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}"
        )
    if weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {type_name(input.dtype)} but found {type_name(weight.dtype)}")
    return [weight.reshape([-1] + [1] * (input.dim() - axis - 1))]


def _of_classes(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignored: int,
    reduction: str,
    smoothing: float,
    of_logits: bool,
) -> Tensor:
    (input,) = raised(input)
    axis = _class_axis(name, input)
    shape = [*input.shape[:axis], *input.shape[axis + 1 :]]
    if target.dim() and input.dim() > 1 and target.shape[0] != input.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
        )
    if list(target.shape) != shape:
        raise RuntimeError(f"Expected target size {shape}, got {list(target.shape)}")
    if target.dtype not in (torch.int64, torch.uint8):
        raise RuntimeError(f"expected scalar type Long but found {type_name(target.dtype)}")
    weights = _class_weight(input, weight, axis)
    meant = loss_of_classes(input.dtype, of_logits, bool(weights), smoothing > 0, reduction == "none")
    numbers = [float(ignored), *([smoothing] if smoothing > 0 else [])]
    is_one = reduction != "none" and not any(w.requires_grad for w in weights)
    if is_one and road_of([input, *weights, target]) is Road.FUNCTION and is_plain():
        tensors = [input, *([] if weight is None else [weight]), target]
        plan = class_plan(meant, tensors, numbers, axis, reduction, _check_classes)
        made: Tensor = Node.apply(plan, *tensors)[0]
        return made
    _check_classes(target, input.shape[axis], ignored)
    tensors = [input, *weights, target.unsqueeze(axis)]
    loss, mass, *_ = apply(meant, tensors, numbers, input.shape, [axis])
    return _put_together(loss, mass, reduction, shape, input.dtype, None)


def _check_classes(target: Tensor, classes: int, ignored: int) -> None:
    """Raise IndexError for a class that there is not, where values can be looked at; elsewhere its loss is NaN."""
    if not target.numel() or road_of([target]) is not Road.DIRECT:
        return
    flat = target.reshape(-1)
    for found in apply(bounds(), [flat], [float(ignored)], flat.shape, [0]):
        if not 0 <= (place := looked_at(found, 0, classes - 1)) < classes:
            raise IndexError(f"Target {place} is out of bounds.")


def _of_shares(input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float) -> Tensor:
    input, target = raised(input, target)
    axis = _class_axis("cross_entropy", input)
    weights = _class_weight(input, weight, axis)
    meant = loss_of_shares(input.dtype, bool(weights), smoothing > 0, reduction == "none")
    numbers = [smoothing] if smoothing > 0 else []
    loss, _ = apply(meant, [input, target, *weights], numbers, input.shape, [axis])
    shape = [*input.shape[:axis], *input.shape[axis + 1 :]]
    return _put_together(loss, None, reduction, shape, input.dtype, float(math.prod(shape)))


def _put_together(
    loss: Tensor, mass: Tensor | None, reduction: str, shape: list[int], dtype: torch.dtype, size: float | None
) -> Tensor:
    """The losses of rows as one, or as they are."""
    if reduction == "none":
        return loss.reshape(shape)
    over = "" if reduction == "sum" else "mass" if mass is not None else "size"
    name = "f64" if loss.dtype is torch.float64 else "f32"
    tensors = [loss, mass] if over == "mass" and mass is not None else [loss]
    numbers = [size] if over == "size" and size is not None else []
    (made,) = apply(total(name, dtype, over), tensors, numbers, loss.shape, list(range(loss.dim())))
    return made.reshape(())


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
]
