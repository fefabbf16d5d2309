"""Checked code finds what the interpreter finds, says it in the same words, and stops there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Argument, Checks, Domain
from hologram.backends.cpu import CpuBackend, targets
from hologram.backends.cpu.source import source
from hologram.backends.interpreter import InterpreterBackend
from hologram.backends.llvm.job import Watch
from hologram.backends.llvm.layout import CUT
from hologram.backends.llvm.pieces import Cut
from hologram.backends.llvm.recipe import cut_of
from hologram.errors import (
    AssertionFailedError,
    BarrierError,
    DivisionByZeroError,
    ExecutionError,
    NumericError,
    OutOfBoundsError,
    StepLimitError,
)
from hologram.frontend import compile_source
from hologram.isa import text
from hologram.isa.program import Program
from tests.backends.atlas_programs import per_lane
from tests.differential.compare import canonical

Arrays = dict[str, Any]


def kernel(body: str, parameters: str) -> Program:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (unit,) = compile_source(f"from hologram.language import *\n@kernel\ndef k({parameters}):\n{lines}", "k.py")
    return unit.program


def domain(*lanes: int, block: tuple[int, int, int] = (64, 1, 1)) -> Domain:
    x, y, z = (*lanes, 1, 1)[:3]
    grid = -(-x // block[0]), -(-y // block[1]), -(-z // block[2])
    return Domain((x, y, z), grid, block)


def both(program: Program, where: Domain, *arguments: Argument, checks: Checks | None = None) -> ExecutionError | None:
    """The error of checked code, which is the interpreter's but for addresses of objects; its arrays are the same."""
    checks = checks or Checks()
    mine = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    theirs = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    got = outcome(CpuBackend(checks=checks), program, where, mine)
    wanted = outcome(InterpreterBackend(checks.max_steps or 10**7, nan=checks.nan, races=False), program, where, theirs)
    if wanted is not None:
        wanted.variables.clear()  # only the interpreter knows them
    assert (type(got), str(got)) == (type(wanted), str(wanted))
    if got is None or isinstance(got, DivisionByZeroError):
        for a, b in zip(mine, theirs, strict=True):
            assert np.array_equal(canonical(np.asarray(a)), canonical(np.asarray(b)))
    else:
        assert got.lane == wanted.lane  # type: ignore[union-attr]
    return got


def outcome(backend: Any, program: Program, where: Domain, arguments: list[Argument]) -> ExecutionError | None:
    try:
        backend.compile(program).launch(arguments, where)
    except ExecutionError as error:
        return error
    return None


GATHER = kernel(
    "i = get_global_id()\nif i < n:\n    y[i] = x[at[i]]",
    "x: DeviceArray[f32], at: DeviceArray[i32], y: DeviceArray[f32], n: u32",
)


@pytest.mark.parametrize("lane", [0, 15, 16, 37, 98, 99])
@pytest.mark.parametrize("index", [-1, 50, 2**31 - 1, -(2**31)])
def test_a_gather_outside_its_array_names_array_index_lane_and_line(lane: int, index: int) -> None:
    at = np.arange(100, dtype=np.int32) % 50
    at[lane] = index
    error = both(GATHER, domain(100), np.ones(50, np.float32), at, np.zeros(100, np.float32), 100)
    assert isinstance(error, OutOfBoundsError)
    assert error.lane == lane
    assert f"'x', which is 200 bytes long (element {index} of 50)" in str(error)
    assert str(error.location).startswith("k.py:6:")


def test_nothing_is_stored_where_the_access_is_wrong_and_nothing_runs_afterwards() -> None:
    scatter = kernel(
        "i = get_global_id()\nif i < n:\n    y[at[i]] = 7.0", "at: DeviceArray[i32], y: DeviceArray[f32], n: u32"
    )
    memory = np.zeros(300, np.float32)
    at = np.arange(100, dtype=np.int32)
    at[40] = 150
    with pytest.raises(OutOfBoundsError, match="store of f32 at byte offset 600 of 'y'"):
        CpuBackend(checks=Checks()).compile(scatter).launch([at, memory[100:200], 100], domain(100))
    assert not memory[:100].any()
    assert not memory[200:].any()
    assert memory[100:132].all()
    assert not memory[132:200].any()


def test_consecutive_lanes_that_run_over_the_end_are_found_one_by_one() -> None:
    shifted = kernel(
        "i = get_global_id()\nif i < n:\n    y[i + m] = y[i + m] + 1.0", "y: DeviceArray[f32], n: u32, m: i32"
    )
    for m in (-3, -1, 0, 1, 5, 2**31 - 1):
        error = both(shifted, domain(64), np.zeros(64, np.float32), 64, m)
        assert (error is None) == (m == 0)


