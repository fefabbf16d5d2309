"""Dead code goes, effects stay."""

from __future__ import annotations

from hologram.isa.optimise import dead
from tests.isa.optimise.passes import after


def test_what_nothing_reads_goes_with_all_that_led_to_it() -> None:
    text = """
    mov_param.i32 r0, n
    add.i32 r1, r0, 1
    mul.i32 r2, r1, r1
    setlt.i32 p0, r2, 3
    mov_param.u64 r3, out
    stg.i32 [r3 + 0], r0
    """
    assert after(dead, text) == ["mov_param.i32 r0, n", "mov_param.u64 r3, out", "stg.i32 [r3 + 0], r0"]


def test_effects_stay() -> None:
    text = """
    mov_param.u64 r0, x
    mov_param.i32 r1, n
    ldg.i32 r2, [r0 + 0]
    div.i32 r3, r1, r1
    div.i32 r4, r1, 3
    rem.i32 r5, r1, 0
    mov_imm.f32 r6, 1.0
    div.f32 r7, r6, 0.0
    phase.adv 3
    bar.sync 0
    """
    assert after(dead, text) == [
        "mov_param.u64 r0, x",
        "mov_param.i32 r1, n",
        "ldg.i32 r2, [r0 + 0]",  # may lie outside of x
        "div.i32 r3, r1, r1",  # may fault
        "rem.i32 r5, r1, 0",  # does
        "phase.adv 3",
        "bar.sync 0",
    ]


def test_a_value_that_only_feeds_itself_goes() -> None:
    text = """
    mov_imm.i32 r0, 0
    mov_imm.i32 r1, 0
    mov_param.i32 r2, n
again:
    add.i32 r0, r0, 1
    add.i32 r1, r1, r0
    setlt.i32 p0, r0, r2
    bra.p0 @again
    """
    assert after(dead, text) == [
        "mov_imm.i32 r0, 0",
        "mov_param.i32 r2, n",
        "again:",
        "add.i32 r0, r0, 1",
        "setlt.i32 p0, r0, r2",
        "bra.p0 @again",
    ]


def test_a_value_written_over_before_any_read_goes() -> None:
    text = """
    mov_imm.i32 r0, 1
    mov_imm.i32 r0, 2
    mov_param.u64 r1, out
    stg.i32 [r1 + 0], r0
    """
    assert after(dead, text)[0] == "mov_imm.i32 r0, 2"
