"""Reductions: a row of the reduction table, along any axes of arrays of any types and strides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import BOOL, Bool, Kind
from hologram.isa.templates.folds import Folding, folded, launch_fold, launch_fold_name
from hologram.isa.templates.formula import computed_in
from hologram.operators import RESULTS, Fold, Formula, Gives, Reduction, words
from hologram.ops import dtypes
from hologram.ops.along import Along
from hologram.ops.axes import Turned, kept_shape, part_at, turned, with_axes
from hologram.ops.held import Held, Maker, copied, formula_steps
from hologram.ops.layout import Piece, pieces
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

    def __init__(
        self, row: Reduction, name: str = "", executor: Executor | None = None, form: Form | None = None
    ) -> None:
        doc = f"{row.meaning[0].upper()}{row.meaning[1:]}, over all elements or along axes."
        super().__init__(name or row.names[0], form or form_of(row), doc, executor)
        self.row = row

    def on(self, executor: Executor) -> Reduce:
        return Reduce(self.row, self.__name__, executor, self.form)

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
        folds = Folds(row.name, meaning, given.inputs, axes, numbers, given.maker)
        return given.plan(folds.into(result) if result.view.size else [], out, call.out is None)


def form_of(row: Reduction) -> Form:
    """The arguments of a reduction."""
    keywords: dict[str, Any] = {"keepdims": False, **row.parameters}
    if row.gives in (Gives.WIDE, Gives.REAL):
        keywords["dtype"] = None
    return Form(("x", "y")[: row.arity], keywords=keywords, gives_number=True, own={"axis": None})


@dataclass(frozen=True, slots=True)
class Folds:
    """The folds of arrays of one shape along axes; results have all axes, those reduced of length 1."""

    row: str
    meaning: Meaning
    inputs: tuple[Held, ...]
    axes: tuple[int, ...]
    numbers: Mapping[str, int | float]
    maker: Maker

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a result."""
        return kept_shape(self.inputs[0].view.shape, self.axes, keepdims=True)

    def into(self, result: Held) -> list[Step]:
        """The launches: one lane a result, or launch reductions where there are few results of many elements each."""
        direct = result.type is self.meaning.type_of(self.meaning.folds[-1], launched=True)
        launches = sum(2 - (f.result == "fold") for f in self.meaning.folds) + (not direct)
        if launches_pay(math.prod(self.shape), int(self.numbers["n"]), launches) and (found := self.launched(result)):
            return found[0]
        views = [x.view for x in self.inputs]
        turns = turned(views, [result.view], self.axes)
        if turns is None:
            copies = [copied(x, self.axes, self.maker) for x in self.inputs]
            inside = replace(self, inputs=tuple(x for x, _ in copies))
            return [*(step for _, some in copies for step in some), *inside.into(result)]
        return [self._step(result, piece) for piece in turns]

    def folding(self, *formulas: Formula) -> Folding:
        """What a program of all folds and of further formulas is about."""
        meaning = self.meaning
        used = parameters([*formulas, *(f for fold in meaning.folds for f in (fold.of, fold.result))], self.numbers)
        types = tuple(meaning.type_of(f) for f in meaning.folds)
        return Folding(meaning.folds, types, tuple(x.type for x in self.inputs), meaning.computed, used)

    def _step(self, result: Held, piece: Turned) -> Step:
        folding, held = self.folding(), result.type
        rank = piece.kept[0].ndim
        types = (*folding.elements, *folding.types, held)
        name = "_".join([self.row, *(t.value for t in types), piece.pattern, str(rank)])
        kernel = kernel_for((name, folding.key), name, lambda: folded(name, folding, held, piece.pattern, rank))
        arrays = [x.part(view) for x, view in zip(self.inputs, piece.whole, strict=True)]
        numbers = [self.numbers[k] for k in folding.parameters]
        return Step(kernel, (*arrays, result.part(piece.kept[0]), *numbers))

    def launched(self, result: Held | None = None) -> tuple[list[Step], dict[str, Held]] | None:
        """A launch reduction for each fold and result, and launches for what comes of the folds; None where not so.

        Gives the results of all folds, too; the last is stored in `result` if there is one.
        """
        lines = self._lines()
        if lines is None:
            return None
        results: dict[str, Held] = {}
        steps: list[Step] = []
        for number, fold in enumerate(self.meaning.folds):
            type = self.meaning.type_of(fold, launched=True)
            wanted = result if number == len(self.meaning.folds) - 1 else None
            plain = fold.result == "fold"
            direct = wanted if plain and wanted is not None and wanted.type is type else None
            cells = direct or self.maker.new(self.shape, type)
            steps += self._launches(number, lines, list(results.values()), cells)
            made = cells
            if direct is None and not (plain and wanted is None):
                made = wanted or self.maker.new(self.shape, type)
                operands = {"fold": cells, **results, **self.numbers}
                steps += formula_steps(f"{self.row}.{RESULTS[number]}", fold.result, operands, type, made)
            results[RESULTS[number]] = made
        return steps, results

    def _lines(self) -> list[tuple[tuple[slice, ...], Piece]] | None:
        """The place of each result, and its elements as one launch takes them."""
        lines = []
        for place in np.ndindex(*self.shape):
            taken = tuple(slice(None) if k in self.axes else slice(i, i + 1) for k, i in enumerate(place))
            arrays = [part_at(x.view, taken) for x in self.inputs]
            (piece, *more) = pieces(arrays, arrays[0].shape)
            if more or any(piece.is_fixed(k) for k in range(len(arrays))):
                return None
            lines.append((tuple(slice(i, i + 1) for i in place), piece))
        return lines

    def _launches(
        self, number: int, lines: Sequence[tuple[tuple[slice, ...], Piece]], earlier: Sequence[Held], cells: Held
    ) -> list[Step]:
        """One launch a result of a fold."""
        meaning = self.meaning
        folds = meaning.folds[: number + 1]
        used = parameters([folds[-1].of], self.numbers)
        types = tuple(meaning.type_of(f, launched=True) for f in folds)
        folding = Folding(folds, types, tuple(x.type for x in self.inputs), meaning.computed, used)
        steps = []
        for place, piece in lines:
            rank = piece.rank
            name = launch_fold_name(self.row, folding, rank)
            kernel = kernel_for((name, folding.key), name, partial(launch_fold, name, folding, rank))
            arrays = [x.part(piece.argument(k)) for k, x in enumerate(self.inputs)]
            known = [cell.part(part_at(cell.view, place).reshape(-1)) for cell in (*earlier, cells)]
            steps.append(Step(kernel, (*arrays, *known, *(self.numbers[k] for k in used))))
        return steps


def launches_pay(outputs: int, count: int, launches: int = 2) -> bool:
    """True where launch reductions are faster than lanes, which go through all elements of a result one by one.

    A strip of 16 lanes takes about 1.2 ns a round, a launch reduction 0.1 ns an element; a launch takes 10 µs to begin.
    """
    lanes = -(-outputs // 16) * 1.2 * count + 10_000
    return count > 0 and lanes >= outputs * (0.1 * count + 10_000 * launches)


def parameters(formulas: Sequence[Formula], numbers: Mapping[str, Any]) -> tuple[str, ...]:
    """The numbers that formulas make use of."""
    named = {word for formula in formulas for word in words(formula)}
    return tuple(k for k in numbers if k in named)
