"""What a circuit says in bytes and in words, without running it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hologram.circuit.transforms import IDENTITY, Transform, Turn, compose
from hologram.circuit.tree import Group, Operation, Parallel, Phrase, Sequence, Sigil, Term, Turned, operations
from hologram.isa import classes
from hologram.isa.operands import BYTES_PER_PAGE


def canonical_byte(index: int) -> int:
    """The byte that stands for a class.

    >>> hex(canonical_byte(21))
    '0x2a'
    """
    sigil = classes.Sigil.of(index)
    return 64 * sigil.quadrant + 16 * sigil.modality + 2 * sigil.context


def class_of(byte: int) -> int:
    """The class a byte belongs to.

    >>> class_of(0xC0)
    72
    """
    if not 0 <= byte < 256:
        raise ValueError(f"{byte} is no byte; bytes are 0 to 255")
    return classes.Sigil(byte >> 6, (byte >> 4 & 3) % 3, byte >> 1 & 7).index


@dataclass(frozen=True, slots=True)
class Literal:
    """A byte for every class a circuit names first, and the belt addresses of those that have a page."""

    bytes: tuple[int, ...]
    addresses: tuple[int, ...]


def literal(phrase: Phrase) -> Literal:
    """The bytes of a circuit in written order.

    >>> from hologram.circuit.parse import parse
    >>> literal(parse("evaluate@c21 . copy@c05 || swap@c72")).bytes
    (42, 10, 192)
    """
    found: list[int] = []
    addresses: list[int] = []
    for operation, outer in operations(phrase):
        sigil = _named(operation)
        for member in sigil.members(outer) if sigil else ():
            found.append(canonical_byte(member))
            if sigil and sigil.page is not None:
                addresses.append(BYTES_PER_PAGE * sigil.page + found[-1])
    return Literal(tuple(found), tuple(addresses))


def _named(operation: Operation) -> Sigil | None:
    """The first class of an operation."""
    return next((s for s in (*operation.sources, operation.target) if isinstance(s, Sigil)), None)


def words(phrase: Phrase) -> tuple[str, ...]:
    """The words of a circuit; a sequence lists its last term first.

    >>> from hologram.circuit.parse import parse
    >>> words(parse("copy@c05 . evaluate@c40"))
    ('phase[h₂=1]', 'evaluate', 'copy[d=0]')
    """
    return tuple(_under(phrase.prefixes, _Amounts(), lambda amounts: _of_parallel(phrase.body, amounts)))


@dataclass(frozen=True, slots=True)
class _Amounts:
    """The transforms around a place: how far in all, as the control words say it, and what they do."""

    rotate: int = 0
    modality: int = 0
    twist: int = 0
    transform: Transform = IDENTITY

    def within(self, turns: tuple[Turn, ...]) -> _Amounts:
        return _Amounts(
            self.rotate + sum(t.amount for t in turns if t.letter == "R"),
            (self.modality + sum(t.amount for t in turns if t.letter == "D")) % 3,
            self.twist + sum(t.amount for t in turns if t.letter == "T"),
            self.transform @ compose(turns),
        )

    def control(self, arrow: str) -> list[str]:
        out = [f"{arrow}ρ[{self.rotate}]"] if self.rotate else []
        out += [f"{arrow}δ[{self.modality}]"] if self.modality else []
        out += [f"{arrow}τ[{self.twist}]"] if self.twist else []
        return out + ([f"{arrow}μ"] if self.transform.mirror else [])


def _under(
    prefixes: tuple[tuple[Turn, ...], ...], amounts: _Amounts, body: Callable[[_Amounts], list[str]]
) -> list[str]:
    """Control words on the way in, the body, and the same on the way out."""
    entered: list[_Amounts] = []
    for turns in prefixes:
        amounts = amounts.within(turns)
        entered.append(amounts)
    inward = [word for a in entered for word in a.control("→")]
    outward = [word for a in reversed(entered) for word in a.control("←")]
    return [*inward, *body(amounts), *outward]


def _of_parallel(body: Parallel, amounts: _Amounts) -> list[str]:
    if len(body.branches) == 1:
        return _of_sequence(body.branches[0], amounts)
    out = ["⊗_begin"]
    for k, branch in enumerate(body.branches):
        out += (["⊗_sep"] if k else []) + _of_sequence(branch, amounts)
    return [*out, "⊗_end"]


def _of_sequence(sequence: Sequence, amounts: _Amounts) -> list[str]:
    return [word for term in reversed(sequence.terms) for word in _of_term(term, amounts)]


def _of_term(term: Term, amounts: _Amounts) -> list[str]:
    prefixes = []
    while isinstance(term, Turned):
        prefixes.append(term.turns)
        term = term.body
    if isinstance(term, Group):
        inner = term.body
        return _under(tuple(prefixes), amounts, lambda inside: _of_parallel(inner, inside))
    operation = term
    return _under(tuple(prefixes), amounts, lambda inside: _of_operation(operation, inside.transform))


def _of_operation(operation: Operation, outer: Transform) -> list[str]:
    sigil = _named(operation)
    out = []
    for member in sigil.members(outer) if sigil else ():
        named = classes.Sigil.of(member)
        match operation.generator:
            case "copy" | "merge":
                out.append(f"{operation.generator}[d={named.modality}]")
            case "split" | "quote":
                out.append(f"{operation.generator}[ℓ={named.context}]")
            case "evaluate":
                out += [f"phase[h₂={named.quadrant}]", "evaluate"]
            case "reduce":
                out.append(f"reduce[{operation.variant}]")
            case name:
                out.append(name)
    return out