@pytest.mark.parametrize("step", [(1, 1), (-1, 1), (1, -2), (-2, -1), (2, 3)])
def test_arrays_of_two_dimensions_in_any_strides(step: tuple[int, int]) -> None:
    program = kernel(
        "i, j = get_global_id(0), get_global_id(1)\nif i < n and j < n:\n    a[j + dj, i + di] += 1.0",
        "a: DeviceArray[f64, 2], n: u32, di: i32, dj: i32",
    )
    wide = np.zeros((16, 21))[:: step[0], :: step[1]]
    found = [
        both(program, domain(5, 5), wide[:5, :5], 5, di, dj) for di in (0, 1, -1, 100) for dj in (0, 1, -1, -(10**6))
    ]
    assert any(error is not None for error in found)
    assert found[0] is None


def test_an_empty_array_has_no_element_at_all() -> None:
    program = kernel(
        "i = get_global_id()\nif i < n:\n    y[i] = x[0]", "x: DeviceArray[f32], y: DeviceArray[f32], n: u32"
    )
    error = both(program, domain(3), np.zeros(0, np.float32), np.zeros(3, np.float32), 3)
    assert isinstance(error, OutOfBoundsError)
    assert "element 0 of 0" in str(error)


def test_divisions_by_zero_are_named_when_all_lanes_are_done() -> None:
    program = kernel(
        "i = get_global_id()\nif i < n:\n    y[i] = y[i] // d[i] + 10 % d[n - 1 - i]",
        "d: DeviceArray[i32], y: DeviceArray[i32], n: i32",
    )
    d = np.ones(100, np.int32)
    d[[30, 70]] = 0
    error = both(program, domain(100), d, np.arange(100, dtype=np.int32), 100)
    assert isinstance(error, DivisionByZeroError)
    assert error.lane == 30


def test_a_lane_that_does_not_end_is_stopped() -> None:
    program = kernel("i = get_global_id()\nif i == 5:\n    while True:\n        y[0] = y[0] + 1", "y: DeviceArray[i32]")
    error = both(program, domain(40), np.zeros(40, np.int32), checks=Checks(max_steps=1000))
    assert isinstance(error, StepLimitError)
    assert error.lane == 5


@pytest.mark.parametrize("limit", [1, 7, 20, 21, 22, 60, 61, 100, 1000])
def test_steps_are_counted_lane_by_lane_as_the_interpreter_does(limit: int) -> None:
    program = kernel(
        "i = get_global_id()\nif i < n:\n    t = i32(0)\n    for k in range(i % 7):\n        if k % 2 == 0:\n"
        "            continue\n        t += i32(k)\n    y[i] = t",
        "y: DeviceArray[i32], n: i32",
    )
    both(program, domain(50), np.zeros(50, np.int32), 50, checks=Checks(max_steps=limit))


def test_steps_are_counted_across_barriers() -> None:
    program = kernel(
        "s = shared(i32, 64)\nt = lane_id()\ns[t] = 0\nk = i32(0)\nwhile k < n:\n    barrier()\n"
        "    s[(t + 1) % 64] = s[t] + k\n    barrier()\n    k += 0\ny[get_global_id()] = s[t]",
        "y: DeviceArray[i32], n: i32",
    )
    error = both(program, domain(64), np.zeros(64, np.int32), 3, checks=Checks(max_steps=5000))
    assert isinstance(error, StepLimitError)


def test_shared_memory_has_bounds() -> None:
    program = kernel(
        "s = shared(f32, 64)\nt = lane_id()\ns[t + m] = 1.0\nbarrier()\ny[get_global_id()] = s[t]",
        "y: DeviceArray[f32], m: i32",
    )
    error = both(program, domain(64), np.zeros(64, np.float32), 1)
    assert isinstance(error, OutOfBoundsError)
    assert "of 's', which is 256 bytes long (element 64 of 64); guard the access or share more elements" in str(error)
    assert both(program, domain(64), np.zeros(64, np.float32), 0) is None


NEIGHBOURS = kernel(
    "a = shared(f32, 16)\nb = shared(f64, 16)\nt = lane_id()\na[t] = f32(t)\nb[t] = f64(t)\nbarrier()\n"
    "y[t] = f64(a[t + m]) + b[t + n] + f64(atomic_add(a, t + m, 1.0))",
    "y: DeviceArray[f64], m: i32, n: i32",
)


@pytest.mark.parametrize(("m", "n", "told"), [(0, 0, ""), (1, 0, "'a'"), (-1, 0, "'a'"), (0, 3, "'b'"), (0, -1, "'b'")])
def test_an_index_past_one_shared_array_is_outside_though_another_lies_there(m: int, n: int, told: str) -> None:
    error = both(NEIGHBOURS, domain(16, block=(16, 1, 1)), np.zeros(16), m, n)
    assert (error is None) == (not told)
    if error is not None:
        assert isinstance(error, OutOfBoundsError)
        assert told in error.message
        assert f"element {16 if m + n > 0 else -1} of 16" in error.message


