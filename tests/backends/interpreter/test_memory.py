"""Loads and stores: strides, alignment, bounds with lane and line, colliding stores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.base import Domain
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.interpreter.memory import Region
from hologram.errors import OutOfBoundsError
from hologram.isa.operands import (
    Field,
    Imm,
    PhiCoordinate,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
    Special,
)
from hologram.types import Type


def shifted(bench: Any, ty: Type, by: int) -> Any:
    """Out[i] = a[i + by]."""
    k = bench.Kernel("shifted")
    source, out = k.array("a", ty), k.array("out", ty, access="w")
    k.store(out, k.load(source, k.new("ADD", Type.I64, k.index(), Imm(by % (1 << 64)))))
    return k.build()


def transpose(bench: Any, ty: Type) -> Any:
    """Out[x, y] = a[y, x] for arrays of any strides."""
    k = bench.Kernel("transpose")
    source, out = k.array("a", ty, ndim=2), k.array("out", ty, ndim=2, access="w")
    x = k.index()
    y = k.new("MOV_SREG", Type.I64, Special.GLOBAL_Y)

    def at(slot: int, i: Any, j: Any) -> RegisterIndirectComputed:
        strides = [k.new("MOV_PARAM", Type.I64, Slot(slot, Field.STRIDE, axis)) for axis in (0, 1)]
        rows = k.new("MUL", Type.I64, i, strides[0])
        return RegisterIndirectComputed(k.handle(slot), k.new("MAD", Type.I64, j, strides[1], rows))

    k.emit("STG", ty, k.new("LDG", ty, at(source, y, x)), at(out, x, y))
    return k.build()


@pytest.mark.parametrize("ty", Type)
@pytest.mark.parametrize("view", ["plain", "flipped", "sliced", "fortran", "reversed rows"])
def test_two_dimensional_arrays_of_any_strides(bench: Any, ty: Type, view: str) -> None:
    base = np.arange(24 * 20).astype(ty.dtype).reshape(24, 20)
    source = {
        "plain": base[:6, :10].copy(),
        "flipped": base[5::-1, 9::-1],
        "sliced": base[3:21:3, 1:20:2],
        "fortran": np.asfortranarray(base[:6, :10]),
        "reversed rows": base[11:5:-1, 4:14],
    }[view]
    ny, nx = source.shape
    whole = np.zeros((2 * nx, 3 * ny), ty.dtype)
    out = whole[::2, -1::-3]
    bench.run(transpose(bench, ty), [source, out], Domain((nx, ny, 1), (1, 1, 1), (nx, ny, 1)))
    assert (out == source.T).all()
    mask = np.ones(whole.shape, np.bool_)
    mask[::2, -1::-3] = False
    assert (whole[mask] == 0).all()


def at_byte(bench: Any, scale: int, first: int) -> Any:
    """Out, at byte scale · lane + first, = the u32 at byte `lane` of a."""
    k = bench.Kernel("bytes")
    source, out = k.array("a", Type.U32), k.array("out", Type.U32, access="w")
    lane = k.index()
    value = k.new("LDG", Type.U32, RegisterIndirectComputed(k.handle(source), lane))
    scaled = k.new("MAD", Type.I64, lane, k.constant(Type.I64, scale), k.constant(Type.I64, first))
    k.emit("STG", Type.U32, value, RegisterIndirectComputed(k.handle(out), scaled))
    return k.build()


def test_unaligned_accesses(bench: Any) -> None:
    data, result, want = np.arange(1, 13, dtype=np.uint8), np.zeros(48, np.uint8), np.zeros(48, np.uint8)
    bench.run(at_byte(bench, 5, 1), [data.view(np.uint32), result.view(np.uint32)], 9)
    for lane in range(9):
        want[5 * lane + 1 : 5 * lane + 5] = data[lane : lane + 4]
    assert result.tolist() == want.tolist()


def test_unaligned_arrays(bench: Any) -> None:
    raw, result = np.zeros(41, np.uint8), np.zeros(9, np.uint8)
    source = raw[1:].view(np.float32)
    source[:] = np.arange(10)
    bench.run(shifted(bench, Type.F32, 8), [source, result[1:].view(np.float32)], 2)
    assert result[1:].view(np.float32).tolist() == [8, 9]


def test_constant_byte_offsets_count_from_element_zero_either_way(bench: Any) -> None:
    k = bench.Kernel("constants")
    up, down, out = k.array("up", Type.I16), k.array("down", Type.I16), k.array("out", Type.I16, access="w")
    k.emit("STG", Type.I16, k.new("LDG", Type.I16, SlotOffset(up, 4)), SlotOffset(out, 0))
    k.emit("STG", Type.I16, k.new("LDG", Type.I16, RegisterIndirect(k.handle(down), -2)), SlotOffset(out, 2))
    data, result = np.arange(10, dtype=np.int16), np.zeros(2, np.int16)
    bench.run(k.build(), [data, data[::-1], result], 3)
    assert result.tolist() == [2, 8]


@pytest.mark.parametrize(
    ("by", "lane", "offset"), [(-1, 0, -4), (3, 7, 40), (1 << 40, 0, 1 << 42), (-(1 << 61), 0, -(1 << 63))]
)
def test_out_of_bounds_load_names_array_offset_lane_and_line(bench: Any, by: int, lane: int, offset: int) -> None:
    program = shifted(bench, Type.F32, by)
    out = np.zeros(10, np.float32)
    with pytest.raises(OutOfBoundsError) as error:
        bench.run(program, [np.zeros(10, np.float32), out], 10)
    index = next(i for i, ins in enumerate(program.instructions) if ins.op == "LDG")
    assert error.value.index == index
    assert error.value.location == program.location(index)
    assert error.value.lane == lane
    assert f"load of f32 at byte offset {offset} of 'a', which is 40 bytes long" in str(error.value)
    assert isinstance(error.value, IndexError)


def test_out_of_bounds_store_touches_nothing(bench: Any) -> None:
    k = bench.Kernel("fill")
    out = k.array("out", Type.F32, access="w")
    k.store(out, k.constant(Type.F32, 0x3F800000))
    whole = np.zeros(12, np.float32)
    with pytest.raises(OutOfBoundsError, match=r"store of f32 at byte offset 32 of 'out'.*element 8 of 8") as error:
        bench.run(k.build(), [whole[2:10]], 9)
    assert error.value.lane == 8
    assert not whole.any()


def test_an_access_across_the_end_is_out_of_bounds(bench: Any) -> None:
    out = np.zeros(3, np.uint32)
    bench.run(at_byte(bench, 0, 0), [np.zeros(2, np.uint32), out], 5)
    with pytest.raises(OutOfBoundsError, match="byte offset 5 of 'a', which is 8 bytes long"):
        bench.run(at_byte(bench, 0, 0), [np.zeros(2, np.uint32), out], 6)
    with pytest.raises(OutOfBoundsError, match="which is 0 bytes long"):
        bench.run(at_byte(bench, 0, 0), [np.zeros(0, np.uint32), out], 1)


def test_errors_of_planes_name_the_global_index(bench: Any) -> None:
    arrays = [np.zeros((2, 5), np.int32), np.zeros((5, 3), np.int32)]
    with pytest.raises(OutOfBoundsError, match=r"at global index \(0, 2, 0\)") as error:
        bench.run(transpose(bench, Type.I32), arrays, Domain((5, 3, 1), (1, 1, 1), (5, 3, 1)))
    assert error.value.lane == 10


def test_of_colliding_stores_the_highest_lane_wins(bench: Any) -> None:
    k = bench.Kernel("collide")
    out = k.array("out", Type.I64, access="w")
    lane = k.index()
    k.store(out, lane, k.new("REM", Type.I64, lane, Imm(3)))
    k.emit("STG", Type.I64, lane, SlotOffset(out, 24))
    result = np.zeros(4, np.int64)
    bench.run(k.build(), [result], 1000, races=False)
    assert result.tolist() == [999, 997, 998, 999]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_regions_of_views_address_the_elements_of_the_view(data: st.DataObject) -> None:
    axis = st.builds(slice, st.none(), st.none(), st.sampled_from([1, 2, 3, -1, -2]))
    slices = data.draw(st.tuples(axis, axis))
    base = np.arange(7 * 6, dtype=np.int32).reshape(7, 6)
    view = np.moveaxis(base[slices], 0, data.draw(st.sampled_from([0, 1])))
    region = Region.of("v", view)
    i, j = np.meshgrid(*map(np.arange, view.shape), indexing="ij")
    offsets = (i * view.strides[0] + j * view.strides[1]).ravel()
    assert not region.outside(offsets, 4).any()
    assert (region.load(offsets, np.dtype(np.int32)) == view.ravel()).all()
    lowest, highest = offsets.min(), offsets.max()
    assert region.outside(np.array([lowest - 1, lowest, highest, highest + 1]), 4).tolist() == [
        True,
        False,
        False,
        True,
    ]
    region.store(offsets, -offsets.astype(np.int32))
    assert (view.ravel() == -offsets).all()


def test_read_only_arrays_can_be_read(bench: Any) -> None:
    source = np.arange(5, dtype=np.float64)
    source.flags.writeable = False
    out = np.zeros(5)
    bench.run(shifted(bench, Type.F64, 0), [source, out], 5)
    assert (out == source).all()
    with pytest.raises(ValueError, match="read-only"):
        Region.of("a", source).store(np.array([0]), np.array([1.0]))


def test_boundary_pool(bench: Any) -> None:
    k = bench.Kernel("pool")
    value = k.new("LDG", Type.F32, PhiCoordinate(1, 2, 4))
    k.emit("STG", Type.F32, k.new("ADD", Type.F32, value, value), PhiCoordinate(95, 47, 252))
    pool = np.zeros(96 * 12288, np.uint8)
    pool.view(np.float32)[(12288 + 512 + 4) // 4] = 1.5
    bench.run(k.build(), [], 3, memory=ExecutorMemory(pool))
    assert pool.view(np.float32)[-1] == 3.0
    with pytest.raises(OutOfBoundsError, match="boundary pool"):
        bench.run(k.build(), [], 3, memory=ExecutorMemory(pool[:-4]))
