"""Reads operands, one function an operand kind of the instruction table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hologram.isa.builder import value_of
from hologram.isa.operands import (
    PREDICATES,
    REGISTERS,
    Address,
    Field,
    Imm,
    Label,
    Operand,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.text.numbers import read_immediate
from hologram.isa.text.tokens import Line, Token
from hologram.types import Type

NUMBERED = re.compile(r"([rp])([0-9]{1,3})")
SPECIALS = {s.value: s for s in Special}
FIELDS = {"shape": Field.SHAPE, "stride": Field.STRIDE}
MAX_AXIS = 255


@dataclass
class Names:
    """Parameter slots by name, and every use of a label for the check at the end."""

    slots: dict[str, int] = field(default_factory=dict)
    label_uses: list[tuple[Line, Token]] = field(default_factory=list)


def register(text: str, letter: str, count: int) -> int | None:
    """The number in `r12` or `p3`, or None."""
    found = NUMBERED.fullmatch(text)
    inside = found is not None and found[1] == letter and int(found[2]) < count and str(int(found[2])) == found[2]
    return int(found[2]) if found is not None and inside else None


def read_reg(line: Line, names: Names, type: Type | None) -> Reg:
    """`r0` to `r255`."""
    index = register(line.peek.text, "r", REGISTERS)
    if index is None:
        line.fail(f"a register, r0 to r{REGISTERS - 1}, must stand here")
    line.next()
    return Reg(index)


def read_pred(line: Line, names: Names, type: Type | None) -> Pred:
    """`p0` to `p15`."""
    index = register(line.peek.text, "p", PREDICATES)
    if index is None:
        line.fail(f"a predicate, p0 to p{PREDICATES - 1}, must stand here")
    line.next()
    return Pred(index)


def read_imm(line: Line, names: Names, type: Type | None) -> Imm:
    """A number that the type holds, or its bits as `0x…`."""
    token, text = line.number("an immediate")
    assert type is not None
    try:
        return Imm(read_immediate(type, text))
    except ValueError as error:
        line.fail(str(error), token)


def read_source(line: Line, names: Names, type: Type | None) -> Reg | Imm:
    """A register or an immediate."""
    number = line.peek.kind == "number" or line.peek.text == "-"
    return read_imm(line, names, type) if number else read_reg(line, names, type)


def read_label(line: Line, names: Names, type: Type | None) -> Label:
    """`@name`."""
    line.expect("@")
    token = line.word("a label's name")
    names.label_uses.append((line, token))
    return Label(token.text)


def slot_index(line: Line, names: Names, token: Token, name: str) -> int:
    """The slot of a parameter that is declared above."""
    if name not in names.slots:
        line.unknown("parameter", token, names.slots, name)
    return names.slots[name]


def read_slot(line: Line, names: Names, type: Type | None) -> Slot:
    """`n`, `a`, `a.shape[0]` or `a.stride[1]`."""
    token = line.word("a parameter")
    name, dot, part = token.text.partition(".")
    index = slot_index(line, names, token, name)
    if not dot:
        return Slot(index)
    if part not in FIELDS:
        line.unknown("part of a parameter", token, FIELDS, part)
    line.expect("[")
    axis = line.integer("an axis", MAX_AXIS)
    line.expect("]")
    return Slot(index, FIELDS[part], axis)


def read_special(line: Line, names: Names, type: Type | None) -> Special:
    """`lane.x` … `global.z`."""
    token = line.word("a launch coordinate")
    if token.text not in SPECIALS:
        line.unknown("launch coordinate", token, SPECIALS)
    return SPECIALS[token.text]


def read_float(line: Line, names: Names, type: Type | None) -> float:
    """An f64 number."""
    return float(value_of(Type.F64, read_imm(line, names, Type.F64)))


def read_address(line: Line, names: Names, type: Type | None) -> Address:
    """`[a + 4]`, `[r1 - 8]`, `[r1 + r2]`, `[phi(1, 2, 3)]`; `[$r1 + 4]` where a parameter is named like a register."""
    line.expect("[")
    named = line.accept("$")
    token = line.word("an address")
    handle = None if named else register(token.text, "r", REGISTERS)
    address: Address
    if handle is not None:
        address = _indirect(line, names, Reg(handle))
    elif token.text == "phi" and line.peek.text == "(" and not named:
        address = _phi(line)
    else:
        address = SlotOffset(slot_index(line, names, token, token.text), _offset(line))
    line.expect("]")
    return address


def _offset(line: Line) -> int:
    if line.accept("-"):
        return -line.integer("an offset")
    return line.integer("an offset") if line.accept("+") else 0


def _indirect(line: Line, names: Names, handle: Reg) -> Address:
    start = line.position
    if line.accept("+") and line.peek.kind == "word":
        return RegisterIndirectComputed(handle, read_reg(line, names, None))
    line.position = start
    return RegisterIndirect(handle, _offset(line))


def _phi(line: Line) -> PhiCoordinate:
    parts = []
    for mark in "(,,":
        line.expect(mark)
        parts.append(line.integer("a class, page or byte"))
    line.expect(")")
    return PhiCoordinate(*parts)


def _plain(bits: int) -> Callable[[Line, Names, Type | None], int]:
    def read(line: Line, names: Names, type: Type | None) -> int:
        return line.integer("a number", (1 << bits) - 1)

    return read


READERS: dict[str, Callable[[Line, Names, Type | None], Operand]] = {
    "reg": read_reg,
    "src": read_source,
    "pred": read_pred,
    "imm": read_imm,
    "label": read_label,
    "addr": read_address,
    "slot": read_slot,
    "sreg": read_special,
    "u8": _plain(8),
    "u16": _plain(16),
    "u32": _plain(32),
    "u64": _plain(64),
    "f64": read_float,
}
