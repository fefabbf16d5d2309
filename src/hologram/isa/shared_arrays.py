"""Arrays in the memory of a block: which there are by name, and which of them an access is meant for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hologram.isa.builder import value_of
from hologram.isa.operands import Imm, Operand, Reg, RegisterIndirect, RegisterIndirectComputed
from hologram.isa.program import SHARED_ARRAYS, Instruction, Program
from hologram.types import Type

_ENTRY = re.compile(r"([A-Za-z_]\w{0,99}) (\d{1,9}) (\d{1,9})")


@dataclass(frozen=True, slots=True)
class SharedArray:
    """So many bytes of a block's memory, from byte `start` on."""

    name: str
    start: int
    size: int


def described(arrays: Iterable[SharedArray]) -> dict[str, str]:
    """The metadata entry that names arrays; none for none."""
    text = ", ".join(f"{a.name} {a.start} {a.size}" for a in arrays)
    return {SHARED_ARRAYS: text} if text else {}


def arrays_of(program: Program) -> Iterator[SharedArray]:
    """The arrays a program's metadata names; what lies outside of its shared memory is passed over."""
    for text in program.metadata.get(SHARED_ARRAYS, "").split(", "):
        if match := _ENTRY.fullmatch(text):
            array = SharedArray(match[1], int(match[2]), int(match[3]))
            if array.start + array.size <= program.shared_bytes:
                yield array


def known_numbers(program: Program) -> dict[int, int]:
    """Registers that hold one 64-bit number throughout, set by one instruction."""
    setters: dict[int, list[Instruction]] = {}
    for ins in program.instructions:
        for spec, arg in zip(ins.spec.operands, ins.args, strict=True):
            if spec.written and isinstance(arg, Reg):
                setters.setdefault(arg.index, []).append(ins)
    out = {}
    for register, (first, *more) in setters.items():
        value = first.args[1] if first.op == "MOV_IMM" and first.type in (Type.I64, Type.U64) else None
        if isinstance(value, Imm) and not more:
            out[register] = int(value_of(Type.I64, value))
    return out


def meant(program: Program, slot_of: Mapping[int, int]) -> dict[int, SharedArray]:
    """The array that an access (by instruction) is meant for: the one that begins where its handle points to."""
    by_start = {a.start: a for a in arrays_of(program)}
    if not by_start:
        return {}
    numbers, out = known_numbers(program), {}
    for index, ins in enumerate(program.instructions):
        address = shared_address(ins.args) if index not in slot_of else None
        array = by_start.get(numbers.get(address.handle.index, -1)) if address is not None else None
        if array is not None:
            out[index] = array
    return out


def shared_address(args: Iterable[Operand]) -> RegisterIndirect | RegisterIndirectComputed | None:
    """The register address among operands; of an access to no parameter it is one into shared memory."""
    return next((a for a in args if isinstance(a, (RegisterIndirect, RegisterIndirectComputed))), None)
