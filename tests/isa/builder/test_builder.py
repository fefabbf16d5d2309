"""Programs written with arrays, shared memory and structured control flow compute what they say."""

from __future__ import annotations

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import BuildError
from hologram.isa.builder import Builder
from hologram.isa.operands import Slot
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.types import Type

BACKENDS = (InterpreterBackend(), CpuBackend())


def run(program: Program, *arguments: object, lanes: tuple[int, int, int] = (10, 1, 1), block: int = 16) -> None:
    """Run on the interpreter, and on the CPU with copies: both must leave the same."""
    verify(program)
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    for backend, given in zip(BACKENDS, (arguments, copies), strict=True):
        backend.compile(program).launch(given, Domain(lanes, (-(-lanes[0] // block), 1, 1), (block, 1, 1)))  # type: ignore[arg-type]
    for mine, other in zip(arguments, copies, strict=True):
        assert np.array_equal(mine, other)  # type: ignore[arg-type]


def test_both_sides_of_a_condition() -> None:
    b = Builder("parity")
    out, i = b.view(b.array("out", Type.I64, access="w")), b.global_id()
    odd = b.set("eq", b.and_(i, 1), 1)
    with b.if_(odd):
        with b.if_(b.set("gt", i, 4)):
            b.store(100, out, i)
        with b.else_():
            b.store(10, out, i)
    with b.else_():
        b.store(i, out, i)
    result = np.full(10, -1)
    run(b.build(), result)
    assert result.tolist() == [0, 10, 2, 10, 4, 100, 6, 100, 8, 100]


@pytest.mark.parametrize("step", [1, 2, -1, -3])
@pytest.mark.parametrize("type", [Type.I64, Type.U32, Type.I16])
def test_counting_is_that_of_range(type: Type, step: int) -> None:
    if type.is_unsigned and step < 0:
        pytest.skip("an unsigned counter does not pass below 0")
    b = Builder("count")
    out, i = b.view(b.array("out", type, access="w")), b.cvt(b.global_id(), type=type)
    total = b.mov_imm(0, type=type)
    start, stop = (i, 12) if step > 0 else (12, i)
    with b.for_range(start, stop, step) as k:
        b.mad(total, 3, k, into=total)
    b.store(total, out, i)
    result = np.zeros(10, type.dtype)
    run(b.build(), result)
    for lane in range(10):
        wanted = 0
        for k in range(lane, 12, step) if step > 0 else range(12, lane, step):
            wanted = wanted * 3 + k
        assert int(result[lane]) == (wanted + (1 << type.bits - 1)) % (1 << type.bits) - (1 << type.bits - 1) or (
            type.is_unsigned and int(result[lane]) == wanted % (1 << type.bits)
        )


def test_a_loop_on_a_condition() -> None:
    b = Builder("collatz")
    out, i = b.view(b.array("out", Type.I64, access="w")), b.global_id()
    value, steps = b.add(i, 1), b.mov_imm(0, type=Type.I64)
    with b.while_(lambda: b.set("ne", value, 1)), b.scratch():
        with b.if_(b.set("eq", b.and_(value, 1), 0)):
            b.div(value, 2, into=value)
        with b.else_():
            b.mad(value, 3, 1, into=value)
        b.add(steps, 1, into=steps)
    b.store(steps, out, i)
    result = np.zeros(10, np.int64)
    run(b.build(), result)
    assert result.tolist() == [0, 1, 7, 2, 5, 8, 16, 3, 19, 6]


def test_arrays_of_several_axes_and_shared_memory() -> None:
    b = Builder("turned")
    x, out = b.view(b.array("x", Type.F32, 2)), b.view(b.array("out", Type.F32, 2, "w"))
    b.shared(Type.I8, 3)  # what follows is aligned behind it
    tile = b.shared(Type.F32, 2, 16)
    lane = b.mov_sreg("lane.x")
    for row in range(2):
        b.store(b.load(x, row, lane), tile, row, lane)
    b.bar_sync(0)
    back = b.add(b.neg(lane), 15)
    for row in range(2):
        b.store(b.load(tile, 1 - row, back), out, row, lane)
    program = b.build()
    assert program.shared_bytes == 4 + 2 * 16 * 4
    given, result = np.arange(32, dtype=np.float32).reshape(2, 16), np.zeros((2, 16), np.float32)
    run(program, given, result, lanes=(16, 1, 1))
    assert np.array_equal(result, given[::-1, ::-1])


def test_constant_indices_and_atomics() -> None:
    b = Builder("counted")
    out = b.view(b.array("out", Type.I32, access="rw"))
    b.atom_add(b.at(out, 1), 2)
    b.store(7, out, 0)
    result = np.zeros(2, np.int32)
    run(b.build(), result)
    assert result.tolist() == [7, 20]


def test_registers_of_a_scratch_are_free_again() -> None:
    b = Builder("p")
    kept = b.mov_imm(1, type=Type.I64)
    with b.scratch():
        inner = b.add(kept, 1)
    assert b.add(kept, 2).reg == inner.reg


def test_mistakes_of_structure_are_refused() -> None:
    b = Builder("p")
    x, s = b.view(b.array("x", Type.F32, 2)), b.scalar("s", Type.I64)
    with pytest.raises(BuildError, match=r"else_\(\) stands right behind the if_"), b.else_():
        pass
    with pytest.raises(BuildError, match="'x' has 2 axes, got 1 indices"):
        b.load(x, 0)
    with pytest.raises(BuildError, match="the shared array has 1 axes, got 2"):
        b.load(b.shared(Type.F32, 4), 0, 0)
    with pytest.raises(BuildError, match="slot 1 is no array parameter"):
        b.view(s)
    with pytest.raises(BuildError, match="lengths above 0"):
        b.shared(Type.F32, 0)
    with pytest.raises(BuildError, match="an index is an integer, not f32"):
        b.load(x, b.mov_imm(1, type=Type.F32), 0)
    with pytest.raises(BuildError, match="other than 0"), b.for_range(0, 3, 0):
        pass
    with pytest.raises(BuildError, match="counts in integers, not in f32"), b.for_range(0, b.mov_imm(1, type=Type.F32)):
        pass
    with pytest.raises(BuildError, match="a condition is a predicate"), b.if_(True):  # type: ignore[arg-type]
        pass


def test_an_extent_may_name_a_slot() -> None:
    b = Builder("p")
    n = b.scalar("n", Type.I64)
    assert b.build([Slot(n)]).extent == b.build([Slot(n)]).extent != ()
    assert b.build([Slot(n)], {"block": "8"}).metadata == {"block": "8"}
