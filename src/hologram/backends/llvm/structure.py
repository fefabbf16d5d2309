"""The control-flow graph seen one loop at a time: inner loops collapse to single nodes, so each level is acyclic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hologram.isa.cfg import EXIT, Cfg, Loop, dominators, reverse_postorder

CONTINUE = -2
SINK = -3


@dataclass(frozen=True)
class Level:
    """One loop's body (or the whole program, `loop` None) as an acyclic graph.

    Nodes are blocks, or headers of inner loops standing for the whole inner loop. Edges that leave the level,
    end the program or go back to the header lead to no node: see `Structure.classify`.
    """

    loop: Loop | None
    order: tuple[int, ...]
    succs: Mapping[int, tuple[int, ...]]
    join: Mapping[int, int]

    def reachable(self, start: int, stop: int) -> frozenset[int]:
        """Nodes on the way from start, without going through stop."""
        seen: set[int] = set()
        work = [start]
        while work:
            node = work.pop()
            if node == stop or node not in self.succs or node in seen:
                continue
            seen.add(node)
            work.extend(self.succs[node])
        return frozenset(seen)


class Structure:
    """All levels of a reducible control-flow graph."""

    def __init__(self, cfg: Cfg) -> None:
        self.cfg = cfg
        self._level_of = {b: loop.header if (loop := cfg.loop_of(b)) else None for b in cfg.order}
        self.levels: dict[int | None, Level] = {h: self._level(h) for h in [None, *cfg.loops]}

    def node(self, block: int, level: int | None) -> int:
        """The node that stands for a block on a level: itself or the header of the inner loop around it."""
        current = self._level_of[block]
        node = block
        while current != level:
            assert current is not None
            node = current
            current = self.cfg.loops[current].parent
        return node

    def classify(self, target: int, level: int | None) -> str:
        """Where an edge to `target` leads, seen from a level: "node", "continue", "leave" or "end"."""
        if target == EXIT:
            return "end"
        if target == level:
            return "continue"
        return "node" if level is None or target in self.cfg.loops[level].body else "leave"

    def exits(self, header: int) -> tuple[int, ...]:
        """Blocks outside a loop that its edges lead to (EXIT included), without repeats."""
        body = self.cfg.loops[header].body
        found = [s for b in self.cfg.order if b in body for s in self.cfg.blocks[b].succs if s not in body]
        return tuple(dict.fromkeys(found))

    def exit_sources(self, header: int) -> list[int]:
        """Blocks of a loop with an edge that leaves it."""
        body = self.cfg.loops[header].body
        return [b for b in body if any(s not in body for s in self.cfg.blocks[b].succs)]

    def _level(self, header: int | None) -> Level:
        members = [b for b in self.cfg.order if header is None or b in self.cfg.loops[header].body]
        nodes = [b for b in members if self.node(b, header) == b]
        succs = {}
        for node in nodes:
            inner = node in self.cfg.loops and node != header
            leads = self.exits(node) if inner else self.cfg.blocks[node].succs
            succs[node] = tuple(t for t in leads if self.classify(t, header) == "node")
        order = tuple(n for n in reverse_postorder(nodes[0], succs)) if nodes else ()
        return Level(
            self.cfg.loops[header] if header is not None else None, order, succs, self._joins(order, succs, header)
        )

    def _joins(
        self, order: tuple[int, ...], succs: Mapping[int, tuple[int, ...]], header: int | None
    ) -> dict[int, int]:
        """Immediate post-dominators inside a level; SINK where the sides meet only outside of it."""
        forward: dict[int, list[int]] = {}
        for node in order:
            inner = node in self.cfg.loops and node != header
            leads = self.exits(node) if inner else self.cfg.blocks[node].succs
            out = [t if self.classify(t, header) == "node" else SINK for t in leads]
            forward[node] = list(dict.fromkeys(out)) or [SINK]
        back: dict[int, list[int]] = {SINK: [], **{n: [] for n in order}}
        for node, targets in forward.items():
            for t in targets:
                back[t].append(node)
        reverse = reverse_postorder(SINK, back)
        kept = set(reverse)
        idom = dominators(reverse, {n: [t for t in forward.get(n, []) if t in kept] for n in reverse})
        return {n: idom.get(n, SINK) for n in order}
