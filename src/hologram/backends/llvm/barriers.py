"""Barriers: the program in parts between them, and what each strip of a block keeps from one part to the next.

A part runs for every strip of a block before the next part begins. All lanes of a block must come to the same barrier.
Mostly this is proved here; where a condition may differ from lane to lane, the code finds out (see `meeting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hologram.backends.llvm import flow, shape
from hologram.backends.llvm.flow import Flow, Place, Web
from hologram.backends.llvm.job import Lowering
from hologram.backends.llvm.meeting import Kept, Meeting, last
from hologram.backends.llvm.rules import SOURCES
from hologram.backends.llvm.shape import Shapes, Stride
from hologram.errors import UnsupportedError
from hologram.isa.cfg import EXIT, Block, Cfg, between_barriers
from hologram.isa.operands import Special
from hologram.isa.program import Program

STEP_BYTES = 8
MAX_KEPT = 4096
"""Bytes that a strip may keep: a block of 1,024 strips then needs at most 4 MiB of stack."""
OF_A_LANE = frozenset(s for s in Special if s.value.startswith(("lane", "global")))
Keeping = Mapping[Place, Kept]


@dataclass(frozen=True)
class Part:
    """What runs from the start or a barrier on; `entry` is what it finds there.

    `reduction` is the block reduction (its index) whose result has to be there first.
    """

    number: int
    cfg: Cfg
    flow: Flow
    shapes: Shapes
    entry: Keeping
    reduction: int | None = None


@dataclass(frozen=True)
class Plan:
    """All parts; `barriers` says by instruction which part follows and what it needs, `size` bytes a strip.

    It `reduces` where one of the barriers is a block reduction. Checked code that counts steps keeps the counts of a
    strip's lanes in its bytes, too, from `counts` on.
    """

    parts: tuple[Part, ...]
    barriers: Mapping[int, Meeting]
    size: int
    reduces: bool
    counts: int = 0

    @property
    def proved(self) -> bool:
        """True when surely all lanes of a block come to the same barriers."""
        return all(meeting.proved for meeting in self.barriers.values())

    def status(self, job: Lowering) -> dict[int, int]:
        """What a launch returns that failed at a barrier, by the barrier's number."""
        return {meeting.number: job.original(i) + 1 for i, meeting in self.barriers.items()}


def divergent(cfg: Cfg, slot_of: Mapping[int, int]) -> list[int]:
    """The barriers (instructions) of which it is not proved that all lanes of a block come to them."""
    values = flow.analyse(cfg)
    shapes = shape.analyse(cfg, values, varying=_varying(cfg.program, slot_of))
    under = shapes.controlled(frozenset(cfg.order))
    return [b.end - 1 for b in _waiting(cfg) if b.id in under]


def plan(job: Lowering) -> Plan:
    """Cut a program at its barriers."""
    cfg = job.cfg
    values = flow.analyse(cfg)
    shapes = shape.analyse(cfg, values, job.unit_strides, job.decided)
    unproved = divergent(cfg, job.slot_of)
    barriers: dict[int, Meeting] = {}
    starts: list[tuple[int, Keeping, int | None]] = [(cfg.order[0], {}, None)] if cfg.order else []
    size = 0
    for block in _waiting(cfg):
        (succ,) = block.succs
        if succ == EXIT:
            barriers[block.end - 1] = Meeting(last(block.end), {}, block.end - 1 not in unproved)
            continue
        kept: dict[Place, Kept] = {}
        again: dict[Place, Kept] = {}
        end = 0
        live, result = flow.live_after(cfg, values, block.id), _result(cfg, block)
        for place, web in sorted(live.items()):
            if place in result:
                continue
            if (source := _source(cfg, web)) is not None:
                again[place] = Kept(0, web.type, shapes.of(web), source=source, constant=shapes.constant.get(web.id))
                continue
            stride = shapes.of(web)
            kept[place] = Kept(end, web.type, stride)
            end += (web.type.size if web.type else 1) * (max(job.lanes, 1) if stride is None else 1)
        barriers[block.end - 1] = Meeting(len(starts), kept, block.end - 1 not in unproved)
        given = {place: known for place, known in result.items() if place in live}
        starts.append((succ, {**kept, **again, **given}, block.end - 1 if result else None))
        size = max(size, end)
    if size > MAX_KEPT:
        raise UnsupportedError(
            f"the CPU backend cannot run kernel '{job.program.name}': too many values are needed after a barrier "
            f"({size} bytes for {job.lanes} lanes, at most {MAX_KEPT}); compute them again after it"
        )
    wanted = {i: {place: k.type for place, k in meeting.kept.items()} for i, meeting in barriers.items()}
    parts = []
    for number, (start, found, reduction) in enumerate(starts):
        part = between_barriers(cfg, start)
        inside = flow.analyse(part, {place: k.type for place, k in found.items()}, wanted)
        strides: dict[Place, Stride] = {place: k.stride for place, k in found.items()}
        constants = {place: k.constant for place, k in found.items() if k.constant is not None}
        shapes = shape.analyse(part, inside, job.unit_strides, job.decided, entry=strides, constants=constants)
        parts.append(Part(number, part, inside, shapes, found, reduction))
    counted = STEP_BYTES * max(job.lanes, 1) if job.watch is not None and job.watch.steps else 0
    reduces = any(_result(cfg, b) for b in _waiting(cfg))
    return Plan(tuple(parts), barriers, -(-(size + counted) // 64) * 64, reduces, size)


def irreducible(cfg: Cfg) -> list[int]:
    """The barriers behind which a loop would have two entries."""
    waiting = [b for b in _waiting(cfg) if b.succs[0] != EXIT]
    return [b.end - 1 for b in waiting if between_barriers(cfg, b.succs[0]).irreducible]


def _waiting(cfg: Cfg) -> list[Block]:
    return [cfg.blocks[b] for b in cfg.order if cfg.program.instructions[cfg.blocks[b].end - 1].spec.is_barrier]


def _source(cfg: Cfg, web: Web) -> int | None:
    """The one instruction that a value comes from, if it gives the same at any time."""
    if len(web.defs) != 1 or web.defs[0] == flow.ENTRY:
        return None
    return web.defs[0] if cfg.program.instructions[web.defs[0]].op in SOURCES else None


def _result(cfg: Cfg, block: Block) -> dict[Place, Kept]:
    """What a block reduction at the end of a basic block writes; empty for a plain barrier."""
    written = flow.write(cfg.program.instructions[block.end - 1])
    return {} if written is None else {written[0]: Kept(0, written[1], 0, of_block=True)}


def _varying(program: Program, slot_of: Mapping[int, int]) -> frozenset[int]:
    """Instructions whose results may differ in a block whatever they read: places, memory that the kernel writes."""
    out = set()
    for i, ins in enumerate(program.instructions):
        place = ins.op == "MOV_SREG" and ins.args[1] in OF_A_LANE
        memory = ins.op == "LDG" and (i not in slot_of or program.params[slot_of[i]].is_written)
        if place or memory or ins.op in ("LDS", "PoolLoad", "PoolAlloc"):
            out.add(i)
    return frozenset(out)