def test_without_names_all_shared_memory_is_one_array() -> None:
    program = replace(NEIGHBOURS, metadata={"shared": "a 0 1000000, b x 8, , c 8"})
    where, y = domain(8, block=(8, 1, 1)), np.zeros(8)
    with pytest.raises(OutOfBoundsError, match="of 'shared memory', which is 192 bytes long"):
        CpuBackend(checks=Checks()).compile(program).launch([y, 0, 17], where)
    for backend in (CpuBackend(checks=Checks()), InterpreterBackend()):
        backend.compile(program).launch([y, 0, 0], where)


def test_atomics_are_checked() -> None:
    program = kernel(
        "i = get_global_id()\nif i < n:\n    atomic_add(h, x[i], 1)", "h: DeviceArray[i32], x: DeviceArray[i32], n: u32"
    )
    x = np.arange(100, dtype=np.int32) % 10
    assert both(program, domain(100), np.zeros(10, np.int32), x, 100) is None
    x[77] = 10
    error = both(program, domain(100), np.zeros(10, np.int32), x, 100)
    assert isinstance(error, OutOfBoundsError)
    assert "atomic of i32" in str(error)


UNEVEN = """
.program odd
.param h: i32[1] rw

    mov_param.u64 r0, h
    mov_imm.i64 r1, 2
    mov_imm.i32 r2, 1
    atom_add.i32 r3, [r0 + r1], r2
"""


@pytest.mark.parametrize("ty", ["f16", "bf16", "f32", "f64"])
@pytest.mark.parametrize(
    "operation", ["x[i] / y[i]", "x[i] * y[i]", "sqrt(x[i])", "x[i] - y[i]", "log(x[i])", "max(x[i], y[i])"]
)
def test_finite_numbers_have_to_give_finite_numbers(ty: str, operation: str) -> None:
    program = kernel(
        f"i = get_global_id()\nif i < n:\n    z[i] = {operation}",
        f"x: DeviceArray[{ty}], y: DeviceArray[{ty}], z: DeviceArray[{ty}], n: u32",
    )
    dtype = program.params[0].type.dtype
    good, inf, largest = 2.0, float("inf"), 3e4 if ty == "f16" else 3e38 if ty != "f64" else 1.7e308
    for x, y in (
        (good, good),
        (inf, good),
        (good, inf),
        (inf, inf),
        (0.0, 0.0),
        (good, 0.0),
        (largest, -largest),
        (-good, good),
    ):
        xs, ys = np.full(40, good, dtype), np.full(40, good, dtype)
        xs[23], ys[23] = x, y
        error = both(program, domain(40), xs, ys, np.zeros(40, dtype), 40, checks=Checks(nan=True))
        assert error is None or (isinstance(error, NumericError) and error.lane == 23)
        if (x, y) == (0.0, 0.0) and "/" in operation:
            assert "of finite numbers gave NaN" in str(error)


def test_unchecked_code_has_none_of_it() -> None:
    target = targets.target("x86-64-v3")
    plain, checked = source(GATHER, target).text, source(GATHER, target, watch=Watch()).text
    assert "record" in checked
    assert "record" not in plain
    assert "define internal void @strip_full" in plain
    assert "llvm.expect" not in plain
    assert plain == source(GATHER, target, watch=None).text


def test_an_atomic_between_two_elements_is_refused() -> None:
    program = text.assemble(UNEVEN, "odd.atlasm")
    error = both(program, domain(3), np.zeros(4, np.int32))
    assert "no multiple of 4" in str(error)


def test_the_result_of_a_launch_reduction_has_to_be_inside() -> None:
    program = kernel(
        "i = get_global_id()\nif i < n:\n    grid_sum(x[i], out, m)",
        "x: DeviceArray[f32], out: DeviceArray[f32], n: u32, m: i32",
    )
    assert both(program, domain(100), np.ones(100, np.float32), np.zeros(2, np.float32), 100, 1) is None
    error = both(program, domain(100), np.ones(100, np.float32), np.zeros(2, np.float32), 100, 2)
    assert isinstance(error, OutOfBoundsError)


CLAIM = kernel(
    "i = get_global_id()\nif i < n:\n    assert x[i] > m, 'too small'\n    y[i] = x[i]",
    "x: DeviceArray[i32], y: DeviceArray[i32], n: u32, m: i32",
)


@pytest.mark.parametrize("lanes", [1, 15, 16, 40, 100])
def test_a_claim_that_does_not_hold_names_itself_and_the_lane(lanes: int) -> None:
    x, y = np.arange(100, dtype=np.int32)[::-1].copy() + 1, np.zeros(100, np.int32)
    assert both(CLAIM, domain(lanes), x, y, lanes, 0) is None
    error = both(CLAIM, domain(lanes), x, y, lanes, 101 - lanes)
    assert isinstance(error, AssertionFailedError)
    assert (error.message, error.lane) == ("assertion failed: too small", lanes - 1)
    assert str(error.location).startswith("k.py:6:")


