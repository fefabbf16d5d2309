"""Circuits read as one-qubit gates: the shortest word for the same unitary, exactly, global phase included.

This is another reading of the same text, not of memory: `copy@c05 . mark@c21` is the gate H, and classes are
names of gates. The gates generate 192 unitaries (the Clifford group with eighth roots of one); each has one shortest
word here, so two words have the same canonical form exactly when they are the same unitary.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache

from hologram.circuit.parse import parse
from hologram.circuit.transforms import Transform
from hologram.circuit.tree import Group, Operation, Sequence, Sigil, Term, Turned, of_term
from hologram.errors import CircuitError, Location

Root = tuple[int, int, int, int]
"""a + bω + cω² + dω³ for the eighth root of one ω."""
ZERO: Root = (0, 0, 0, 0)
ONE: Root = (1, 0, 0, 0)
MINUS_ONE: Root = (-1, 0, 0, 0)
IMAGINARY: Root = (0, 0, 1, 0)


@dataclass(frozen=True, slots=True)
class Unitary:
    """A matrix (rows first) over √2 to the power `halvings`, the power as small as it can be."""

    entries: tuple[Root, Root, Root, Root]
    halvings: int = 0

    def after(self, first: Unitary) -> Unitary:
        """This gate applied after another one."""
        a, b, c, d = self.entries
        e, f, g, h = first.entries
        cells = (
            _sum(_times(a, e), _times(b, g)),
            _sum(_times(a, f), _times(b, h)),
            _sum(_times(c, e), _times(d, g)),
            _sum(_times(c, f), _times(d, h)),
        )
        return _least(cells, self.halvings + first.halvings)


def _sum(a: Root, b: Root) -> Root:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


def _times(a: Root, b: Root) -> Root:
    out = [0, 0, 0, 0]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[(i + j) % 4] += x * y if i + j < 4 else -x * y
    return (out[0], out[1], out[2], out[3])


def _least(entries: tuple[Root, Root, Root, Root], halvings: int) -> Unitary:
    """Divide by √2 = ω − ω³ while all entries allow it."""
    while halvings:
        doubled = [_times(entry, (0, 1, 0, -1)) for entry in entries]
        if any(x % 2 for entry in doubled for x in entry):
            break
        p, q, r, s = (((x[0] // 2, x[1] // 2, x[2] // 2, x[3] // 2)) for x in doubled)
        entries, halvings = (p, q, r, s), halvings - 1
    return Unitary(entries, halvings)


IDENTITY = Unitary((ONE, ZERO, ZERO, ONE))
_X = Unitary((ZERO, ONE, ONE, ZERO))
_H = Unitary((ONE, ONE, ONE, MINUS_ONE), 1)
TOKENS: dict[str, Unitary] = {
    "mark@c00": IDENTITY,
    "mark@c21": _X,
    "mark@c42": Unitary((ONE, ZERO, ZERO, MINUS_ONE)),
    "mark@c07": Unitary((ONE, ZERO, ZERO, IMAGINARY)),
    "copy@c05": _X.after(_H),
}
"""The gates I, X, Z, S, and the one that followed by X is H."""
GATES = {"I": "mark@c00", "X": "mark@c21", "Z": "mark@c42", "S": "mark@c07", "H": "copy@c05 . mark@c21"}


@dataclass(frozen=True, slots=True)
class GateWord:
    """A gate word and the shortest one for the same unitary."""

    tokens: tuple[str, ...]
    canonical: tuple[str, ...]
    unitary: Unitary

    @property
    def reduction(self) -> float:
        """Operations saved, in percent."""
        return 100 * (1 - len(self.canonical) / len(self.tokens))

    def __str__(self) -> str:
        return " . ".join(self.canonical)


def canonicalize(text: str, file: str = "<circuit>") -> tuple[GateWord, ...]:
    """The canonical word of each branch (each is a qubit of its own).

    Raises `CircuitError` for operations that name no gate.

    >>> [str(word) for word in canonicalize("copy@c05 . mark@c21 . mark@c21 . copy@c05 . mark@c21")]
    ['mark@c42']
    """
    phrase = parse(text, file)
    if phrase.prefixes:
        raise CircuitError("a gate word has no transforms", Location(file, 1), text.split("\n")[0])
    return tuple(_word(branch, text.split("\n")) for branch in phrase.body.branches)


def unitary_of(tokens: tuple[str, ...]) -> Unitary:
    """What some tokens do one after the other, the first one first."""
    whole = IDENTITY
    for token in tokens:
        whole = TOKENS[token].after(whole)
    return whole


def _word(branch: Sequence, lines: list[str]) -> GateWord:
    tokens = tuple(token for term in branch.terms for token in _tokens(term, lines))
    unitary = unitary_of(tokens)
    return GateWord(tokens, _shortest()[unitary], unitary)


def _tokens(term: Term, lines: list[str]) -> list[str]:
    if (isinstance(term, Group) and len(term.body.branches) > 1) or isinstance(term, Turned):
        operation = next(iter(of_term(term, Transform())))[0]
        raise _refusal("a gate word has no transforms, and branches only outside of parentheses", operation, lines)
    if isinstance(term, Group):
        return [token for inner in term.body.branches[0].terms for token in _tokens(inner, lines)]
    sigil = term.sources[0]
    token = f"{term.generator}@c{sigil.first:02}" if isinstance(sigil, Sigil) else ""
    if token not in TOKENS or not isinstance(sigil, Sigil) or sigil.last is not None or sigil.turns:
        raise _refusal("this operation names no gate", term, lines)
    return [token]


def _refusal(message: str, operation: Operation, lines: list[str]) -> CircuitError:
    place = operation.location or Location("<circuit>", 1)
    hint = f"gates: {', '.join(f'{name} = {word}' for name, word in GATES.items())}"
    return CircuitError(message, place, lines[place.line - 1], hint)


@cache
def _shortest() -> dict[Unitary, tuple[str, ...]]:
    """The shortest word of every unitary, the first in the order of the tokens among equally short ones."""
    moves = [(token, gate) for token, gate in TOKENS.items() if gate != IDENTITY]
    found: dict[Unitary, tuple[str, ...]] = {IDENTITY: ()}
    queue = deque([IDENTITY])
    while queue:
        unitary = queue.popleft()
        for token, gate in moves:
            after = gate.after(unitary)
            if after not in found:
                found[after] = (*found[unitary], token)
                queue.append(after)
    found[IDENTITY] = ("mark@c00",)
    return found
