"""Facts that hold on every path to a place, by iteration to a fixed point from the entry."""

from __future__ import annotations

from collections.abc import Callable, Collection

from hologram.isa.cfg import EXIT, Cfg
from hologram.isa.optimise.registers import reads, written

Facts = dict[int, int]
"""Something known about registers, by key; what is absent is not known."""


def forward(cfg: Cfg, through: Callable[[int, Facts], Collection[int]], entry: Facts | None = None) -> dict[int, Facts]:
    """What is known at the start of each block that control can come to.

    `through(block, facts)` changes the facts to those at the block's end and gives the successors control may take.
    Facts of several ways into a block are kept where all agree; ways not found open yet are no hindrance.
    """
    known: dict[int, Facts] = {cfg.order[0]: dict(entry or {})} if cfg.order else {}
    pending = set(known)
    while pending:
        for block in cfg.order:
            if block not in pending:
                continue
            pending.discard(block)
            facts = dict(known[block])
            for successor in through(block, facts):
                if successor == EXIT:
                    continue
                before = known.get(successor)
                met = facts if before is None else {k: v for k, v in before.items() if facts.get(k) == v}
                if before is None or len(met) != len(before):
                    known[successor] = dict(met)
                    pending.add(successor)
    return known


def live_after(cfg: Cfg) -> dict[int, frozenset[int]]:
    """The registers whose values some path still reads, at the end of each block."""
    needed: dict[int, frozenset[int]] = dict.fromkeys(cfg.order, frozenset())
    after: dict[int, frozenset[int]] = dict.fromkeys(cfg.order, frozenset())
    changed = True
    while changed:
        changed = False
        for block in reversed(cfg.order):
            after[block] = frozenset().union(*(needed[s] for s in cfg.blocks[block].succs if s != EXIT))
            live = set(after[block])
            for _, ins in reversed(cfg.code(block)):
                live.discard(-1 if (target := written(ins)) is None else target)
                live.update(reads(ins))
            if live != needed[block]:
                needed[block], changed = frozenset(live), True
    return after
