"""A circuit's tree back to text: `parse(to_text(tree)) == tree`."""

from __future__ import annotations

from collections.abc import Iterable

from hologram.circuit.generators import (
    REDUCE_NAMES,
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
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Softmax,
    Split,
    Swap,
    operands,
)
from hologram.circuit.parse import DEFAULT_VARIANT, SHAPES
from hologram.circuit.transforms import Turn
from hologram.circuit.tree import Group, Number, Operation, Parallel, Phrase, Sequence, Sigil, Source, Term, Turned


def to_text(phrase: Phrase) -> str:
    """The text of a circuit on one line.

    >>> from hologram.circuit.parse import parse
    >>> to_text(parse("R+1 @ (mark @ c1 . reduce_sum@c0 -> c1)"))
    'R+1@ (mark@c01 . reduce:sum@c00->c01)'
    """
    return _prefixes(phrase.prefixes) + _parallel(phrase.body)


def _prefixes(prefixes: tuple[tuple[Turn, ...], ...]) -> str:
    return "".join(" ".join(map(str, turns)) + "@ " for turns in prefixes)


def _parallel(body: Parallel) -> str:
    return " || ".join(map(_sequence, body.branches))


def _sequence(sequence: Sequence) -> str:
    return " . ".join(map(_term, sequence.terms))


def _term(term: Term) -> str:
    prefixes = []
    while isinstance(term, Turned):
        prefixes.append(term.turns)
        term = term.body
    body = f"({_parallel(term.body)})" if isinstance(term, Group) else operation_text(term)
    return _prefixes(tuple(prefixes)) + body


def operation_text(operation: Operation) -> str:
    """One operation as text."""
    name = operation.generator
    if operation.variant != DEFAULT_VARIANT.get(name, ""):
        name += f":{operation.variant}"
    sources = [_source(s) for s in operation.sources]
    shape = SHAPES[operation.generator]
    if shape == "alone" or operation.target is None:
        return f"{name}@{sources[0]}"
    if shape == "<->":
        return f"{name}@{sources[0]}<->{sources[1]}"
    target = _source(operation.target)
    if shape == "->":
        count = "" if operation.count is None else f"[{operation.count}]"
        return f"{name}@{sources[0]}{count}->{target}"
    return f"{name}@{sources[0]}[{','.join([*sources[1:], target])}]"


def _source(source: Source) -> str:
    if isinstance(source, Number):
        return f"#{source.value!r}"
    return sigil_text(source)


def sigil_text(sigil: Sigil) -> str:
    """A class or range with its turns and page."""
    text = f"c{sigil.first:02}" if sigil.last is None else f"c[{sigil.first}..{sigil.last}]"
    for turn in sigil.turns:
        text += "~" if turn.letter == "~" else f"^{turn}"
    return text if sigil.page is None else f"{text}@{sigil.page}"


def calls_text(calls: Iterable[Call]) -> str:
    """Generator calls as circuit text; `calls_of` gives them back.

    >>> calls_text([Copy(5, 6), MarkRange(0, 3)])
    'copy@c05->c06 . mark@c[0..3]'
    """
    return " . ".join(map(call_text, calls))


def call_text(call: Call) -> str:
    """One generator call as circuit text."""
    match call:
        case MarkRange(start, end) | QuoteRange(start, end) | EvaluateRange(start, end):
            return f"{type(call).__name__.removesuffix('Range').lower()}@c[{start}..{end}]"
        case Mark(place) | Quote(place) | Evaluate(place):
            return f"{type(call).__name__.lower()}@c{place:02}"
        case Copy(src, dst):
            return f"copy@c{src:02}->c{dst:02}"
        case Swap(a, b):
            return f"swap@c{a:02}<->c{b:02}"
        case Softmax(src, dst, n):
            return f"softmax@c{src:02}{_count(n)}->c{dst:02}"
        case ReduceSum(src, dst, n) | ReduceMin(src, dst, n) | ReduceMax(src, dst, n):
            return f"reduce:{REDUCE_NAMES[type(call)]}@c{src:02}{_count(n)}->c{dst:02}"
        case Split(_, _, dst, variant) | Merge(_, _, dst, variant):
            count = None
        case MergeRange(_, _, dst, count, variant):
            pass
    name = "split" if isinstance(call, Split) else "merge"
    name += "" if variant == DEFAULT_VARIANT[name] else f":{variant}"
    first, *rest = (_operand(o, count) for o in operands(call))
    return f"{name}@{first}[{','.join([*rest, _operand(dst, count)])}]"


def _count(n: int | None) -> str:
    return "" if n is None else f"[{n}]"


def _operand(operand: Operand, count: int | None) -> str:
    if isinstance(operand, Immediate):
        return str(operand)
    return f"c{operand:02}" if count is None else f"c[{operand}..{operand + count - 1}]"
