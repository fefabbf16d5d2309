"""A circuit's tree back to text: `parse(to_text(tree)) == tree`."""

from __future__ import annotations

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
        return f"{name}@{sources[0]}->{target}"
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
