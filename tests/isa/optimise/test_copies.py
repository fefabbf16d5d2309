"""Copy propagation reads originals while they last."""

from __future__ import annotations

from hologram.isa.optimise import copies
from tests.isa.optimise.passes import after


def test_originals_are_read_instead() -> None:
    text = """
    mov_param.i32 r0, n
    mov.i32 r1, r0
    mov.i32 r2, r1
    add.i32 r3, r2, r1
    mov.i32 r3, r3
    """
    assert after(copies, text)[2:] == ["mov.i32 r2, r0", "add.i32 r3, r0, r0"]


def test_a_copy_ends_when_either_register_is_written() -> None:
    text = """
    mov_param.i32 r0, n
    mov.i32 r1, r0
    add.i32 r0, r0, 1
    add.i32 r2, r1, 1
    """
    assert after(copies, text)[3] == "add.i32 r2, r1, 1"


def test_a_copy_on_one_of_two_paths_is_none() -> None:
    text = """
    mov_param.i32 r0, n
    mov.i32 r1, r0
    setlt.i32 p0, r0, 3
    bra.p0 @join
    mov_imm.i32 r1, 4
join:
    add.i32 r2, r1, 1
    """
    assert after(copies, text)[-1] == "add.i32 r2, r1, 1"


def test_predicates_and_addresses_follow_too() -> None:
    text = """
    mov_param.i32 r0, n
    mov_param.u64 r1, out
    mov.u64 r2, r1
    setlt.i32 p0, r0, 3
    por p1, p0, p0
    bra.!p1 @end
    stg.i32 [r2 + 8], r0
end:
    """
    got = after(copies, text)
    assert "bra.!p0 @end" in got and "stg.i32 [r1 + 8], r0" in got


def test_runs_of_registers_keep_their_places() -> None:
    text = """
    mov_param.i32 r5, n
    mov.i32 r0, r5
    mov.i32 r1, r5
    reduce.add.i32 r2, r0, 2
    """
    assert after(copies, text)[-1] == "reduce.add.i32 r2, r0, 2"
