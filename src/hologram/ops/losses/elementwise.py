"""A loss of the table: a formula of predictions and targets, summed as it is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates.formula import computed_in
from hologram.language.kernel import Kernel
from hologram.operators import Formula
from hologram.operators.losses import Loss, operands_of
from hologram.ops import kinds
from hologram.ops.elementwise import flat
from hologram.ops.layout import broadcast_shapes
from hologram.ops.losses import reduced
from hologram.ops.operation import Call, Form, Operation
from hologram.ops.plan import Plan, kernel_for
from hologram.ops.work import Region, Work, integer
from hologram.runtime.executor import Executor
from hologram.types import Type


class ElementLoss(Operation):
    """A loss of predictions and targets; `reduction` is mean, sum or none.

    The original form `(executor, predictions, targets, out, n=None)` gives the mean as a Python number, too.
    """

    def __init__(self, row: Loss, name: str = "", executor: Executor | None = None) -> None:
        form = Form(("x", "y"), {}, {"reduction": "mean", **row.keywords}, gives_number=True)
        super().__init__(name or row.name, form, f"{row.meaning[0].upper()}{row.meaning[1:]}.", executor)
        self.row = row

    def on(self, executor: Executor) -> ElementLoss:
        return ElementLoss(self.row, self.__name__, executor)

    def plan(self, call: Call) -> Plan:
        name, row = self.__name__, self.row
        values = {"reduction": "mean", **row.keywords, **call.values}
        known = (*reduced.REDUCTIONS, *(["batchmean"] if row.name == "kl_div" else []))
        reduction = reduced.reduction_of(name, values["reduction"], known)
        weights = [values[k] for k in ("weight", "pos_weight") if values.get(k) is not None]
        work = Work(name, call, [*call.inputs, *weights])
        x, y = (work.region(v) for v in call.inputs)
        element = reduced.float_type(name, x.element, y.element)
        operands = {"x": x, "y": y, **_weights(work, row, values)}
        shape = broadcast_shapes(name, [r.shape for r in operands.values()])
        given = {k: self._spread(work, r, shape, call) for k, r in operands.items()}
        numbers = {k: _number(name, k, values[k]) for k in row.parameters}
        formula = row.formula
        for k, (other, _) in row.choices.items():
            formula = other if values[k] else formula
        if row.takes_positive and "p" not in given:
            numbers["p"] = 1.0
        numbers = {k: v for k, v in numbers.items() if k in operands_of(formula)}
        if "w" in given:
            formula = ("MUL", formula, "w")
        wide = computed_in(element)
        if reduction == "none":
            target = work.result(shape, element)
            _stored(work, row.name, formula, given, numbers, wide, target)
            return work.plan()
        out = work.region(call.out) if call.out is not None else None
        target = reduced.cell(work, out, element)
        n = given["x"].view.size
        total = work.new((1,), wide)
        kernel = _kernel(row.name, formula, given, numbers, wide, None)
        work.launch(kernel, *given.values(), *numbers.values(), total, n)
        if reduction == "sum":
            reduced.put(work, total, target)
        else:
            count = n if reduction == "mean" else (shape[0] if shape else 1)
            reduced.divide(work, total, count, target)
        return work.plan()

    def _spread(self, work: Work, region: Region, shape: tuple[int, ...], call: Call) -> Region:
        """All elements along one axis: the first n of the original form."""
        if not call.original:
            return work.flat(region.seen(np.broadcast_to(region.view, shape)))
        found = flat(work.name, region.view)
        n = call.sizes.get("n")
        if n is None:
            return region.seen(found)
        count = integer(work.name, "n", n, 0)
        if count > found.size:
            raise ArgumentValueError(f"{work.name}(): n is {count}, an array has {found.size} elements")
        return region.seen(found[:count])


def _weights(work: Work, row: Loss, values: Mapping[str, Any]) -> dict[str, Region]:
    letters = {"weight": "w", "pos_weight": "p"}
    return {letter: work.region(values[k]) for k, letter in letters.items() if values.get(k) is not None}


def _number(name: str, label: str, value: Any) -> float:
    if isinstance(value, np.generic):
        value = value.item()
    if not kinds.is_scalar(value) or isinstance(value, bool):
        raise ArgumentTypeError(f"{name}(): {label} is a number, not {type(value).__name__}")
    if value < 0 or (value == 0 and label == "delta"):
        raise ArgumentValueError(f"{name}(): {label} is {value}; it has to be above 0")
    return float(value)


def _kernel(
    name: str,
    formula: Formula,
    given: Mapping[str, Region],
    numbers: Mapping[str, float],
    wide: Type,
    result: Type | None,
) -> Kernel:
    """The kernel that stores each loss as a type, or adds them up where there is none."""
    arrays = {k: r.type for k, r in given.items()}
    key = ("loss", name, formula, tuple(arrays.items()), tuple(numbers), wide, result)
    types = "_".join([*(f"{k}{t.value}" for k, t in arrays.items()), *numbers, wide.value])
    if result is None:
        return kernel_for(
            key, f"loss {name} sum {types}", lambda: reduced.summed(name, formula, arrays, tuple(numbers), wide)
        )
    return kernel_for(
        key,
        f"loss {name} each {types}",
        lambda: reduced.terms(name, formula, arrays, tuple(numbers), wide, result),
    )


def _stored(
    work: Work,
    name: str,
    formula: Formula,
    given: Mapping[str, Region],
    numbers: Mapping[str, float],
    wide: Type,
    target: Region,
) -> None:
    if not target.view.size:
        return
    out = target if target.view.flags.c_contiguous else work.new(target.shape, target.element)
    kernel = _kernel(name, formula, given, numbers, wide, out.type)
    work.launch(kernel, *given.values(), *numbers.values(), out.seen(out.view.reshape(-1)), out.view.size)
    if out is not target:
        work.move(out, target)
