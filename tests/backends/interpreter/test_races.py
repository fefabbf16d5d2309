"""Data races: every unordered pair with a store is reported with both lanes and lines, ordered ones are not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.base import Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DataRaceError, ExecutionError
from hologram.isa.builder import Builder, immediate
from hologram.isa.operands import Condition, Pred, RegisterIndirect, Slot, Special
from hologram.isa.program import Program
from hologram.types import Type
from tests.frontend.launching import body, program

ARRAY = "x: DeviceArray[i32]"


def launch(made: Program, arguments: Sequence[Any], blocks: int, lanes: int, **options: Any) -> None:
    domain = Domain((blocks * lanes, 1, 1), (blocks, 1, 1), (lanes, 1, 1))
    InterpreterBackend(**options).compile(made).launch(arguments, domain)


def raced(made: Program, arguments: Sequence[Any], blocks: int = 1, lanes: int = 8) -> DataRaceError:
    with pytest.raises(DataRaceError) as caught:
        launch(made, arguments, blocks, lanes)
    return caught.value


def in_lanes(*lines: str, parameters: str = ARRAY) -> Program:
    return program(body(parameters, "i = get_global_id()", *lines))


def test_a_neighbour_that_is_overwritten() -> None:
    error = raced(in_lanes("if i < 7:", "    x[i] = x[i + 1] + 1"), [np.zeros(8, np.int32)])
    assert (error.kernel, error.lane, error.other_lane) == ("k", 1, 0)
    assert str(error.location) == "kernel.py:7:9" and str(error.other_location) == "kernel.py:7:16"
    assert "data race on element 1 of 'x': this access and the load by lane 0 (lane 0 of block 0) at" in str(error)
    assert "lane 1 (lane 1 of block 0)" in str(error)
    launch(in_lanes("if i < 7:", "    x[i] = x[i + 1] + 1"), [np.zeros(8, np.int32)], 1, 8, races=False)


def test_a_load_of_what_another_lane_stored() -> None:
    error = raced(in_lanes("x[i] = 1", "y[i] = x[7 - i]", parameters=f"{ARRAY}, y: DeviceArray[i32]"),
                  [np.zeros(8, np.int32), np.zeros(8, np.int32)])  # fmt: skip
    assert (error.lane, error.other_lane) == (0, 7)
    assert "the store by lane 7" in str(error)


def test_lanes_that_store_at_once() -> None:
    error = raced(in_lanes("x[i // 2] = i32(i)"), [np.zeros(8, np.int32)])
    assert {error.lane, error.other_lane} == {0, 1}
    same = np.zeros(8, np.int32)
    launch(in_lanes("x[i // 2] = 7"), [same], 1, 8)
    assert same.tolist() == [7, 7, 7, 7, 0, 0, 0, 0]


def test_the_same_value_stored_by_several_lanes_one_after_the_other() -> None:
    flag = np.zeros(1, np.int32)
    launch(in_lanes("if i % 2 == 0:", "    x[0] = 1", "if i % 3 == 0:", "    x[0] = 1"), [flag], 1, 8)
    assert flag[0] == 1
    raced(in_lanes("if i % 2 == 0:", "    x[0] = 1", "if i % 3 == 1:", "    x[0] = 2"), [flag])


@pytest.mark.parametrize("blocks", [1, 3])
def test_what_is_no_race(blocks: int) -> None:
    lanes = 8 * blocks
    x = np.arange(lanes, dtype=np.int32)
    launch(in_lanes("x[i] = x[i] + x[i]", "x[i] += 1"), [x], blocks, 8)
    assert x.tolist() == [2 * k + 1 for k in range(lanes)]
    both = in_lanes("y[i] = x[i] + 1", parameters=f"{ARRAY}, y: DeviceArray[i32]")
    launch(both, [x, x], blocks, 8)
    assert x.tolist() == [2 * k + 2 for k in range(lanes)]
    launch(in_lanes("atomic_add(x, 0, 1)", "atomic_max(x, i // 2, 3)"), [x], blocks, 8)


def test_arrays_that_lie_in_one_memory_share_their_shadow() -> None:
    memory = np.zeros(9, np.int32)
    made = in_lanes("y[i] = x[i] + 1", parameters=f"{ARRAY}, y: DeviceArray[i32]")
    error = raced(made, [memory[:8], memory[1:]])
    assert "data race on element 0 of 'y': this access and the load by lane 1" in str(error)


def test_atomics_race_with_stores_and_not_with_loads() -> None:
    launch(in_lanes("atomic_add(x, 0, 1)", "if x[0] < 0:", "    atomic_add(x, 1, 1)"), [np.zeros(8, np.int32)], 1, 8)
    error = raced(in_lanes("atomic_add(x, 0, 1)", "if i == 3:", "    x[0] = 7"), [np.zeros(8, np.int32)])
    assert error.lane == 3 and error.other_lane not in (None, 3)
    assert "the atomic by lane" in str(error)


BLOCKS = ("s = shared(i32, 8)", "l = lane_id()", "s[l] = x[i]", "{}", "x[i] = s[7 - l]")


def test_barriers_order_the_lanes_of_a_block() -> None:
    x = np.arange(16, dtype=np.int32)
    launch(in_lanes(*(line.format("barrier()") for line in BLOCKS)), [x], 2, 8)
    assert x.tolist() == [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8]
    error = raced(in_lanes(*(line.format("pass") for line in BLOCKS)), [x], 2)
    assert "data race on element 7 of 's'" in str(error)
    assert (error.lane, error.other_lane) == (0, 7)


def test_barriers_do_not_order_blocks() -> None:
    lines = ("s = shared(i32, 8)", "x[i] = 1", "barrier()", "x[(i + {}) % 16] = 2")
    error = raced(in_lanes(*(line.format(8) for line in lines)), [np.zeros(16, np.int32)], 2)
    assert (error.lane, error.other_lane) == (8, 0)
    assert "(lane 0 of block 1)" in str(error) and "(lane 0 of block 0)" in str(error)
    launch(in_lanes(*(line.format(0) for line in lines)), [np.zeros(16, np.int32)], 2, 8)


def test_elements_of_arrays_with_several_axes_and_other_strides() -> None:
    made = program(body("x: DeviceArray[f32, 2]", "i = get_global_id()", "x[i, 0] = x[(i + 1) % 3, 0]"))
    for x in (np.zeros((3, 4), np.float32), np.zeros((4, 3), np.float32).T, np.zeros((3, 4), np.float32)[::-1]):
        assert raced(made, [x], lanes=3).lane in (0, 1, 2)


KINDS = st.sampled_from(["load", "store", "atomic"])
EVENTS = st.lists(st.tuples(KINDS, st.integers(0, 5), st.integers(0, 2), st.integers(0, 2)), max_size=8)


def lane_program(events: Sequence[tuple[str, int, int, int]], barriers: bool) -> Program:
    """One access a time by one lane: (kind, lane, cell, barriers before it)."""
    b = Builder("k")
    x = b.array("x", Type.I32, access="rw")
    handle, lane, value, old = (b.reg() for _ in range(4))
    b.emit("MOV_PARAM", Type.U64, handle, Slot(x))
    b.emit("MOV_SREG", Type.I64, lane, Special.GLOBAL_X)
    for number, (kind, who, cell, waits) in enumerate(events):
        for _ in range(waits if barriers else 0):
            b.emit("BarSync", None, 0)
        after, mine = b.label("after"), Pred(0)
        b.emit("SETcc", Type.I64, Condition.EQ, mine, lane, immediate(Type.I64, who))
        b.emit("BRA", None, after, Pred(0, negated=True))
        b.emit("MOV_IMM", Type.I32, value, immediate(Type.I32, number + 1))
        at = RegisterIndirect(handle, 4 * cell)
        if kind == "store":
            b.emit("STG", Type.I32, value, at)
        elif kind == "load":
            b.emit("LDG", Type.I32, old, at)
        else:
            b.emit("ATOM_ADD", Type.I32, old, at, value)
        b.place(after)
    return b.build()


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.booleans())
def test_a_race_is_reported_exactly_where_two_accesses_are_not_ordered(
    events: list[tuple[str, int, int, int]], barriers: bool
) -> None:
    """Three lanes a block, two blocks; accesses of one block are ordered by the barriers between them alone."""
    times = list(itertools.accumulate(e[3] if barriers else 0 for e in events))

    def unordered(a: int, b: int) -> bool:
        (kind, lane, cell, _), (other, lane2, cell2, _) = events[a], events[b]
        if cell != cell2 or lane == lane2 or "store" not in (kind, other):
            return False
        return lane // 3 != lane2 // 3 or times[a] == times[b]

    expected = any(unordered(a, b) for a, b in itertools.combinations(range(len(events)), 2))
    made, found = lane_program(events, barriers), False
    try:
        launch(made, [np.zeros(3, np.int32)], 2, 3)
    except DataRaceError:
        found = True
    except ExecutionError as error:
        raise AssertionError("nothing else can go wrong") from error
    assert found == expected
