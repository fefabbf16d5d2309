"""Control-flow graph of a program: basic blocks, dominators, post-dominators, natural loops."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hologram.isa.operands import Label, Pred
from hologram.isa.program import Instruction, Program

EXIT = -1


@dataclass(slots=True)
class Block:
    """Instructions [start, end); `succs` are block numbers, EXIT (-1) is the end of the program.

    A conditional block lists the taken target first, the fall-through second.
    """

    id: int
    start: int
    end: int
    succs: tuple[int, ...] = ()
    preds: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Loop:
    """A natural loop: header, all its blocks (inner loops included), latches, parent header or None."""

    header: int
    body: frozenset[int]
    latches: tuple[int, ...]
    parent: int | None


@dataclass(frozen=True)
class Cfg:
    """The graph of the blocks reachable from the entry; `order` is a reverse post-order."""

    program: Program
    blocks: Mapping[int, Block]
    order: tuple[int, ...]
    idom: Mapping[int, int]
    loops: Mapping[int, Loop]
    irreducible: frozenset[int]

    def dominates(self, a: int, b: int) -> bool:
        """True when every path from the entry to b passes a."""
        while b != a and self.idom.get(b, b) != b:
            b = self.idom[b]
        return a == b

    def loop_of(self, block: int) -> Loop | None:
        """The innermost loop that contains a block."""
        inside = [loop for loop in self.loops.values() if block in loop.body]
        return min(inside, key=lambda loop: len(loop.body)) if inside else None

    def code(self, block: int) -> Sequence[tuple[int, Instruction]]:
        """(index, instruction) pairs of a block."""
        b = self.blocks[block]
        return [(i, self.program.instructions[i]) for i in range(b.start, b.end)]


def targets(program: Program, index: int) -> list[int]:
    """Instruction indices control may go to after one instruction (the length means the end)."""
    ins, end = program.instructions[index], len(program.instructions)
    following = index + 1
    if ins.op == "EXIT":
        return [end]
    if ins.op in ("BRA", "LOOP"):
        label = next(a for a in ins.args if isinstance(a, Label))
        target = program.labels[label.name]
        conditional = ins.op == "LOOP" or isinstance(ins.args[1], Pred)
        return [target, following] if conditional else [target]
    return [following]


def build_cfg(program: Program) -> Cfg:
    """The graph of a program without CALL/RET (`isa.inline` takes them out before)."""
    code, end = program.instructions, len(program.instructions)
    leaders = {0, *(i for i in program.labels.values())}
    for i, ins in enumerate(code):
        if ins.spec.is_barrier:
            leaders.add(i + 1)
        if ins.spec.is_terminator:
            leaders.update((i + 1, *targets(program, i)))
    starts = sorted(i for i in leaders if i < end)
    number = {start: k for k, start in enumerate(starts)}
    blocks = {}
    for k, start in enumerate(starts):
        stop = starts[k + 1] if k + 1 < len(starts) else end
        succs = tuple(dict.fromkeys(number.get(t, EXIT) for t in targets(program, stop - 1)))
        blocks[k] = Block(k, start, stop, succs)
    return _graph(program, blocks, 0)


def between_barriers(cfg: Cfg, start: int) -> Cfg:
    """What runs from a block on until the next barriers, which end it."""
    blocks = {}
    for b in cfg.blocks.values():
        waits = cfg.program.instructions[b.end - 1].spec.is_barrier
        blocks[b.id] = Block(b.id, b.start, b.end, (EXIT,) if waits else b.succs)
    return _graph(cfg.program, blocks, start)


def _graph(program: Program, blocks: Mapping[int, Block], entry: int) -> Cfg:
    order = reverse_postorder(entry, {b.id: b.succs for b in blocks.values()}) if blocks else []
    blocks = {k: blocks[k] for k in order}
    for block in blocks.values():
        for s in block.succs:
            if s != EXIT:
                blocks[s].preds.append(block.id)
    idom = dominators(order, {b.id: b.preds for b in blocks.values()})
    loops, irreducible = _loops(blocks, order, idom)
    return Cfg(program, blocks, tuple(order), idom, loops, irreducible)


def reverse_postorder(entry: int, succs: Mapping[int, Sequence[int]]) -> list[int]:
    """Nodes reachable from the entry, each before its successors but for back edges."""
    seen, out = {entry}, []
    stack = [(entry, iter(succs[entry][::-1]))]
    while stack:
        node, rest = stack[-1]
        for s in rest:
            if s != EXIT and s in succs and s not in seen:
                seen.add(s)
                stack.append((s, iter(succs[s][::-1])))
                break
        else:
            out.append(node)
            stack.pop()
    return out[::-1]


def dominators(order: Sequence[int], preds: Mapping[int, Collection[int]]) -> dict[int, int]:
    """Immediate dominators (Cooper, Harvey, Kennedy); the entry is its own."""
    position = {b: i for i, b in enumerate(order)}
    idom: dict[int, int] = {order[0]: order[0]} if order else {}
    changed = True
    while changed:
        changed = False
        for b in order[1:]:
            new: int | None = None
            for p in preds[b]:
                if p in idom:
                    new = p if new is None else _meet(p, new, idom, position)
            if new is not None and idom.get(b) != new:
                idom[b], changed = new, True
    return idom


def _meet(a: int, b: int, idom: Mapping[int, int], position: Mapping[int, int]) -> int:
    while a != b:
        while position[a] > position[b]:
            a = idom[a]
        while position[b] > position[a]:
            b = idom[b]
    return a


def _loops(
    blocks: Mapping[int, Block], order: Sequence[int], idom: Mapping[int, int]
) -> tuple[dict[int, Loop], frozenset[int]]:
    position = {b: i for i, b in enumerate(order)}
    latches: dict[int, list[int]] = {}
    irreducible = set()
    for b in blocks.values():
        for s in b.succs:
            if s == EXIT or position[s] > position[b.id]:
                continue
            node = b.id
            while node != s and idom[node] != node:
                node = idom[node]
            if node == s:
                latches.setdefault(s, []).append(b.id)
            else:
                irreducible.add(s)
    bodies = {}
    for header, sources in latches.items():
        body, work = {header}, list(sources)
        while work:
            node = work.pop()
            if node not in body:
                body.add(node)
                work.extend(blocks[node].preds)
        bodies[header] = frozenset(body)
    loops = {}
    for header, members in bodies.items():
        around = [h for h, other in bodies.items() if h != header and header in other]
        parent = min(around, key=lambda h: len(bodies[h])) if around else None
        loops[header] = Loop(header, members, tuple(latches[header]), parent)
    return loops, frozenset(irreducible)
