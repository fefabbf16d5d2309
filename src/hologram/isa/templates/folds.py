"""Reductions along axes: a lane an output, which folds the elements that belong to it one after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from hologram.errors import BuildError
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, Value, View
from hologram.isa.builder.emitters import METHODS
from hologram.isa.cache import ProgramKey
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Field, Pred, Slot
from hologram.isa.program import Program
from hologram.isa.templates.formula import Emission
from hologram.isa.templates.made import made
from hologram.operators import INTEGER_FORM, OPERANDS, RESULTS, Fold
from hologram.types import Type

KEPT, REDUCED = "k", "r"
GROUP = 4
"""Elements of a scan that are added up before the total comes to them."""
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
    getattr(b, METHODS[word])(total, term, into=total)


def folded(name: str, folding: Folding, result: Type, pattern: str, out_rank: int) -> Program:
    """`name(x, …, out, parameters…)`: out[k] = the result of the last fold over all r of x[k, r].

    `pattern` says of each axis of the elements whether it is kept ("k") or reduced ("r"), for instance "krk"; lanes are
    the kept ones. `out` has their axes, or of a single one two (the second of length 1) where `out_rank` is 2.
    """
    check_pattern(pattern)
    options = (*folding.key, pattern, out_rank)
    return made(
        ProgramKey(name, (result,), options=options),
        lambda: _Folded(name, folding, pattern).reduction(result, out_rank),
    )


def scanned(name: str, op: str, element: Type, fold: Type, result: Type, pattern: str, single: bool = False) -> Program:
    """`name(x, out)`: out[k, r] = the fold of x[k, 0] … x[k, r]; a `single` lane does all rows, which lie together."""
    check_pattern(pattern)
    folding = Folding((Fold(op),), (fold,), (element,), fold)
    options = (*folding.key, pattern, "single scan" if single else "scan")
    return made(
        ProgramKey(name, (result,), options=options), lambda: _Folded(name, folding, pattern, single).scan(result)
    )


def _check(pattern: str) -> None:
    kept, reduced = pattern.count(KEPT), pattern.count(REDUCED)
    if not (1 <= kept <= 2 and reduced and kept + reduced == len(pattern) <= 3):
        raise BuildError(f"a reduction has one or two axes kept and three in all, not '{pattern}'")


class Lanes:
    """Lanes along the kept axes of an array, and loops along the others."""

    def __init__(self, b: Builder, slot: int, pattern: str, single: bool = False) -> None:
        """With `single` one lane goes through the kept axes, too, so that its memory is that of plain loops."""
        self.b, self.pattern, self._single = b, pattern, single
        self.kept = [k for k, letter in enumerate(pattern) if letter == KEPT]
        self.reduced = [k for k, letter in enumerate(pattern) if letter == REDUCED]
        self.here: list[Value] = []
        self._shape = [Slot(slot, Field.SHAPE, axis) for axis in range(len(pattern))]
        self.extent = [Poly.const(1)] if single else [self._shape[axis] for axis in reversed(self.kept)]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What every lane within the kept axes does; `here` is its place among them."""
        b = self.b
        if self._single:
            self._lengths = [b.mov_param(slot) for slot in self._shape]
            with b.if_(b.set("lt", b.global_id("x"), 1)), ExitStack() as stack:
                self.here = [stack.enter_context(b.for_range(0, self._lengths[k])) for k in self.kept]
                yield
            return
        self.here = [b.global_id(axis) for axis in reversed("xy"[: len(self.kept)])]
        self._lengths = [b.mov_param(slot) for slot in self._shape]
        inside = [b.set("lt", lane, self._lengths[k]) for lane, k in zip(self.here, self.kept, strict=True)]
        if len(inside) == 2:
            inside.append(b.pand(inside.pop(), inside.pop()))
        with b.if_(inside[0]):
            yield

    def length(self, axis: int) -> Value:
        """How many elements there are along an axis."""
        length: Value = self._lengths[axis]
        return length

    def at(self, reduced: Mapping[int, Value]) -> list[Value]:
        """The place of an element: the lane's, and places along the reduced axes."""
        places = {**dict(zip(self.kept, self.here, strict=True)), **reduced}
        return [places[k] for k in range(len(self.pattern))]

    @contextmanager
    def loops(self, pieces: tuple[Value, Value] | None = None) -> Iterator[list[Value]]:
        """Loops over the reduced axes; gives the place of an element.

        Of `pieces` the first takes in up to 128 elements of the last axis and joins the second, again and again.
        """
        b, (*outer, last) = self.b, self.reduced
        with ExitStack() as stack:
            index = {axis: stack.enter_context(b.for_range(0, self.length(axis))) for axis in outer}
            if pieces is None:
                with b.for_range(0, self.length(last)) as place:
                    yield self.at({**index, last: place})
                return
            part, total = pieces
            start = stack.enter_context(b.for_range(0, self.length(last), PIECE))
            b.mov_imm(0, type=part.type, into=part)
            with b.for_range(start, b.min(b.add(start, PIECE), self.length(last))) as place:
                yield self.at({**index, last: place})
            b.add(total, part, into=total)


