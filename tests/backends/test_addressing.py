"""Every addressing mode with every access and type, on both backends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Backend, Domain
from hologram.backends.executor_memory import ExecutorMemory
from hologram.errors import OutOfBoundsError, VerificationError
from hologram.isa.builder import Builder, immediate
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import (
    Address,
    Imm,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
)
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.types import Type
from tests.backends.atlas_programs import BACKENDS

Array = np.ndarray[Any, Any]
ONE = Domain((1, 1, 1), (1, 1, 1), (1, 1, 1))
MODES = ("slot", "phi", "indirect", "before", "computed")
ACCESSES = ("LDG", "STG", "ATOM_ADD", "ATOM_EXCH", "ATOM_CAS")
PLACE = 3
"""The element that is accessed; in mode "before" the array is turned round, so that its bytes lie before its start."""


def cases() -> Iterator[tuple[str, str, Type]]:
    for mode in MODES:
        for access in ACCESSES:
            for ty in Type:
                if ty in BY_NAME[access].types:
                    yield mode, access, ty


def address(b: Builder, mode: str, slot: int, ty: Type) -> Address:
    """The place of element PLACE; in the boundary pool it is in page 2 of class 5."""
    offset = PLACE * ty.size
    if mode == "slot":
        return SlotOffset(slot, offset)
    if mode == "phi":
        return PhiCoordinate(5, 2, offset)
    handle = b.reg()
    b.emit("MOV_PARAM", Type.U64, handle, Slot(slot))
    if mode == "computed":
        place = b.reg()
        b.emit("MOV_IMM", Type.I64, place, Imm(offset))
        return RegisterIndirectComputed(handle, place)
    return RegisterIndirect(handle, -offset if mode == "before" else offset)


def built(mode: str, access: str, ty: Type) -> Program:
    """Does one access at the place and stores what it loaded or found to out[0]."""
    b = Builder(f"{access.lower()}_{mode}")
    slot, out = b.array("x", ty, 2, "rw"), b.array("out", ty, 1, "rw")
    value, other, found = b.reg(), b.reg(), b.reg()
    b.emit("MOV_IMM", ty, value, immediate(ty, 5))
    b.emit("MOV_IMM", ty, other, immediate(ty, 9))
    place = address(b, mode, slot, ty)
    if access == "STG":
        b.emit("STG", ty, value, place)
        return b.build()
    operands = {"LDG": (), "ATOM_CAS": (other, value)}.get(access, (value,))
    b.emit(access, ty, found, place, *operands)
    b.emit("STG", ty, found, SlotOffset(out, 0))
    return b.build()


@pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS.keys())
@pytest.mark.parametrize("mode", MODES)
def test_accesses_of_all_types(make: Callable[[], Backend], mode: str) -> None:
    backend = make()
    for _, access, ty in (case for case in cases() if case[0] == mode):
        memory = ExecutorMemory()
        if mode == "phi":
            start = 5 * 12_288 + 2 * 256
            cells = memory.boundary[start : start + 8 * ty.size].view(ty.dtype)
            given: Array = np.zeros((1, 8), ty.dtype)
        else:
            given = np.zeros((1, 8), ty.dtype)
            cells = given[0]
            if mode == "before":
                given = given[:, ::-1]
                cells = given[0]
                # Element PLACE before the first one in memory order is element PLACE of the turned array.
        cells[PLACE] = 9
        out = np.zeros(1, ty.dtype)
        backend.compile(built(mode, access, ty)).launch([given, out], ONE, memory)
        expected = {"LDG": 9, "ATOM_ADD": 14}.get(access, 5)
        assert (float(cells[PLACE]), float(out[0])) == (expected, 0 if access == "STG" else 9), (access, ty)
        assert sum(cells.astype(float)) == expected


@pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS.keys())
def test_coordinates_at_odd_bytes(make: Callable[[], Backend]) -> None:
    for ty in Type:
        b, value = Builder("odd"), Reg(0)
        b.emit("LDG", ty, value, PhiCoordinate(0, 1, 3))
        b.emit("STG", ty, value, PhiCoordinate(95, 47, 256 - ty.size))
        memory = ExecutorMemory()
        memory.boundary[256 + 3 : 256 + 11] = np.arange(1, 9)
        make().compile(b.build()).launch([], ONE, memory)
        assert memory.boundary[-ty.size :].tolist() == list(range(1, ty.size + 1))


@pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS.keys())
def test_of_several_lanes_at_one_coordinate_the_last_one_stays(make: Callable[[], Backend]) -> None:
    b, value, bound, p = Builder("last"), Reg(0), Reg(1), Pred(0)
    b.emit("CVT", Type.U8, value, Reg(255), source_type=Type.U64)
    b.emit("MOV_IMM", Type.U8, bound, Imm(70))
    del p
    b.emit("MIN", Type.U8, value, value, bound)
    b.emit("STG", Type.U8, value, PhiCoordinate(1, 0, 0))
    memory = ExecutorMemory()
    make().compile(b.build()).launch([], Domain((50, 1, 1), (1, 1, 1), (64, 1, 1)), memory)
    assert memory.boundary[12_288] == 49


@pytest.mark.parametrize(
    ("coordinate", "op", "message"),
    [
        (PhiCoordinate(96, 0, 0), "LDG", "class 96 is not below 96"),
        (PhiCoordinate(0, 48, 0), "STG", "page 48 is not below 48"),
        (PhiCoordinate(0, 0, 256), "LDG", "byte 256 is not below 256"),
        (PhiCoordinate(7, 47, 253), "STG", "leaves its class"),
        (PhiCoordinate(7, 0, 2), "ATOM_ADD", "multiple of the element's 4 bytes"),
    ],
)
def test_constant_coordinates_are_verified(coordinate: PhiCoordinate, op: str, message: str) -> None:
    b, value = Builder("k"), Reg(0)
    b.emit("MOV_IMM", Type.I32, value, Imm(1))
    arguments = {"LDG": (value, coordinate), "STG": (value, coordinate)}.get(op, (Reg(1), coordinate, value))
    b.emit(op, Type.I32, *arguments)
    with pytest.raises(VerificationError, match=message):
        verify(b.build())


def test_coordinates_in_registers_are_checked_at_run_time() -> None:
    """They go through BoundMap and the pool of handle 0, which is the boundary pool."""
    for make in BACKENDS.values():
        for page, byte, fails in ((47, 252, False), (47, 253, True), (48, 0, True)):
            b = Builder("registers")
            parts = [b.reg() for _ in range(3)]
            for register, value in zip(parts, (95, page, byte), strict=True):
                b.emit("MOV_IMM", Type.U8, register, Imm(value))
            place, handle, found = b.reg(), b.reg(), b.reg()
            b.emit("BoundMap", None, place, *parts)
            b.emit("MOV_IMM", Type.U64, handle, Imm(0))
            b.emit("PoolLoad", Type.F32, found, handle, place)
            b.emit("ADD", Type.F32, found, found, found)
            b.emit("PoolStore", Type.F32, handle, place, found)
            memory = ExecutorMemory()
            memory.boundary.view(np.float32)[-1] = 2.5
            executable = make().compile(b.build())
            if fails:
                with pytest.raises(OutOfBoundsError):
                    executable.launch([], ONE, memory)
            else:
                executable.launch([], ONE, memory)
                assert memory.boundary.view(np.float32)[-1] == 5.0
