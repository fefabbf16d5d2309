"""Losses of classes: cross-entropy of logits, negative log-likelihood, as in PyTorch.

Axis 1 holds the classes (the only axis where there is one). A target is a class, or a probability for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import Bool
from hologram.isa.templates.formula import computed_in
from hologram.ops import kinds
from hologram.ops.losses import reduced
from hologram.ops.operation import Call, Form, Operation
from hologram.ops.plan import Plan
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, integer
from hologram.runtime import recording
from hologram.runtime.executor import Executor
from hologram.types import Type

_BOUNDS = """
@kernel
def class_bounds(y: DeviceArray[INDEX], found: DeviceArray[i64], ignored: i64, n: i64):
    i = get_global_id()
    if i < n:
        k = i64(y[i])
        grid_min(k if k != ignored else 0, found, 0)
        grid_max(k if k != ignored else 0, found, 1)
"""
_LOG_SUM = """
        top = F(x[r, 0, d])
        for c in range(1, x.shape[1]):
            top = max(top, F(x[r, c, d]))
        total = F(0)
        for c in range(x.shape[1]):
            total += exp(F(x[r, c, d]) - top)
        norm = log(total)
"""
_CLASSES = """
@kernel
def loss_of_classes(x: DeviceArray[X, 3], y: DeviceArray[INDEX, 2], w: DeviceArray[W], loss: DeviceArray[F, 2],
                    weights: DeviceArray[F, 2], smoothing: F, ignored: i64):
    d, r = get_global_id(0), get_global_id(1)
    if d < loss.shape[1] and r < loss.shape[0]:
NORM
        k = i64(y[r, d])
        if k == ignored:
            loss[r, d], weights[r, d] = F(0), F(0)
        elif k < 0 or k >= x.shape[1]:
            loss[r, d], weights[r, d] = F(math.nan), F(1)
        else:
            weight = F(w[k])
            each = (1 - smoothing) * weight * (norm + (top - F(x[r, k, d])))
            if smoothing > 0:
                for c in range(x.shape[1]):
                    each += smoothing / F(x.shape[1]) * F(w[c]) * (norm + (top - F(x[r, c, d])))
            loss[r, d], weights[r, d] = each, weight
"""
_SHARES = """
@kernel
def loss_of_shares(x: DeviceArray[X, 3], y: DeviceArray[INDEX, 3], w: DeviceArray[W], loss: DeviceArray[F, 2],
                   smoothing: F):
    d, r = get_global_id(0), get_global_id(1)
    if d < loss.shape[1] and r < loss.shape[0]:
NORM
        each = F(0)
        for c in range(x.shape[1]):
            share = F(y[r, c, d]) * (1 - smoothing) + smoothing / F(x.shape[1])
            each += share * F(w[c]) * (norm + (top - F(x[r, c, d])))
        loss[r, d] = each
