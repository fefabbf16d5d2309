"""Where the smallest and largest elements are."""

from __future__ import annotations

import math

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates.folds import Folding, launch_fold
from hologram.isa.templates.formula import computed_in
from hologram.isa.templates.positions import launch_position, position
from hologram.language.kernel import Kernel
from hologram.operators import Fold
from hologram.ops.along import Along
from hologram.ops.axes import Turned, kept_shape, one_axis, part_at, turned, with_axes
from hologram.ops.held import Held, Maker, copied
from hologram.ops.operation import Call, Form
from hologram.ops.plan import Plan, Step, kernel_for
from hologram.ops.reduction import launches_pay
from hologram.runtime.executor import Executor
from hologram.types import Type


class Position(Along):
    """The place of the smallest or largest element, along one axis or in the flat array."""

    def __init__(self, name: str, op: str, executor: Executor | None = None) -> None:
        form = Form(("x",), keywords={"keepdims": False}, gives_number=True, own={"axis": None})
        word = "smallest" if op == "MIN" else "largest"
        doc = f"The place of the first {word} x, or of the first NaN, in the flat array or along an axis, as i64."
        super().__init__(name, form, doc, executor)
        self.op = op

    def on(self, executor: Executor) -> Position:
        return Position(self.__name__, self.op, executor)

    def axes(self, call: Call, ndim: int) -> tuple[int, ...]:
        axis = call.values.get("axis")
        if isinstance(axis, tuple | list):
            raise ArgumentTypeError(f"{self.__name__}() goes along one axis, or all with axis=None, not {axis!r}")
        return tuple(range(ndim)) if axis is None else (one_axis(self.__name__, axis, ndim),)

    def plan(self, call: Call) -> Plan:
        name, given = self.__name__, self.given(call)
        count = math.prod(given.shape[k] for k in given.axes)
        shape = kept_shape(given.shape, given.axes, bool(call.values.get("keepdims", False)))
        if count == 0 and 0 not in shape:
            raise ArgumentValueError(f"{name}() of no elements has no meaning; cure: leave empty arrays out")
        out, target = self.target(call, given, shape, Type.I64)
        result = target.seen(with_axes(target.view, len(given.shape), given.axes))
        (source,) = given.inputs
        steps: list[Step] = []
        if result.view.size:
            steps = self._steps(source, given.axes, result, count, given.maker)
        return given.plan(steps, out, call.out is None)

    def _steps(self, x: Held, axes: tuple[int, ...], result: Held, count: int, maker: Maker) -> list[Step]:
        steps: list[Step] = []
        found = turned([x.view], [result.view], axes, ordered=True)
        if found is None:
            x, steps = copied(x, axes, maker)
            found = turned([x.view], [result.view], axes, ordered=True)
            assert found is not None, "contiguous arrays have few axes"
        if result.type is Type.I64 and launches_pay(result.view.size, count):
            return [*steps, *self._launches(x, axes, result, maker)]
        return [*steps, *(self._lane_step(x, result, piece) for piece in found)]

    def _lane_step(self, x: Held, result: Held, piece: Turned) -> Step:
        rank, pattern = piece.kept[0].ndim, piece.pattern
        name = f"{self.__name__}_{x.type.value}_{result.type.value}_{pattern}_{rank}"
        kernel = kernel_for(name, name, lambda: position(name, self.op, x.type, result.type, pattern, rank))
        return Step(kernel, (x.part(piece.whole[0]), result.part(piece.kept[0])))

    def _launches(self, x: Held, axes: tuple[int, ...], result: Held, maker: Maker) -> list[Step]:
        """For each result, what is best of all and then where it is first."""
        best = maker.new((1,), computed_in(x.type))
        steps = []
        for place in np.ndindex(*result.view.shape):
            cell = tuple(slice(i, i + 1) for i in place)
            taken = tuple(slice(None) if k in axes else part for k, part in enumerate(cell))
            found = turned([part_at(x.view, taken)], [], range(x.view.ndim), ordered=True)
            assert found is not None, "the reduced axes are one"
            line = found[0].whole[0]
            line = line.reshape(-1) if line.flags.c_contiguous else line
            fold, where = self._kernels(x.type, line.ndim)
            given, target = x.part(line), result.part(part_at(result.view, cell).reshape(-1))
            steps.append(Step(fold, (given, best.part(best.view))))
            steps.append(Step(where, (given, best.part(best.view), target)))
        return steps

    def _kernels(self, element: Type, rank: int) -> tuple[Kernel, Kernel]:
        computed = computed_in(element)
        folding = Folding((Fold(f"{self.op}P"),), (computed,), (element,), computed)
        best, place = (f"{self.__name__}.{part}_{element.value}_{rank}" for part in ("best", "place"))
        return (
            kernel_for(best, best, lambda: launch_fold(best, folding, rank)),
            kernel_for(place, place, lambda: launch_position(place, element, rank)),
        )
