"""Loops seen one level at a time: nodes, joins, and where edges lead."""

from hologram.backends.llvm.structure import SINK, Structure
from hologram.isa.cfg import EXIT, build_cfg
from hologram.isa.text import assemble

NESTED = """.program p
.param n: i64
    mov_param.i64 r0, n
outer:
    setlt.i64 p0, r0, 1
    bra.p0 @done
inner:
    setlt.i64 p1, r0, 2
    bra.p1 @after
    setlt.i64 p2, r0, 3
    bra.p2 @gone
    sub.i64 r0, r0, 1
    bra @inner
after:
    sub.i64 r0, r0, 1
    bra @outer
gone:
    mov_imm.i64 r0, 7
done:
    mov_imm.i64 r1, 0
"""


def structure(text: str) -> tuple[Structure, dict[str, int]]:
    """The structure, and blocks by the label they start with."""
    program = assemble(text)
    cfg = build_cfg(program)
    starts = {cfg.blocks[b].start: b for b in cfg.order}
    return Structure(cfg), {name: starts[i] for name, i in program.labels.items() if i in starts}


def test_inner_loops_are_single_nodes_of_the_level_around() -> None:
    s, at = structure(NESTED)
    level = s.levels[at["outer"]]
    assert at["inner"] in level.order
    assert set(s.levels[at["inner"]].order) & set(level.order) == {at["inner"]}
    assert s.node(at["inner"] + 1, at["outer"]) == at["inner"]
    assert s.node(at["inner"], None) == at["outer"]


def test_edges_are_told_apart() -> None:
    s, at = structure(NESTED)
    inner = at["inner"]
    assert s.classify(inner, inner) == "continue"
    assert s.classify(at["after"], inner) == "leave"
    assert s.classify(at["after"], at["outer"]) == "node"
    assert s.classify(at["gone"], at["outer"]) == "leave"
    assert s.classify(EXIT, None) == "end"


def test_a_loop_may_lead_to_several_places() -> None:
    s, at = structure(NESTED)
    assert set(s.exits(at["inner"])) == {at["after"], at["gone"]}
    assert len(s.exit_sources(at["inner"])) == 2
    assert set(s.exits(at["outer"])) == {at["done"], at["gone"]}


def test_sides_meet_at_the_join_or_outside_of_the_level() -> None:
    s, at = structure(NESTED)
    assert s.levels[None].join[at["outer"]] == at["done"]
    assert s.levels[at["outer"]].join[at["inner"]] == SINK, "one way out of the inner loop leaves the outer one, too"


def test_if_and_else_meet_behind_both() -> None:
    text = """.program p
.param n: i64
    mov_param.i64 r0, n
    setlt.i64 p0, r0, 1
    bra.p0 @a
    mov_imm.i64 r1, 1
    bra @b
a:  mov_imm.i64 r1, 2
b:  add.i64 r2, r1, 1
"""
    s, at = structure(text)
    level = s.levels[None]
    assert level.join[level.order[0]] == at["b"]
    assert level.reachable(at["a"], at["b"]) == {at["a"]}
