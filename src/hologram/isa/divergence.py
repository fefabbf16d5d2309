"""Barriers that some lanes of a block never come to, whatever the data: conditions on a lane's place guard them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hologram.isa import places
from hologram.isa.cfg import EXIT, Cfg
from hologram.isa.instructions import Category
from hologram.isa.operands import Condition, Imm, Operand, Pred, Reg
from hologram.isa.places import Group, Held, Truth
from hologram.isa.program import Instruction, Program

V = TypeVar("V")
CURE = "call it outside of the condition; let lanes skip the work, not the barrier"


@dataclass(frozen=True, slots=True)
class Missed:
    """A barrier and the branch (instructions) that some lanes do not pass to get there.

    `lane` is one that never does; None where any two lanes would have to be one.
    """

    barrier: int
    branch: int
    lane: tuple[int, int, int] | None

    def explained(self, program: Program) -> str:
        """Says which lane does not come, and why."""
        place = program.location(self.branch)
        condition = f"the condition in line {place.line}" if place else f"the branch at instruction {self.branch}"
        if self.lane is None:
            who = f"no two lanes pass {condition} together"
        else:
            x, *rest = self.lane
            who = f"lane {self.lane if any(rest) else x} never passes {condition}"
        return f"not all lanes of a block come to this barrier: {who}"


def declared_block(program: Program) -> tuple[int, ...] | None:
    """The size of a block that a program's metadata ask for."""
    parts = program.metadata.get("block", "").split(",")
    whole = 1 <= len(parts) <= 3 and all(p.isdecimal() and 0 < len(p) <= 4 and int(p) for p in parts)
    return tuple(map(int, parts)) if whole else None


@dataclass
class _State:
    regs: dict[int, Held | None]
    preds: dict[int, Truth | None]


def missed_barriers(cfg: Cfg) -> Iterator[Missed]:
    """The barriers that not all lanes of a block come to when any do.

    Blocks are of the size that the program asks for; where it does not, they have two lanes or more along x.
    """
    under = [
        (b, edges)
        for b in cfg.order
        if cfg.program.instructions[cfg.blocks[b].end - 1].spec.is_barrier and (edges := list(_edges_above(cfg, b)))
    ]
    group = Group.of(declared_block(cfg.program))
    if not under or group.sure < 2:
        return
    guards = _guards(cfg, group, {branch for _, edges in under for branch, _ in edges})
    for b, edges in under:
        for branch, taken in edges:
            truth = guards.get(branch)
            truth = truth if taken else places.negated(truth)
            lane = places.excluded(group, truth) if truth is not None else None
            if lane is not None and truth is not None:
                where = group.lanes[lane] if truth.lanes[lane] is False else None
                yield Missed(cfg.blocks[b].end - 1, cfg.blocks[branch].end - 1, where)
                break


def _edges_above(cfg: Cfg, block: int) -> Iterator[tuple[int, bool]]:
    """(branch, whether its condition holds) of the edges that every way to a block takes, the nearest first."""
    while cfg.idom.get(block, block) != block:
        above = cfg.idom[block]
        succs = cfg.blocks[above].succs
        others = [p for p in cfg.blocks[block].preds if p != above and not cfg.dominates(block, p)]
        ends_so = cfg.program.instructions[cfg.blocks[above].end - 1].op == "BRA"
        if len(set(succs)) == 2 and block in succs and not others and ends_so:
            yield above, succs[0] == block
        block = above


def _guards(cfg: Cfg, group: Group, wanted: set[int]) -> dict[int, Truth | None]:
    """What is known of the conditions of some branches, by iteration to a fixed point."""
    entry = _State(dict(group.preloaded()), {})
    states: dict[int, _State] = {cfg.order[0]: entry}
    out: dict[int, Truth | None] = {}
    pending = set(cfg.order)
    while pending:
        for block in cfg.order:
            if block not in pending or block not in states:
                pending.discard(block)
                continue
            pending.discard(block)
            state = _State(dict(states[block].regs), dict(states[block].preds))
            for _, ins in cfg.code(block):
                if block in wanted and ins.op == "BRA" and isinstance(guard := ins.args[1], Pred):
                    known = state.preds.get(guard.index)
                    out[block] = places.negated(known) if guard.negated else known
                _step(group, ins, state)
            pending |= {s for s in cfg.blocks[block].succs if s != EXIT and _enter(states, s, state)}
    return out


def _enter(states: dict[int, _State], block: int, found: _State) -> bool:
    """Take up one more way to a block; True where that changes what is known there."""
    known = states.get(block)
    if known is None:
        states[block] = _State(dict(found.regs), dict(found.preds))
        return True
    regs = {r: v for r, v in known.regs.items() if v is not None and found.regs.get(r) == v}
    preds = {p: v for p, v in known.preds.items() if v is not None and found.preds.get(p) == v}
    changed = len(regs) < len(known.regs) or len(preds) < len(known.preds)
    states[block] = _State(dict(regs), dict(preds))
    return changed


def _step(group: Group, ins: Instruction, state: _State) -> None:
    """What is known after an instruction."""
    reads = [
        _read(group, ins, position, state)
        for position, operand in enumerate(ins.spec.operands)
        if not operand.written and operand.kind in ("reg", "src", "imm")
    ]
    for position, operand in enumerate(ins.spec.operands):
        target = ins.args[position]
        if operand.written and isinstance(target, Reg):
            value = _selected(ins, state, reads) if ins.op == "SEL" else places.result(group, ins, reads)
            _put(state.regs, target.index, value)
        elif operand.written and isinstance(target, Pred):
            _put(state.preds, target.index, _truth(group, ins, state, reads))


def _put(known: dict[int, V | None], index: int, value: V | None) -> None:
    if value is None:
        known.pop(index, None)
    else:
        known[index] = value


def _read(group: Group, ins: Instruction, position: int, state: _State) -> Held | None:
    value: Operand = ins.args[position]
    if isinstance(value, Reg):
        return state.regs.get(value.index)
    kind = ins.operand_type(position)
    number = places.immediate(kind, value) if isinstance(value, Imm) and kind is not None else None
    return None if number is None else group.alike(number)


def _selected(ins: Instruction, state: _State, reads: Sequence[Held | None]) -> Held | None:
    """SEL of values known lane by lane."""
    choice = ins.args[1]
    truth = state.preds.get(choice.index) if isinstance(choice, Pred) else None
    a, b = reads[-2:]
    if a is None or b is None or a == b:
        return a if a == b else None
    if truth is None or None in truth.lanes or a.start is not None or b.start is not None:
        return None
    rows = zip(truth.lanes, a.numbers, b.numbers, strict=True)
    return Held(tuple(x if t else y for t, x, y in rows))


def _truth(group: Group, ins: Instruction, state: _State, reads: Sequence[Held | None]) -> Truth | None:
    if ins.op == "SETcc" and isinstance(condition := ins.args[0], Condition) and ins.type is not None:
        return places.compared(condition, ins.type, *reads[-2:])
    if ins.spec.category is not Category.PREDICATE:
        return None
    parts = [state.preds.get(p.index) for p in ins.args[1:] if isinstance(p, Pred)]
    if ins.op == "PNOT":
        return places.negated(parts[0])
    size = len(group.lanes)
    if ins.op == "PAND":
        return places.both(parts[0], parts[1], size)
    if ins.op == "POR":
        return places.negated(places.both(places.negated(parts[0]), places.negated(parts[1]), size))
    return None
