"""Atomics on the interpreter: lanes one after another, whatever cells they meet in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.backends.interpreter.atomics import UPDATES, turns, update
from hologram.backends.interpreter.convert import STORAGE
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.semantics import FUNCTIONS
from hologram.errors import ExecutionError, OutOfBoundsError, VerificationError
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import RegisterIndirectComputed, SlotOffset
from hologram.types import Type


@given(st.lists(st.integers(0, 6), max_size=40))
def test_turns_have_no_conflicts_and_keep_the_order_of_lanes(cells: list[int]) -> None:
    groups = turns(np.array(cells, np.int64))
    assert sorted(int(lane) for g in groups for lane in g) == list(range(len(cells)))
    when = {int(lane): k for k, g in enumerate(groups) for lane in g}
    for lane, cell in enumerate(cells):
        assert when[lane] == cells[:lane].count(cell)


CASES = [(op, ty) for op in UPDATES for ty in sorted(BY_NAME[op].types, key=lambda t: t.value)]


@pytest.mark.parametrize(("op", "ty"), CASES, ids=[f"{op}-{ty.value}" for op, ty in CASES])
@pytest.mark.parametrize("places", [2, 25])  # many lanes a cell, few lanes a cell
def test_an_update_is_the_lanes_one_after_another(op: str, ty: Type, places: int) -> None:
    generator = np.random.default_rng(len(op) + ty.bits)
    raw = generator.integers(0, 256, (3, 60 * ty.size)).astype(np.uint8)
    if ty.is_float:  # numbers of ordinary size, signed zeros and a NaN
        pick = [0.0, -0.0, float("nan"), 1.5, -2.25, 1e-3, float("inf")]
        start, first, second = (np.array(generator.choice(pick, 60), STORAGE[ty]) for _ in range(3))
    else:
        start, first, second = (r.view(STORAGE[ty]) for r in raw)
        first = np.where(generator.random(60) < 0.5, start[generator.integers(0, 5, 60)], first)
    cells = generator.integers(0, places, 60)
    operands = [first, second] if op == "ATOM_CAS" else [first]
    memory = start[:25].copy()
    expected, olds = memory.copy(), []
    with np.errstate(all="ignore"):
        for lane, cell in enumerate(cells):
            olds.append(expected[cell])
            expected[cell] = _scalar(op, ty, expected[cell : cell + 1], [o[lane : lane + 1] for o in operands])[0]
        old = update(Region.of("a", memory), cells * ty.size, ty, op, operands)
    assert np.array_equal(old, np.array(olds), equal_nan=ty.is_float)
    assert np.array_equal(memory, expected, equal_nan=ty.is_float)
    assert not ty.is_float or np.array_equal(np.signbit(memory), np.signbit(expected))


def _scalar(op: str, ty: Type, old: Any, operands: list[Any]) -> Any:
    if op == "ATOM_CAS":
        return operands[1] if old[0] == operands[0][0] else old
    return operands[0] if op == "ATOM_EXCH" else FUNCTIONS[op.removeprefix("ATOM_")](ty, old, operands[0])


def test_old_values_of_one_cell_count_up(bench: Any) -> None:
    k = bench.Kernel()
    k.array("counter", Type.U32, 1, "rw")
    k.array("out", Type.U32, 1, "w")
    old = k.reg()
    k.emit("ATOM_ADD", Type.U32, old, SlotOffset(0, 4), k.constant(Type.U32, 3))
    k.store(1, old)
    counter, out = np.full(2, 7, np.uint32), np.zeros(70_000, np.uint32)
    bench.run(k.build(), [counter, out], 70_000)
    assert np.array_equal(out, 7 + 3 * np.arange(70_000, dtype=np.uint32))
    assert counter.tolist() == [7, 7 + 210_000]


def test_an_access_outside_or_between_elements_is_reported(bench: Any) -> None:
    def launch(offset: int) -> None:
        k = bench.Kernel()
        k.array("counter", Type.U32, 1, "rw")
        at, value = k.constant(Type.I64, offset), k.constant(Type.U32, 1)
        k.emit("ATOM_ADD", Type.U32, k.reg(), RegisterIndirectComputed(k.handle(0), at), value)
        bench.run(k.build(), [np.zeros(2, np.uint32)], 2)

    with pytest.raises(OutOfBoundsError, match="atomic of u32 at byte offset 8 of 'counter'"):
        launch(8)
    with pytest.raises(ExecutionError, match="no multiple of 4"):
        launch(2)


def test_an_atomic_needs_an_array_that_is_read_and_written(bench: Any) -> None:
    for access in "rw":
        k = bench.Kernel()
        k.array("counter", Type.U32, 1, access)
        k.emit("ATOM_ADD", Type.U32, k.reg(), SlotOffset(0, 0), k.constant(Type.U32, 1))
        with pytest.raises(VerificationError, match=r"'counter' is (read|write)-only"):
            bench.run(k.build(), [np.zeros(2, np.uint32)], 2)
