"""Additions to the resonance: by block, then barriers passed, then lane, then as the lane goes; the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from hologram.backends.base import Backend, Checks, Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DivisionByZeroError, ExecutionError, OutOfBoundsError
from hologram.isa.program import Program
from hologram.isa.text import assemble

BACKENDS: dict[str, Backend] = {
    "interpreter": InterpreterBackend(),
    "cpu": CpuBackend(),
    "checked": CpuBackend(checks=Checks()),
}
SHAPES = [
    ((100, 1, 1), (32, 1, 1)),
    ((7, 5, 1), (4, 2, 1)),
    ((5, 4, 3), (3, 2, 2)),
    ((70, 3, 1), (64, 2, 1)),
]
"""Lanes and blocks, with blocks that are not full."""

MEETING = """
.program meeting
.param v: f64[1] r
.param sums: f64[1] rw
    mov_sreg.i64 r0, global.x
    mov_sreg.i64 r1, global.y
    mov_sreg.i64 r2, global.z
    mov_imm.i64 r3, {width}
    mov_imm.i64 r4, {height}
    mad.i64 r1, r2, r4, r1
    mad.i64 r0, r1, r3, r0
    mul.i64 r0, r0, 8
    mov_param.u64 r5, v
    mov_param.u64 r6, sums
    ldg.f64 r7, [r5 + r0]
    mov_imm.u8 r8, 3
    mov_imm.u8 r9, 4
    mov_sreg.i64 r10, lane.x
    mov_imm.u32 r11, 1
again:
    res.accum r8, r7
    bar.sync 0
    bred_add.f64 r12, r7
    res.accum r8, r12
    mul.f64 r7, r7, -1.5
    res.accum r8, r7
    loop r11, @again
    setlt.i64 p0, r10, 2
    bra.!p0 @out
    res.accum r9, r7
    res.accum r9, r12
out:
    stg.f64 [r6 + r0], r12
"""


def shaped(lanes: tuple[int, int, int], block: tuple[int, int, int]) -> Domain:
    x, y, z = (-(-n // b) for n, b in zip(lanes, block, strict=True))
    return Domain(lanes, (x, y, z), block)


def blocks(where: Domain) -> Iterator[list[tuple[int, int, int]]]:
    """The lanes of each block, in order."""
    for number in np.ndindex(*reversed(where.grid)):
        first = [n * b for n, b in zip(reversed(number), where.block, strict=True)]
        ends = [min(f + b, n) for f, b, n in zip(first, where.block, where.lanes, strict=True)]
        yield [
            (x, y, z)
            for z in range(first[2], ends[2])
            for y in range(first[1], ends[1])
            for x in range(first[0], ends[0])
        ]


def tree(values: NDArray[np.float64]) -> float:
    """A block reduction: lane i adds to accumulator i mod 64, which fold by halves."""
    accumulators = np.full(64, -0.0)
    for start in range(0, len(values), 64):
        part = values[start : start + 64]
        accumulators[: len(part)] += part
    while len(accumulators) > 1:
        half = len(accumulators) // 2
        accumulators = accumulators[:half] + accumulators[half:]
    return float(accumulators[0])


def expected(values: NDArray[np.float64], where: Domain) -> NDArray[np.float64]:
    """What MEETING adds, lane after lane between barriers."""
    out = np.zeros(96)
    for lanes in blocks(where):
        v = np.array([values[z, y, x] for x, y, z in lanes])
        if not len(v):
            continue
        for one in v:
            out[3] += one
        for rest in (1, 0):
            total = tree(v)
            v = v * -1.5
            for (x, _, _), one in zip(lanes, v, strict=True):
                out[3] += total
                out[3] += one
                if rest:
                    out[3] += one
                elif x % where.block[0] < 2:
                    out[4] += one
                    out[4] += total
    return out


@pytest.mark.parametrize(("lanes", "block"), SHAPES)
def test_between_barriers_and_block_reductions_lanes_add_in_their_order(
    lanes: tuple[int, int, int], block: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(sum(lanes))
    values = rng.normal(size=lanes[::-1]) * 10.0 ** rng.integers(-9, 9, lanes[::-1])
    program = assemble(MEETING.format(width=lanes[0], height=lanes[1]))
    wanted = expected(values, shaped(lanes, block))
    results = {}
    for name, backend in BACKENDS.items():
        memory, sums = ExecutorMemory(), np.zeros(values.size)
        backend.compile(program).launch([values.reshape(-1), sums], shaped(lanes, block), memory)
        assert memory.resonance.tobytes() == wanted.tobytes(), name
        results[name] = sums.tobytes()
    assert len(set(results.values())) == 1


def test_more_blocks_than_the_lanes_fill_add_nothing() -> None:
    values = np.full((1, 1, 20), 0.1)
    program = assemble(MEETING.format(width=20, height=1))
    where = Domain((20, 1, 1), (5, 1, 1), (8, 1, 1))
    for backend in BACKENDS.values():
        memory = ExecutorMemory()
        backend.compile(program).launch([values.reshape(-1), np.zeros(20)], where, memory)
        assert memory.resonance.tobytes() == expected(values, where).tobytes()


def per_lane(body: str) -> Program:
    """A program that has u8 x[i] in r3, i in r0 and i as u64 in r5."""
    return assemble(f"""
