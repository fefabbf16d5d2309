"""Atomics on shared memory: every operation and type, in loops and between barriers, on the CPU and the interpreter."""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pytest

from hologram import Executor
from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import OutOfBoundsError, UninitializedReadError, VerificationError
from hologram.frontend import compile_source
from hologram.isa import text
from hologram.isa.verify import verify
from hologram.language import (
    DeviceArray,
    atomic_add,
    atomic_cas,
    atomic_exch,
    atomic_max,
    barrier,
    block_dim,
    block_id,
    f32,
    get_global_id,
    grid_dim,
    i32,
    kernel,
    lane_id,
    shared,
    u8,
    u32,
)
from hologram.types import FLOATS, INTEGERS, Type

BACKENDS = pytest.mark.parametrize("backend", ["cpu", "interpreter"])
MADE = {"cpu": CpuBackend(), "interpreter": InterpreterBackend()}
Array = np.ndarray[Any, Any]
OPERATIONS = {
    "add": np.add,
    "min": np.minimum,
    "max": np.maximum,
    "and_": np.bitwise_and,
    "or_": np.bitwise_or,
    "xor": np.bitwise_xor,
    "exch": lambda a, b: b,
}


@kernel(block=256)
def histogram(x: DeviceArray[u8], counts: DeviceArray[u32], n: i32):
    """Each block counts for itself, striding over the array, and adds what it found to the whole at the end."""
    bins = shared(u32, 256)
    lane = lane_id()
    bins[lane] = 0
    barrier()
    for i in range(block_id() * block_dim() + lane, n, block_dim() * grid_dim()):
        atomic_add(bins, x[i], 1)
    barrier()
    atomic_add(counts, lane, bins[lane])


@BACKENDS
@pytest.mark.parametrize("n", [0, 1, 1000, 5003])
def test_histogram(backend: str, n: int) -> None:
    x = (np.random.default_rng(n).normal(size=n) * 20 + 128).clip(0, 255).astype(np.uint8)
    counts = np.zeros(256, np.uint32)
    histogram(x, counts, n, grid=3, executor=Executor(backend))
    assert np.array_equal(counts, np.bincount(x, minlength=256))


def in_turns(op: str, values: Array, cells: Array, count: int) -> tuple[Array, Array]:
    """(old values, final cells) when lanes take their turns in ascending order."""
    held, old = np.ones(count, values.dtype), np.zeros_like(values)
    for lane, (cell, value) in enumerate(zip(cells, values, strict=True)):
        old[lane] = held[cell]
        held[cell] = OPERATIONS[op](held[cell], value)
    return old, held


@pytest.mark.parametrize("ty", sorted(INTEGERS | FLOATS, key=str), ids=lambda t: t.value)
def test_every_operation_and_type(ty: Type) -> None:
    names = [n for n in OPERATIONS if ty.is_integer or n in ("add", "min", "max", "exch")]
    arrays = "".join(f"    {n} = shared({ty.value}, 5)\n" for n in names)
    begin = "".join(f"        {n}[lane] = 1\n" for n in names)
    turns = "".join(f"    old[{k}, lane] = atomic_{n}({n}, cell, value)\n" for k, n in enumerate(names))
    ends = "".join(f"        end[{k}, lane] = {n}[lane]\n" for k, n in enumerate(names))
    array = f"DeviceArray[{ty.value}, 2]"
    source = f"""from hologram.language import *
@kernel
def k(x: DeviceArray[{ty.value}], cells: DeviceArray[i32], old: {array}, end: {array}):
    lane = lane_id()
    cell = cells[lane]
    value = x[lane]
{arrays}    if lane < 5:
{begin}    barrier()
{turns}    barrier()
    if lane < 5:
{ends}"""
    (unit,) = compile_source(source, "atomics.py")
    lanes, generator = 77, np.random.default_rng(1)
    low, high = (ty.minimum, ty.maximum) if ty.is_integer else (-5, 5)
    x = generator.integers(low, high, lanes, np.int64 if ty is not Type.U64 else np.uint64).astype(ty.dtype)
    made = [backend.compile(unit.program) for backend in MADE.values()]
    for executable, cells in product(made, (generator.integers(0, 5, lanes), np.full(lanes, 2))):
        old, end = np.zeros((len(names), lanes), ty.dtype), np.zeros((len(names), 5), ty.dtype)
        arguments = [x, cells.astype(np.int32), old, end]
        executable.launch(arguments, Domain((lanes, 1, 1), (1, 1, 1), (lanes, 1, 1)))
        for k, name in enumerate(names):
            with np.errstate(all="ignore"):
                before, after = in_turns(name, x, cells, 5)
            assert np.array_equal(old[k], before) and np.array_equal(end[k], after), name


