"""Runs a decoded program for one batch of lanes in lock-step, diverging and coming together at basic blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter.decode import CONTROL, Site, Step, make_step
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.moment import Hook, announced
from hologram.backends.interpreter.registers import ALL, Active
from hologram.backends.interpreter.schedule import reconvergent_order
from hologram.backends.interpreter.state import State
from hologram.backends.interpreter.watched import make_watched_step
from hologram.errors import StepLimitError
from hologram.isa.cfg import Block, Cfg, targets
from hologram.isa.shared_arrays import SharedArray, meant
from hologram.types import Type

Departures = list[tuple[int, Active]]
Leave = Callable[[State, Active], Departures]
DONE = -1


@dataclass(frozen=True)
class Code:
    """A basic block made ready: its steps, and where its lanes go afterwards (ranks in running order, or `DONE`)."""

    steps: tuple[tuple[int, Step], ...]
    first: int
    last: int
    length: int
    leave: Leave


def decode_blocks(
    cfg: Cfg, slot_of: Mapping[int, int], watch_nan: bool = False, hook: Hook | None = None
) -> tuple[Code, ...]:
    """The reachable blocks of a program in running order, with steps that look for NaN and infinity or without.

    A hook is called before each instruction; without one nothing of the kind is in the steps.
    """
    order, parts = reconvergent_order(cfg), meant(cfg.program, slot_of)
    rank = {cfg.blocks[block].start: position for position, block in enumerate(order)}
    return tuple(_decode_block(cfg, cfg.blocks[block], rank, slot_of, parts, watch_nan, hook) for block in order)


def _decode_block(
    cfg: Cfg,
    block: Block,
    rank: Mapping[int, int],
    slot_of: Mapping[int, int],
    parts: Mapping[int, SharedArray],
    watch_nan: bool,
    hook: Hook | None,
) -> Code:
    make = make_watched_step if watch_nan else make_step
    sites = [Site(index, ins, slot_of.get(index), parts.get(index)) for index, ins in cfg.code(block.id)]
    last = sites[-1]
    goals = [rank.get(t, DONE) for t in targets(cfg.program, last.index)]
    leave = _LEAVES[last.instruction.op](last, goals) if last.instruction.op in CONTROL else _go(goals[0])
    steps = tuple((site, make(site)) for site in sites if site.instruction.op not in CONTROL)
    if hook is not None:
        steps = tuple((site, announced(hook, site, step)) for site, step in steps)
        leave = announced(hook, last, leave) if last.instruction.op in CONTROL else leave
    return Code(tuple((site.index, step) for site, step in steps), sites[0].index, last.index, len(sites), leave)


def _go(goal: int) -> Leave:
    return lambda state, active: [(goal, active)]


def _exit(site: Site, goals: list[int]) -> Leave:
    return _go(DONE)


def _branch(site: Site, goals: list[int]) -> Leave:
    guard = site.instruction.args[1]
    if guard is None:
        return _go(goals[0])
    number, negated = site.predicate(1), getattr(guard, "negated", False)
    return lambda state, active: _split(active, state.read_predicate(number, active) != negated, goals)


def _loop(site: Site, goals: list[int]) -> Leave:
    register, _ = site.register(0)

    def leave(state: State, active: Active) -> Departures:
        count = state.read(register, Type.U32, active)
        again = count > 0
        state.write(register, Type.U32, active, count - again)
        return _split(active, again, goals)

    return leave


_LEAVES: Mapping[str, Callable[[Site, list[int]], Leave]] = {"BRA": _branch, "LOOP": _loop, "EXIT": _exit}


def _split(active: Active, taken: Array, goals: list[int]) -> Departures:
    """Send the lanes that take the branch to the first goal and the others to the second."""
    if taken.all():
        return [(goals[0], active)]
    if not taken.any():
        return [(goals[1], active)]
    lanes = np.arange(len(taken)) if isinstance(active, slice) else active
    return [(goals[0], lanes[taken]), (goals[1], lanes[~taken])]


def run(code: tuple[Code, ...], state: State, max_steps: int) -> None:
    """Run all lanes of a batch to their end; raises the execution errors of the steps and `StepLimitError`."""
    pending: dict[int, list[Active]] = {0: [ALL]} if code else {}
    state.elsewhere = lambda: [(code[at].first, lanes) for at, parts in pending.items() for lanes in parts]
    with np.errstate(all="ignore"):
        while pending:
            position = min(pending)
            active = _merge(pending.pop(position), state.batch.count)
            block = code[position]
            for state.index, step in block.steps:
                step(state, active)
            state.index = block.last
            _count_steps(state, active, block.length, max_steps)
            for goal, lanes in block.leave(state, active):
                if goal != DONE:
                    pending.setdefault(goal, []).append(lanes)
                else:
                    state.ended.append((block.last, lanes))


def _merge(parts: list[Active], count: int) -> Active:
    """Lanes that arrived at one block by several ways, ascending."""
    if len(parts) == 1:
        return parts[0]
    merged = np.sort(np.concatenate([part for part in parts if not isinstance(part, slice)]))
    return ALL if len(merged) == count else merged


def _count_steps(state: State, active: Active, length: int, max_steps: int) -> None:
    state.steps[active] += length
    state.total_steps += length
    if state.total_steps <= max_steps:
        return  # no lane can have run more than all blocks together
    over = state.steps[active] > max_steps
    if over.any():
        state.fail(StepLimitError, faults.step_limit(max_steps), state.lane(active, over))
