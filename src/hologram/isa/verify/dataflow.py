"""What each register holds on every path: a value of one type, or the handle of one parameter slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hologram.isa.cfg import EXIT, Cfg
from hologram.isa.operands import Field, Pred, Reg, Slot
from hologram.isa.program import Instruction, Param
from hologram.types import Type

FIRST_PREDICATE = 256


@dataclass(frozen=True, slots=True)
class Handle:
    """The handle of the array in a parameter slot."""

    slot: int


class Mark(Enum):
    """Contents that are no number: a truth value, or different things on different paths."""

    TRUTH = "a truth value"
    MIXED = "different things on different paths"


Content = Type | Handle | Mark
State = dict[int, Content]
"""Contents by register; predicates are keyed from 256 on. What is absent is not written on every path."""

ENTRY: Mapping[int, Content] = {252: Type.U32, 253: Type.U32, 254: Type.U32, 255: Type.U64}


def key(item: Reg | Pred) -> int:
    """The key of a register or predicate in a state."""
    return item.index if isinstance(item, Reg) else FIRST_PREDICATE + item.index


def meet(a: State, b: State) -> State:
    """What holds on both of two paths."""
    if a == b:
        return a
    return {k: v if b[k] == v else Mark.MIXED for k, v in a.items() if k in b}


def selected(a: Content | None, b: Content | None) -> Content:
    """What SEL.u64 yields: a handle only against the same handle (anything else is a finding of its own)."""
    return next((c for c in (a, b) if isinstance(c, Handle)), Type.U64)


def step(state: State, ins: Instruction, params: tuple[Param, ...]) -> None:
    """Apply the writes of one instruction."""
    for position, operand in enumerate(ins.spec.operands):
        if not operand.written:
            continue
        target = ins.args[position]
        assert isinstance(target, (Reg, Pred))
        state[key(target)] = _written(state, ins, position, params)


def _written(state: State, ins: Instruction, position: int, params: tuple[Param, ...]) -> Content:
    if isinstance(ins.args[position], Pred):
        return Mark.TRUTH
    declared = ins.operand_type(position)
    assert declared is not None
    if declared is not Type.U64:
        return declared
    sources = [state.get(a.index) for a in ins.args[1:] if isinstance(a, Reg)]
    if ins.op == "MOV":
        return sources[0] if isinstance(sources[0], Handle) else declared
    if ins.op == "SEL":
        return selected(sources[0], sources[1])
    slot = ins.args[1] if ins.op == "MOV_PARAM" else None
    if isinstance(slot, Slot) and slot.field is Field.VALUE and 0 <= slot.index < len(params):
        return Handle(slot.index) if params[slot.index].is_array else declared
    return declared


def entry_states(cfg: Cfg) -> dict[int, State]:
    """The state at the start of every reachable block, by iteration to a fixed point."""
    program = cfg.program
    states: dict[int, State] = {}
    if cfg.order:
        states[cfg.order[0]] = dict(ENTRY)
    pending = set(cfg.order)
    while pending:
        for block in cfg.order:
            if block not in pending:
                continue
            pending.discard(block)
            out = dict(states[block])
            for _, ins in cfg.code(block):
                step(out, ins, program.params)
            for successor in cfg.blocks[block].succs:
                if successor == EXIT:
                    continue
                known = states.get(successor)
                new = out if known is None else meet(known, out)
                if known is None or new != known:
                    states[successor] = new
                    pending.add(successor)
    return states
