"""Every kind of fault names its kernel, source line and lane, and has the lane's variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import errors
from hologram.language import (
    DeviceArray,
    atomic_add,
    barrier,
    f32,
    get_global_id,
    i32,
    kernel,
    lane_id,
    shared,
    u32,
)

Array = np.ndarray[Any, Any]


@kernel
def outside(x: DeviceArray[f32], at: DeviceArray[i32], y: DeviceArray[f32]):
    i = get_global_id()
    place = at[i] + 1
    y[i] = x[place]


@kernel(block=8)
def unwritten(y: DeviceArray[i32]):
    s = shared(i32, 8)
    lane = lane_id()
    if lane != 3:
        s[lane] = 1
    barrier()
    y[get_global_id()] = s[7 - lane]


@kernel
def racing(x: DeviceArray[i32]):
    i = get_global_id()
    other = (i + 1) % 8
    x[i] = x[other] + 1


@kernel(block=8)
def missing(y: DeviceArray[i32]):
    i = get_global_id()
    if i % 8 == 5:
        return
    barrier()
    y[i] = 1


@kernel
def dividing(x: DeviceArray[i32], y: DeviceArray[i32]):
    i = get_global_id()
    share = 100 // x[i]
    y[i] = share


@kernel
def endless(x: DeviceArray[i32]):
    i = get_global_id()
    turns = u32(0)
    while x[i] == 0:
        turns += 1


@kernel
def claiming(x: DeviceArray[i32]):
    i = get_global_id()
    doubled = x[i] * 2
    assert doubled < 10, "small"


@kernel
def overflowing(x: DeviceArray[f32]):
    i = get_global_id()
    big = x[i] * 2
    x[i] = big


@kernel
def crooked(x: DeviceArray[i32], y: DeviceArray[i32]):
    i = get_global_id()
    atomic_add(y, x[i] - 1, 1)


def ints(*values: int) -> Array:
    return np.array(values, np.int32)


EIGHT = np.arange(8, dtype=np.int32)

CASES: dict[str, tuple[Any, Callable[[], list[Any]], type[errors.ExecutionError], str, int, str, dict[str, Any]]] = {
    "out of bounds": (
        outside,
        lambda: [np.ones(8, np.float32), EIGHT.copy(), np.zeros(8, np.float32)],
        errors.OutOfBoundsError, "y[i] = x[place]", 7, "element 8 of 8", {"i": 7, "place": 8},
    ),
    "uninitialised read": (
        unwritten,
        lambda: [np.zeros(8, np.int32)],
        errors.UninitializedReadError, "y[get_global_id()] = s[7 - lane]", 4, "has not been written", {"lane": 4},
    ),
    "data race": (
        racing,
        lambda: [EIGHT.copy()],
        errors.DataRaceError, "x[i] = x[other] + 1", 0, "data race on element 0 of 'x'", {"i": 0, "other": 1},
    ),
    "divergent barrier": (
        missing,
        lambda: [np.zeros(16, np.int32)],
        errors.BarrierError, "barrier()", 0, "1 of the block's 8 lanes is not at this barrier: lane 5", {"i": 0},
    ),
    "integer fault": (
        dividing,
        lambda: [ints(1, 2, 0, 4, 0), np.zeros(5, np.int32)],
        errors.DivisionByZeroError, "share = 100 // x[i]", 2, "division by zero", {"i": 2},
    ),
    "step budget": (
        endless,
        lambda: [ints(1, 1, 0, 0)],
        errors.StepLimitError, "while x[i] == 0:", 2, "more than 1000 instructions", {"i": 2},
    ),
    "assertion": (
        claiming,
        lambda: [ints(1, 5, 2)],
        errors.AssertionFailedError, 'assert doubled < 10, "small"', 1, "assertion failed: small", {"doubled": 10},
    ),
    "infinity": (
        overflowing,
        lambda: [np.array([1, 3e38], np.float32)],
        errors.NumericError, "big = x[i] * 2", 1, "gave infinity", {"i": 1},
    ),
    "atomic outside": (
        crooked,
        lambda: [ints(1, 2, 0), np.zeros(3, np.int32)],
        errors.OutOfBoundsError, "atomic_add(y, x[i] - 1, 1)", 2, "atomic of i32 at byte offset -4 of 'y'", {"i": 2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_fault_names_line_lane_and_variables(case: str) -> None:
    made, arguments, kind, line, lane, message, variables = CASES[case]
    executor = hg.Executor("interpreter", max_steps=1000, nan="raise")
    with pytest.raises(kind) as caught:
        made(*arguments(), executor=executor)
    error = caught.value
    assert error.source_line.strip() == line
    assert (error.kernel, error.lane) == (made.name, lane)
    assert message in error.message
    assert variables.items() <= error.variables.items()
    text = str(error)
    assert f"lane {lane} (lane {lane} of block 0)" in text
    assert str(error.location) in text and f"    {error.source_line}\n" in text and "^" in text
    assert all(f"{name} = {value}" in text for name, value in variables.items())


def test_what_a_program_file_names_is_read_with_care(tmp_path: Any) -> None:
    """Only source files are shown: a file of another may name any path."""
    from hologram.backends.faults import source_line

    (tmp_path / "secret.txt").write_text("password\n", "utf-8")
    (tmp_path / "kernel.py").write_text("first\nsecond\n", "utf-8")
    assert source_line(errors.Location(str(tmp_path / "kernel.py"), 2)) == "second"
    for name in (str(tmp_path / "secret.txt"), str(tmp_path), "/dev/zero", "no\0name.py", "gone.py", "<json>"):
        assert source_line(errors.Location(name, 1)) == ""
    assert source_line(errors.Location(str(tmp_path / "kernel.py"), 9)) == "" == source_line(None)