def test_nothing_is_stored_behind_a_claim_that_does_not_hold() -> None:
    y, x = np.zeros(64, np.int32), np.ones(64, np.int32)
    x[37] = 0
    with pytest.raises(AssertionFailedError):
        CpuBackend(checks=Checks()).compile(CLAIM).launch([x, y, 64, 0], domain(64))
    assert y[:32].all()
    assert not y[32:].any()
    CpuBackend().compile(CLAIM).launch([x, y, 64, 0], domain(64))
    assert np.array_equal(x, y), "code that is not checked claims nothing"


def test_a_claim_that_all_lanes_share() -> None:
    program = kernel("assert m > 2\ny[get_global_id()] = m", "y: DeviceArray[i32], m: i32")
    assert both(program, domain(20), np.zeros(20, np.int32), 3) is None
    error = both(program, domain(20), np.zeros(20, np.int32), 2)
    assert isinstance(error, AssertionFailedError) and error.lane == 0


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        ("mirror r4, r3", 96),
        ("nbr.count r5, r3\n cvt.u8.u32 r4, r5", 255),
        ("nbr.get r4, r3, 0", 128),
        ("nbr.get r4, r3, 5", 8),
        ("mov_imm.u8 r5, 0\n bound.map r6, r3, r5, r5\n cvt.u8.u64 r4, r6", 96),
        ("mov_imm.u8 r5, 0\n bound.map r6, r5, r3, r5\n cvt.u8.u64 r4, r6", 48),
    ],
)
def test_atlas_instructions_name_the_lane_that_asks_too_much(body: str, bad: int) -> None:
    program = per_lane(body)
    for lane in (0, 20, 49):
        x = np.zeros(50, np.uint8)
        assert both(program, domain(50, block=(8, 1, 1)), x, np.zeros(50, np.uint8)) is None
        x[lane] = bad
        error = both(program, domain(50, block=(8, 1, 1)), x, np.zeros(50, np.uint8))
        assert isinstance(error, OutOfBoundsError) and error.lane == lane


MEETING = kernel(
    "s = shared(i32, 64)\nt = lane_id()\ns[t] = x[get_global_id()]\nif x[get_global_id()] > 0:\n    barrier()\n"
    "y[get_global_id()] = s[at[t]]",
    "x: DeviceArray[i32], at: DeviceArray[i32], y: DeviceArray[i32]",
)


@pytest.mark.parametrize("block", [5, 16, 40, 64])
@pytest.mark.parametrize("steps", [None, 1000])
def test_a_barrier_that_some_lanes_miss_ends_the_launch(block: int, steps: int | None) -> None:
    where = domain(3 * block, block=(block, 1, 1))
    checked = CpuBackend(checks=Checks(max_steps=steps)).compile(MEETING)
    at = np.arange(64, dtype=np.int32)[:block]
    for missing in {0, block // 2, block - 1}:
        x, y = np.ones(3 * block, np.int32), np.zeros(3 * block, np.int32)
        x[block + missing] = 0
        with pytest.raises(BarrierError, match="not at this barrier") as caught:
            checked.launch([x, at, y], where)
        assert str(caught.value.location).startswith("k.py:8:")
        assert y[:block].all()
        assert not y[block:].any(), "no block runs behind the one that did not meet"
        x[block + missing] = 1
        checked.launch([x, at, y], where)
        assert y.all()


def test_accesses_behind_a_barrier_are_watched() -> None:
    at = np.arange(64, dtype=np.int32)[::-1].copy()
    assert both(MEETING, domain(192), np.ones(192, np.int32), at, np.zeros(192, np.int32)) is None
    at[50] = 64
    error = both(MEETING, domain(192), np.ones(192, np.int32), at, np.zeros(192, np.int32))
    assert isinstance(error, OutOfBoundsError) and error.lane == 50
    at[50] = 0
    error = both(MEETING, domain(192), np.ones(192, np.int32), at, np.zeros(191, np.int32))
    assert isinstance(error, OutOfBoundsError) and error.lane == 191


def test_checked_code_runs_on_the_thread_that_asked() -> None:
    target = targets.target("x86-64-v3")
    assert cut_of(CLAIM) is Cut.LANES
    assert cut_of(CLAIM, watched=True) is None
    for watch, cut in ((None, int(Cut.LANES)), (Watch(), 0)):
        (line,) = (row for row in source(CLAIM, target, watch=watch).text.splitlines() if row.startswith(f"@{CUT} "))
        assert int(line.split()[-1]) & 255 == cut