class _Folded:
    """Writes programs of folds."""

    def __init__(self, name: str, folding: Folding, pattern: str, single: bool = False) -> None:
        self.folding, self.pattern = folding, pattern
        self.b = Builder(name)
        rank = len(pattern)
        self.slots = [self.b.array(k, t, rank) for k, t in zip(OPERANDS, folding.elements, strict=False)]
        self.lanes = Lanes(self.b, self.slots[0], pattern, single)
        self.results: dict[str, Value] = {}

    def reduction(self, result: Type, out_rank: int) -> Program:
        b, kept = self.b, len(self.lanes.kept)
        with self._begun(result, max(out_rank, kept)) as target:
            total = self._folds()
            stored = total if total.type is result else b.cvt(total, type=result)
            b.store(stored, target, *self.lanes.here, *[0] * (out_rank - kept))
        return b.build(self.lanes.extent)

    def scan(self, result: Type) -> Program:
        b, (fold,), (type,) = self.b, self.folding.folds, self.folding.types
        with self._begun(result, len(self.pattern)) as target:
            total: Value = b.mov_imm(neutral(fold.op, type), type=type)
            if fold.op in ("ADD", "MUL") and type is Type.F64 and result is not type:
                self._grouped(fold.op, total, target, result)
            else:
                with self.lanes.loops() as index, b.scratch():
                    combine(b, fold.op, total, self._elements(index)["x"])
                    self._store(total, target, result, index)
        return b.build(self.lanes.extent)

    def _grouped(self, op: str, total: Value, target: View, result: Type) -> None:
        """Folds in a type wider than the results: a few elements are folded before the total comes to them.

        So it does not wait for each of them in turn.
        """
        b, (*outer, last) = self.b, self.lanes.reduced
        both = getattr(b, METHODS[op])
        with ExitStack() as stack:
            index = {axis: stack.enter_context(b.for_range(0, self.lanes.length(axis))) for axis in outer}
            whole = b.and_(self.lanes.length(last), -GROUP)
            with b.for_range(0, whole, GROUP) as start, b.scratch():
                places = [self.lanes.at({**index, last: b.add(start, k) if k else start}) for k in range(GROUP)]
                part: Value = b.mov(self._elements(places[0])["x"])
                parts = [part]
                for place in places[1:]:
                    part = both(part, self._elements(place)["x"])
                    parts.append(part)
                for part, place in zip(parts, places, strict=True):
                    self._store(both(total, part), target, result, place)
                both(total, part, into=total)
            with b.for_range(whole, self.lanes.length(last)) as one, b.scratch():
                place = self.lanes.at({**index, last: one})
                both(total, self._elements(place)["x"], into=total)
                self._store(total, target, result, place)

    def _store(self, value: Value, target: View, result: Type, place: Sequence[Value]) -> None:
        self.b.store(value if value.type is result else self.b.cvt(value, type=result), target, *place)

    @contextmanager
    def _begun(self, result: Type, rank: int) -> Iterator[View]:
        """What a lane does, with the output and the parameters declared."""
        b = self.b
        out = b.array("out", result, rank, access="w")
        scalars = [b.scalar(name, self.folding.types[0]) for name in self.folding.parameters]
        self.views = [b.view(slot) for slot in self.slots]
        target = b.view(out)
        self.numbers = {k: b.mov_param(s) for k, s in zip(self.folding.parameters, scalars, strict=True)}
        with self.lanes.inside():
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
        with self.lanes.loops((part, total) if in_pieces else None) as index, b.scratch():
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


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that no program has."""
    kept, reduced = pattern.count(KEPT), pattern.count(REDUCED)
    if not (1 <= kept <= 2 and reduced and kept + reduced == len(pattern) <= 3):
        raise BuildError(f"a reduction has one or two axes kept and three in all, not '{pattern}'")


def launch_fold_name(name: str, folding: Folding, rank: int) -> str:
    """The name of a launch reduction's program: that of what it computes, which fold of it, its types and axes."""
    types = [t.value for t in (*folding.elements, *folding.types)]
    return "_".join([name, RESULTS[len(folding.folds) - 1], *types, str(rank)])


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
