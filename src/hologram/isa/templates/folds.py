"""Reductions along axes: a lane an output, which folds the elements that belong to it one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from hologram.errors import BuildError
from hologram.isa.builder import Builder, Value, View
from hologram.isa.builder.emitters import method_name
from hologram.isa.cache import ProgramKey
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Field, Pred, Slot
from hologram.isa.program import Program
from hologram.isa.templates.formula import Emission
from hologram.isa.templates.made import made
from hologram.operators import INTEGER_FORM, OPERANDS, RESULTS, Fold, Formula
from hologram.types import Type

KEPT, REDUCED = "k", "r"
PIECE = 128
"""Terms that a sum in its own type takes in before they join the total."""


@dataclass(frozen=True, slots=True)
class Folding:
    """Folds of elements of stored types: formulas computed in one type, each fold in a type of its own.

    `parameters` are numbers that the program takes behind the arrays, in the type of the first fold.
    """

    folds: tuple[Fold, ...]
    types: tuple[Type, ...]
    elements: tuple[Type, ...]
    computed: Type
    parameters: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        return self.folds, self.types, self.elements, self.computed, self.parameters


def neutral(op: str, type: Type) -> int | float:
    """What leaves any other value unchanged: where a fold begins."""
    if op in ("ADD", "MUL"):
        return 0 if op == "ADD" else 1
    lowest = op.startswith("MAX")
    if type.is_float:
        return -math.inf if lowest else math.inf
    return type.minimum if lowest else type.maximum


def combine(b: Builder, op: str, total: Value, term: Value) -> None:
    """Take one more term into a fold."""
    word = INTEGER_FORM.get(op, op) if total.type.is_integer else op
    getattr(b, method_name(BY_NAME[word]))(total, term, into=total)


def folded(name: str, folding: Folding, result: Type, pattern: str, out_rank: int) -> Program:
    """`name(x, …, out, parameters…)`: out[k] = the result of the last fold over all r of x[k, r].

    `pattern` says of each axis of the elements whether it is kept ("k") or reduced ("r"), for instance "krk"; lanes are
    the kept ones. `out` has their axes, or of a single one two (the second of length 1) where `out_rank` is 2.
    """
    _check(pattern)
    options = (*folding.key, pattern, out_rank)
    return made(
        ProgramKey(name, (result,), options=options), lambda: _Folded(name, folding, pattern).reduction(result, out_rank)
    )


def normalised(name: str, folding: Folding, each: Formula, result: Type, pattern: str) -> Program:
    """`name(x, …, out, parameters…)`: out[k, r] = a formula of x[k, r] and of the folds over all r."""
    _check(pattern)
    options = (*folding.key, each, pattern)
    return made(
        ProgramKey(name, (result,), options=options), lambda: _Folded(name, folding, pattern).each(each, result)
    )


def scanned(name: str, op: str, element: Type, fold: Type, result: Type, pattern: str) -> Program:
    """`name(x, out)`: out[k, r] = the fold of x[k, 0] … x[k, r]."""
    _check(pattern)
    folding = Folding((Fold(op),), (fold,), (element,), fold)
    options = (*folding.key, pattern, "scan")
    return made(ProgramKey(name, (result,), options=options), lambda: _Folded(name, folding, pattern).scan(result))


def _check(pattern: str) -> None:
    kept, reduced = pattern.count(KEPT), pattern.count(REDUCED)
    if not (1 <= kept <= 2 and reduced and kept + reduced == len(pattern) <= 3):
        raise BuildError(f"a reduction has one or two axes kept and three in all, not '{pattern}'")


class _Folded:
    """Writes such programs: lanes along the kept axes, loops along the others."""

    def __init__(self, name: str, folding: Folding, pattern: str) -> None:
        self.folding, self.pattern = folding, pattern
        self.b = Builder(name)
        rank = len(pattern)
        self.slots = [self.b.array(k, t, rank) for k, t in zip(OPERANDS, folding.elements, strict=False)]
        self.kept = [k for k, letter in enumerate(pattern) if letter == KEPT]
        self.results: dict[str, Value] = {}

    def reduction(self, result: Type, out_rank: int) -> Program:
        b = self.b
        out = b.array("out", result, max(out_rank, len(self.kept)), access="w")
        with self._lanes(out) as target:
            total = self._folds()
            index: list[Value | int] = [*self.lanes, *[0] * (out_rank - len(self.kept))]
            b.store(total if total.type is result else b.cvt(total, type=result), target, *index)
        return b.build(self.extent)

    def each(self, each: Formula, result: Type) -> Program:
        b, folding = self.b, self.folding
        out = b.array("out", result, len(self.pattern), access="w")
        with self._lanes(out) as target:
            self._folds()
            known = self._known(folding.computed)
            with self._loops() as index, b.scratch():
                made = Emission(b, folding.computed, {**known, **self._elements(index)}).stored(each, result)
                b.store(made, target, *index)
        return b.build(self.extent)

    def scan(self, result: Type) -> Program:
        b, (fold,), (type,) = self.b, self.folding.folds, self.folding.types
        out = b.array("out", result, len(self.pattern), access="w")
        with self._lanes(out) as target:
            total: Value = b.mov_imm(neutral(fold.op, type), type=type)
            with self._loops() as index, b.scratch():
                combine(b, fold.op, total, self._elements(index)["x"])
                b.store(total if type is result else b.cvt(total, type=result), target, *index)
        return b.build(self.extent)

    @contextmanager
    def _lanes(self, out: int) -> Iterator[View]:
        """What every lane inside the kept axes does."""
        b = self.b
        scalars = [b.scalar(name, self.folding.types[0]) for name in self.folding.parameters]
        self.views = [b.view(slot) for slot in self.slots]
        target = b.view(out)
        self.numbers = {k: b.mov_param(s) for k, s in zip(self.folding.parameters, scalars, strict=True)}
        self.extent = [Slot(self.slots[0], Field.SHAPE, axis) for axis in reversed(self.kept)]
        self.lanes: list[Value] = [b.global_id(axis) for axis in reversed("xy"[: len(self.kept)])]
        lengths = [b.mov_param(slot) for slot in reversed(self.extent)]
        inside = [b.set("lt", lane, length) for lane, length in zip(self.lanes, lengths, strict=True)]
        if len(inside) == 2:
            inside.append(b.pand(inside.pop(), inside.pop()))
        self.lengths = [
            b.mov_param(Slot(self.slots[0], Field.SHAPE, axis)) if letter == REDUCED else None
            for axis, letter in enumerate(self.pattern)
        ]
        with b.if_(inside[0]):
            yield target

    def _folds(self) -> Value:
        """All folds, one after the other; gives the last one's result."""
        b = self.b
        total: Value | None = None
        for name, fold, type in zip(RESULTS, self.folding.folds, self.folding.types, strict=False):
            operands = {"fold": self._fold(fold, type), **self._known(type)}
            total = self.results[name] = Emission(b, type, operands).value(fold.result)
        assert total is not None, "a reduction has folds"
        return total

    def _fold(self, fold: Fold, type: Type) -> Value:
        """One fold; long sums in their own type add in pieces, so that their errors stay small."""
        b, computed = self.b, self.folding.computed
        known = self._known(computed)
        total: Value = b.mov_imm(neutral(fold.op, type), type=type)
        in_pieces = fold.op == "ADD" and type is computed and type.is_float
        part: Value = b.mov_imm(0, type=type) if in_pieces else total
        with self._loops((part, total) if in_pieces else None) as index, b.scratch():
            operands = {**known, **self._elements(index)}
            combine(b, fold.op, part, Emission(b, computed, operands).stored(fold.of, type))
        return total

    def _known(self, type: Type) -> dict[str, Value]:
        """The parameters and the results so far, in a type."""
        return {k: self._as(v, type) for k, v in {**self.numbers, **self.results}.items()}

    def _elements(self, index: Sequence[Value]) -> dict[str, Value]:
        """The elements at a place, in the type that is computed in."""
        held = {k: self.b.load(view, *index) for k, view in zip(OPERANDS, self.views, strict=False)}
        return {k: self._as(v, self.folding.computed) for k, v in held.items()}

    def _as(self, value: Value, type: Type) -> Value:
        converted: Value = value if value.type is type else self.b.cvt(value, type=type)
        return converted

    @contextmanager
    def _loops(self, pieces: tuple[Value, Value] | None = None) -> Iterator[list[Value]]:
        """Loops over the reduced axes; gives the place of an element. Of `pieces` the first joins the second."""
        b, index = self.b, dict(zip(self.kept, self.lanes, strict=True))
        reduced = [axis for axis, letter in enumerate(self.pattern) if letter == REDUCED]
        with ExitStack() as stack:
            for axis in reduced[:-1]:
                index[axis] = stack.enter_context(b.for_range(0, self._length(axis)))
            length = self._length(reduced[-1])
            if pieces is None:
                index[reduced[-1]] = stack.enter_context(b.for_range(0, length))
                yield [index[k] for k in range(len(self.pattern))]
                return
            part, total = pieces
            start = stack.enter_context(b.for_range(0, length, PIECE))
            b.mov_imm(0, type=part.type, into=part)
            stop = b.min(b.add(start, PIECE), length)
            with b.for_range(start, stop) as place:
                index[reduced[-1]] = place
                yield [index[k] for k in range(len(self.pattern))]
            b.add(total, part, into=total)

    def _length(self, axis: int) -> Value:
        length = self.lengths[axis]
        assert length is not None
        return length


