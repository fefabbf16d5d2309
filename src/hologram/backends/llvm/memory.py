"""Loads, stores and atomics of a strip: addresses in the shape of their offsets, and what is done at them.

Lanes that address consecutive elements become one vector load or store, lanes at one address one scalar access, all
others gathers and scatters.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from hologram.backends.llvm import atomics, shared_atomics, watch
from hologram.backends.llvm.executor_state import BOUNDARY
from hologram.backends.llvm.ir import LLVM_TYPE, Value, vector
from hologram.backends.llvm.lanes import gather, masked_load, masked_store, scatter
from hologram.backends.llvm.rules import SHARED
from hologram.backends.llvm.shape import Stride
from hologram.backends.llvm.slots import polynomial, widened
from hologram.backends.llvm.tiles import RowLoad
from hologram.isa.affine import Variable
from hologram.isa.operands import (
    Operand,
    PhiCoordinate,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.program import Instruction
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.llvm.strip import Strip


def emit(s: Strip, i: int, ins: Instruction) -> None:
    """Write one load or store, of global or shared memory."""
    ty = ins.type
    assert ty is not None
    if ins.op in SHARED:
        base, (offset, stride) = Value("%shared", "ptr"), _shared_place(s, i, ins)
    else:
        base, (offset, stride) = _base(s, i, ins), _place(s, i, ins)
    element, contiguous = LLVM_TYPE[ty], stride == ty.size and s.lanes > 0
    align = _alignment(s, i, ins, offset, stride)
    pointer = _pointer(s, base, offset, stride if not contiguous else 0)
    if ins.op in ("LDG", "LDS"):
        loaded = _load(s, element, align, pointer, contiguous)
        s.store(s.flow.written[i], loaded, 0 if stride == 0 else None)
        return
    value = s.operand(i, ins, "a", 1 if stride != 0 or s.stride(i, "a") != 0 else 0)
    _write(s, value, align, pointer, contiguous)


def emit_atomic(s: Strip, i: int, ins: Instruction) -> None:
    """Write one atomic; what belongs to no parameter and is no coordinate is in shared memory."""
    shared = i not in s.slot_of and not isinstance(_address(ins), PhiCoordinate)
    base = Value("%shared", "ptr") if shared else _base(s, i, ins)
    offset, stride = (_shared_place if shared else _place)(s, i, ins)
    _alignment(s, i, ins, offset, stride)
    watch.aligned(s, i, ins, offset, stride)
    atomics.emit(s, i, ins, _pointer(s, base, offset, stride), shared_atomics.one if shared else atomics.one)


def row_pointers(s: Strip, load: RowLoad, counter: Value) -> list[Value]:
    """Every lane's address in a row load's current round, by scalar arithmetic."""
    w = s.w
    wide = widened(w, s.program, s.inputs.slots)
    offset = polynomial(w, load.rest.base, wide)
    for variable, coefficient in load.rest.terms:
        place = s.inputs.specials[(Special.GLOBAL_X, Special.GLOBAL_Y, Special.GLOBAL_Z)[variable.id]]
        offset = w.value(
            f"add {offset}, {w.value(f'mul {place}, {polynomial(w, coefficient, wide).ref}', 'i64').ref}", "i64"
        )
    pitch = polynomial(w, load.rest.coefficient(Variable("lane", 0)), wide)
    moved = w.value(f"mul {counter}, {load.factor}", "i64")
    base = s.inputs.slots[Slot(s.slot_of[load.index])]
    out = []
    for lane in range(s.lanes):
        row = w.value(f"add {offset}, {w.value(f'mul {pitch}, {lane}', 'i64').ref}", "i64")
        start = w.value(f"getelementptr i8, {base}, {row}", "ptr")
        out.append(w.value(f"getelementptr i8, {start}, {moved}", "ptr"))
    return out


# Addresses.


def _address(ins: Instruction) -> Operand:
    return next(a for o, a in zip(ins.spec.operands, ins.args, strict=True) if o.kind == "addr")


def _base(s: Strip, i: int, ins: Instruction) -> Value:
    """Where the offsets of an access to global memory count from: an array, or the boundary pool."""
    return BOUNDARY if isinstance(_address(ins), PhiCoordinate) else s.inputs.slots[Slot(s.slot_of[i])]


def _alignment(s: Strip, i: int, ins: Instruction, offset: Value, stride: Stride) -> int:
    """What the places of an access are multiples of; checked code makes sure that they are inside.

    Coordinates may be any bytes, and are inside.
    """
    address, ty = _address(ins), ins.type
    assert ty is not None
    if isinstance(address, PhiCoordinate):
        return gcd(address.offset, ty.size)
    return watch.in_bounds(s, i, ins, offset, stride)


def _place(s: Strip, i: int, ins: Instruction) -> tuple[Value, Stride]:
    """(byte offset as i64, its stride) of a memory operand."""
    address = _address(ins)
    if isinstance(address, SlotOffset | RegisterIndirect | PhiCoordinate):
        return Value(str(address.offset), "i64"), 0
    assert isinstance(address, RegisterIndirectComputed)
    return s.operand(i, ins, "offset", 0), s.stride(i, "offset")


def _shared_place(s: Strip, i: int, ins: Instruction) -> tuple[Value, Stride]:
    """Byte offset into shared memory: the sum of both parts of the address."""
    start, first = s.operand(i, ins, "handle", 0), s.stride(i, "handle")
    rest, second = _place(s, i, ins)
    stride = None if first is None or second is None else first + second
    if stride is None:
        start, rest = (s.as_vector(v, Type.I64, step) for v, step in ((start, first), (rest, second)))
    return (s.vector if stride is None else s.scalar).binary("add", start, rest), stride


def _pointer(s: Strip, base: Value, offset: Value, stride: Stride) -> Value:
    offset = offset if stride == 0 else s.as_vector(offset, Type.I64, stride)
    return s.w.value(f"getelementptr i8, {base}, {offset}", "ptr", offset.lanes)


# Accesses.


def _active(s: Strip) -> Value:
    return s.mask.ref if s.mask.ref is not None else s.vector.raw("i1", "true")


def _load(s: Strip, element: str, align: int, pointer: Value, contiguous: bool) -> Value:
    if pointer.lanes:
        return gather(s.w, element, pointer, _active(s), align)
    lanes = s.lanes if contiguous else 0
    if contiguous and s.mask.ref is not None:
        return masked_load(s.w, element, lanes, pointer, s.mask.ref, align)
    return s.w.value(f"load {vector(element, lanes)}, {pointer}, align {align}", element, lanes)


def _write(s: Strip, value: Value, align: int, pointer: Value, contiguous: bool) -> None:
    if pointer.lanes:
        scatter(s.w, value, pointer, _active(s), align)
    elif not contiguous and value.lanes:
        scatter(s.w, value, s.vector.spread(pointer), _active(s), align)
    elif contiguous and s.mask.ref is not None:
        masked_store(s.w, value, pointer, s.mask.ref, align)
    else:
        s.w.line(f"store {value}, {pointer}, align {align}")