"""
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Row:
    """`norm` is the text that finds what makes logits logarithms of probabilities."""

    name: str
    norm: str
    meaning: str
    torch: str
    aliases: tuple[str, ...]
    keywords: Mapping[str, Any]


class ClassLoss(Operation):
    """A loss of classes; `reduction` is mean (weighed, over targets that are not ignored), sum or none."""

    def __init__(self, row: Row, name: str = "", executor: Executor | None = None) -> None:
        form = Form(("x", "y"), {}, {"reduction": "mean", **row.keywords}, sizes=(), gives_number=True)
        super().__init__(name or row.name, form, f"{row.meaning[0].upper()}{row.meaning[1:]}.", executor)
        self.row = row

    def on(self, executor: Executor) -> ClassLoss:
        return ClassLoss(self.row, self.__name__, executor)

    def plan(self, call: Call) -> Plan:
        name = self.__name__
        values = {"reduction": "mean", **self.row.keywords, **call.values}
        reduction = reduced.reduction_of(name, values["reduction"])
        weight = values["weight"]
        work = Work(name, call, [*call.inputs, *([] if weight is None else [weight])])
        x, y = (work.region(v) for v in call.inputs)
        element = reduced.float_type(name, x.element)
        if not x.view.ndim:
            raise ArgumentValueError(f"{name}(): x needs an axis of classes")
        axis = min(1, x.view.ndim - 1)
        classes = x.shape[axis]
        if not classes:
            raise ArgumentValueError(f"{name}(): there are no classes, x has shape {x.shape}")
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        wide = computed_in(element)
        smoothing = _smoothing(name, values.get("label_smoothing", 0.0))
        of_class = y.shape == shape and not isinstance(y.element, Bool) and y.element.is_integer
        if not of_class and (y.shape != x.shape or self.row.norm != _LOG_SUM):
            raise _mismatch(name, x, y, self.row)
        w = _weight(work, weight, classes, wide)
        matrix = work.around(x, axis)
        rows = (matrix.shape[0], matrix.shape[2])
        loss = work.new(rows, wide)
        words: dict[str, Type | str] = {"X": x.type, "W": w.type, "F": wide, "INDEX": y.type}
        if of_class:
            ignored = integer(name, "ignore_index", values["ignore_index"])
            _check(work, y, classes, ignored)
            weights = work.new(rows, wide)
            if loss.view.size:
                kernel = kernel_from(_CLASSES.replace("NORM", self.row.norm), **words)
                flat = work.flat(y)
                chosen = flat.seen(flat.view.reshape(rows))
                work.launch(kernel, matrix, chosen, w, loss, weights, smoothing, ignored)
        else:
            weights = None
            if loss.view.size:
                kernel = kernel_from(_SHARES.replace("NORM", self.row.norm), **words)
                work.launch(kernel, matrix, work.around(y, axis), w, loss, smoothing)
        _reduce(work, call, reduction, loss, weights, shape, element)
        return work.plan()


def _reduce(
    work: Work, call: Call, reduction: str, loss: Region, weights: Region | None, shape: tuple[int, ...], element: Type
) -> None:
    if reduction == "none":
        work.move(loss.seen(loss.view.reshape(shape)), work.result(shape, element))
        return
    out = work.region(call.out) if call.out is not None else None
    target = reduced.cell(work, out, element)
    total = reduced.sum_of(work, loss.seen(loss.view.reshape(-1)))
    if reduction == "sum":
        reduced.put(work, total, target)
    elif weights is None:
        reduced.divide(work, total, loss.view.size, target)
    else:
        reduced.divide(work, total, reduced.sum_of(work, weights.seen(weights.view.reshape(-1))), target)


def _mismatch(name: str, x: Region, y: Region, row: Row) -> Exception:
    if not isinstance(y.element, Bool) and y.element.is_integer:
        return ArgumentValueError(f"{name}(): classes y of shape {y.shape} do not fit x of shape {x.shape}")
    if row.norm != _LOG_SUM:
        return ArgumentTypeError(f"{name}(): targets are classes, integers, not {y.element!r}")
    return ArgumentValueError(f"{name}(): probabilities y of shape {y.shape} do not fit x of shape {x.shape}")


def _weight(work: Work, weight: Any, classes: int, wide: Type) -> Region:
    if weight is None:
        made = work.new((1,), wide)
        work.fill(made, 1)
        return work.packed(made.seen(np.broadcast_to(made.view, (classes,))))
    region = work.region(weight)
    if region.shape != (classes,):
        raise ArgumentValueError(f"{work.name}(): weight has shape {region.shape}, there are {classes} classes")
    return work.flat(region)


def _smoothing(name: str, value: Any) -> float:
    if not kinds.is_scalar(value) or isinstance(value, bool):
        raise ArgumentTypeError(f"{name}(): label_smoothing is a number, not {type(value).__name__}")
    if not 0 <= value <= 1:
        raise ArgumentValueError(f"{name}(): label_smoothing is from 0 to 1, got {value}")
    return float(value)


def _check(work: Work, y: Region, classes: int, ignored: int) -> None:
    """Refuse classes that do not exist, as an IndexError; in a recording their loss becomes NaN instead."""
    if not y.view.size or recording.current() is not None:
        return
    flat = work.flat(y)
    found = work.new((2,), Type.I64)
    work.launch(kernel_from(_BOUNDS, INDEX=y.type), flat, found, ignored, flat.view.size)
    work.now()
    for k in found.view.tolist():
        if not 0 <= k < classes:
            raise ArgumentRangeError(f"{work.name}(): class {k} is out of bounds, there are {classes} classes")


ROWS: tuple[Row, ...] = (
    Row(
        "cross_entropy",
        _LOG_SUM,
        "the cross-entropy of logits and classes, or of logits and a probability for each class",
        "F.cross_entropy(x, y, weight, reduction=reduction, label_smoothing=label_smoothing)",
        ("softmax_cross_entropy",),
        {"weight": None, "ignore_index": IGNORED, "label_smoothing": 0.0},
    ),
    Row(
        "nll",
        "        top, norm = F(0), F(0)\n",
        "what logarithms of probabilities cost whose classes are known: −x at the class",
        "F.nll_loss(x, y, weight, reduction=reduction)",
        ("nll_loss",),
        {"weight": None, "ignore_index": IGNORED},
    ),
)