@kernel(block=64)
def chosen(x: DeviceArray[i32], winner: DeviceArray[i32], top: DeviceArray[i32], last: DeviceArray[i32]):
    """Compare-and-swap by some lanes only, a maximum in a loop, and an exchange, with barriers between."""
    first = shared(i32, 1)
    most = shared(i32, 1)
    lane = lane_id()
    i = get_global_id()
    if lane == 0:
        first[0] = -1
        most[0] = 0
    barrier()
    if x[i] > 50:
        atomic_cas(first, 0, -1, i32(lane))
    for k in range(4):
        atomic_max(most, 0, x[i] * i32(k + 1))
        barrier()
    winner[block_id()] = first[0]
    top[block_id()] = most[0]
    barrier()
    before = atomic_exch(most, 0, i32(lane))
    if lane == 63:
        last[block_id()] = before


@BACKENDS
def test_between_barriers_and_in_loops(backend: str) -> None:
    x = np.random.default_rng(4).integers(0, 100, 192).astype(np.int32)
    x[64:128] //= 4
    winner, top, last = (np.zeros(3, np.int32) for _ in range(3))
    chosen(x, winner, top, last, executor=Executor(backend))
    rows = x.reshape(3, 64)
    assert winner.tolist() == [int(np.argmax(r > 50)) if (r > 50).any() else -1 for r in rows]
    assert top.tolist() == (rows.max(axis=1) * 4).tolist()
    assert last.tolist() == [62, 62, 62]


@kernel(block=32)
def sums(x: DeviceArray[f32], y: DeviceArray[f32]):
    total = shared(f32, 1)
    if lane_id() == 0:
        total[0] = 0.0
    barrier()
    atomic_add(total, 0, x[get_global_id()])
    barrier()
    y[get_global_id()] = total[0]


@BACKENDS
def test_floats_add_in_the_order_of_the_lanes(backend: str) -> None:
    x = np.random.default_rng(7).standard_normal(64).astype(np.float32)
    y = np.zeros_like(x)
    sums(x, y, executor=Executor(backend))
    wanted = [reduce(np.add, row, np.float32(0)) for row in x.reshape(2, 32)]
    assert np.array_equal(y, np.repeat(wanted, 32).astype(np.float32))


@kernel(block=8)
def careless(x: DeviceArray[i32], at: i32):
    s = shared(i32, 8)
    if lane_id() < 4:
        s[lane_id()] = 1
    barrier()
    x[get_global_id()] = atomic_add(s, at, 1)


def test_the_interpreter_watches_atomics_on_shared_memory() -> None:
    interpreter = Executor("interpreter")
    careless(np.zeros(8, np.int32), 3, executor=interpreter)
    with pytest.raises(UninitializedReadError, match="byte offset 16 of 's' "):
        careless(np.zeros(8, np.int32), 4, executor=interpreter)
    with pytest.raises(OutOfBoundsError, match="atomic of i32 at byte offset 32 of 's'"):
        careless(np.zeros(8, np.int32), 8, executor=interpreter)


def test_a_number_is_an_address_only_where_there_is_shared_memory() -> None:
    code = "mov_imm.i64 r0, 8\nmov_imm.u32 r1, 1\natom_add.u32 r2, [r0 + 4], r1\n"
    verify(text.assemble(f".program a\n.shared 16\n{code}"))
    with pytest.raises(VerificationError, match="an address needs an array's handle"):
        verify(text.assemble(f".program a\n{code}"))
    with pytest.raises(VerificationError, match="a byte offset is i64 or u64"):
        verify(text.assemble(f".program a\n.shared 16\n{code.replace('[r0 + 4]', '[r0 + r1]')}"))
