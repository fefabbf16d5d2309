"""What a circuit says, as it is written: operations on sigils, in sequences, side by side, under transforms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hologram.circuit.transforms import Transform, Turn, compose
from hologram.errors import Location


@dataclass(frozen=True, slots=True)
class Sigil:
    """A class, or a range of classes (`last` is not None), with turns and a page.

    The range is inclusive; a turned range is the set of its turned members.
    """

    first: int
    last: int | None = None
    turns: tuple[Turn, ...] = ()
    page: int | None = None
    location: Location | None = field(default=None, compare=False)

    def members(self, outer: Transform) -> tuple[int, ...]:
        """The classes meant, in written order: its own turns first, then those around it."""
        turn = outer @ compose(self.turns)
        return tuple(turn(c) for c in range(self.first, (self.first if self.last is None else self.last) + 1))

    @property
    def is_range(self) -> bool:
        """True where it is written as a range, even one of a single class."""
        return self.last is not None


@dataclass(frozen=True, slots=True)
class Number:
    """An immediate: a number where a class would be read."""

    value: int | float
    location: Location | None = field(default=None, compare=False)


Source = Sigil | Number


@dataclass(frozen=True, slots=True)
class Operation:
    """A generator on its operands; `sources` are read, `target` is written, or None in the short forms of words.

    `count` is how many elements a reduction or softmax is of, None for all.
    """

    generator: str
    variant: str
    sources: tuple[Source, ...]
    target: Sigil | None
    count: int | None = None
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Parentheses."""

    body: Parallel


@dataclass(frozen=True, slots=True)
class Turned:
    """A prefix and the one operation or group it covers."""

    turns: tuple[Turn, ...]
    body: Term


Term = Operation | Group | Turned


@dataclass(frozen=True, slots=True)
class Sequence:
    """Terms joined by `.`, the first executed first."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches joined by `||`, which do not get into each other's way."""

    branches: tuple[Sequence, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A whole circuit; `prefixes` cover all of it, the outermost first."""

    body: Parallel
    prefixes: tuple[tuple[Turn, ...], ...] = ()


def operations(phrase: Phrase) -> Iterator[tuple[Operation, Transform]]:
    """All operations in written order, with the transform around each."""
    outer = Transform()
    for turns in phrase.prefixes:
        outer = outer @ compose(turns)
    yield from _in_parallel(phrase.body, outer)


def _in_parallel(body: Parallel, outer: Transform) -> Iterator[tuple[Operation, Transform]]:
    for branch in body.branches:
        for term in branch.terms:
            yield from of_term(term, outer)


def of_term(term: Term, outer: Transform) -> Iterator[tuple[Operation, Transform]]:
    """The operations of one term."""
    while isinstance(term, Turned):
        outer = outer @ compose(term.turns)
        term = term.body
    if isinstance(term, Group):
        yield from _in_parallel(term.body, outer)
    else:
        yield term, outer
