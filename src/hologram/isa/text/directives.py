"""Reads the directives: what a program declares besides its instructions."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from hologram.errors import Location
from hologram.isa.affine import Monomial, Poly
from hologram.isa.names import is_dotted, is_identifier, is_title
from hologram.isa.operands import Slot
from hologram.isa.program import Param
from hologram.isa.text.operand_reader import Names, read_pred, read_reg, read_slot
from hologram.isa.text.spelling import TRUTH
from hologram.isa.text.tokens import MAX_INTEGER, Line
from hologram.isa.variables import Variable
from hologram.types import Type

TYPES = {t.value: t for t in Type}
ACCESSES = ("r", "w", "rw")
AXES = 3
MAX_DEGREE = 16
MAX_TERMS = 256
MAX_LINE = 1 << 31


@dataclass
class Declarations:
    """What the directives read so far have declared; `place` is that of the next instruction."""

    names: Names = field(default_factory=Names)
    name: str = ""
    shared_bytes: int = 0
    flags: set[str] = field(default_factory=set)
    params: list[Param] = field(default_factory=list)
    extent: tuple[Poly, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    variables: list[tuple[Line, Variable]] = field(default_factory=list)
    place: Location | None = None
    placed: bool = False


def read_directive(line: Line, into: Declarations) -> None:
    """One `.something` line."""
    token = line.next()
    if token.text not in _DIRECTIVES:
        line.unknown("directive", token, _DIRECTIVES)
    _DIRECTIVES[token.text](line, into)
    line.finish()


def _program(line: Line, into: Declarations) -> None:
    start = line.peek
    name = line.string("the program's name") if start.kind == "string" else line.word("the program's name").text
    if into.name:
        line.fail("the program has a name already", start)
    if not is_title(name):
        line.fail("a program's name is printable and not empty", start)
    into.name = name


def _flag(line: Line, into: Declarations) -> None:
    token = line.word("a flag")
    if not is_dotted(token.text):
        line.fail(f"'{token.text}' is no name", token)
    into.flags.add(token.text)


def _shared(line: Line, into: Declarations) -> None:
    into.shared_bytes = line.integer("a number of bytes")


def _param(line: Line, into: Declarations) -> None:
    token = line.word("a parameter's name")
    if not is_identifier(token.text):
        line.fail(f"'{token.text}' is no identifier", token)
    if token.text in into.names.slots:
        line.fail(f"parameter '{token.text}' is declared twice", token)
    line.expect(":")
    element = line.word("a type")
    if element.text not in TYPES:
        line.unknown("type", element, TYPES)
    into.names.slots[token.text] = len(into.params)
    read = _array if line.accept("[") else _scalar
    into.params.append(read(line, token.text, TYPES[element.text]))


def _array(line: Line, name: str, type: Type) -> Param:
    ndim = line.integer("the number of dimensions", 255)
    line.expect("]")
    access = line.word("the access (r, w or rw)")
    if access.text not in ACCESSES:
        line.unknown("access", access, ACCESSES)
    return Param(name, "array", type, ndim, access.text)


def _scalar(line: Line, name: str, type: Type) -> Param:
    return Param(name, "scalar", type, default=_default(line) if line.accept("=") else None)


def _default(line: Line) -> int | float:
    token, text = line.number("a default")
    if text.startswith("0x"):
        if len(text) > 18:
            line.fail("a default's bits are those of an f64", token)
        return float(struct.unpack("<d", int(text, 16).to_bytes(8, "little"))[0])
    if text.lstrip("-").isdigit():
        if abs(int(text)) >> 64:
            line.fail("a default has 64 bits at most", token)
        return int(text)
    return float(text)


def _extent(line: Line, into: Declarations) -> None:
    axes = [_poly(line, into.names)]
    while line.accept(","):
        axes.append(_poly(line, into.names))
    if len(axes) > AXES:
        line.fail(f"a launch has {AXES} axes")
    into.extent = tuple(axes)


def _poly(line: Line, names: Names) -> Poly:
    terms: dict[Monomial, int] = {}
    sign = -1 if line.accept("-") else 1
    for _ in range(MAX_TERMS):
        monomial, coefficient = _term(line, names)
        terms[monomial] = terms.get(monomial, 0) + sign * coefficient
        if abs(terms[monomial]) > MAX_INTEGER:
            line.fail("a coefficient has 64 bits at most")
        if line.peek.text not in ("+", "-"):
            return Poly.of(terms)
        sign = -1 if line.next().text == "-" else 1
    line.fail(f"an extent has at most {MAX_TERMS} terms an axis")


def _term(line: Line, names: Names) -> tuple[Monomial, int]:
    product, factors = Poly.const(1), 0
    while True:
        start = line.peek
        if start.kind == "number":
            product = product * line.integer("a coefficient")
        else:
            slot: Slot = read_slot(line, names, None)
            product = product * Poly.slot(slot)
        factors += 1
        if factors > MAX_DEGREE:
            line.fail(f"a term has more than {MAX_DEGREE} factors", start)
        if not line.accept("*"):
            return product.terms[0] if product.terms else ((), 0)


def _metadata(line: Line, into: Declarations) -> None:
    key = line.string("a key")
    into.metadata[key] = line.string("a value")


def _message(line: Line, into: Declarations) -> None:
    into.messages.append(line.string("a message"))


def _variable(line: Line, into: Declarations) -> None:
    token = line.word("a variable's name")
    if not is_dotted(token.text):
        line.fail(f"'{token.text}' is no name", token)
    line.expect(":")
    word = line.word("a type")
    if word.text not in (*TYPES, TRUTH):
        line.unknown("type", word, (*TYPES, TRUTH))
    ty = TYPES.get(word.text)
    place = read_reg(line, into.names, ty) if ty else read_pred(line, into.names, None)
    start, end = (line.integer(what) for what in ("the first instruction", "the end"))
    if start > end:
        line.fail(f"variable '{token.text}' ends before it starts", token)
    into.variables.append((line, Variable(token.text, place, ty, start, end)))


def _loc(line: Line, into: Declarations) -> None:
    into.placed = True
    if line.accept("none"):
        into.place = None
        return
    start = line.peek
    if start.kind != "string" and into.place is None:
        line.fail("the file's name is missing here", start, 'write .loc "file.py" 3 5 9 (line, column, end)')
    file = line.string("a file") if start.kind == "string" else into.place.file if into.place else ""
    numbers = [line.integer(what, MAX_LINE) for what in ("a line", "a column", "an end column")]
    into.place = Location(file, *numbers)


_DIRECTIVES: dict[str, Callable[[Line, Declarations], None]] = {
    ".program": _program,
    ".flag": _flag,
    ".shared": _shared,
    ".param": _param,
    ".extent": _extent,
    ".metadata": _metadata,
    ".message": _message,
    ".variable": _variable,
    ".loc": _loc,
}
