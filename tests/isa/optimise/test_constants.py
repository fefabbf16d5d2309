"""Constant propagation folds what is known on every path, to the bit, and nothing that faults."""

from __future__ import annotations

from hologram.isa.optimise import constants
from tests.isa.optimise.passes import after


def test_results_and_operands_that_are_known() -> None:
    text = """
    mov_imm.i32 r0, 6
    mov_imm.i32 r1, 7
    mul.i32 r2, r0, r1
    mov_param.i32 r3, n
    add.i32 r4, r2, r3
    sub.i32 r5, r3, r2
    """
    assert after(constants, text)[2:] == [
        "mov_imm.i32 r2, 42",
        "mov_param.i32 r3, n",
        "add.i32 r4, r3, 42",  # the operands of an addition change places, those of a subtraction do not
        "sub.i32 r5, r3, 42",
    ]


def test_floats_are_folded_as_a_launch_computes_them() -> None:
    text = """
    mov_imm.f32 r0, 0x7f800000
    mov_imm.f32 r1, 0.0
    mul.f32 r2, r0, r1
    neg.f32 r3, r1
    add.f32 r4, r3, -0.0
    mov_imm.f16 r5, 2049.0
    add.f16 r6, r5, 1.0
    exp.f32 r7, r1
    """
    got = after(constants, text)
    assert got[2].startswith("mov_imm.f32 r2, 0x") and int(got[2].split("0x")[1], 16) & 0x7FC00000 == 0x7FC00000
    assert got[3:] == [
        "mov_imm.f32 r3, -0.0",
        "mov_imm.f32 r4, -0.0",
        "mov_imm.f16 r5, 2048.0",
        "mov_imm.f16 r6, 2048.0",
        "mov_imm.f32 r7, 1.0",
    ]


def test_no_law_of_arithmetic_is_used() -> None:
    text = """
    mov_param.f32 r0, f
    mul.f32 r1, r0, 0.0
    sub.f32 r2, r0, r0
    add.f32 r3, r0, 0.0
    """
    assert after(constants, text) == [line.strip() for line in text.strip().splitlines()]


def test_a_division_that_faults_stays() -> None:
    text = """
    mov_imm.i32 r0, 6
    mov_imm.i32 r1, 0
    mov_imm.i32 r2, 4
    div.i32 r3, r0, r1
    rem.i32 r4, r0, r2
    """
    assert after(constants, text)[3:] == ["div.i32 r3, r0, 0", "mov_imm.i32 r4, 2"]


def test_known_conditions_decide_branches_and_selections() -> None:
    text = """
    mov_imm.i32 r0, 6
    setlt.i32 p0, r0, 7
    pnot p1, p0
    mov_param.i32 r1, n
    sel.i32 r2, p1, r0, r1
    bra.p1 @never
    bra.p0 @always
    mov_imm.i32 r0, 1
never:
    mov_imm.i32 r0, 2
always:
    add.i32 r3, r1, r0
    """
    got = after(constants, text)
    assert got[1] == "setlt.i32 p0, r0, 7"
    assert got[4:6] == ["mov.i32 r2, r1", "bra @always"]
    assert got[-1] == "add.i32 r3, r1, 6"  # what the side that is never taken writes does not count


def test_loops_keep_what_every_round_agrees_on() -> None:
    text = """
    mov_imm.i32 r0, 3
    mov_imm.i32 r1, 0
again:
    mov_imm.i32 r2, 3
    add.i32 r1, r1, r0
    add.i32 r3, r2, r0
    setlt.i32 p0, r1, 9
    bra.p0 @again
    """
    got = after(constants, text)
    assert got[4:7] == ["add.i32 r1, r1, 3", "mov_imm.i32 r3, 6", "setlt.i32 p0, r1, 9"]


def test_a_reduction_over_the_launch_is_never_cut_off() -> None:
    text = """
    mov_imm.i32 r0, 0
    seteq.i32 p0, r0, 0
    bra.p0 @out
    gred_add.i32 [out + 0], r0
out:
    """
    assert "bra.p0 @out" in after(constants, text)  # it stores 0, though no lane comes to it
