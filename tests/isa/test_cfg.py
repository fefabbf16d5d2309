"""The control-flow graph against definitions: reachability, dominators by deletion, loops by hand."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.isa.cfg import EXIT, build_cfg, dominators, reverse_postorder
from hologram.isa.text import assemble

HEAD = ".program p\n setlt.u32 p0, r252, 4\n"


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, tuple[int, ...]]:
    """Successors of up to eight nodes; node 0 is the entry."""
    count = draw(st.integers(1, 8))
    targets = st.lists(st.integers(-1, count - 1), max_size=2, unique=True)
    return {node: tuple(draw(targets)) for node in range(count)}


def reachable(succs: dict[int, tuple[int, ...]], without: int | None = None) -> set[int]:
    """Nodes that a path from 0 reaches, not passing one node."""
    seen: set[int] = set()
    work = [0]
    while work:
        node = work.pop()
        if node not in seen and node not in (without, EXIT):
            seen.add(node)
            work.extend(succs[node])
    return seen


@settings(deadline=None)
@given(graphs())
def test_order_holds_each_reachable_node_once_and_forward_edges_go_forward(succs: dict[int, tuple[int, ...]]) -> None:
    order = reverse_postorder(0, succs)
    assert set(order) == reachable(succs)
    assert len(order) == len(set(order))
    assert order[0] == 0


@settings(deadline=None)
@given(graphs())
def test_a_dominator_is_a_node_no_path_avoids(succs: dict[int, tuple[int, ...]]) -> None:
    order = reverse_postorder(0, succs)
    preds: dict[int, list[int]] = {node: [p for p in order if node in succs[p]] for node in order}
    idom = dominators(order, preds)
    for node in order:
        chain = {node}
        walk = node
        while idom[walk] != walk:
            walk = idom[walk]
            chain.add(walk)
        assert chain == {d for d in order if d == node or node not in reachable(succs, without=d)}


def test_blocks_of_a_diamond() -> None:
    cfg = build_cfg(assemble(HEAD + " bra.p0 @a\n exit\na: bra @b\nb: exit"))
    assert {b.id: (b.start, b.end, b.succs) for b in cfg.blocks.values()} == {
        0: (0, 2, (2, 1)),
        1: (2, 3, (EXIT,)),
        2: (3, 4, (3,)),
        3: (4, 5, (EXIT,)),
    }
    assert cfg.dominates(2, 3)
    assert not cfg.dominates(1, 3)
    assert not cfg.loops


def test_unreachable_blocks_are_left_out() -> None:
    cfg = build_cfg(assemble(".program p\n exit\n exit\nend:"))
    assert list(cfg.blocks) == [0]


def test_a_branch_to_the_end_leaves() -> None:
    cfg = build_cfg(assemble(HEAD + " bra.p0 @end\n exit\nend:"))
    assert cfg.blocks[0].succs == (EXIT, 1)


def test_nested_loops() -> None:
    text = "outer: mov_imm.u32 r0, 1\ninner: loop r0, @inner\n bra.p0 @outer"
    cfg = build_cfg(assemble(HEAD + text))
    outer, inner = (cfg.blocks[b].id for b in (1, 2))
    assert set(cfg.loops) == {outer, inner}
    assert cfg.loops[inner].parent == outer
    assert cfg.loops[inner].body == {inner}
    assert cfg.loops[outer].body == {1, 2, 3}
    assert cfg.loops[outer].latches == (3,)
    assert cfg.loop_of(2) == cfg.loops[inner]
    assert cfg.loop_of(0) is None
    assert not cfg.irreducible


def test_a_loop_with_two_entries_is_irreducible() -> None:
    text = HEAD + " bra.p0 @two\none: setlt.u32 p1, r252, 1\ntwo: setlt.u32 p2, r252, 2\n bra.p2 @one"
    assert build_cfg(assemble(text)).irreducible


def test_an_empty_program_has_no_blocks() -> None:
    cfg = build_cfg(assemble(".program p\nend:"))
    assert not cfg.blocks
    assert not cfg.order
