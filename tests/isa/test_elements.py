"""Byte offsets become element indices only where there is exactly one way to read them."""

from __future__ import annotations

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.builder import Builder, immediate
from hologram.isa.elements import element_index
from hologram.isa.operands import (
    Address,
    Field,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.symbolic import analyze
from hologram.types import Type

I64, U64, F32 = Type.I64, Type.U64, Type.F32
X, Y = Variable("lane", 0), Variable("lane", 1)


def element(b: Builder, slot: int, address: Address) -> tuple[Affine, ...] | None:
    """The element that a load at the end of a program touches."""
    b.emit("LDG", F32, b.reg(), address)
    program = b.build()
    return element_index(program, analyze(program), len(program.instructions) - 1, slot)


def plane() -> tuple[Builder, int, Reg, list[Reg], list[Reg]]:
    """A builder with a 2-D array: its slot, handle, strides, and the lane's coordinates (x, y)."""
    b = Builder("k")
    slot, handle = b.array("a", F32, 2), b.reg()
    b.emit("MOV_PARAM", U64, handle, Slot(slot))
    strides, lanes = [b.reg(), b.reg()], [b.reg(), b.reg()]
    for axis, (stride, lane) in enumerate(zip(strides, lanes, strict=True)):
        b.emit("MOV_PARAM", I64, stride, Slot(slot, Field.STRIDE, axis))
        b.emit("MOV_SREG", I64, lane, (Special.GLOBAL_X, Special.GLOBAL_Y)[axis])
    return b, slot, handle, strides, lanes


def test_a_one_dimensional_offset_is_divided_by_the_size() -> None:
    for constant, expected in [(12, 3), (0, 0), (-4, -1), (6, None)]:
        b = Builder("k")
        slot = b.array("a", F32)
        found = element(b, slot, SlotOffset(slot, constant))
        assert found == (None if expected is None else (Affine(Poly.const(expected)),))


def test_strides_tell_the_axes_apart() -> None:
    b, slot, handle, (s0, s1), (x, y) = plane()
    total, part, row = b.reg(), b.reg(), b.reg()
    b.emit("ADD", I64, row, y, immediate(I64, -1))
    b.emit("MUL", I64, total, row, s0)
    b.emit("MUL", I64, part, x, s1)
    b.emit("ADD", I64, total, total, part)
    b.emit("ADD", I64, total, total, s1)
    one = Poly.const(1)
    expected = Affine.of(Poly.const(-1), [(Y, one)]), Affine.of(one, [(X, one)])
    assert element(b, slot, RegisterIndirectComputed(handle, total)) == expected


def test_offsets_that_are_no_sum_of_strides_are_refused() -> None:
    b, slot, handle, _, (x, _) = plane()
    assert element(b, slot, RegisterIndirectComputed(handle, x)) is None
    b, slot, handle, _, _ = plane()
    assert element(b, slot, RegisterIndirect(handle, 4)) is None
    b, slot, handle, _, _ = plane()
    assert element(b, slot, RegisterIndirect(handle, 0)) == (Affine(), Affine())


def test_products_of_the_arrays_own_strides_are_refused() -> None:
    for other in (0, 1):
        b, slot, handle, strides, _ = plane()
        total = b.reg()
        b.emit("MUL", I64, total, strides[0], strides[other])
        assert element(b, slot, RegisterIndirectComputed(handle, total)) is None
