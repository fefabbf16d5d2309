"""One instruction as text, spelled from its row of the instruction table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hologram.isa.instructions import BY_NAME, Spec
from hologram.isa.operands import (
    Condition,
    Field,
    Imm,
    Operand,
    PhiCoordinate,
    Pred,
    RegisterIndirect,
    RegisterIndirectComputed,
    Scope,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.program import Instruction, Program
from hologram.isa.text.numbers import spell_immediate
from hologram.types import Type

TRUTH = "bool"
"""How the type of a variable that a predicate holds is written."""
SUFFIXES = frozenset({"cond", "guard", "scope"})
REGISTER = re.compile(r"[rp][0-9]{1,3}")


def address_first(spec: Spec) -> bool:
    """True for rows that write memory and no register: they name the place before the value."""
    return spec.is_memory and not any(o.written for o in spec.operands)


def listed(spec: Spec) -> list[int]:
    """Positions of the operands listed after the mnemonic, in the order of the text form."""
    positions = [i for i, o in enumerate(spec.operands) if o.kind not in SUFFIXES]
    return sorted(positions, key=lambda i: spec.operands[i].kind != "addr") if address_first(spec) else positions


def mnemonic(ins: Instruction) -> str:
    """`setlt.f32`, `bra.!p0`, `cvt.f32.i32`, `memfence.block`."""
    spec = BY_NAME[ins.op]
    text = spec.text
    for operand, value in zip(spec.operands, ins.args, strict=False):
        if isinstance(value, Condition):
            text += value.value
        elif isinstance(value, Scope):
            text += f".{value.value}"
        elif operand.kind == "guard" and value is not None:
            text += f".{value}"
    for element in (ins.type, ins.source_type):
        text += f".{element.value}" if element is not None else ""
    return text


def spell(program: Program, ins: Instruction) -> str:
    """The text of an instruction; total: an operand that breaks the rules is shown as it is."""
    if ins.op not in BY_NAME:
        return ins.op
    names = [p.name for p in program.params]
    kinds = ins.spec.operands
    shown = [i for i in listed(ins.spec) if i < len(ins.args)] + list(range(len(kinds), len(ins.args)))
    words = [spell_operand(names, ins.args[i], _type(ins, i)) for i in shown]
    return f"{mnemonic(ins)} {', '.join(words)}".rstrip()


def _type(ins: Instruction, position: int) -> Type | None:
    return ins.operand_type(position) if position < len(ins.spec.operands) else None


def slot_name(names: Sequence[str], index: int) -> str:
    """A parameter's name, or a visible stand-in for a slot that does not exist."""
    return names[index] if 0 <= index < len(names) else f"<slot {index}>"


def spell_slot(names: Sequence[str], slot: Slot) -> str:
    """`n`, `a`, `a.shape[0]`, `a.stride[1]`."""
    base = slot_name(names, slot.index)
    return base if slot.field is Field.VALUE and not slot.axis else f"{base}.{slot.field.value}[{slot.axis}]"


def _signed(base: str, offset: int) -> str:
    return f"[{base} {'-' if offset < 0 else '+'} {abs(offset)}]"


def _slot_offset(names: Sequence[str], a: SlotOffset) -> str:
    name = slot_name(names, a.slot)
    mark = "$" if REGISTER.fullmatch(name) or name == "phi" else ""
    return _signed(mark + name, a.offset)


_SPELLERS: dict[type, Callable[..., str]] = {
    Slot: spell_slot,
    SlotOffset: _slot_offset,
    PhiCoordinate: lambda names, a: f"[phi({a.class_index}, {a.page}, {a.byte})]",
    RegisterIndirect: lambda names, a: _signed(str(a.handle), a.offset),
    RegisterIndirectComputed: lambda names, a: f"[{a.handle} + {a.offset}]",
    Special: lambda names, a: a.value,
    Condition: lambda names, a: a.value,
    Scope: lambda names, a: a.value,
    Pred: lambda names, a: str(a),
    float: lambda names, a: repr(a),
}


def spell_operand(names: Sequence[str], value: Operand, type: Type | None) -> str:
    """One operand; `type` says how an immediate reads."""
    if isinstance(value, Imm):
        return hex(value.bits) if type is None else spell_immediate(type, value.bits)
    speller = _SPELLERS.get(value.__class__)
    return speller(names, value) if speller else str(value)


def form(spec: Spec) -> str:
    """How a row is written in general: `add.T dst, a, b`, `set<cond>.T dst, a, b`, `stg.T [addr], a`."""
    text = spec.text
    for operand in spec.operands:
        text += {"cond": "<cond>", "scope": ".<scope>", "guard": "[.[!]p]"}.get(operand.kind, "")
    text += ".T" if spec.typed else ""
    text += ".S" if any(o.type == "S" for o in spec.operands) else ""
    shown = [spec.operands[i] for i in listed(spec)]
    marks = {"addr": "[{}]", "label": "@{}"}
    return f"{text} {', '.join(marks.get(o.kind, '{}').format(o.name) for o in shown)}".rstrip()


def format_instruction(program: Program, index: int) -> str:
    """The text of one instruction by index, for messages."""
    return spell(program, program.instructions[index])
