"""Reductions: a row of the reduction table, along any axes of arrays of any types and strides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import BOOL, Bool, Kind
from hologram.isa.templates.folds import Folding, folded, launch_fold
from hologram.isa.templates.formula import computed_in
from hologram.operators import RESULTS, Fold, Formula, Gives, Reduction, words
from hologram.ops import dtypes
from hologram.ops.along import Along, Given
from hologram.ops.axes import Turned, kept_shape, turned, with_axes
from hologram.ops.held import Held, Maker, copied, formula_steps
from hologram.ops.layout import pieces
from hologram.ops.operation import Call, Form
from hologram.ops.plan import Plan, Step, kernel_for
from hologram.runtime.executor import Executor
from hologram.types import Type

WIDEST = {False: Type.U64, True: Type.I64}
"""What integers are summed in, by whether they are signed."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reduction computes for some type of elements."""

    folds: tuple[Fold, ...]
    computed: Type
    result: Kind
    counted: Type | None = None

    def type_of(self, fold: Fold, launched: bool = False) -> Type:
        """The type that a fold goes on in: sums of floats in f64, except that launch reductions do so themselves."""
        if self.counted is not None:
            return self.counted
        wide = fold.op in ("ADD", "MUL") and self.computed.is_float and not launched
        return Type.F64 if wide else self.computed


def meaning_of(name: str, row: Reduction, joined: Kind, wanted: Kind | None = None) -> Meaning:
    """What a reduction means for elements of a type, or summed in a type that is `wanted`.

    Raises ArgumentTypeError where it has no meaning.
    """
    if wanted is not None:
        joined = wanted
    if isinstance(joined, Bool) and not row.truths:
        raise ArgumentTypeError(f"{name}() has no meaning for truth values; cure: x.astype(np.int32)")
    stored = dtypes.stored(joined)
    computed, result = computed_in(stored), joined
    counted: Type | None = None
    if row.gives is Gives.WIDE and stored.is_integer and wanted is None:
        computed = WIDEST[isinstance(joined, Bool) or stored.is_signed]
        result = computed
    elif row.gives is Gives.REAL and stored.is_integer:
        computed, result = Type.F64, Type.F32
    elif row.gives in (Gives.COUNT, Gives.TRUTH):
        counted, result = (Type.I64, Type.I64) if row.gives is Gives.COUNT else (Type.U8, BOOL)
    return Meaning(row.folds_of(computed), computed, result, counted)


class Reduce(Along):
    """An operation of the reduction table."""

    def __init__(self, row: Reduction, name: str = "", executor: Executor | None = None) -> None:
        keywords = {"axis": None, "keepdims": False, **row.parameters}
        if row.gives in (Gives.WIDE, Gives.REAL):
            keywords["dtype"] = None
        inputs = ("x", "y")[: row.arity]
        form = Form(inputs, keywords=keywords, gives_number=True, placed=("axis",))
        doc = f"{row.meaning[0].upper()}{row.meaning[1:]}, over all elements or along axes."
        super().__init__(name or row.names[0], form, doc, executor)
        self.row = row

    def on(self, executor: Executor) -> Reduce:
        return type(self)(self.row, self.__name__, executor)

    def chosen(self, call: Call) -> Reduction:
        """The row that a call means."""
        return self.row

    def plan(self, call: Call) -> Plan:
        name, row = self.__name__, self.chosen(call)
        given = self.given(call)
        meaning = meaning_of(name, row, given.type, self.wanted(call))
        axes = given.axes
        count = math.prod(given.shape[k] for k in axes)
        shape = kept_shape(given.shape, axes, bool(call.values.get("keepdims", False)))
        if count == 0 and not row.empty and 0 not in shape:
            raise ArgumentValueError(f"{name}() of no elements has no meaning; cure: leave empty arrays out")
        out, target = self.target(call, given, shape, meaning.result)
        numbers = {"n": count, **{k: self.number(call, k) for k in row.parameters}}
        result = target.seen(with_axes(target.view, len(given.shape), axes))
        job = _Job(name, row.name, meaning, given.inputs, axes, result, numbers, given.maker)
        return given.plan(job.steps(), out, call.out is None)


