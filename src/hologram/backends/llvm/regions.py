"""Control flow of a strip: uniform branches stay branches, divergent ones run their sides under masks.

Each loop level is walked along its join points. The two sides of a branch that share no block become nested
code; sides that share blocks (short-circuit conditions, ``continue`` out of nested conditions) are laid out in
order, every block under the mask of the lanes that reach it. A loop that all lanes leave together is a plain
loop; any other repeats while a lane is active.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hologram.backends.llvm import watch
from hologram.backends.llvm.ir import Value, vector
from hologram.backends.llvm.lanes import any_lane
from hologram.backends.llvm.memory import row_pointers
from hologram.backends.llvm.strip import Mask, Strip
from hologram.backends.llvm.structure import SINK, Level, Structure
from hologram.backends.llvm.tiles import TiledLoop, load_tile
from hologram.isa.cfg import EXIT
from hologram.isa.operands import Pred
from hologram.types import Type


@dataclass(slots=True)
class Frame:
    """The loop being emitted: where its edges go (labels of a plain loop, or mask cells of a divergent one)."""

    header: int | None
    next_label: str = ""
    exit_label: str = ""
    next_mask: str = ""
    exit_masks: dict[int, str] = field(default_factory=dict)
    depth: int = 0

    @property
    def plain(self) -> bool:
        return bool(self.next_label)


class Walker:
    """Emits all blocks of a program for one strip."""

    def __init__(self, strip: Strip, structure: Structure, tiles: Mapping[int, TiledLoop]) -> None:
        self.s, self.w, self.structure, self.tiles = strip, strip.w, structure, tiles
        self.cfg, self.flow, self.shapes = strip.cfg, strip.flow, strip.shapes
        self.frames = [Frame(None)]

    def run(self) -> None:
        """Emit the program from its entry under the strip's mask."""
        if self.cfg.order:
            self.path(None, self.cfg.order[0], SINK, self.s.mask)

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    # Paths ------------------------------------------------------------------------------------------------

    def path(self, header: int | None, start: int, stop: int, mask: Mask | None) -> Mask | None:
        """Emit from `start` until `stop`; gives the mask with which `stop` is reached, None when no lane does."""
        level, node = self.structure.levels[header], start
        while mask is not None and node != stop and self.w.open:
            if mask.may_be_empty:
                return self._guarded(header, node, stop, mask)
            if node in self.cfg.loops and node != header:
                edges = self._loop(node, mask)
            else:
                edges = self._block(node, mask)
            join = level.join[node]
            mask = self._edges(level, edges, join, mask)
            node = join
        return mask if self.w.open else None

    def _guarded(self, header: int | None, node: int, stop: int, mask: Mask) -> Mask | None:
        """Emit the rest of a path only if a lane is left."""
        assert mask.ref is not None
        cell = self._mask_cell()
        go, done = self.w.name("some"), self.w.name("none")
        self.w.branch(any_lane(self.w, mask.ref), go, done)
        self.w.label(go)
        rest = self.path(header, node, stop, Mask(mask.ref))
        if rest is not None and stop != SINK:
            self.w.line(f"store {self._ref(rest)}, ptr {cell}")
        self.w.label(done)
        return self._load_mask(cell) if rest is not None and stop != SINK else None

    def _block(self, block: int, mask: Mask) -> list[tuple[int, Value | None]]:
        """Emit a block's instructions; gives its edges as (target, condition or None)."""
        self.s.mask = mask
        b = self.cfg.blocks[block]
        last = self.cfg.program.instructions[b.end - 1]
        for i, ins in self.cfg.code(block):
            if ins.op not in ("BRA", "EXIT", "LOOP"):
                self.s.emit(i, ins)
        watch.count_steps(self.s, b.end - 1, b.end - b.start)
        if len(b.succs) == 1:
            return [(b.succs[0], None)]
        condition = self._count_down(b.end - 1) if last.op == "LOOP" else self._guard(b.end - 1)
        m = self.s.vector if condition.lanes else self.s.scalar
        return [(b.succs[0], condition), (b.succs[1], m.mask_not(condition))]

    def _guard(self, i: int) -> Value:
        guard = self.cfg.program.instructions[i].args[1]
        assert isinstance(guard, Pred)
        web = self.flow.read[i, "guard"]
        condition = self.s.load(web)
        m = self.s.vector if condition.lanes else self.s.scalar
        return m.mask_not(condition) if guard.negated else condition

    def _count_down(self, i: int) -> Value:
        """LOOP: true and one less while the counter is above zero."""
        web = self.flow.read[i, "count"]
        old = self.s.load(web)
        m = self.s.vector if old.lanes else self.s.scalar
        positive = m.compare("ne", Type.U32, old, m.const(Type.U32, 0))
        less = m.select(Type.U32, positive, m.sub(Type.U32, old, m.const(Type.U32, 1)), old)
        self.s.store(web, less, None if old.lanes else 0)
        return positive

    # Edges ------------------------------------------------------------------------------------------------

    def _edges(self, level: Level, edges: list[tuple[int, Value | None]], join: int, mask: Mask) -> Mask | None:
        """Follow a node's edges until they meet at `join`."""
        header = level.loop.header if level.loop else None
        if len(edges) == 1:
            target, condition = edges[0]
            return self._follow(header, target, join, mask if condition is None else self._under(mask, condition))
        sides = [level.reachable(t, join) for t, _ in edges]
        if any(sides[a] & sides[b] for a in range(len(sides)) for b in range(a)):
            return self._laid_out(level, edges, frozenset().union(*sides), join, mask)
        uniform = len(edges) == 2 and all(c is not None and not c.lanes for _, c in edges)
        return self._uniform(header, edges, join, mask) if uniform else self._divergent(header, edges, join, mask)

    def _follow(self, header: int | None, target: int, join: int, mask: Mask) -> Mask | None:
        """Take one edge: to a node of the level, around the loop, out of it, or to the end."""
        if target == join:
            return mask
        kind = self.structure.classify(target, header)
        if kind == "node":
            return self.path(header, target, join, mask)
        if kind == "end" and header is None:
            return None
        if kind == "continue":
            self._continue(mask)
        else:
            self._leave(target, mask)
        return None

    def _continue(self, mask: Mask) -> None:
        frame = self.frame
        if frame.next_mask:
            self._add(frame.next_mask, mask)
        elif frame.depth == 0:
            self.w.jump(frame.next_label)

    def _leave(self, target: int, mask: Mask) -> None:
        frame = self.frame
        if frame.plain:
            self.w.jump(frame.exit_label)
        else:
            self._add(frame.exit_masks[target], mask)

    def _uniform(self, header: int | None, edges: list[tuple[int, Value | None]], join: int, mask: Mask) -> Mask | None:
        (then, condition), (other, _) = edges
        assert condition is not None
        labels = self.w.name("then"), self.w.name("else")
        done, cell = self.w.name("join"), self._mask_cell()
        self.w.branch(condition, *labels)
        results = []
        for label, target in zip(labels, (then, other), strict=True):
            self.w.label(label)
            result = self._follow(header, target, join, mask)
            reached = self.w.open
            if reached:
                self.w.line(f"store {self._ref(result) if result else self._nothing()}, ptr {cell}")
                self.w.jump(done)
            results.append((result, reached))
        return self._merge(results, done, cell, mask)

    def _merge(self, results: list[tuple[Mask | None, bool]], done: str, cell: str, mask: Mask) -> Mask | None:
        """The mask after a uniform branch: the one before it if every side that gets here brings it along."""
        arriving = [r for r, reached in results if reached]
        if not arriving:
            return None
        self.w.label(done)
        if all(r is None for r in arriving):
            return None
        return mask if all(r is mask for r in arriving) else self._load_mask(cell)

    def _divergent(
        self, header: int | None, edges: list[tuple[int, Value | None]], join: int, mask: Mask
    ) -> Mask | None:
        self.frame.depth += 1
        whole, reached, cell = True, False, self._mask_cell()
        for target, condition in edges:
            side = mask if condition is None else self._under(mask, condition)
            done = self.w.name("done")
            if target != join:
                assert side.ref is not None
                go = self.w.name("side")
                self.w.branch(any_lane(self.w, side.ref), go, done)
                self.w.label(go)
            result = self._follow(header, target, join, Mask(side.ref))
            if result is not None:
                self._add(cell, result)
                whole, reached = whole and result.ref is side.ref, True
            else:
                whole = False
            self.w.label(done)
        self.frame.depth -= 1
        if not reached:
            return None
        return mask if whole else self._load_mask(cell)

    def _laid_out(
        self, level: Level, edges: list[tuple[int, Value | None]], members: frozenset[int], join: int, mask: Mask
    ) -> Mask | None:
        """Emit nodes in order, each under the lanes that reach it."""
        header = level.loop.header if level.loop else None
        cells = {n: self._mask_cell() for n in (*members, join)}
        self.frame.depth += 1
        self._send(header, edges, cells, mask)
        for node in (n for n in level.order if n in members):
            reach = self._load_mask(cells[node])
            assert reach.ref is not None
            go, done = self.w.name("node"), self.w.name("done")
            self.w.branch(any_lane(self.w, reach.ref), go, done)
            self.w.label(go)
            inside = Mask(reach.ref)
            out = self._loop(node, inside) if node in self.cfg.loops and node != header else self._block(node, inside)
            self._send(header, out, cells, inside)
            self.w.label(done)
        self.frame.depth -= 1
        return None if join == SINK else self._load_mask(cells[join])

    def _send(
        self, header: int | None, edges: list[tuple[int, Value | None]], cells: dict[int, str], mask: Mask
    ) -> None:
        for target, condition in edges:
            lanes = mask if condition is None else self._under(mask, condition)
            if target in cells:
                self._add(cells[target], lanes)
            else:
                self._follow(header, target, SINK, lanes)

    # Loops ------------------------------------------------------------------------------------------------

    def _loop(self, header: int, mask: Mask) -> list[tuple[int, Value | None]]:
        """Emit a loop; gives the edges out of it."""
        exits = self.structure.exits(header)
        if self._is_plain(header, exits):
            self._plain_loop(header, mask)
            return [(t, None) for t in exits]
        return self._divergent_loop(header, exits, mask)

    def _is_plain(self, header: int, exits: tuple[int, ...]) -> bool:
        """All lanes leave together, to one place inside the program; one in no other loop may leave to the end."""
        loop = self.cfg.loops[header]
        controlled = self.shapes.controlled(loop.body)
        sources = self.structure.exit_sources(header)
        inner = {b for h, other in self.cfg.loops.items() if h != header and h in loop.body for b in other.body}
        return (
            len(exits) == 1
            and (exits[0] != EXIT or loop.parent is None)
            and all(self.cfg.dominates(b, latch) for b in sources for latch in loop.latches)
            and not any(b in controlled or b in inner or self.shapes.is_varying_branch(b) for b in sources)
        )

    def _plain_loop(self, header: int, mask: Mask) -> None:
        top, again, after = self.w.name("loop"), self.w.name("next"), self.w.name("after")
        tiled = self.tiles.get(header)
        if tiled is not None and mask.ref is None and not self._made_in_header(tiled):
            self._tiled_rounds(tiled, mask, after)
        self.frames.append(Frame(header, next_label=again, exit_label=after))
        self.w.label(top)
        self.path(header, header, SINK, mask)
        self.w.label(again)
        self.w.jump(top)
        self.w.label(after)
        self.frames.pop()

    def _made_in_header(self, tiled: TiledLoop) -> bool:
        """True when what the test compares is not there yet before the header has run."""
        webs = [self.flow.read[tiled.compare, part] for part in "ab"]
        return any(d >= 0 and self.flow.block_of[d] == tiled.header for web in webs for d in web.defs)

    def _tiled_rounds(self, tiled: TiledLoop, mask: Mask, after: str) -> None:
        """As long as a whole tile is left: load it, then do its rounds one after the other."""
        w, s = self.w, self.s
        top, go, rest = w.name("tiles"), w.name("tile"), w.name("single")
        w.label(top)
        counter, bound = (s.load(self.flow.read[tiled.compare, part]) for part in "ab")
        last = s.scalar.intrinsic("sadd.sat", counter, Value(str(tiled.step * (tiled.rounds - 1)), "i64"))
        w.branch(w.value(f"icmp slt {last}, {bound.ref}", "i1"), go, rest)
        w.label(go)
        # LLVM spends most of its time on reducing the strength of so many addresses, unless it knows no loop in them.
        counter = w.call("llvm.expect.i64", "i64", 0, counter, Value("0", "i64"))
        s.store(self.flow.read[tiled.compare, "a"], counter, 0)
        columns = {r.index: load_tile(w, tiled.type, row_pointers(s, r, counter), tiled.rounds) for r in tiled.loads}
        for k in range(tiled.rounds):
            again = w.name("round")
            stays = Value("true" if tiled.stays else "false", "i1")
            s.known = {tiled.compare: stays, **{i: column[k] for i, column in columns.items()}}
            self.frames.append(Frame(tiled.header, next_label=again, exit_label=after))
            self.path(tiled.header, tiled.header, SINK, mask)
            self.frames.pop()
            w.label(again)
        s.known = {}
        w.jump(top)
        w.label(rest)

    def _divergent_loop(self, header: int, exits: tuple[int, ...], mask: Mask) -> list[tuple[int, Value | None]]:
        active, following = self._mask_cell(), self._mask_cell()
        leaving = {t: self._mask_cell() for t in exits}
        self.w.line(f"store {self._ref(mask)}, ptr {active}")
        self.frames.append(Frame(header, next_mask=following, exit_masks=leaving))
        top, after = self.w.name("while"), self.w.name("after")
        self.w.label(top)
        self.w.line(f"store {self._nothing()}, ptr {following}")
        self.path(header, header, SINK, Mask(self._load(active)))
        rest = self._load(following)
        self.w.line(f"store {rest}, ptr {active}")
        self.w.branch(any_lane(self.w, rest), top, after)
        self.w.label(after)
        self.frames.pop()
        if len(exits) == 1 and exits[0] != EXIT:
            return [(exits[0], None)]
        return [(t, self._load(cell)) for t, cell in leaving.items()]

    # Masks ------------------------------------------------------------------------------------------------

    def _ref(self, mask: Mask) -> Value:
        return mask.ref if mask.ref is not None else self.s.vector.raw("i1", "true")

    def _nothing(self) -> Value:
        return self.s.vector.raw("i1", "false")

    def _mask_cell(self) -> str:
        """A cell for a mask, cleared here."""
        cell = self.w.alloca(vector("i1", self.s.lanes))
        self.w.line(f"store {self._nothing()}, ptr {cell}")
        return cell

    def _load(self, cell: str) -> Value:
        return self.w.value(f"load {vector('i1', self.s.lanes)}, ptr {cell}", "i1", self.s.lanes)

    def _load_mask(self, cell: str) -> Mask:
        return Mask(self._load(cell), may_be_empty=True)

    def _add(self, cell: str, mask: Mask) -> None:
        if mask.ref is None:
            self.w.line(f"store {self._ref(mask)}, ptr {cell}")
        else:
            self.w.line(f"store {self.s.vector.mask_or(self._load(cell), mask.ref)}, ptr {cell}")

    def _under(self, mask: Mask, condition: Value) -> Mask:
        spread = self.s.vector.spread(condition)
        return Mask(spread if mask.ref is None else self.s.vector.mask_and(mask.ref, spread))
