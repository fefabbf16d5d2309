"""Rules that one instruction alone must follow: operand classes, ranges, types, immediates, constant addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hologram.isa.instructions import BY_NAME, Category, OperandSpec
from hologram.isa.messages import places
from hologram.isa.operands import (
    BYTES_PER_CLASS,
    BYTES_PER_PAGE,
    CLASSES,
    PAGES_PER_CLASS,
    PREDICATES,
    REGISTERS,
    Condition,
    Field,
    Imm,
    Label,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Scope,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.program import Instruction, Param, Program
from hologram.types import Type

FIRST_SPECIAL = 252
NEIGHBOURS = 6
I32_LIMIT = 1 << 31
SHARED = frozenset({"LDS", "STS"})
UNSIGNED_CONDITIONS = frozenset({Condition.LTU, Condition.LEU, Condition.GTU, Condition.GEU})
ADDRESSES = (SlotOffset, PhiCoordinate, RegisterIndirect, RegisterIndirectComputed)
CLASSES_OF: dict[str, tuple[type, ...]] = {
    "reg": (Reg,),
    "src": (Reg, Imm),
    "pred": (Pred,),
    "guard": (Pred, type(None)),
    "imm": (Imm,),
    "label": (Label,),
    "addr": ADDRESSES,
    "slot": (Slot,),
    "sreg": (Special,),
    "cond": (Condition,),
    "scope": (Scope,),
    "u8": (int,),
    "u16": (int,),
    "u32": (int,),
    "u64": (int,),
    "f64": (float, int),
}

Messages = Iterator[str]


def check_form(program: Program, ins: Instruction) -> Messages:
    """What keeps an instruction from being looked at further: its row, types, operand classes, labels."""
    spec = BY_NAME.get(ins.op)
    if spec is None:
        yield f"there is no instruction '{ins.op}'"
        return
    if spec.typed != (ins.type is not None):
        yield f"{ins.op} {'needs a type' if spec.typed else 'has no type'}"
    elif ins.type is not None and ins.type not in spec.types:
        yield f"{ins.op} does not exist for {ins.type.value}"
    if any(o.type == "S" for o in spec.operands) != (ins.source_type is not None):
        yield f"{ins.op} has {'no' if ins.source_type is not None else 'a'} source type"
    if len(ins.args) != len(spec.operands):
        yield f"{ins.op} takes {len(spec.operands)} operands, not {len(ins.args)}"
        return
    for operand, value in zip(spec.operands, ins.args, strict=True):
        if not isinstance(value, CLASSES_OF[operand.kind]) or isinstance(value, bool):
            yield f"operand {operand.name} is {value!r}, which is no {operand.kind}"
        elif isinstance(value, Label) and value.name not in program.labels:
            yield f"label {value} is not defined"
        elif isinstance(value, (Reg, RegisterIndirect, RegisterIndirectComputed)):
            yield from _register_ranges(value)


def _register_ranges(value: Reg | RegisterIndirect | RegisterIndirectComputed) -> Messages:
    parts = (value,) if isinstance(value, Reg) else (value.handle, value.offset)
    for part in parts:
        if isinstance(part, Reg) and not 0 <= part.index < REGISTERS:
            yield f"{part} does not exist; there are {REGISTERS} registers"


def check_operands(program: Program, ins: Instruction) -> Messages:
    """Ranges and meanings of the operands of a well-formed instruction."""
    for position, (operand, value) in enumerate(zip(ins.spec.operands, ins.args, strict=True)):
        check = _CHECKS.get(operand.kind)
        if check is not None:
            yield from check(program, ins, operand, value, ins.operand_type(position))
    if ins.spec.category is Category.REDUCE:
        yield from _check_fold(ins)
    if ins.spec.category is Category.DEBUG:
        yield from _check_message(program, ins)
    if ins.op == "NbrGet" and isinstance(ins.args[2], int) and ins.args[2] >= NEIGHBOURS:
        yield f"a class has at most {NEIGHBOURS} neighbours, there is no neighbour {ins.args[2]}"


def _check_fold(ins: Instruction) -> Messages:
    _, base, count = ins.args
    assert isinstance(base, Reg)
    assert isinstance(count, int)
    if base.index + count > FIRST_SPECIAL:
        yield f"{count} registers from {base} pass r{FIRST_SPECIAL - 1}"


def _check_message(program: Program, ins: Instruction) -> Messages:
    number = ins.args[1]
    assert isinstance(number, int)
    if not program.messages:
        return
    if number >= len(program.messages):
        yield f"there is no message {number}, the program has {len(program.messages)}"
    elif ins.op == "Print":
        try:
            count = len(places(program.messages[number]))
        except ValueError as error:
            yield f"message {number} cannot be shown: {error}"
        else:
            if count > 1:
                yield f"message {number} has places for {count} values; Print has one"


def _check_reg(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    if o.written and isinstance(value, Reg) and value.index >= FIRST_SPECIAL:
        yield f"{value} is a special register and read-only"


def _check_imm(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    if isinstance(value, Imm) and type is not None and (value.bits < 0 or value.bits >> type.bits):
        yield f"immediate {value.bits:#x} does not fit {type.value}"


def _check_pred(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    if isinstance(value, Pred):
        if not 0 <= value.index < PREDICATES:
            yield f"p{value.index} does not exist; there are {PREDICATES} predicates"
        if value.negated and o.kind != "guard":
            yield f"{value}: only the guard of BRA may be negated; use PNOT"


def _check_cond(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    if value in UNSIGNED_CONDITIONS and ins.type is not None and not ins.type.is_unsigned:
        assert isinstance(value, Condition)
        yield f"condition {value.value} compares unsigned numbers, not {ins.type.value}"


def _check_number(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    assert isinstance(value, int)
    if value < 0 or value >> int(o.kind[1:]):
        yield f"{o.name} {value} does not fit {o.kind}"


def _check_slot(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    assert isinstance(value, Slot)
    if not 0 <= value.index < len(program.params):
        yield f"there is no parameter slot {value.index}"
        return
    param = program.params[value.index]
    needed, problem = _slot_type(param, value)
    if problem:
        yield problem
    elif needed is not ins.type:
        yield f"{_slot_words(param, value)} reads as {needed.value}, not {ins.type.value if ins.type else 'untyped'}"


def _slot_words(param: Param, slot: Slot) -> str:
    if slot.field is Field.VALUE:
        return f"the handle of '{param.name}'" if param.is_array else f"'{param.name}'"
    return f"'{param.name}.{slot.field.value}[{slot.axis}]'"


def _slot_type(param: Param, slot: Slot) -> tuple[Type, str]:
    """The type MOV_PARAM must carry, or what is wrong with the slot."""
    if slot.field is Field.VALUE:
        return (Type.U64 if param.is_array else param.type), ("a value has no axis" if slot.axis else "")
    if not param.is_array:
        return Type.I64, f"'{param.name}' is a scalar and has no {slot.field.value}"
    inside = 0 <= slot.axis < param.ndim
    return Type.I64, "" if inside else f"'{param.name}' has {param.ndim} axes, no axis {slot.axis}"


def _check_address(program: Program, ins: Instruction, o: OperandSpec, value: object, type: Type | None) -> Messages:
    size = ins.type.size if ins.type is not None else 1
    if ins.op in SHARED:
        yield from _check_shared(program, value)
    elif isinstance(value, SlotOffset):
        if not 0 <= value.slot < len(program.params):
            yield f"there is no parameter slot {value.slot}"
        elif value.offset < 0:
            yield f"offset {value.offset} lies before the array"
    elif isinstance(value, PhiCoordinate):
        yield from _check_phi(value, size)
        if ins.spec.category is Category.ATOMIC and value.offset % size:
            yield f"an atomic's place must be a multiple of the element's {size} bytes"
    if isinstance(value, (SlotOffset, RegisterIndirect)):
        if value.offset % size:
            yield f"offset {value.offset} is no multiple of the element's {size} bytes"
        if isinstance(value, RegisterIndirect) and not -I32_LIMIT <= value.offset < I32_LIMIT:
            yield f"offset {value.offset} does not fit 32 bits"


def _check_shared(program: Program, value: object) -> Messages:
    if isinstance(value, (SlotOffset, PhiCoordinate)):
        yield "shared memory is addressed by registers, not by parameter or class"
    if not program.shared_bytes:
        yield "the program declares no shared memory"


def _check_phi(value: PhiCoordinate, size: int) -> Messages:
    parts = (
        ("class", value.class_index, CLASSES),
        ("page", value.page, PAGES_PER_CLASS),
        ("byte", value.byte, BYTES_PER_PAGE),
    )
    bad = [f"{name} {number} is not below {limit}" for name, number, limit in parts if not 0 <= number < limit]
    yield from bad
    if not bad and value.page * BYTES_PER_PAGE + value.byte + size > BYTES_PER_CLASS:
        yield f"an access of {size} bytes at phi({value.class_index}, {value.page}, {value.byte}) leaves its class"


Check = Callable[[Program, Instruction, OperandSpec, object, Type | None], Messages]


_CHECKS: dict[str, Check] = {
    "reg": _check_reg,
    "src": _check_imm,
    "imm": _check_imm,
    "pred": _check_pred,
    "guard": _check_pred,
    "cond": _check_cond,
    "slot": _check_slot,
    "addr": _check_address,
    "u8": _check_number,
    "u16": _check_number,
    "u32": _check_number,
    "u64": _check_number,
}
