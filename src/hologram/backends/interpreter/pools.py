"""The linear pools of the interpreter: every handle and every offset is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from hologram.backends import faults
from hologram.backends.executor_memory import PROGRAM_BYTES
from hologram.backends.interpreter.convert import STORAGE
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.registers import Active
from hologram.backends.interpreter.state import State
from hologram.errors import CapacityError, PoolAllocationError, PoolHandleError
from hologram.isa.operands import Reg
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.interpreter.decode import Site, Step


def _lanes(state: State, active: Active) -> Array:
    return np.arange(state.batch.count)[active]


def _alloc(site: Site) -> Step:
    target, ty = site.register(0)
    size = cast(int, site.instruction.args[1])

    def step(state: State, active: Active) -> None:
        pools, handles = state.launch.memory.pools, np.zeros(state.count(active), np.uint64)
        for k, lane in enumerate(_lanes(state, active)):
            try:
                handles[k] = pools.allocate(size, PROGRAM_BYTES)
            except CapacityError:
                state.fail(PoolAllocationError, faults.no_room(size), int(lane))
        state.write(target, ty, active, handles)

    return step


def _free(site: Site) -> Step:
    source = site.source(0)

    def step(state: State, active: Active) -> None:
        handles = np.broadcast_to(source(state, active), (state.count(active),))
        for lane, handle in zip(_lanes(state, active), handles, strict=True):
            if not state.launch.memory.pools.free(int(handle)):
                state.fail(PoolHandleError, faults.no_such_pool(site.instruction.op, int(handle)), int(lane))

    return step


def _regions(state: State, active: Active, handles: Array, op: str) -> list[tuple[Region, Array]]:
    """The pools that lanes address, each with the lanes that do (positions in `handles`)."""
    found = []
    for handle in np.unique(handles):
        chosen = handles == handle
        content = state.launch.memory.pools.content(int(handle))
        if content is None:
            state.fail(PoolHandleError, faults.no_such_pool(op, int(handle)), state.lane(active, chosen))
        found.append((Region(faults.pool_name(int(handle)), content, 0), np.flatnonzero(chosen)))
    return found


def _operands(site: Site, pool: int, offset: int) -> Callable[[State, Active], tuple[Array, Array]]:
    """Reads handles and offsets of all active lanes; offsets beyond 2**63 come out negative: outside anyway."""
    handle, _ = site.register(pool)
    place = cast(Reg, site.instruction.args[offset]).index

    def read(state: State, active: Active) -> tuple[Array, Array]:
        shape = (state.count(active),)
        handles = np.broadcast_to(state.read(handle, Type.U64, active), shape)
        offsets = state.read(place, Type.U64, active).view(np.int64)
        return handles, np.broadcast_to(offsets, shape)

    return read


def _of(active: Active, chosen: Array) -> Active:
    """Some of the active lanes."""
    return chosen if isinstance(active, slice) else active[chosen]


def _load(site: Site) -> Step:
    (target, ty), operands = site.register(0), _operands(site, 1, 2)

    def step(state: State, active: Active) -> None:
        handles, offsets = operands(state, active)
        out = np.zeros(len(handles), STORAGE[ty])
        for region, lanes in _regions(state, active, handles, site.instruction.op):
            state.check(region, offsets[lanes], ty, _of(active, lanes), "load")
            out[lanes] = region.load(offsets[lanes], STORAGE[ty])
        state.write(target, ty, active, out)

    return step


def _store(site: Site) -> Step:
    source, ty, operands = site.source(2), site.type, _operands(site, 0, 1)

    def step(state: State, active: Active) -> None:
        handles, offsets = operands(state, active)
        values = np.broadcast_to(source(state, active), (len(handles),))
        found = _regions(state, active, handles, site.instruction.op)
        for region, lanes in found:
            state.check(region, offsets[lanes], ty, _of(active, lanes), "store")
        for region, lanes in found:
            region.store(offsets[lanes], values[lanes])

    return step


STEPS: Mapping[str, Callable[[Site], Step]] = {
    "PoolAlloc": _alloc,
    "PoolFree": _free,
    "PoolLoad": _load,
    "PoolStore": _store,
}
