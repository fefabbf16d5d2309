"""Prints a program as `.atlasm` text."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from types import MappingProxyType

from hologram.errors import Location
from hologram.isa.names import is_dotted
from hologram.isa.program import Param, Program
from hologram.isa.text.spelling import TRUTH, spell, spell_slot


def disassemble(program: Program, notes: Mapping[int, Sequence[str]] = MappingProxyType({})) -> str:
    """The program as text that `assemble` reads back to an equal program, debug data and metadata included.

    `notes` are comments to put before an instruction, by its index; those of the end come last.
    """
    return "\n".join([*_declarations(program), "", *_body(program, notes)]) + "\n"


def quote(text: str) -> str:
    """A text in double quotes on one line, escaped as in JSON."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _declarations(program: Program) -> Iterator[str]:
    names = [p.name for p in program.params]
    yield f".program {program.name if is_dotted(program.name) else quote(program.name)}"
    for flag in sorted(program.flags):
        yield f".flag {flag}"
    if program.shared_bytes:
        yield f".shared {program.shared_bytes}"
    for param in program.params:
        yield f".param {_param(param)}"
    if program.extent:
        axes = ", ".join(poly.render(lambda slot: spell_slot(names, slot)) for poly in program.extent)
        yield f".extent {axes}"
    for key, value in sorted(program.metadata.items()):
        yield f".metadata {quote(key)} {quote(value)}"
    for text in program.messages:
        yield f".message {quote(text)}"
    for v in program.variables:
        yield f".variable {v.name}: {v.type.value if v.type else TRUTH} {v.place} {v.start} {v.end}"


def _param(p: Param) -> str:
    if p.is_array:
        return f"{p.name}: {p.type.value}[{p.ndim}] {p.access}"
    return f"{p.name}: {p.type.value}{'' if p.default is None else f' = {_default(p.default)}'}"


def _default(value: int | float) -> str:
    if isinstance(value, float) and not isfinite(value):
        return f"0x{int.from_bytes(struct.pack('<d', value), 'little'):016x}"
    return repr(value)


def _body(program: Program, notes: Mapping[int, Sequence[str]]) -> Iterator[str]:
    at: dict[int, list[str]] = {}
    for name, target in sorted(program.labels.items()):
        at.setdefault(target, []).append(name)
    place: Location | None = None
    if program.instructions and program.location(0) is None:
        yield ".loc none"
    for index, ins in enumerate(program.instructions):
        yield from (f"{name}:" for name in at.get(index, ()))
        here = program.location(index)
        if here != place:
            yield _loc(here, place)
            place = here
        yield from (f"    ; {note}" for note in notes.get(index, ()))
        yield f"    {spell(program, ins)}"
    end = len(program.instructions)
    yield from (f"{name}:" for name in at.get(end, ()))
    yield from (f"    ; {note}" for note in notes.get(end, ()))


def _loc(here: Location | None, before: Location | None) -> str:
    if here is None:
        return ".loc none"
    file = "" if before is not None and before.file == here.file else f"{quote(here.file)} "
    return f".loc {file}{here.line} {here.column} {here.end_column}"
