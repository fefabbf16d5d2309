"""Barriers that some lanes of a block never come to: found when a kernel is compiled, and only those."""

from __future__ import annotations

import pytest

from hologram.errors import KernelTypeError, VerificationError
from hologram.frontend import compile_source
from hologram.isa import text
from hologram.isa.divergence import declared_block
from hologram.isa.program import Program
from hologram.isa.verify import verify

HEADER = "from hologram.language import *\n"
NEVER = "not all lanes of a block come to this barrier: "


def kernel(body: str, block: str = "") -> Program:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (unit,) = compile_source(f"{HEADER}@kernel({block})\ndef k(y: DeviceArray[i32], n: i32):\n{lines}", "k.py")
    return unit.program


def under(condition: str) -> str:
    return f"if {condition}:\n    barrier()"


@pytest.mark.parametrize(
    ("body", "block", "told"),
    [
        (under("lane_id() == 0"), "", "lane 1 never passes the condition in line 4"),
        (under("lane_id() >= 16"), "", "lane 0 never"),
        (under("lane_id() < 16"), "block=32", "lane 16 never"),
        (under("lane_id() < block_dim() // 2"), "block=32", "lane 16 never"),
        (under("lane_id() % 2 == 0"), "", "lane 1 never"),
        (under("lane_id() // 4 == 1"), "block=64", "lane 0 never"),
        (under("lane_id(1) == 2"), "block=(4, 4)", "lane 0 never"),
        (under("lane_id(1) != 2"), "block=(4, 4)", "lane (0, 2, 0) never"),
        (under("lane_id() == 0 and n > 3"), "", "lane 1 never"),
        (under("not (lane_id() != 0 or y[0] > 3)"), "", "lane 1 never"),
        (under("get_global_id() == 0"), "", "no two lanes pass the condition in line 4 together"),
        (under("get_global_id() == n"), "", "no two lanes pass"),
        (under("get_global_id() - block_id() * block_dim() == 0"), "", "no two lanes pass"),
        ("if lane_id() == 0:\n    pass\nelse:\n    barrier()", "", "lane 0 never"),
        ("if lane_id() == 3:\n    return\nbarrier()", "block=8", "lane 3 never"),
        ("while lane_id() > 3:\n    barrier()", "", "lane 0 never"),
        (
            "for k in range(n):\n    if lane_id() > 0:\n        if k > 2:\n            barrier()",
            "",
            "lane 0 never",
        ),
        ("if lane_id() == 0:\n    y[0] = block_sum(y[1])", "", "lane 1 never"),
    ],
)
def test_what_surely_goes_wrong_is_refused_at_the_barrier(body: str, block: str, told: str) -> None:
    with pytest.raises(KernelTypeError) as caught:
        kernel(body, block)
    error = caught.value
    assert error.message.startswith(NEVER + told)
    assert "outside of the condition" in error.hint
    line = next(k for k, row in enumerate(body.splitlines()) if "barrier()" in row or "block_sum" in row)
    assert error.location is not None and (error.location.file, error.location.line) == ("k.py", 4 + line)
    assert "^" in str(error)


@pytest.mark.parametrize(
    ("body", "block"),
    [
        (under("n > 3"), ""),
        (under("block_id() == 0"), ""),
        (under("lane_id() < 16"), ""),
        (under("lane_id() < 32"), "block=32"),
        (under("lane_id() == 0"), "block=1"),
        (under("lane_id(1) == 0"), "block=(8, 1)"),
        (under("lane_id() == 0 or n > 3"), ""),
        (under("get_global_id() < n"), ""),
        (under("get_global_id() // 64 == 0"), ""),
        (under("y[0] == lane_id()"), ""),
        (under("y[get_global_id()] > 0"), ""),
        ("if get_global_id() >= n:\n    return\nbarrier()", ""),
        ("for k in range(n):\n    barrier()", ""),
        ("for k in range(lane_id()):\n    barrier()", ""),
        ("for k in range(4):\n    if lane_id() == k:\n        barrier()", ""),
        ("if lane_id() == 0:\n    y[0] = 1\nbarrier()", ""),
        (
            "s = 32\nwhile s > 0:\n    if lane_id() < s:\n        y[0] = 1\n    barrier()\n    s //= 2",
            "block=64",
        ),
        ("t = lane_id()\nif n > 2:\n    t = 0\nif t == 0:\n    barrier()", ""),
    ],
)
def test_what_may_be_right_is_left_to_the_run(body: str, block: str) -> None:
    verify(kernel(body, block))


PROGRAM = """
.program odd
.shared 16
.metadata "block" "{block}"
    mov_sreg.u32 r0, lane.x
    mov_imm.u32 r1, 5
    setlt.u32 p0, r0, r1
    bra.{guard} @end
    bar.sync 0
end:
"""


@pytest.mark.parametrize(
    ("block", "guard", "found"),
    [
        ("8", "p0", True),
        ("8", "!p0", True),
        ("2,2,2", "p0", False),
        ("5", "!p0", False),
        ("4096", "p0", True),
        ("4096", "!p0", False),
        ("1,x", "!p0", False),
    ],
)
def test_the_verifier_finds_them_in_programs(block: str, guard: str, found: bool) -> None:
    program = text.assemble(PROGRAM.format(block=block, guard=guard))
    if not found:
        verify(program)
        return
    with pytest.raises(VerificationError) as caught:
        verify(program)
    (finding,) = caught.value.findings
    assert finding.index == 4
    assert finding.message.startswith(NEVER)


def test_the_size_of_a_block_in_metadata() -> None:
    for written, size in (("32", (32,)), ("4,8", (4, 8)), ("", None), ("0", None), ("1,2,3,4", None), ("²", None)):
        program = text.assemble(PROGRAM.format(block=written, guard="!p0"))
        assert declared_block(program) == size
