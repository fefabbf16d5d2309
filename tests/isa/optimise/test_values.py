"""Value numbering computes a value once, where the first computation dominates and its register still holds it."""

from __future__ import annotations

from hologram.isa.optimise import copies, dead, rename, values
from tests.isa.optimise.passes import after, code_of, listing


def test_equal_values_are_copied() -> None:
    text = """
    mov_param.i32 r0, n
    mov_param.i32 r1, n
    add.i32 r2, r0, r1
    add.i32 r3, r1, r0
    mul.i32 r4, r2, r3
    mul.i32 r5, r3, r2
    setlt.i32 p0, r2, 5
    setlt.i32 p1, r3, 5
    setle.i32 p2, r3, 5
    """
    assert after(values, text) == [
        "mov_param.i32 r0, n",
        "mov.i32 r1, r0",
        "add.i32 r2, r0, r1",
        "mov.i32 r3, r2",
        "mul.i32 r4, r2, r3",
        "mov.i32 r5, r4",
        "setlt.i32 p0, r2, 5",
        "por p1, p0, p0",
        "setle.i32 p2, r3, 5",
    ]


def test_order_matters_where_it_matters() -> None:
    text = """
    mov_param.i32 r0, n
    mov_imm.i32 r1, 3
    sub.i32 r2, r0, r1
    sub.i32 r3, r1, r0
    """
    assert after(values, text)[2:] == ["sub.i32 r2, r0, r1", "sub.i32 r3, r1, r0"]


def test_a_side_does_not_dominate_what_follows_it() -> None:
    text = """
    mov_param.i32 r0, n
    setlt.i32 p0, r0, 3
    bra.p0 @join
    add.i32 r1, r0, 1
join:
    add.i32 r2, r0, 1
    """
    assert after(values, text)[-1] == "add.i32 r2, r0, 1"


def test_a_register_of_several_values_is_known_within_a_block_only() -> None:
    text = """
    mov_param.i32 r0, n
    add.i32 r1, r0, 1
    add.i32 r2, r0, 1
    add.i32 r0, r0, 5
    add.i32 r3, r0, 1
    setlt.i32 p0, r0, 3
    bra.p0 @join
join:
    add.i32 r4, r0, 1
    """
    got = after(values, text)
    assert got[2] == "mov.i32 r2, r1"
    assert got[4] == "add.i32 r3, r0, 1"
    assert got[-1] == "add.i32 r4, r0, 1"


def test_with_a_register_a_value_the_same_is_found_across_blocks() -> None:
    text = """
    mov_param.i32 r0, n
    add.i32 r1, r0, 1
    mov_param.i32 r0, n
    setlt.i32 p0, r1, 3
    bra.p0 @end
    add.i32 r1, r0, 1
    mov_param.u64 r2, out
    stg.i32 [r2 + 0], r1
end:
    """
    code = code_of(text)
    for each in (rename, values, copies, values, copies, dead):
        code = code.edited(each(code))
    assert listing(code) == [
        "mov_param.i32 r0, n",
        "add.i32 r1, r0, 1",
        "setlt.i32 p0, r1, 3",
        "bra.p0 @end",
        "mov_param.u64 r2, out",
        "stg.i32 [r2 + 0], r1",
        "end:",
    ]


def test_loads_and_divisions_that_may_fault_are_done_as_often_as_written() -> None:
    text = """
    mov_param.u64 r0, x
    mov_param.i32 r1, n
    ldg.i32 r2, [r0 + 0]
    ldg.i32 r3, [r0 + 0]
    div.i32 r4, r1, r2
    div.i32 r5, r1, r2
    div.i32 r6, r1, 3
    div.i32 r7, r1, 3
    """
    got = after(values, text)
    assert got[:7] == [line.strip() for line in text.strip().splitlines()][:7]
    assert got[7] == "mov.i32 r7, r6"
