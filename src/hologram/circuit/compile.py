"""A circuit's tree to generator calls: transforms go into the operands, ranges become sets, branches are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hologram.circuit.generators import (
    MERGE_VARIANTS,
    REDUCE_OF,
    SPLIT_VARIANTS,
    Call,
    Copy,
    Evaluate,
    EvaluateRange,
    Immediate,
    Mark,
    MarkRange,
    Merge,
    MergeRange,
    Operand,
    Quote,
    QuoteRange,
    Softmax,
    Split,
    Swap,
    reads,
    singles,
    writes,
)
from hologram.circuit.lexer import Source
from hologram.circuit.parse import parse
from hologram.circuit.transforms import Transform, compose
from hologram.circuit.tree import Group, Number, Operation, Parallel, Phrase, Sigil, Term, Turned
from hologram.errors import CircuitError, Location
from hologram.operators import VARIANTS


def calls_of(text: str, file: str = "<circuit>") -> tuple[Call, ...]:
    """The generator calls of a circuit, as written: in order, nothing rewritten.

    Raises `CircuitError` where an operation lacks operands or branches side by side conflict.

    >>> calls_of("R+1@ mark@c[0..3]^T+6")
    (MarkRange(start=24, end=25), MarkRange(start=30, end=31))
    """
    return calls_of_tree(parse(text, file), text, file)


def calls_of_tree(tree: Phrase, text: str, file: str = "<circuit>") -> tuple[Call, ...]:
    """The generator calls of a circuit that is parsed already; `text` is shown where it is refused."""
    return _Compiler(Source(text, file)).phrase(tree)


@dataclass(slots=True)
class _Touched:
    """Who touches which class in the branches seen so far."""

    read: dict[int, int]
    written: dict[int, int]


class _Compiler:
    def __init__(self, source: Source) -> None:
        self.lines = source.text.split("\n")

    def error(self, message: str, location: Location | None, hint: str = "") -> CircuitError:
        place = location or Location("<circuit>", 1)
        return CircuitError(message, place, self.lines[place.line - 1] if place.line <= len(self.lines) else "", hint)

    def phrase(self, phrase: Phrase) -> tuple[Call, ...]:
        outer = Transform()
        for turns in phrase.prefixes:
            outer = outer @ compose(turns)
        return tuple(self.parallel(phrase.body, outer))

    def parallel(self, body: Parallel, outer: Transform) -> list[Call]:
        if len(body.branches) == 1:
            return [call for term in body.branches[0].terms for call in self.term(term, outer)]
        out: list[Call] = []
        touched = _Touched({}, {})
        for number, branch in enumerate(body.branches):
            for term in branch.terms:
                made = self.term(term, outer)
                self._compare(made, number, touched, _start(term))
                out += made
        return out

    def _compare(self, made: Sequence[Call], number: int, touched: _Touched, place: Location | None) -> None:
        """Refuse a class that one branch writes and another reads or writes."""
        for call in made:
            for one in singles(call):
                for seen, classes, does, did in (
                    (touched.written, reads(one), "reads", "writes"),
                    (touched.written, writes(one), "writes", "writes"),
                    (touched.read, writes(one), "writes", "reads"),
                ):
                    for c in classes:
                        if seen.get(c, number) != number:
                            raise self.error(
                                f"branch {number + 1} {does} class {c}, which branch {seen[c] + 1} {did}",
                                place,
                                "branches side by side may not touch what another one writes; join them by '.'",
                            )
        for call in made:
            for one in singles(call):
                touched.written.update(dict.fromkeys(writes(one), number))
                for c in reads(one):
                    touched.read[c] = number if touched.read.get(c, number) == number else touched.read[c]

    def term(self, term: Term, outer: Transform) -> list[Call]:
        while isinstance(term, Turned):
            outer = outer @ compose(term.turns)
            term = term.body
        return self.parallel(term.body, outer) if isinstance(term, Group) else list(self.operation(term, outer))

    # Operations -------------------------------------------------------------------------------------------

    def operation(self, operation: Operation, outer: Transform) -> Iterator[Call]:
        name, target = operation.generator, operation.target
        self._check_variant(operation)
        if target is None:
            example = {"copy": "copy@c05->c06", "swap": "swap@c10<->c11"}.get(name, f"{name}@c10[c11,c12]")
            raise self.error(f"{name} needs all its operands to be compiled", operation.location, f"write {example}")
        columns = [self._column(s, outer) for s in (*operation.sources, *(() if name in _IN_PLACE else (target,)))]
        length = max(len(c) for c in columns)
        if any(len(c) not in (1, length) for c in columns) or len(columns[-1]) != length:
            counts = " and ".join(str(len(c)) for c in columns)
            raise self.error(
                f"the ranges of {name} have {counts} classes", operation.location, "make them equally long"
            )
        if any(s.is_range != target.is_range for s in operation.sources if isinstance(s, Sigil)):
            raise self.error(
                f"{name} mixes a range with a single class", operation.location, "a range of one is c[5..5]"
            )
        rows = [[c[k] if len(c) == length else c[0] for c in columns] for k in range(length)]
        yield from _MAKERS[name](operation, rows, target.is_range)

    def _column(self, source: Sigil | Number, outer: Transform) -> list[Operand]:
        return [Immediate(source.value)] if isinstance(source, Number) else list(source.members(outer))

    def _check_variant(self, operation: Operation) -> None:
        name, variant = operation.generator, operation.variant
        known = {"merge": MERGE_VARIANTS, "split": SPLIT_VARIANTS, "reduce": tuple(REDUCE_OF)}.get(name, ("",))
        if variant not in known:
            if known == ("",):
                raise self.error(f"{name} has no variants", operation.location, f"write {name}@…")
            told = f"no variant '{variant}'" if variant else "to say what it makes"
            raise self.error(f"{name} has {told}", operation.location, f"variants of {name}: {', '.join(known)}")
        if name == "reduce" or operation.target is None or name not in ("merge", "split"):
            if name in _FROM_CLASSES and any(isinstance(s, Number) for s in operation.sources):
                raise self.error(f"{name} takes classes, not numbers", operation.location)
            return
        arity, given = VARIANTS[variant].arity, len(operation.sources)
        if given != arity and not (arity == 1 and given == 2):
            wanted = "an operand" if arity == 1 else f"{arity} operands"
            hint = "a second operand, which it does not read, may stand there" if arity == 1 else ""
            told = "one" if given == 1 else str(given)
            raise self.error(f"{name}:{variant} takes {wanted} and a target, not {told}", operation.location, hint)


_IN_PLACE = frozenset({"mark", "quote", "evaluate", "swap"})
_FROM_CLASSES = frozenset({"copy", "swap", "reduce", "softmax"})
Rows = list[list[Operand]]


def _start(term: Term) -> Location | None:
    while isinstance(term, Turned):
        term = term.body
    return _start(term.body.branches[0].terms[0]) if isinstance(term, Group) else term.location


def _alone(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    one, several = _ALONE[operation.generator]
    classes = [_place(row[0]) for row in rows]
    if ranged:
        yield from (several(first, last) for first, last in runs(classes))
    else:
        yield one(classes[0])


_ALONE: dict[str, tuple[Callable[[int], Call], Callable[[int, int], Call]]] = {
    "mark": (Mark, MarkRange),
    "quote": (Quote, QuoteRange),
    "evaluate": (Evaluate, EvaluateRange),
}


def runs(classes: Sequence[int]) -> list[tuple[int, int]]:
    """A set of classes as maximal runs, ascending.

    >>> runs([11, 12, 1, 2])
    [(1, 2), (11, 12)]
    """
    out: list[tuple[int, int]] = []
    for c in sorted(set(classes)):
        if out and out[-1][1] == c - 1:
            out[-1] = (out[-1][0], c)
        else:
            out.append((c, c))
    return out


def _copies(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    yield from (Copy(_place(src), _place(dst)) for src, dst in rows)


def _swaps(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    yield from (Swap(_place(a), _place(b)) for a, b in rows)


def _merges(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    made = []
    for row in rows:
        context = row[0] if len(row) == 2 else row[1]
        made.append(Merge(row[0], context, _place(row[-1]), operation.variant, row[2] if len(row) == 4 else None))
    yield from coalesce(made) if ranged else made


def coalesce(merges: Sequence[Merge]) -> list[Call]:
    """Merges one after the other as ranges where all their operands move on by one."""
    out: list[Call] = []
    group: list[Merge] = []
    for merge in merges:
        if group and not _follows(group[-1], merge):
            out.append(_grouped(group))
            group = []
        group.append(merge)
    return [*out, _grouped(group)] if group else out


def _follows(one: Merge, other: Merge) -> bool:
    pairs = ((one.src, other.src), (one.context, other.context), (one.third, other.third), (one.dst, other.dst))
    moved = all(b == a + 1 if isinstance(a, int) else a == b for a, b in pairs)
    return moved and one.variant == other.variant


def _grouped(group: list[Merge]) -> Call:
    first = group[0]
    if len(group) == 1:
        return first
    return MergeRange(first.src, first.context, first.dst, len(group), first.variant, first.third)


def _splits(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    yield from (Split(src, context, _place(dst), operation.variant) for src, context, dst in rows)


def _reductions(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    yield from (REDUCE_OF[operation.variant](_place(src), _place(dst), operation.count) for src, dst in rows)


def _softmaxes(operation: Operation, rows: Rows, ranged: bool) -> Iterator[Call]:
    yield from (Softmax(_place(src), _place(dst), operation.count) for src, dst in rows)


def _place(operand: Operand) -> int:
    assert isinstance(operand, int)
    return operand


_MAKERS: dict[str, Callable[[Operation, Rows, bool], Iterator[Call]]] = {
    "mark": _alone,
    "quote": _alone,
    "evaluate": _alone,
    "copy": _copies,
    "swap": _swaps,
    "merge": _merges,
    "split": _splits,
    "reduce": _reductions,
    "softmax": _softmaxes,
}
