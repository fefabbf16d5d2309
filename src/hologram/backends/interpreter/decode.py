"""Turns instructions into steps: functions that run one instruction for the active lanes of a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter import atlas, pools
from hologram.backends.interpreter.atomics import UPDATES, update
from hologram.backends.interpreter.convert import STORAGE, constant, convert
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Place, Region
from hologram.backends.interpreter.reduce import fold_lanes
from hologram.backends.interpreter.registers import Active
from hologram.backends.interpreter.semantics import FAULTS, compare, function_of
from hologram.backends.interpreter.shared import mark
from hologram.backends.interpreter.state import State
from hologram.errors import ExecutionError
from hologram.isa.instructions import Spec
from hologram.isa.operands import (
    Address,
    Condition,
    Imm,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.program import Instruction
from hologram.isa.shared_arrays import SharedArray
from hologram.types import Type

Step = Callable[[State, Active], None]
Reader = Callable[[State, Active], Array]
Locator = Callable[[State, Active], tuple[Region, Array]]


@dataclass(frozen=True)
class Site:
    """An instruction where it stands: its index and, for a memory access, the slot the verifier proved.

    `part` is the array in shared memory that an access is meant for, where that is known.
    """

    index: int
    instruction: Instruction
    slot: int | None
    part: SharedArray | None = None

    @property
    def is_shared(self) -> bool:
        """True for an access to shared memory: a register address of no parameter."""
        addresses = (RegisterIndirect, RegisterIndirectComputed)
        return self.slot is None and any(isinstance(a, addresses) for a in self.instruction.args)

    @property
    def type(self) -> Type:
        assert self.instruction.type is not None
        return self.instruction.type

    def register(self, position: int) -> tuple[int, Type]:
        """Number and type of the register at an operand position."""
        ty = self.instruction.operand_type(position)
        assert ty is not None
        return cast(Reg, self.instruction.args[position]).index, ty

    def predicate(self, position: int) -> int:
        """Number of the predicate at an operand position."""
        return cast(Pred, self.instruction.args[position]).index

    def source(self, position: int) -> Reader:
        """Reads an operand: register, immediate or predicate."""
        operand = self.instruction.args[position]
        if isinstance(operand, Imm):
            ty = self.instruction.operand_type(position)
            assert ty is not None
            value = constant(ty, operand.bits)
            return lambda state, active: value
        if isinstance(operand, Pred):
            number = operand.index
            return lambda state, active: state.read_predicate(number, active)
        register, ty = self.register(position)
        return lambda state, active: state.read(register, ty, active)

    def sources(self, first: int) -> list[Reader]:
        """Readers of all operands from a position on."""
        return [self.source(position) for position in range(first, len(self.instruction.args))]


def _value(site: Site) -> Step:
    """dst = function(operands), with the fault mask where the instruction has one."""
    op, ty = site.instruction.op, site.type
    function, faults = function_of(op, ty), FAULTS.get(op) if ty.is_integer else None
    assert function is not None
    register, _ = site.register(0)
    sources = site.sources(1)

    def step(state: State, active: Active) -> None:
        operands = [read(state, active) for read in sources]
        if faults is not None:
            mask = faults(ty, *operands)
            if mask.any():
                state.divided_by_zero(active, mask)
        state.write(register, ty, active, function(ty, *operands))

    return step


def _fold(site: Site) -> Step:
    ty = site.type
    function = function_of(site.instruction.op, ty)
    assert function is not None
    (target, _), (base, _) = site.register(0), site.register(1)
    registers = range(base, base + cast(int, site.instruction.args[2]))

    def step(state: State, active: Active) -> None:
        state.write(target, ty, active, function(ty, *(state.read(r, ty, active) for r in registers)))

    return step


def _convert(site: Site) -> Step:
    (target, ty), (_, source_type) = site.register(0), site.register(1)
    source = site.source(1)
    return lambda state, active: state.write(target, ty, active, convert(ty, source_type, source(state, active)))


def _immediate(site: Site) -> Step:
    target, ty = site.register(0)
    value = constant(ty, cast(Imm, site.instruction.args[1]).bits)
    return lambda state, active: state.write(target, ty, active, value)


def _parameter(site: Site) -> Step:
    target, ty = site.register(0)
    slot = cast(Slot, site.instruction.args[1])
    return lambda state, active: state.write(target, ty, active, state.launch.parameter(slot, ty))


def _special(site: Site) -> Step:
    target, ty = site.register(0)
    special = cast(Special, site.instruction.args[1])

    def step(state: State, active: Active) -> None:
        values = state.batch.special(special).astype(STORAGE[ty])
        state.write(target, ty, active, values if len(values) == 1 else values[active])

    return step


def _compare(site: Site) -> Step:
    condition, target, ty = cast(Condition, site.instruction.args[0]), site.predicate(1), site.type
    a, b = site.sources(2)

    def step(state: State, active: Active) -> None:
        state.write_predicate(target, active, compare(condition, ty, a(state, active), b(state, active)))

    return step


def _logic(function: Callable[..., Array]) -> Callable[[Site], Step]:
    def make(site: Site) -> Step:
        target, sources = site.predicate(0), site.sources(1)

        def step(state: State, active: Active) -> None:
            state.write_predicate(target, active, function(*(read(state, active) for read in sources)))

        return step

    return make


def _nothing(site: Site) -> Step:
    """Lock-step execution keeps all memory operations in order already."""
    return lambda state, active: None


# Memory


def locator(site: Site, address: Address) -> Locator:
    """Finds region and byte offsets of an address, one a lane or one (shape (1,)) for all."""
    if site.is_shared:
        return _shared_locator(address) if site.part is None else _part_locator(site.part, address)
    if isinstance(address, PhiCoordinate):
        offset = np.array([address.offset])
        return lambda state, active: (state.launch.boundary, offset)
    slot = site.slot
    assert slot is not None
    if isinstance(address, SlotOffset):
        offset = np.array([address.offset])
        return lambda state, active: (state.launch.regions[slot], offset)
    handle = address.handle.index

    def locate(state: State, active: Active) -> tuple[Region, Array]:
        wrong = state.read(handle, Type.U64, active) != slot
        if wrong.any():
            state.fail(ExecutionError, f"r{handle} is not the handle of slot {slot}", state.lane(active, wrong))
        if isinstance(address, RegisterIndirect):
            return state.launch.regions[slot], np.array([address.offset])
        return state.launch.regions[slot], state.read_integer(address.offset.index, active)

    return locate


def _shared_locator(address: Address) -> Locator:
    assert isinstance(address, (RegisterIndirect, RegisterIndirectComputed))
    start, rest = address.handle.index, address.offset

    def locate(state: State, active: Active) -> tuple[Region, Array]:
        offsets = state.read_integer(start, active)
        more = np.array([rest]) if isinstance(rest, int) else state.read_integer(rest.index, active)
        return state.shared.whole, offsets + more

    return locate


def _part_locator(part: SharedArray, address: Address) -> Locator:
    """An address whose first part is where an array begins."""
    assert isinstance(address, (RegisterIndirect, RegisterIndirectComputed))
    rest = address.offset

    def locate(state: State, active: Active) -> tuple[Region, Array]:
        offsets = np.array([rest]) if isinstance(rest, int) else state.read_integer(rest.index, active)
        return state.shared.part(part), offsets

    return locate


def _load_shared(site: Site) -> Step:
    load, ty = _load(site), site.type
    locate = locator(site, cast(Address, site.instruction.args[1]))

    def step(state: State, active: Active) -> None:
        region, offsets = locate(state, active)
        state.check(region, offsets, ty, active, "load")
        state.shared_written(region, offsets, ty, active)
        load(state, active)

    return step


def _store_shared(site: Site) -> Step:
    store, ty = _store(site), site.type
    locate = locator(site, cast(Address, site.instruction.args[1]))

    def step(state: State, active: Active) -> None:
        store(state, active)
        mark(*locate(state, active), ty.size)

    return step


def _barrier(site: Site) -> Step:
    """All lanes of the block are here, or some are elsewhere."""

    def step(state: State, active: Active) -> None:
        if state.count(active) < state.batch.count:
            state.missed_barrier(active)
        state.meet()

    return step


def _print(site: Site) -> Step:
    source, ty, message = site.source(0), site.type, cast(int, site.instruction.args[1])
    return lambda state, active: state.show(active, ty, source(state, active), message)


def _assert(site: Site) -> Step:
    number, message = site.predicate(0), cast(int, site.instruction.args[1])

    def step(state: State, active: Active) -> None:
        holds = state.read_predicate(number, active)
        if not holds.all():
            state.failed_assertion(active, ~holds, message)

    return step


def _reduce_block(site: Site) -> Step:
    """A barrier that gives all lanes of the block what their values come to."""
    (target, ty), source = site.register(0), site.source(1)
    operation, arrive = BLOCK_REDUCTIONS[site.instruction.op], _barrier(site)

    def step(state: State, active: Active) -> None:
        arrive(state, active)
        values = np.broadcast_to(source(state, active), (state.batch.count,))
        state.write(target, ty, active, fold_lanes(values, operation, ty))

    return step


def _load(site: Site) -> Step:
    target, ty = site.register(0)
    locate = locator(site, cast(Address, site.instruction.args[1]))

    def step(state: State, active: Active) -> None:
        region, offsets = locate(state, active)
        state.check(region, offsets, ty, active, "load")
        state.note_read(region, offsets, ty, active)
        state.write(target, ty, active, region.load(offsets, STORAGE[ty]))

    return step


def _store(site: Site) -> Step:
    source, ty = site.source(0), site.type
    locate = locator(site, cast(Address, site.instruction.args[1]))

    def step(state: State, active: Active) -> None:
        region, offsets = locate(state, active)
        state.check(region, offsets, ty, active, "store")
        state.store(region, offsets, ty, source(state, active), active)

    return step


def _atomic(site: Site) -> Step:
    (target, ty), sources = site.register(0), site.sources(2)
    locate = locator(site, cast(Address, site.instruction.args[1]))

    def step(state: State, active: Active) -> None:
        region, offsets = locate(state, active)
        state.check(region, offsets, ty, active, "atomic")
        crooked = offsets % ty.size != 0
        if crooked.any():
            state.fail(ExecutionError, faults.unaligned(ty), state.lane(active, crooked))
        if site.is_shared:
            state.shared_written(region, offsets, ty, active)
        state.note_read(region, offsets, ty, active)
        operands = [read(state, active) for read in sources]
        everywhere = np.broadcast_to(offsets, (state.count(active),))
        state.write(target, ty, active, update(region, everywhere, ty, site.instruction.op, operands))

    return step


def _reduce(site: Site) -> Step:
    """Collects a value; the address is the launch's, so all lanes must agree on it."""
    source, ty, index = site.source(0), site.type, site.index
    locate = locator(site, cast(Address, site.instruction.args[1]))

    def step(state: State, active: Active) -> None:
        region, offsets = locate(state, active)
        state.check(region, offsets, ty, active, "store")
        reduction = state.launch.reductions[index]
        reduction.place = reduction.place or Place(region, int(offsets[0]))
        differs = offsets != reduction.place.offset
        if differs.any():
            state.fail(ExecutionError, "the lanes reduce to different addresses", state.lane(active, differs))
        state.contribute(active, ty, source(state, active))

    return step


