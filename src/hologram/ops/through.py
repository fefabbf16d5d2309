"""What gives a value an element by going through axes: sums up to each element, softmax and its like."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hologram.isa.templates.folds import KEPT, REDUCED, scanned
from hologram.operators import RESULTS, Reduction
from hologram.ops.along import Along
from hologram.ops.axes import Turned, one_axis, turned
from hologram.ops.held import Held, Maker, copied, formula_steps
from hologram.ops.operation import Call, Form
from hologram.ops.plan import Plan, Step, kernel_for
from hologram.ops.reduction import Folds, meaning_of
from hologram.runtime.executor import Executor

ALONE = 1 << 18
"""Elements up to which one lane scans rows that lie together: more lanes would each read elements far apart."""
StepOf = Callable[[Held, Held, Turned], Step]


class Scan(Along):
    """The fold of all elements up to each, along an axis or over the flat array."""

    def __init__(self, row: Reduction, name: str = "", executor: Executor | None = None) -> None:
        form = Form(("x",), keywords={"dtype": None}, own={"axis": None})
        doc = f"{row.meaning[0].upper()}{row.meaning[1:]}, along an axis or over the flat array."
        super().__init__(name or row.names[0], form, doc, executor)
        self.row = row

    def on(self, executor: Executor) -> Scan:
        return Scan(self.row, self.__name__, executor)

    def axes(self, call: Call, ndim: int) -> tuple[int, ...]:
        axis = call.values.get("axis")
        return tuple(range(ndim)) if axis is None else (one_axis(self.__name__, axis, ndim),)

    def plan(self, call: Call) -> Plan:
        given = self.given(call)
        meaning = meaning_of(self.__name__, self.row, given.type, self.wanted(call))
        (fold,) = meaning.folds
        flat = call.values.get("axis") is None
        shape = (math.prod(given.shape),) if flat else given.shape
        out, target = self.target(call, given, shape, meaning.result)

        def step(x: Held, result: Held, piece: Turned) -> Step:
            types, pattern = (x.type, meaning.type_of(fold), result.type), piece.pattern
            single = _is_of_one(piece)
            name = "_".join([self.row.name, *(t.value for t in types), pattern, *(["single"] if single else [])])
            kernel = kernel_for(name, name, lambda: scanned(name, fold.op, *types, pattern, single))
            return Step(kernel, (x.part(piece.whole[0]), result.part(piece.whole[1])))

        (source,) = given.inputs
        result = target.seen(target.view.reshape(given.shape))  # an axis can always be parted
        return given.plan(through(source, result, given.axes, given.maker, step), out, call.out is None)


class Normalise(Along):
    """A formula of each element and of folds along axes, the last one if none are named."""

    def __init__(self, row: Reduction, name: str = "", executor: Executor | None = None) -> None:
        form = Form(("x",), keywords={"dtype": None}, own={"axis": -1})
        doc = f"{row.meaning[0].upper()}{row.meaning[1:]}, along the last axis or others."
        super().__init__(name or row.names[0], form, doc, executor)
        self.row = row

    def on(self, executor: Executor) -> Normalise:
        return Normalise(self.row, self.__name__, executor)

    def axes(self, call: Call, ndim: int) -> tuple[int, ...]:
        return () if ndim == 0 and call.values.get("axis") == -1 else super().axes(call, ndim)

    def plan(self, call: Call) -> Plan:
        row, given = self.row, self.given(call)
        meaning = meaning_of(self.__name__, row, given.type, self.wanted(call))
        out, target = self.target(call, given, given.shape, meaning.result)
        (source,) = given.inputs
        count = math.prod(given.shape[k] for k in given.axes)
        folds = Folds(row.name, meaning, given.inputs, given.axes, {"n": count}, given.maker)
        assert row.each is not None, "a normalisation says what becomes of each element"
        steps: list[Step] = []
        results: dict[str, Held] = {}
        for number in range(len(meaning.folds) if source.view.size else 0):
            part = replace(folds, meaning=replace(meaning, folds=meaning.folds[: number + 1]))
            cells = given.maker.new(part.shape, meaning.computed)
            steps += part.into(cells)
            results[RESULTS[number]] = cells
        steps += formula_steps(row.name, row.each, {"x": source, **results}, meaning.computed, target)
        return given.plan(steps, out, call.out is None)


def _is_of_one(piece: Turned) -> bool:
    """True where one lane goes through all rows: there is one, or they are short ones that lie together."""
    first = piece.whole[0]
    kept = math.prod(n for n, letter in zip(first.shape, piece.pattern, strict=True) if letter == KEPT)
    together = all(a.strides[-1] == a.itemsize for a in piece.whole) and piece.pattern.endswith(REDUCED)
    return kept == 1 or (together and first.size <= ALONE)


def through(source: Held, result: Held, axes: Sequence[int], maker: Maker, step: StepOf) -> list[Step]:
    """The launches of programs that go through axes and store an element for each.

    An input that shares memory with the result is copied first, and where one has no good order of axes, both.
    """
    if not source.view.size:
        return []
    steps: list[Step] = []
    found = turned([source.view, result.view], [], axes, ordered=True)
    if found is None or np.may_share_memory(source.view, result.view):
        source, steps = copied(source, axes, maker)
        found = turned([source.view, result.view], [], axes, ordered=True)
    if found is not None:
        return [*steps, *(step(source, result, piece) for piece in found)]
    order = np.argsort([k in axes for k in range(source.view.ndim)], kind="stable")
    made = maker.new([source.view.shape[k] for k in order], result.type)
    made = made.seen(made.view.transpose(np.argsort(order)))
    found = turned([source.view, made.view], [], axes, ordered=True)
    assert found is not None, "contiguous arrays have few axes"
    steps += [step(source, made, piece) for piece in found]
    return [*steps, *formula_steps("positive", "x", {"x": made}, result.type, result)]