.program lanes
.param x: u8[1] r
.param pool: u64
.extent x.shape[0]
    mov_sreg.i64 r0, global.x
    mov_param.u64 r1, x
    ldg.u8 r3, [r1 + r0]
    mov_imm.f64 r4, 1.0
    cvt.u64.i64 r5, r0
    mov_param.u64 r6, pool
    {body}
""")


def told(name: str, program: Program, x: NDArray[np.uint8], memory: ExecutorMemory, pool: int = 0) -> ExecutionError:
    where = shaped((len(x), 1, 1), (32, 1, 1))
    with pytest.raises(ExecutionError) as error:
        BACKENDS[name].compile(program).launch([x, pool], where, memory)
    return error.value


WRONG = {
    "res.accum r3, r4": ("class 200 is out of range: there are 96, from 0 to 95", 0),
    "mirror r7, r3": ("class 200 is out of range", 0),
    "nbr.count r7, r3": ("class 200 is out of range", 0),
    "nbr.get r7, r3, 0": ("class 200 is out of range", 0),
    "nbr.get r7, r3, 5": ("class 8 has 5 neighbours, there is no neighbour 5", 0),
    "mov_imm.u8 r8, 0\n bound.map r7, r8, r3, r8": ("page 200 is out of range: there are 48, from 0 to 47", 0),
    "pool.load.u32 r7, r6, r5": ("load of u32 at byte offset 37 of 'pool 0x10001', which is 40 bytes long", 40),
    "pool.store.u8 r6, r5, r3": ("store of u8 at byte offset 40 of 'pool 0x10001', which is 40 bytes long", 40),
    "shl.u64 r5, r5, 63\n pool.store.u8 r6, r5, r3": ("store of u8 at byte offset -9223372036854775808 of", 40),
    "cvt.u64.u8 r7, r3\n add.u64 r6, r6, r7\n pool.load.f64 r8, r6, r5": ("load of pool 0x100c9, which does not", 100),
    "cvt.u64.u8 r7, r3\n pool.free r7": ("free of pool 0: the boundary pool is always there", 100),
    "pool.free r6": ("free of pool 0x10001, which does not exist", 100),
    "pool.alloc r7, 2000000000": ("no linear pool of 2000000000 bytes can be had", 0),
}


@pytest.mark.parametrize("body", WRONG)
def test_checked_code_says_what_the_interpreter_says(body: str) -> None:
    message, size = WRONG[body]
    x = np.zeros(70, np.uint8)
    x[41] = 8 if "no neighbour" in message else 200
    found = []
    for name in ("interpreter", "checked", "cpu"):
        memory = ExecutorMemory()
        pool = memory.pools.allocate(size) if size else 0
        error = told(name, per_lane(body), x, memory, pool)
        assert not memory.resonance.any()
        found.append((type(error), str(error).splitlines()[0], error.lane))
    assert found[0] == found[1]
    assert message in found[0][1]
    assert found[2][0] is found[0][0]


def test_a_division_by_zero_keeps_all_additions_back() -> None:
    program = per_lane("res.accum r3, r4\n mov_imm.u8 r8, 1\n div.u8 r8, r8, r3")
    x = np.arange(50, dtype=np.uint8)
    for name in BACKENDS:
        memory = ExecutorMemory()
        assert isinstance(told(name, program, x, memory), DivisionByZeroError)
        assert not memory.resonance.any()
        x[0] = 1
        BACKENDS[name].compile(program).launch([x, 0], shaped((50, 1, 1), (32, 1, 1)), memory)
        assert memory.resonance.sum() == 50 and memory.resonance[1] == 2
        x[0] = 0


def test_a_fault_behind_a_barrier_leaves_the_executor_usable() -> None:
    program = per_lane("bar.sync 0\n res.accum r3, r4\n bar.sync 0\n res.accum r3, r4")
    memory, x = ExecutorMemory(), np.full(40, 95, np.uint8)
    for name in BACKENDS:
        x[39] = 96
        assert isinstance(told(name, program, x, memory), OutOfBoundsError)
        assert not memory.resonance.any()
        x[39] = 95
        BACKENDS[name].compile(program).launch([x, 0], shaped((40, 1, 1), (32, 1, 1)), memory)
        assert memory.resonance[95] == 80
        memory.resonance[:] = 0
