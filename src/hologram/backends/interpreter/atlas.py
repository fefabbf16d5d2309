"""The Atlas instructions of the interpreter: classes, phases, resonance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.registers import Active
from hologram.backends.interpreter.state import State
from hologram.errors import OutOfBoundsError
from hologram.isa.classes import MIRRORS, NEIGHBOURS, PHASES
from hologram.isa.operands import BYTES_PER_CLASS, BYTES_PER_PAGE, CLASSES, PAGES_PER_CLASS, Special

if TYPE_CHECKING:
    from hologram.backends.interpreter.decode import Site, Step

_MIRRORS = np.array(MIRRORS, np.uint8)
_COUNTS = np.array([len(found) for found in NEIGHBOURS], np.uint32)


def _check(state: State, active: Active, name: str, values: Array, limit: int) -> None:
    """Refuse an index that is not below its limit."""
    outside = values >= limit
    if outside.any():
        value = int(np.broadcast_to(values, outside.shape)[np.argmax(outside)])
        message = faults.index_out_of_range(name, value, limit)
        state.fail(OutOfBoundsError, message, state.lane(active, outside))


def lane_class(state: State) -> Array:
    """The class of every lane of the batch: its block's number on x modulo 96, unless the launch names one."""
    chosen = state.batch.domain.resonance_class
    if chosen is not None:
        return np.array([chosen], np.uint8)
    return np.asarray(state.batch.special(Special.BLOCK_X) % CLASSES).astype(np.uint8)


def _class(site: Site) -> Step:
    target, ty = site.register(0)

    def step(state: State, active: Active) -> None:
        classes = lane_class(state)
        state.write(target, ty, active, classes if len(classes) == 1 else classes[active])

    return step


def _mirror(site: Site) -> Step:
    target, ty = site.register(0)
    source = site.source(1)

    def step(state: State, active: Active) -> None:
        classes = source(state, active)
        _check(state, active, "class", classes, CLASSES)
        state.write(target, ty, active, _MIRRORS[classes])

    return step


def _neighbour_count(site: Site) -> Step:
    target, ty = site.register(0)
    source = site.source(1)

    def step(state: State, active: Active) -> None:
        classes = source(state, active)
        _check(state, active, "class", classes, CLASSES)
        state.write(target, ty, active, _COUNTS[classes])

    return step


def _neighbour(site: Site) -> Step:
    target, ty = site.register(0)
    source, number = site.source(1), cast(int, site.instruction.args[2])
    table = np.array([found[number] if number < len(found) else 0 for found in NEIGHBOURS], np.uint8)

    def step(state: State, active: Active) -> None:
        classes = source(state, active)
        _check(state, active, "class", classes, CLASSES)
        missing = _COUNTS[classes] <= number
        if missing.any():
            one = int(np.broadcast_to(classes, missing.shape)[np.argmax(missing)])
            state.fail(OutOfBoundsError, faults.no_neighbour(one, number), state.lane(active, missing))
        state.write(target, ty, active, table[classes])

    return step


def _phase(site: Site) -> Step:
    target, ty = site.register(0)
    return lambda state, active: state.write(target, ty, active, state.phase[active])


def _advance(site: Site) -> Step:
    delta = cast(int, site.instruction.args[0])

    def step(state: State, active: Active) -> None:
        state.phase[active] = (state.phase[active] + np.uint32(delta)) % np.uint32(PHASES)

    return step


def _boundary_offset(site: Site) -> Step:
    target, ty = site.register(0)
    sources = [site.source(position) for position in (1, 2, 3)]

    def step(state: State, active: Active) -> None:
        classes, pages, cells = (read(state, active) for read in sources)
        _check(state, active, "class", classes, CLASSES)
        _check(state, active, "page", pages, PAGES_PER_CLASS)
        wide = classes.astype(np.uint64) * BYTES_PER_CLASS + pages.astype(np.uint64) * BYTES_PER_PAGE
        state.write(target, ty, active, wide + cells)

    return step


def _unity(site: Site) -> Step:
    target, epsilon = site.predicate(0), cast(float, site.instruction.args[1])

    def step(state: State, active: Active) -> None:
        near = abs(state.launch.memory.total) < epsilon
        state.write_predicate(target, active, np.array([near]))

    return step


def _accumulate(site: Site) -> Step:
    classes, values = site.source(0), site.source(1)

    def step(state: State, active: Active) -> None:
        index = classes(state, active)
        _check(state, active, "class", index, CLASSES)
        order = state.batch.global_number()[active]
        shape = (state.count(active),)
        added = np.broadcast_to(values(state, active), shape).copy()
        state.launch.resonance.note(state.batch.block_size, order, state.epoch, np.broadcast_to(index, shape), added)

    return step


STEPS: Mapping[str, Callable[[Site], Step]] = {
    "ClsGet": _class,
    "MIRROR": _mirror,
    "NbrCount": _neighbour_count,
    "NbrGet": _neighbour,
    "UnityTest": _unity,
    "ResAccum": _accumulate,
    "PhaseGet": _phase,
    "PhaseAdv": _advance,
    "BoundMap": _boundary_offset,
}
