"""What the interpreter accepts, what it refuses by name before a launch, and what a launch reports."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DivisionByZeroError, UnsupportedError, VerificationError
from hologram.isa.instructions import BY_NAME, TABLE, Category
from hologram.isa.operands import Imm, PhiCoordinate, Reg, RegisterIndirectComputed, Scope, Slot, SlotOffset, Special
from hologram.types import Type
from tests import tolerance


def test_every_instruction_on_plain_values_is_there() -> None:
    backend = InterpreterBackend()
    for spec in TABLE:
        here = {t for t in Type if backend.implements(spec, t)}
        if spec.category is not Category.MATH:
            assert here == spec.types
            assert backend.implements(spec, None) == (not spec.typed)


def test_refusals_name_instruction_text_and_line(bench: Any) -> None:
    k = bench.Kernel("shared")
    out = k.array("out", Type.I64, access="w")
    k.emit("BarSync", None, 0)
    k.emit("MemFence", None, Scope.DEVICE)
    k.emit("MOV_IMM", Type.I64, one := k.reg(), Imm(1))
    k.emit("GRED_ADD", Type.I64, one, SlotOffset(out, 0))
    with pytest.raises(UnsupportedError) as error:
        InterpreterBackend().compile(k.build())
    text = str(error.value)
    assert "kernel 'shared'" in text
    why = "launch reductions cannot be combined with shared memory and barriers"
    assert f"instruction 3: {why}: gred_add.i64 [out + 0], r0 [k.py:4:1]" in text
    assert "MemFence" not in text and "BarSync" not in text


def test_launches_without_an_executor_share_a_boundary_pool(bench: Any) -> None:
    k = bench.Kernel()
    out = k.array("out", Type.U8, access="w")
    k.emit("LDG", Type.U8, found := k.reg(), PhiCoordinate(0, 0, 0))
    k.emit("STG", Type.U8, found, SlotOffset(out, 0))
    k.emit("ADD", Type.U8, found, found, Imm(1))
    k.emit("STG", Type.U8, found, PhiCoordinate(0, 0, 0))
    executable = InterpreterBackend().compile(k.build())
    result = np.zeros(1, np.uint8)
    for expected in range(3):
        executable.launch([result], bench.linear(1))
        assert result[0] == expected


def test_reduction_inside_a_loop_is_refused(bench: Any) -> None:
    k = bench.Kernel()
    out = k.array("out", Type.I32, access="w")
    count, again = k.constant(Type.U32, 3), k.label("again")
    k.place(again)
    k.emit("GRED_ADD", Type.I32, k.constant(Type.I32, 1), SlotOffset(out, 0))
    k.emit("LOOP", None, count, again)
    with pytest.raises(UnsupportedError, match="launch reduction is inside a loop"):
        InterpreterBackend().compile(k.build())


def test_invalid_programs_are_refused(bench: Any) -> None:
    k = bench.Kernel()
    k.emit("NEG", Type.F32, k.reg(), k.reg())
    with pytest.raises(VerificationError):
        InterpreterBackend().compile(k.build())


def test_launch_coordinates(bench: Any) -> None:
    k = bench.Kernel("coordinates")
    out = k.array("out", Type.I64, access="w")
    x, y, z = (k.new("MOV_SREG", Type.I64, Special(f"global.{a}")) for a in "xyz")
    lane = k.new("MAD", Type.I64, k.new("MAD", Type.I64, z, k.constant(Type.I64, 4), y), k.constant(Type.I64, 7), x)
    base = k.new("MUL", Type.I64, lane, Imm(8 * 16))
    for number, special in enumerate(Special):
        offset = k.new("ADD", Type.I64, base, Imm(8 * number))
        k.emit("STG", Type.I64, k.new("MOV_SREG", Type.I64, special), RegisterIndirectComputed(k.handle(out), offset))
    result = np.full((5, 4, 7, 16), -1)
    grid, block = (4, 2, 5), (2, 3, 1)
    bench.run(k.build(), [result], Domain((7, 4, 5), grid, block))
    for z, y, x in np.ndindex(5, 4, 7):
        at = (x, y, z)
        lanes, blocks = (
            [a % b for a, b in zip(at, block, strict=True)],
            [a // b for a, b in zip(at, block, strict=True)],
        )
        assert result[z, y, x].tolist() == [*lanes, *blocks, *block, *grid, *at, -1]


def test_special_registers(bench: Any) -> None:
    k = bench.Kernel("special")
    types = {"lane": Type.U32, "block": Type.U32, "dim": Type.U32, "number": Type.U64}
    slots = [k.array(name, ty, access="w") for name, ty in types.items()]
    for slot, register in zip(slots, range(252, 256), strict=True):
        k.store(slot, Reg(register))
    arrays = [np.zeros(10, np.uint32), np.zeros(10, np.uint32), np.zeros(10, np.uint32), np.zeros(10, np.uint64)]
    bench.run(k.build(), arrays, bench.linear(10, block=4))
    assert arrays[0].tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert arrays[1].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert arrays[2].tolist() == [4] * 10
    assert arrays[3].tolist() == list(range(10))


def test_global_lane_number_of_a_volume_counts_block_by_block(bench: Any) -> None:
    k = bench.Kernel("number")
    out = k.array("out", Type.U64, access="w")
    k.emit("STG", Type.U64, Reg(255), k.element(out, k.new("CVT", Type.I64, Reg(255), source_type=Type.U64)))
    result = np.full(8 * 6 * 3, 1 << 40, np.uint64)
    bench.run(k.build(), [result], Domain((8, 6, 3), (4, 2, 3), (2, 3, 1)))
    assert result.tolist() == list(range(8 * 6 * 3))
    few = np.zeros(8 * 6 * 3, np.uint64)
    bench.run(k.build(), [few], Domain((3, 2, 2), (4, 2, 3), (2, 3, 1)))
    want = {block * 6 + y * 2 + x % 2 for z in (0, 1) for y in (0, 1) for x in range(3) for block in [z * 8 + x // 2]}
    assert set(np.flatnonzero(few)) == want - {0}


@pytest.mark.parametrize("ty", Type)
def test_scalar_parameters(bench: Any, ty: Type) -> None:
    k = bench.Kernel()
    out, value = k.array("out", ty, access="w"), k.scalar("value", ty)
    k.store(out, k.new("MOV_PARAM", ty, Slot(value)))
    number = 1.5 if ty.is_float else ty.minimum or ty.maximum
    result = np.zeros(3, ty.dtype)
    bench.run(k.build(), [result, number], 3)
    assert [r.item() for r in result] == [number] * 3


def test_a_fault_names_the_earliest_instruction_and_its_lowest_lane(bench: Any) -> None:
    k = bench.Kernel("faults")
    a, out = k.array("a", Type.I32), k.array("out", Type.I32, access="w")
    value, one = k.load(a), k.constant(Type.I32, 1)
    first = k.new("REM", Type.I32, one, k.new("SUB", Type.I32, value, Imm(7)))
    second = k.new("DIV", Type.I32, one, value)
    k.store(out, k.new("ADD", Type.I32, first, second))
    program = k.build()
    executable = InterpreterBackend().compile(program)
    values, result = np.full(200_000, 4, np.int32), np.full(200_000, -1, np.int32)
    values[5], values[150_000:150_002] = 0, 7
    with pytest.raises(DivisionByZeroError) as error:
        executable.launch([values, result], bench.linear(200_000))
    rem = next(i for i, ins in enumerate(program.instructions) if ins.op == "REM")
    assert (error.value.index, error.value.lane, error.value.kernel) == (rem, 150_000, "faults")
    assert isinstance(error.value, ZeroDivisionError)
    assert result[[4, 5, 150_000, 199_999]].tolist() == [1, 1, 0, 1]
    values[values != 4] = 4
    executable.launch([values, result], bench.linear(200_000))
    assert (result == 1).all()


def test_math_through_the_shared_expansions(bench: Any) -> None:
    if not InterpreterBackend().implements(BY_NAME["EXP"], Type.F32):
        pytest.skip("no expansion of EXP")
    x = np.linspace(-80, 80, 1001, dtype=np.float32)
    got = np.array(bench.calculate("EXP", Type.F32, [int(v) for v in x.view(np.uint32)]), np.uint32).view(np.float32)
    tolerance.assert_within("EXP", Type.F32, got, np.exp(x.astype(np.float64)))


def test_a_million_lane_instructions_a_second_at_256_lanes(bench: Any) -> None:
    k = bench.Kernel("loop")
    out = k.array("out", Type.F32, access="rw")
    value, count, again = k.load(out), k.constant(Type.U32, 499), k.label("again")
    k.place(again)
    k.emit("FMA", Type.F32, value, value, value, value)
    k.emit("ADD", Type.F32, value, value, Imm(0x3F800000))
    k.emit("MUL", Type.F32, value, value, Imm(0x3F000000))
    k.emit("LOOP", None, count, again)
    k.store(out, value)
    executable = InterpreterBackend().compile(k.build())
    seconds = []
    for _ in range(5):
        start = time.process_time()  # of this process alone, whatever else the machine does
        executable.launch([np.zeros(256, np.float32)], bench.linear(256))
        seconds.append(time.process_time() - start)
    assert 256 * 4 * 500 / min(seconds) > 1e6