REDUCTIONS = {"GRED_ADD": "ADD", "GRED_MIN": "MINP", "GRED_MAX": "MAXP", "GRED_MUL": "MUL"}
BLOCK_REDUCTIONS = {name.replace("GRED", "BRED"): operation for name, operation in REDUCTIONS.items()}

_STEPS: Mapping[str, Callable[[Site], Step]] = {
    "CVT": _convert,
    "MOV_IMM": _immediate,
    "MOV_PARAM": _parameter,
    "MOV_SREG": _special,
    "SETcc": _compare,
    "PAND": _logic(np.logical_and),
    "POR": _logic(np.logical_or),
    "PXOR": _logic(np.logical_xor),
    "PNOT": _logic(np.logical_not),
    "LDG": _load,
    "STG": _store,
    "LDS": _load_shared,
    "STS": _store_shared,
    "BarSync": _barrier,
    "MemFence": _nothing,
    "Print": _print,
    "Assert": _assert,
    **dict.fromkeys(("ReduceAdd", "ReduceMin", "ReduceMax", "ReduceMul"), _fold),
    **dict.fromkeys(UPDATES, _atomic),
    **atlas.STEPS,
    **pools.STEPS,
    **dict.fromkeys(REDUCTIONS, _reduce),
    **dict.fromkeys(BLOCK_REDUCTIONS, _reduce_block),
}

CONTROL = frozenset({"BRA", "LOOP", "EXIT"})
"""Instructions that end a block; the machine runs them."""
INLINED = frozenset({"CALL", "RET"})
"""Instructions that verification replaces by copies of the subroutines."""


def implements(spec: Spec, ty: Type | None) -> bool:
    """True when there is a step for an instruction of this type."""
    if not spec.typed:
        return ty is None and (spec.name in CONTROL or spec.name in INLINED or spec.name in _STEPS)
    if ty not in spec.types:
        return False
    return spec.name in _STEPS or (ty is not None and function_of(spec.name, ty) is not None)


def make_step(site: Site) -> Step:
    """The step of an instruction that `implements` accepts and that is not control flow."""
    return _STEPS.get(site.instruction.op, _value)(site)
