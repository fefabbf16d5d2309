"""Accesses to shared memory at places that are numbers: outside, they are wrong in every launch."""

from __future__ import annotations

from hologram.isa.cfg import Cfg
from hologram.isa.operands import RegisterIndirect, RegisterIndirectComputed
from hologram.isa.program import Instruction
from hologram.isa.shared_arrays import SharedArray, known_numbers, meant, shared_address
from hologram.isa.verify.report import Report


def check_constant_bounds(cfg: Cfg, slot_of: dict[int, int], report: Report) -> None:
    """A finding for every access to shared memory that is surely outside of it, or of the array it is meant for."""
    program = cfg.program
    if not program.shared_bytes:
        return
    numbers, parts = known_numbers(program), meant(program, slot_of)
    whole = SharedArray("shared memory", 0, program.shared_bytes)
    for block in cfg.order:
        for index, ins in cfg.code(block):
            address = shared_address(ins.args) if ins.spec.is_memory and index not in slot_of else None
            place = _place(address, numbers) if address is not None else None
            if place is not None:
                _check(index, ins, place, parts.get(index, whole), report)


def _place(address: RegisterIndirect | RegisterIndirectComputed, numbers: dict[int, int]) -> int | None:
    """The byte that an address names, if it is a number."""
    first = numbers.get(address.handle.index)
    second = address.offset if isinstance(address.offset, int) else numbers.get(address.offset.index)
    return None if first is None or second is None else first + second


def _check(index: int, ins: Instruction, place: int, array: SharedArray, report: Report) -> None:
    assert ins.type is not None
    offset = place - array.start
    if not 0 <= offset <= array.size - ins.type.size:
        report.add(index, f"byte offset {offset} is outside of '{array.name}', which is {array.size} bytes long")