@dataclass(frozen=True, slots=True)
class _Job:
    """One reduction of arrays of one shape; the result has all axes, those reduced of length 1."""

    name: str
    row: str
    meaning: Meaning
    inputs: tuple[Held, ...]
    axes: tuple[int, ...]
    result: Held
    numbers: Mapping[str, int | float]
    maker: Maker

    def steps(self) -> list[Step]:
        """The launches: one lane a result, or launch reductions where there are few results of many elements each."""
        if not self.result.view.size:
            return []
        outputs, count = self.result.view.size, int(self.numbers["n"])
        if launches_pay(outputs, count) and (steps := self._launches()) is not None:
            return steps
        return self._lanes()

    # A lane a result.

    def _lanes(self) -> list[Step]:
        inputs, steps = self.inputs, []
        found = turned([x.view for x in inputs], [self.result.view], self.axes)
        if found is None:
            copies = [copied(x, self.axes, self.maker) for x in inputs]
            inputs = tuple(x for x, _ in copies)
            steps = [step for _, some in copies for step in some]
            found = turned([x.view for x in inputs], [self.result.view], self.axes)
            assert found is not None, "contiguous arrays have few axes"
        return [*steps, *(self._step(inputs, piece) for piece in found)]

    def _step(self, inputs: Sequence[Held], piece: Turned) -> Step:
        meaning, held = self.meaning, self.result.type
        used = parameters([f for fold in meaning.folds for f in (fold.of, fold.result)], self.numbers)
        types = tuple(meaning.type_of(f) for f in meaning.folds)
        folding = Folding(meaning.folds, types, tuple(x.type for x in inputs), meaning.computed, used)
        rank = piece.kept[0].ndim
        words_ = [self.row, *(t.value for t in (*folding.elements, meaning.computed, held)), piece.pattern, str(rank)]
        text = "_".join(words_)
        key = (text, folding.key)
        kernel = kernel_for(key, text, lambda: folded(text, folding, held, piece.pattern, rank))
        arrays = [x.part(view) for x, view in zip(inputs, piece.whole, strict=True)]
        return Step(kernel, (*arrays, self.result.part(piece.kept[0]), *(self.numbers[k] for k in used)))

    # A launch a result.

    def _launches(self) -> list[Step] | None:
        """One launch reduction a fold and result, with launches for what the folds' results become; None if not so."""
        meaning, result = self.meaning, self.result
        order = [k for k in range(result.view.ndim) if k not in self.axes]
        views = [x.view.transpose([*order, *self.axes]) for x in self.inputs]
        places = list(np.ndindex(*views[0].shape[: len(order)]))
        elements = []
        for place in places:
            arrays = [v[place] for v in views]
            (piece, *more) = pieces(arrays, arrays[0].shape)
            if more or any(piece.is_fixed(k) for k in range(len(arrays))):
                return None
            elements.append(piece)
        results: dict[str, Held] = {}
        steps: list[Step] = []
        flat = result.view.transpose([*order, *self.axes])
        for number, fold in enumerate(meaning.folds):
            type = meaning.type_of(fold, launched=True)
            last = number == len(meaning.folds) - 1
            direct = last and fold.result == "fold" and result.type is type
            cells = result.seen(flat) if direct else self.maker.new(flat.shape, type)
            for place, piece in zip(places, elements, strict=True):
                arguments = [x.part(piece.argument(k)) for k, x in enumerate(self.inputs)]
                earlier = [cell.part(cell.view[place].reshape(-1)) for cell in results.values()]
                kernel, used = self._launched(number, piece.rank)
                target = cells.part(cells.view[place].reshape(-1))
                steps.append(Step(kernel, (*arguments, *earlier, target, *(self.numbers[k] for k in used))))
            if direct:
                return steps
            operands: dict[str, Held | int | float] = {"fold": cells, **results, **self.numbers}
            if last:
                made = result.seen(flat)
            else:
                made = cells if fold.result == "fold" else self.maker.new(flat.shape, type)
            if made is not cells:
                steps += formula_steps(f"{self.row}.{RESULTS[number]}", fold.result, operands, type, made)
            results[RESULTS[number]] = made
        return steps

    def _launched(self, number: int, rank: int) -> tuple[Any, tuple[str, ...]]:
        meaning = self.meaning
        folds = meaning.folds[: number + 1]
        used = parameters([folds[-1].of], self.numbers)
        types = tuple(meaning.type_of(f, launched=True) for f in folds)
        folding = Folding(folds, types, tuple(x.type for x in self.inputs), meaning.computed, used)
        text = "_".join([self.row, RESULTS[number], *(t.value for t in (*folding.elements, *types)), str(rank)])
        kernel = kernel_for((text, folding.key), text, lambda: launch_fold(text, folding, rank))
        return kernel, used


def launches_pay(outputs: int, count: int) -> bool:
    """True where launch reductions are faster than lanes, which go through all elements of a result one by one.

    A strip of 16 lanes takes about 1.2 ns a round, a launch reduction 0.1 ns an element and 10 µs to begin.
    """
    return -(-outputs // 16) * 1.2 * count > outputs * (0.1 * count + 10_000)


def parameters(formulas: Sequence[Formula], numbers: Mapping[str, Any]) -> tuple[str, ...]:
    """The numbers that formulas make use of."""
    named = {word for formula in formulas for word in words(formula)}
    return tuple(k for k in numbers if k in named)
