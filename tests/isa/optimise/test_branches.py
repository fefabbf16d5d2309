"""Branches become shorter; what control cannot come to goes, unless it counts even so."""

from __future__ import annotations

from hologram.isa.optimise import branches
from tests.isa.optimise.passes import after, code_of


def test_unreachable_code_goes() -> None:
    text = """
    bra @end
    mov_imm.i32 r0, 1
end:
    exit
    mov_imm.i32 r0, 2
    """
    assert after(branches, text) == ["bra @end", "end:", "exit"]
    assert after(branches, text, times=2) == ["exit"]


def test_unreachable_reductions_and_barriers_keep_the_code() -> None:
    for pinned in ("gred_add.i32 [out + 0], r0", "bar.sync 0", "bred_add.i32 r0, r0"):
        text = f"""
        mov_imm.i32 r0, 1
        exit
        {pinned}
        """
        assert len(after(branches, text)) == 3


def test_jumps_to_jumps_go_to_the_end_of_the_chain() -> None:
    text = """
    mov_param.i32 r0, n
    setlt.i32 p0, r0, 3
    bra.p0 @first
    add.i32 r0, r0, 1
    exit
first:
    bra @second
    exit
second:
    bra @third
    exit
third:
    add.i32 r0, r0, 2
    """
    assert after(branches, text, times=4) == [
        "mov_param.i32 r0, n",
        "setlt.i32 p0, r0, 3",
        "bra.p0 @third",
        "add.i32 r0, r0, 1",
        "exit",
        "third:",
        "add.i32 r0, r0, 2",
    ]


def test_a_jump_over_a_jump_is_one_with_the_opposite_condition() -> None:
    text = """
    mov_param.i32 r0, n
    setlt.i32 p0, r0, 3
    bra.p0 @inside
    bra @end
inside:
    add.i32 r0, r0, 1
end:
    """
    assert after(branches, text)[2:] == ["bra.!p0 @end", "add.i32 r0, r0, 1", "end:"]


def test_a_chain_that_never_ends_is_left_alone() -> None:
    code = code_of("a:\n    bra @b\nb:\n    bra @a\n")
    assert len(code.edited(branches(code)).instructions) >= 1
