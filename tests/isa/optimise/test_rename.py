"""Values get registers of their own; runs of registers, loop counts and special registers stay."""

from __future__ import annotations

from hologram.isa.builder import GENERAL_REGISTERS
from hologram.isa.optimise import rename
from tests.isa.optimise.passes import after


def test_each_value_has_its_register() -> None:
    text = """
    mov_param.i32 r0, n
    add.i32 r0, r0, 1
    add.i32 r0, r0, 2
    setlt.i32 p0, r0, 3
    setlt.i32 p0, r0, 4
    """
    assert after(rename, text) == [
        "mov_param.i32 r0, n",
        "add.i32 r1, r0, 1",
        "add.i32 r2, r1, 2",
        "setlt.i32 p0, r2, 3",
        "setlt.i32 p1, r2, 4",
    ]


def test_definitions_that_meet_at_a_use_are_one_value() -> None:
    text = """
    mov_param.i32 r0, n
    setlt.i32 p0, r0, 3
    mov_imm.i32 r1, 1
    bra.p0 @join
    mov_imm.i32 r1, 2
join:
    add.i32 r1, r1, 1
    add.i32 r2, r1, 1
    """
    assert after(rename, text)[2:] == [
        "mov_imm.i32 r1, 1",
        "bra.p0 @join",
        "mov_imm.i32 r1, 2",
        "join:",
        "add.i32 r3, r1, 1",
        "add.i32 r2, r3, 1",
    ]


def test_counts_runs_and_special_registers_stay() -> None:
    text = """
    mov_imm.u32 r0, 3
again:
    mov.u32 r1, r252
    mov.u32 r2, r0
    reduce.add.u32 r1, r1, 2
    loop r0, @again
    """
    assert after(rename, text) == [line.strip() for line in text.strip().splitlines()]


def test_without_free_registers_names_are_kept() -> None:
    lines = [f"mov_imm.i32 r{k}, {k}" for k in range(GENERAL_REGISTERS)]
    lines += [f"add.i32 r{k}, r{k}, 1" for k in range(GENERAL_REGISTERS)]
    assert after(rename, "\n".join(lines)) == lines
