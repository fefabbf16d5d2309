"""How each operand kind of the instruction table is written and read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeVar

from hologram.errors import ProgramFormatError
from hologram.isa.binary.stream import Sink, Source
from hologram.isa.operands import (
    REGISTERS,
    Address,
    Condition,
    Field,
    Imm,
    Label,
    Operand,
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

_REGISTERS = tuple(map(Reg, range(REGISTERS)))

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

MAX_PREDICATE = 63
NEGATED = 64
NO_GUARD = 255
MAX_AXIS = 255


@dataclass
class Pools:
    """What instructions name by number: labels, 64-bit constants and parameter slots."""

    labels: dict[str, int] = field(default_factory=dict)
    constants: dict[int, int] = field(default_factory=dict)
    label_names: tuple[str, ...] = ()
    constant_bits: tuple[int, ...] = ()
    slots: int = 0


Writer = Callable[[Sink, object, Pools], None]
Reader = Callable[[Source, Pools], Operand]


class Codec(NamedTuple):
    """One operand kind in both directions."""

    write: Writer
    read: Reader


def _expect(sink: Sink, value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise sink.refuse(f"{value!r} stands where {kind.__name__} belongs")
    return value


def _write_reg(sink: Sink, value: object, pools: Pools) -> None:
    sink.number(_expect(sink, value, Reg).index, REGISTERS - 1)


def _read_reg(source: Source, pools: Pools) -> Reg:
    return _REGISTERS[source.number("a register", REGISTERS - 1)]


def _write_pred(sink: Sink, value: object, pools: Pools) -> None:
    pred = _expect(sink, value, Pred)
    if not 0 <= pred.index <= MAX_PREDICATE:
        raise sink.refuse(f"predicate p{pred.index} does not exist")
    sink.data.append(pred.index | (NEGATED if pred.negated else 0))


def _read_pred(source: Source, pools: Pools) -> Pred:
    byte = source.choice("predicate", 2 * NEGATED)
    return Pred(byte & MAX_PREDICATE, byte >= NEGATED)


def _write_guard(sink: Sink, value: object, pools: Pools) -> None:
    if value is None:
        sink.data.append(NO_GUARD)
    else:
        _write_pred(sink, value, pools)


def _read_guard(source: Source, pools: Pools) -> Pred | None:
    if source.left and source.data[source.position] == NO_GUARD:
        source.position += 1
        return None
    return _read_pred(source, pools)


def _write_constant(sink: Sink, bits: int, pools: Pools) -> None:
    sink.number(pools.constants.setdefault(bits, len(pools.constants)))


def _read_constant(source: Source, pools: Pools) -> int:
    start, index = source.position, source.number("a constant's number")
    if index >= len(pools.constant_bits):
        raise ProgramFormatError(f"constant {index} does not exist", start)
    return pools.constant_bits[index]


def _write_imm(sink: Sink, value: object, pools: Pools) -> None:
    _write_constant(sink, _expect(sink, value, Imm).bits, pools)


def _read_imm(source: Source, pools: Pools) -> Imm:
    return Imm(_read_constant(source, pools))


def _write_source(sink: Sink, value: object, pools: Pools) -> None:
    immediate = isinstance(value, Imm)
    sink.data.append(immediate)
    (_write_imm if immediate else _write_reg)(sink, value, pools)


def _read_source(source: Source, pools: Pools) -> Reg | Imm:
    return (_read_reg, _read_imm)[source.choice("source operand form", 2)](source, pools)


def _write_f64(sink: Sink, value: object, pools: Pools) -> None:
    if not isinstance(value, (int, float)):
        raise sink.refuse(f"{value!r} is not a number")
    try:
        raw = struct.pack("<d", float(value))
    except OverflowError as error:
        raise sink.refuse(f"{value!r} does not fit an f64") from error
    _write_constant(sink, int.from_bytes(raw, "little"), pools)


def _read_f64(source: Source, pools: Pools) -> float:
    (value,) = struct.unpack("<d", _read_constant(source, pools).to_bytes(8, "little"))
    return float(value)


def _write_label(sink: Sink, value: object, pools: Pools) -> None:
    name = _expect(sink, value, Label).name
    if name not in pools.labels:
        raise sink.refuse(f"label @{name} is not defined")
    sink.number(pools.labels[name])


def _read_label(source: Source, pools: Pools) -> Label:
    start, index = source.position, source.number("a label's number")
    if index >= len(pools.label_names):
        raise ProgramFormatError(f"label {index} does not exist", start)
    return Label(pools.label_names[index])


def _write_slot_index(sink: Sink, index: int, pools: Pools) -> None:
    if not 0 <= index < pools.slots:
        raise sink.refuse(f"parameter slot {index} does not exist")
    sink.number(index)


def _read_slot_index(source: Source, pools: Pools) -> int:
    start, index = source.position, source.number("a parameter slot")
    if index >= pools.slots:
        raise ProgramFormatError(f"parameter slot {index} does not exist", start)
    return index


def write_slot(sink: Sink, value: object, pools: Pools) -> None:
    """A parameter slot: its number, field and axis."""
    slot = _expect(sink, value, Slot)
    _write_slot_index(sink, slot.index, pools)
    sink.data.append(_FIELDS.index(slot.field))
    sink.number(slot.axis, MAX_AXIS)


def read_slot(source: Source, pools: Pools) -> Slot:
    """A parameter slot: its number, field and axis."""
    index = _read_slot_index(source, pools)
    return Slot(index, _FIELDS[source.choice("slot field", len(_FIELDS))], source.number("an axis", MAX_AXIS))


_FIELDS = tuple(Field)


def _write_address(sink: Sink, value: object, pools: Pools) -> None:
    if not isinstance(value, _MODES):
        raise sink.refuse(f"{value!r} stands where an address belongs")
    sink.data.append(_MODES.index(type(value)))
    match value:
        case SlotOffset(slot, offset):
            _write_slot_index(sink, slot, pools)
            sink.signed(offset)
        case PhiCoordinate(class_index, page, byte):
            for part in (class_index, page, byte):
                sink.number(part)
        case RegisterIndirect(handle, offset):
            _write_reg(sink, handle, pools)
            sink.signed(offset)
        case RegisterIndirectComputed(handle, register):
            _write_reg(sink, handle, pools)
            _write_reg(sink, register, pools)


def _read_slot_offset(source: Source, pools: Pools) -> Address:
    return SlotOffset(_read_slot_index(source, pools), source.signed("an address offset"))


def _read_phi(source: Source, pools: Pools) -> Address:
    return PhiCoordinate(source.number("a class"), source.number("a page"), source.number("a byte"))


def _read_indirect(source: Source, pools: Pools) -> Address:
    return RegisterIndirect(_read_reg(source, pools), source.signed("an address offset"))


def _read_computed(source: Source, pools: Pools) -> Address:
    return RegisterIndirectComputed(_read_reg(source, pools), _read_reg(source, pools))


_MODES = (SlotOffset, PhiCoordinate, RegisterIndirect, RegisterIndirectComputed)
_MODE_READERS = (_read_slot_offset, _read_phi, _read_indirect, _read_computed)


def _read_address(source: Source, pools: Pools) -> Address:
    return _MODE_READERS[source.choice("addressing mode", len(_MODES))](source, pools)


def _member(kind: type[E]) -> Codec:
    """One byte: the position in a closed set."""
    members = tuple(kind)

    def write(sink: Sink, value: object, pools: Pools) -> None:
        sink.data.append(members.index(_expect(sink, value, kind)))

    def read(source: Source, pools: Pools) -> Operand:
        return members[source.choice(kind.__name__, len(members))]  # type: ignore[return-value]

    return Codec(write, read)


def _plain(bits: int) -> Codec:
    """A plain number of so many bits."""
    limit = (1 << bits) - 1

    def write(sink: Sink, value: object, pools: Pools) -> None:
        sink.number(value, limit)

    def read(source: Source, pools: Pools) -> Operand:
        return source.number("a number", limit)

    return Codec(write, read)


CODECS: dict[str, Codec] = {
    "reg": Codec(_write_reg, _read_reg),
    "src": Codec(_write_source, _read_source),
    "pred": Codec(_write_pred, _read_pred),
    "guard": Codec(_write_guard, _read_guard),
    "imm": Codec(_write_imm, _read_imm),
    "label": Codec(_write_label, _read_label),
    "addr": Codec(_write_address, _read_address),
    "slot": Codec(write_slot, read_slot),
    "sreg": _member(Special),
    "cond": _member(Condition),
    "scope": _member(Scope),
    "u8": _plain(8),
    "u16": _plain(16),
    "u32": _plain(32),
    "u64": _plain(64),
    "f64": Codec(_write_f64, _read_f64),
}
