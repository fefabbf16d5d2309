"""Names for circuits that are written often: Boolean gates as words, scopes and steps.

Each takes circuit text and gives circuit text.
"""

from __future__ import annotations

from hologram.circuit.parse import parse
from hologram.circuit.printer import to_text
from hologram.circuit.transforms import Turn
from hologram.circuit.tree import Group, Operation, Parallel, Phrase, Sequence, Sigil, Term, Turned

PRODUCE, CONSUME = 8, 16
"""Classes of modality 1 (a merge that produces) and 2 (a merge that consumes)."""


def not_(x: str) -> str:
    """Half a turn of the contexts, then the mirror.

    >>> not_("mark@c01")
    'T+4 ~@ mark@c01'
    """
    return _turned((Turn("T", 4), Turn("~")), x)


def and_(x: str, y: str) -> str:
    """Both side by side, then a merge that consumes.

    >>> and_("mark@c01", "mark@c02")
    '(mark@c01 || mark@c02) . merge@c16'
    """
    return _merged(x, y, CONSUME)


def or_(x: str, y: str) -> str:
    """Both side by side, then a merge that produces.

    >>> or_("mark@c01", "mark@c02")
    '(mark@c01 || mark@c02) . merge@c08'
    """
    return _merged(x, y, PRODUCE)


def scope(quadrant: int, x: str) -> str:
    """A circuit in another quadrant: the turn, the circuit, the turn back.

    >>> scope(1, "mark@c01 . mark@c02")
    'R+1@ (mark@c01 . mark@c02)'
    """
    return _turned((Turn("R", quadrant),), x)


def step(amount: int, x: str) -> str:
    """A circuit moved on by some contexts.

    >>> step(2, "mark@c01")
    'T+2@ mark@c01'
    """
    return _turned((Turn("T", amount),), x)


def _turned(turns: tuple[Turn, ...], text: str) -> str:
    return to_text(Phrase(Parallel((Sequence((_term(text),)),)), (turns,)))


def _merged(x: str, y: str, place: int) -> str:
    branches = Parallel((Sequence((_term(x),)), Sequence((_term(y),))))
    merge = Operation("merge", "add", (Sigil(place),), None)
    return to_text(Phrase(Parallel((Sequence((Group(branches), merge)),))))


def _term(text: str) -> Term:
    """A whole circuit as one term: in parentheses unless it is one already."""
    phrase = parse(text)
    body: Term = Group(phrase.body)
    if len(phrase.body.branches) == 1 and len(phrase.body.branches[0].terms) == 1:
        body = phrase.body.branches[0].terms[0]
    for turns in reversed(phrase.prefixes):
        body = Turned(turns, body)
    return body
