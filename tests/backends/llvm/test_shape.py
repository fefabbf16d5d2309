"""Which values are equal in all lanes, which step from lane to lane, and which vary."""

import pytest

from hologram.backends.llvm import flow, shape
from hologram.isa.cfg import build_cfg
from hologram.isa.text import assemble

HEAD = """.program p
.param n: i64
.param k: i64
.param x: i64[1] r
"""
START = "mov_sreg.i64 r0, global.x\nmov_param.i64 r1, n\nmov_param.u64 r9, x\n"


def strides(body: str) -> dict[int, int | None]:
    """Stride of what each instruction writes, counted from the first of `body`."""
    cfg = build_cfg(assemble(HEAD + START + body))
    values = flow.analyse(cfg)
    shapes = shape.analyse(cfg, values)
    return {i - 3: shapes.of(web) for i, web in values.written.items()}


@pytest.mark.parametrize(
    ("code", "stride"),
    [
        ("mov.i64 r2, r0", 1),
        ("mov_sreg.i64 r2, global.y", 0),
        ("add.i64 r2, r0, r1", 1),
        ("sub.i64 r2, r1, r0", -1),
        ("mul.i64 r2, r0, 12", 12),
        ("mul.i64 r2, r1, r1", 0),
        ("mul.i64 r2, r0, r1", None),  # by an unknown number
        ("mul.i64 r2, r0, r0", None),
        ("shl.i64 r2, r0, 3", 8),
        ("shr.i64 r2, r0, 3", None),
        ("and.i64 r2, r0, 7", None),
        ("neg.i64 r2, r0", -1),
        ("mad.i64 r2, r1, r1, r0", 1),
        ("cvt.u8.i64 r2, r0", 1),  # the low bits step as well
        ("cvt.f32.i64 r2, r0", None),
        ("max.i64 r2, r0, 0", None),
        ("ldg.i64 r2, [r9 + r1]", 0),
        ("ldg.i64 r2, [r9 + r0]", None),
    ],
)
def test_one_instruction(code: str, stride: int | None) -> None:
    assert strides(code)[0] == stride


def test_widening_a_narrow_number_may_pass_its_end_in_the_middle_of_a_strip() -> None:
    assert strides("cvt.u8.i64 r2, r0\ncvt.i64.u8 r3, r2\n")[1] is None


def test_a_uniform_branch_leaves_values_uniform() -> None:
    found = strides("setlt.i64 p0, r1, 5\nmov_imm.i64 r2, 1\nbra.p0 @a\nmov_imm.i64 r2, 2\na:\nadd.i64 r3, r2, 0\n")
    assert (found[1], found[3], found[4]) == (0, 0, 0)


def test_a_divergent_branch_makes_what_it_decides_vary_and_nothing_else() -> None:
    body = """setlt.i64 p0, r0, 5
    mov_imm.i64 r2, 1
    mov_imm.i64 r3, 1
    bra.p0 @a
    mov_imm.i64 r2, 2
    add.i64 r4, r3, 1
a:  add.i64 r5, r2, r3
"""
    found = strides(body)
    assert found[4] is None, "lanes that meet again disagree"
    assert found[2] == 0 and found[5] == 0, "not written, or not needed, beyond the branch"


def test_a_counter_of_a_loop_with_a_divergent_exit_is_uniform_inside_and_varies_outside() -> None:
    body = """mov_imm.i64 r2, 0
    mov_imm.i64 r3, 0
again:
    add.i64 r2, r2, 1
    add.i64 r3, r3, 1
    setlt.i64 p0, r3, r0
    bra.p0 @again
    add.i64 r4, r2, 0
"""
    found = strides(body)
    assert found[2] is None, "lanes leave in different rounds"
    assert found[3] == 0, "only the lanes still in the loop look at it"


def test_a_value_that_steps_on_both_ways_into_a_loop_keeps_its_stride() -> None:
    body = """mov.i64 r2, r0
again:
    add.i64 r2, r2, 4
    setlt.i64 p0, r1, 3
    bra.p0 @again
"""
    assert strides(body)[1] == 1


def test_assumptions_reach_the_analysis() -> None:
    cfg = build_cfg(assemble(HEAD + START + "setlt.i64 p0, r0, r1\n"))
    values = flow.analyse(cfg)
    assert shape.analyse(cfg, values, decided={3: True}).of(values.written[3]) == 0
