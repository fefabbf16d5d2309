"""The step hook: what it sees of lanes, registers, variables and memory, and how it ends a launch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram.backends.interpreter.moment import Moment
from hologram.errors import ArgumentValueError, StoppedError, UnsupportedError
from hologram.language import DeviceArray, barrier, device, f32, get_global_id, i32, kernel, lane_id, shared, u32


@device
def square(x: f32) -> f32:
    y = x * x
    return y


@kernel
def fold(x: DeviceArray[f32, 2], at: DeviceArray[i32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        total = f32(0)
        for k in range(3):
            total += square(x[at[i], k])
        big = total > 10
        if big:
            total = f32(10)
        y[i] = total


@kernel(block=8)
def swap(x: DeviceArray[i32]):
    s = shared(i32, 8)
    s[lane_id()] = x[get_global_id()]
    barrier()
    x[get_global_id()] = s[7 - lane_id()]


def arguments() -> tuple[Any, ...]:
    x = np.arange(12, dtype=np.float32).reshape(4, 3) / 4
    return x, np.array([0, 3, 1, 2, 0], np.int32), np.zeros(5, np.float32), 4


def watched(lane: int, see: Any, **options: Any) -> list[Any]:
    """What `see` gives for each moment of a lane of `fold`."""
    seen: list[Any] = []

    def hook(moment: Moment) -> None:
        if moment.runs(lane):
            seen.append(see(moment))

    given = arguments()
    fold(*given, grid=1, block=8, executor=hg.Executor("interpreter", on_step=hook, **options))
    plain = arguments()
    fold(*plain, grid=1, block=8, executor=hg.Executor("cpu"))
    assert np.array_equal(given[2], plain[2])
    return seen


def test_the_hook_sees_every_instruction_with_its_line() -> None:
    seen = watched(1, lambda m: (m.index, m.text, m.location.line, m.source_line.strip()))
    listing = [line.strip() for line in fold.disassemble().splitlines()]
    assert [index for index, *_ in seen][:6] == [0, 1, 2, 3, 4, 5]
    assert all(text in listing for _, text, *_ in seen)
    assert "total += square(x[at[i], k])" in {source for *_, source in seen}
    assert "y = x * x" in {source for *_, source in seen}
    assert seen[-1][3] == "y[i] = total"


def test_variables_by_name_and_lane() -> None:
    seen = watched(1, lambda m: (m.source_line.strip(), m.variables(1), m.variables(0)))
    line, mine, other = seen[-1]
    assert line == "y[i] = total"
    assert (mine["i"], other["i"], mine["n"]) == (1, 0, 4)
    assert mine["total"] == 10 and mine["big"] is True
    assert other["total"] == np.float32(0.3125) and other["big"] is False
    assert isinstance(mine["total"], np.float32)
    assert seen[0][1] == {"n": 4}
    inside = [values for text, values, _ in seen if text == "return y"]
    assert [float(v["square.y"]) for v in inside] == [2.25**2, 2.5**2, 2.75**2]


def test_values_by_name_register_and_function() -> None:
    def see(moment: Moment) -> tuple[Any, ...]:
        return tuple(moment.value(name, 1) for name in ("total", "y", "n", "r0", "r251", "p0"))

    seen = watched(1, see)
    assert seen[0] == (None, None, 4, None, None, None)
    assert seen[-1][:3] == (10, None, 4) and seen[-1][3] == 0
    with pytest.raises(ArgumentValueError, match="no variable 'totl'; here are n"):
        watched(1, lambda m: m.value("totl", 1))
    with pytest.raises(ArgumentValueError, match="lane 8 is not among those that run now"):
        watched(1, lambda m: m.variables(8))


def test_lanes_that_are_active_and_lanes_that_wait() -> None:
    seen = watched(1, lambda m: (m.source_line.strip(), m.lanes.tolist(), m.group.tolist()))
    assert seen[0][1:] == ([0, 1, 2, 3], [0, 1, 2, 3])
    assert {tuple(lanes) for text, lanes, _ in seen if text == "total = f32(10)"} == {(1,)}
    assert watched(4, repr) == []


def test_what_is_read_and_stored() -> None:
    seen = watched(1, lambda m: str(m.access(1) or ""))
    assert [text for text in seen if text] == [
        "load at[1] = 3",
        "load x[3, 0] = 2.25",
        "load at[1] = 3",
        "load x[3, 1] = 2.5",
        "load at[1] = 3",
        "load x[3, 2] = 2.75",
        "store y[1] = 10.0",
    ]


def test_arrays_can_be_read_and_not_written() -> None:
    def see(moment: Moment) -> float:
        array = moment.array("x")
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
        return float(array[3, 2])

    assert set(watched(1, see)) == {2.75}
    with pytest.raises(ArgumentValueError, match="no array 'n'; it has x, at, y"):
        watched(1, lambda m: m.array("n"))


def test_blocks_and_shared_memory() -> None:
    seen: list[tuple[list[int], list[int]]] = []

    def hook(moment: Moment) -> None:
        if moment.operation == "BarSync":
            seen.append((moment.group.tolist(), moment.shared_memory.view(np.int32).tolist()))

    x = np.arange(16, dtype=np.int32)
    swap(x, executor=hg.Executor("interpreter", on_step=hook))
    assert seen == [(list(range(8)), list(range(8))), (list(range(8, 16)), list(range(8, 16)))]
    assert x.tolist() == [*range(7, -1, -1), *range(15, 7, -1)]


def test_a_hook_ends_a_launch() -> None:
    def hook(moment: Moment) -> None:
        if moment.operation == "STG":
            moment.stop()

    given = arguments()
    with pytest.raises(StoppedError, match=r"the launch was stopped \(kernel 'fold'") as caught:
        fold(*given, executor=hg.Executor("interpreter", on_step=hook))
    assert not given[2].any() and caught.value.variables["total"] == np.float32(0.3125)


def test_what_a_hook_raises_comes_out() -> None:
    def hook(moment: Moment) -> None:
        raise KeyError(moment.kernel)

    with pytest.raises(KeyError, match="fold"):
        fold(*arguments(), executor=hg.Executor("interpreter", on_step=hook))


def test_hooks_and_races_are_for_the_interpreter() -> None:
    for options in ({"on_step": print}, {"races": False}):
        with pytest.raises(UnsupportedError, match=r"is for Executor\('interpreter'\)"):
            hg.Executor("cpu", **options)


def test_without_a_hook_nothing_is_called() -> None:
    from hologram.backends.interpreter import InterpreterBackend

    plain = InterpreterBackend().compile(fold.program)
    hooked = InterpreterBackend(on_step=lambda moment: None).compile(fold.program)
    names = [{step.__qualname__ for code in made._code for _, step in code.steps} for made in (plain, hooked)]
    assert not any("announced" in name for name in names[0])
    assert all("announced" in name for name in names[1])
