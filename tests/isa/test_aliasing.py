"""Which arrays may be the same one: exactly those that every lane uses at one element of its own."""

from __future__ import annotations

from collections.abc import Callable

from hologram.isa.affine import Poly
from hologram.isa.aliasing import exact_alias_allowed
from hologram.isa.builder import Builder, immediate
from hologram.isa.operands import Field, Reg, RegisterIndirectComputed, Slot, SlotOffset, Special
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.types import Type

I64, U64, F32 = Type.I64, Type.U64, Type.F32


def lane(b: Builder, special: Special = Special.GLOBAL_X) -> Reg:
    r = b.reg()
    b.emit("MOV_SREG", I64, r, special)
    return r


def op(b: Builder, name: str, x: Reg, y: Reg | int) -> Reg:
    r = b.reg()
    b.emit(name, I64, r, x, immediate(I64, y) if isinstance(y, int) else y)
    return r


def move(b: Builder, source: int, target: int, load_at: Reg, store_at: Reg, type: Type = F32) -> None:
    """target[store_at] = source[load_at], indices in elements of four bytes."""
    value = b.reg()
    for action, slot, index in (("LDG", source, load_at), ("STG", target, store_at)):
        handle = b.reg()
        b.emit("MOV_PARAM", U64, handle, Slot(slot))
        b.emit(action, type, value, RegisterIndirectComputed(handle, op(b, "MUL", index, 4)))


def allowed(program: Program) -> frozenset[tuple[int, int]]:
    return exact_alias_allowed(verify(program))


def copy(make: Callable[[Builder], tuple[Reg, Reg]], access: str = "rw", extent: tuple[Poly, ...] = ()) -> bool:
    """Whether source and target of a copy may be the same array."""
    b = Builder("copy")
    source, target = b.array("source", F32), b.array("target", F32, access=access)
    b.scalar("w", I64)
    move(b, source, target, *make(b))
    return allowed(b.build(extent)) == {(0, 1)}


def test_element_wise_use_allows_the_same_array() -> None:
    def same(b: Builder) -> tuple[Reg, Reg]:
        i = lane(b)
        return i, op(b, "ADD", i, 0)

    assert copy(same)


def test_neighbours_reversal_and_shared_elements_do_not() -> None:
    def shifted(b: Builder) -> tuple[Reg, Reg]:
        i = lane(b)
        return op(b, "ADD", i, 1), i

    def reversed_order(b: Builder) -> tuple[Reg, Reg]:
        i = lane(b)
        return op(b, "SUB", op(b, "MUL", i, -1), -9), i

    def shared(b: Builder) -> tuple[Reg, Reg]:
        i = lane(b)
        zero = op(b, "MUL", i, 0)
        return zero, zero

    def columns_only(b: Builder) -> tuple[Reg, Reg]:
        lane(b, Special.GLOBAL_Y)
        i = lane(b)
        return i, i

    assert not any(copy(make) for make in (shifted, reversed_order, shared, columns_only))


def test_a_strided_element_is_a_lanes_own() -> None:
    def strided(b: Builder) -> tuple[Reg, Reg]:
        at = op(b, "ADD", op(b, "MUL", lane(b), -3), 100)
        return at, at

    assert copy(strided)


def test_a_flattened_index_needs_an_extent_that_keeps_rows_apart() -> None:
    def flat(b: Builder) -> tuple[Reg, Reg]:
        w = b.reg()
        b.emit("MOV_PARAM", I64, w, Slot(2))
        at = op(b, "ADD", op(b, "MUL", lane(b, Special.GLOBAL_Y), w), lane(b))
        return at, at

    w = Poly.slot(Slot(2))
    assert copy(flat, extent=(w, w))
    assert not copy(flat)
    assert not copy(flat, extent=(w + 1, w))


def test_a_loop_over_elements_does_not() -> None:
    b = Builder("loop")
    a, c = b.array("a", F32), b.array("c", F32, access="rw")
    j = lane(b)
    again = b.label("again")
    b.place(again)
    move(b, a, c, j, j)
    b.emit("ADD", I64, j, j, immediate(I64, 1))
    b.emit("BRA", None, again)
    assert not allowed(b.build())


def test_two_dimensional_element_wise_use() -> None:
    for transposed in (False, True):
        b = Builder("two")
        slots = b.array("a", F32, 2), b.array("c", F32, 2, "rw")
        y, x, value = lane(b, Special.GLOBAL_Y), lane(b), b.reg()
        for action, slot in zip(("LDG", "STG"), slots, strict=True):
            handle, s0, s1 = b.reg(), b.reg(), b.reg()
            b.emit("MOV_PARAM", U64, handle, Slot(slot))
            b.emit("MOV_PARAM", I64, s0, Slot(slot, Field.STRIDE, 0))
            b.emit("MOV_PARAM", I64, s1, Slot(slot, Field.STRIDE, 1))
            first, second = (x, y) if transposed and action == "STG" else (y, x)
            offset = op(b, "ADD", op(b, "MUL", first, s0), op(b, "MUL", second, s1))
            b.emit(action, F32, value, RegisterIndirectComputed(handle, offset))
        assert allowed(b.build()) == (frozenset() if transposed else {(0, 1)})


def test_pairs_nobody_writes_other_types_and_unused_arrays() -> None:
    b = Builder("mixed")
    a, c, d = b.array("a", F32), b.array("c", F32), b.array("d", F32, access="rw")
    b.array("e", F32)
    b.array("f", Type.I32, access="rw")
    i = lane(b)
    move(b, a, d, i, i)
    move(b, c, d, i, i)
    assert allowed(b.build()) == {(0, 2), (1, 2), (2, 3)}


def test_a_launch_reduction_owns_its_result() -> None:
    b = Builder("sum")
    a, out = b.array("a", F32), b.array("out", F32, access="rw")
    value, handle = b.reg(), b.reg()
    b.emit("MOV_PARAM", U64, handle, Slot(a))
    b.emit("LDG", F32, value, RegisterIndirectComputed(handle, op(b, "MUL", lane(b), 4)))
    b.emit("GRED_ADD", F32, value, SlotOffset(out, 0))
    assert not allowed(b.build())