def launch_fold(name: str, folding: Folding, rank: int) -> Program:
    """`name(x, …, a, …, out, parameters…)`: out[0] = the last fold over all elements, as a launch reduction.

    A lane is an element of arrays of one to three axes. The results of the folds before, `a`, `b`, …, are arrays of
    one element, and this fold's own result formula is left to whoever reads `out`.
    """
    key = ProgramKey(name, (), options=(*folding.key, rank, "launch"))
    return made(key, lambda: _launch_fold(name, folding, rank))


def _launch_fold(name: str, folding: Folding, rank: int) -> Program:
    b = Builder(name)
    *before, last = folding.folds
    type = folding.types[-1]
    slots = [b.array(k, t, rank) for k, t in zip(OPERANDS, folding.elements, strict=False)]
    earlier = {k: b.array(k, t) for k, t in zip(RESULTS[: len(before)], folding.types, strict=False)}
    out = b.array("out", type, access="w")
    scalars = {k: b.scalar(k, folding.types[0]) for k in folding.parameters}
    views, target = [b.view(slot) for slot in slots], b.view(out)
    cells = {k: b.view(slot) for k, slot in earlier.items()}
    with element_lanes(b, slots[0], rank) as index:
        held = {k: b.load(view, *index) for k, view in zip(OPERANDS, views, strict=False)}
        held |= {k: b.load(view, 0) for k, view in cells.items()}
        held |= {k: b.mov_param(slot) for k, slot in scalars.items()}
        operands = {k: v if v.type is folding.computed else b.cvt(v, type=folding.computed) for k, v in held.items()}
        term = Emission(b, folding.computed, operands).stored(last.of, type)
        b.instruction(BY_NAME[f"GRED_{last.op.removesuffix('P')}"], [term, b.at(target, 0)])
    return b.build([Slot(slots[0], Field.SHAPE, axis) for axis in reversed(range(rank))])


@contextmanager
def element_lanes(b: Builder, slot: int, rank: int) -> Iterator[tuple[Value, ...]]:
    """Lanes that are the elements of an array: what they do, at the place that this gives."""
    lanes = [b.global_id(axis) for axis in reversed("xyz"[:rank])]
    inside: list[Pred] = [
        b.set("lt", lane, b.mov_param(Slot(slot, Field.SHAPE, axis))) for axis, lane in enumerate(lanes)
    ]
    while len(inside) > 1:
        inside.append(b.pand(inside.pop(), inside.pop()))
    with b.if_(inside[0]):
        yield tuple(lanes)
