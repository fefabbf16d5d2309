"""Webs: which definitions are one value, which values stay inside a block, and what is alive where."""

from hologram.backends.llvm import flow
from hologram.backends.llvm.flow import Flow
from hologram.isa.cfg import build_cfg
from hologram.isa.text import assemble


def webs(body: str) -> Flow:
    return flow.analyse(build_cfg(assemble(f".program p\n.param n: i64\n.param y: i64[1] rw\n{body}")))


BRANCH = """
    mov_sreg.i64 r0, global.x
    mov_param.i64 r1, n
    setlt.i64 p0, r0, r1
    mov_imm.i64 r2, 1
    bra.p0 @skip
    mov_imm.i64 r2, 2
skip:
    add.i64 r3, r2, r0
"""


def test_definitions_that_meet_in_a_use_are_one_web() -> None:
    found = webs(BRANCH)
    assert found.written[3] is found.written[5] is found.read[6, "a"]
    assert found.written[3].defs == [3, 5] and found.written[3].uses == [6]


def test_a_register_used_again_for_something_else_is_another_web() -> None:
    found = webs("mov_imm.i64 r0, 1\nadd.i64 r1, r0, 2\nmov_imm.f32 r0, 1.0\nadd.f32 r2, r0, r0\n")
    assert found.written[0] is not found.written[2]
    assert (found.read[1, "a"].type, found.read[3, "a"].type) == (found.written[0].type, found.written[2].type)


def test_only_single_definitions_used_in_their_own_block_are_local() -> None:
    found = webs(BRANCH)
    local = {i: web.local for i, web in found.written.items()}
    assert local == {0: False, 1: True, 2: True, 3: False, 5: False, 6: True}


def test_the_counter_of_loop_keeps_one_web_from_start_to_end() -> None:
    found = webs("mov_imm.u32 r0, 3\nmov_imm.i64 r1, 0\nagain:\nadd.i64 r1, r1, 1\nloop r0, @again\n")
    assert found.read[3, "count"] is found.written[0] is found.written[3]


def test_a_value_carried_round_a_loop_is_one_web_and_alive_at_its_header() -> None:
    found = webs("mov_imm.u32 r0, 3\nmov_imm.i64 r1, 0\nagain:\nadd.i64 r1, r1, 1\nloop r0, @again\n")
    carried = found.read[2, "a"]
    assert carried is found.written[1] is found.written[2]
    header = found.block_of[2]
    assert {carried.id, found.written[0].id} <= found.live_in[header]
    assert found.live_in[found.block_of[0]] == frozenset()


def test_special_registers_are_defined_on_entry() -> None:
    found = webs("mov.u32 r0, r252\n")
    assert found.read[0, "a"].defs == [flow.ENTRY] and not found.read[0, "a"].local


def test_a_fold_reads_every_register_of_its_run() -> None:
    found = webs("mov_imm.i32 r4, 1\nmov_imm.i32 r5, 2\nreduce.add.i32 r0, r4, 2\n")
    assert [found.read[2, f"base{k}"] for k in range(2)] == [found.written[0], found.written[1]]
