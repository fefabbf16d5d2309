"""Programs in parts between barriers: what is proved about barriers, what is kept, what is made again."""

from __future__ import annotations

import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.llvm import barriers
from hologram.backends.llvm.barriers import Plan
from hologram.backends.llvm.prepare import prepare
from hologram.frontend import compile_source
from hologram.isa.program import Program
from hologram.isa.verify import verify

HEAD = """from hologram.language import *
@kernel(block=64)
def k(x: DeviceArray[i32], y: DeviceArray[i32, 2], only_read: DeviceArray[i32], n: i32):
    i = get_global_id()
    lane = lane_id()
    s = shared(i32, 64)
    s[lane] = x[i]
"""


def program(*lines: str) -> Program:
    (unit,) = compile_source(HEAD + "".join(f"    {line}\n" for line in lines), "k.py")
    return unit.program


def plan(*lines: str) -> Plan:
    return barriers.plan(prepare(verify(program(*lines)), 64, 32, True))


@pytest.mark.parametrize(
    "lines",
    [
        ["barrier()"],
        ["if n > 3:", "    barrier()"],
        ["if block_id() == 2:", "    barrier()"],
        ["if only_read[block_id()] > 0:", "    barrier()"],
        ["for k in range(n):", "    for j in range(k):", "        barrier()"],
        ["step = block_dim() // 2", "while step > 0:", "    if lane < step:", "        s[lane] = 1", "    barrier()",
         "    step //= 2"],
        ["if block_sum(x[i]) > 0:", "    barrier()"],
        ["for k in range(i32(block_max(x[i]))):", "    barrier()"],
        ["for k in range(n):", "    if x[i] > 3:", "        continue", "    x[i] = 1", "barrier()"],
    ],
)  # fmt: skip
def test_uniform_barriers_are_proved(lines: list[str]) -> None:
    assert plan(*lines, "x[i] = s[63 - lane]").proved


@pytest.mark.parametrize(
    "lines",
    [
        ["if x[i] > 0:", "    barrier()"],
        ["if lane < n:", "    barrier()"],
        ["if s[0] > 0:", "    barrier()"],
        ["if x[0] > 0:", "    barrier()"],
        ["for k in range(lane):", "    barrier()"],
        ["if i >= n:", "    return", "barrier()"],
        ["t = 0", "if lane > n:", "    t = 1", "if t == 0:", "    barrier()"],
    ],
)
def test_others_are_looked_at_when_they_run(lines: list[str]) -> None:
    assert not plan(*lines, "x[i] = s[63 - lane]").proved


def test_only_what_is_needed_and_cannot_be_had_again_is_kept() -> None:
    made = plan("mine = x[i] * 2", "gone = mine + 1", "s[lane] = gone", "barrier()", "x[i] = s[lane] + mine + n")
    (meeting,) = made.barriers.values()
    assert [k.stride for k in meeting.kept.values()].count(None) == 1
    entry = made.parts[1].entry
    assert {place for place, k in entry.items() if k.source is None} == set(meeting.kept)
    assert sum(k.source is not None for k in entry.values()) == 3  # the handle of x, where s begins, n


def test_what_is_known_of_strides_is_known_after_a_barrier() -> None:
    kernel = program("barrier()", "y[lane_id(1), i] = s[lane]", "x[i] = y[lane_id(1), i] + only_read[i]")
    code = CpuBackend().compile(kernel).inspect("llvm")
    assert "masked.gather" not in code and "masked.scatter" not in code
