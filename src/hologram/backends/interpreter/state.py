"""What the lanes of a batch hold while they run: registers, predicates, contributions to launch reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter.convert import unsigned
from hologram.backends.interpreter.coordinates import Batch, width
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.launch import Launch
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.printing import Printer
from hologram.backends.interpreter.races import Race
from hologram.backends.interpreter.reduce import Contributions
from hologram.backends.interpreter.registers import ALL, Active, Register, UnwrittenError
from hologram.backends.interpreter.shared import SharedMemory, unwritten
from hologram.errors import (
    AssertionFailedError,
    BarrierError,
    DataRaceError,
    ExecutionError,
    OutOfBoundsError,
    UninitializedReadError,
)
from hologram.isa.operands import Pred, Reg, Special
from hologram.isa.reductions import ACCUMULATORS
from hologram.types import Type

E = TypeVar("E", bound=ExecutionError)
Value = np.generic | bool

_PRELOADED = {252: (Special.LANE_X, Type.U32), 253: (Special.BLOCK_X, Type.U32), 254: (Special.BLOCK_DIM_X, Type.U32)}


class State:
    """Registers and predicates of the lanes of one batch; `index` is the instruction being run.

    `epoch` counts the barriers passed; `elsewhere` tells which instruction lanes wait before that do not run now,
    `ended` which was a lane's last. Registers come into being when they are first touched.
    """

    def __init__(self, launch: Launch, batch: Batch) -> None:
        self.launch, self.batch, self.index = launch, batch, 0
        if launch.clock is not None:
            launch.clock.begin(batch)
        self.steps, self.total_steps = np.zeros(batch.count, np.int64), 0
        self.shared = SharedMemory(launch.program.shared_bytes, launch.shared_shadow())
        self.contributions: dict[int, Contributions] = {}
        self.phase, self.epoch = np.zeros(batch.count, np.uint32), 0
        self.printer = Printer(launch.program, batch)
        self.elsewhere: Callable[[], list[tuple[int, Active]]] = list
        self.ended: list[tuple[int, Active]] = []
        self._registers: dict[int, Register] = {}
        self._predicates: dict[int, Register] = {}

    def fail(self, kind: type[ExecutionError], message: str, lane: int) -> NoReturn:
        """Raise an error at the current instruction for a lane of the batch."""
        raise self.failure(kind, message, lane)

    def failure(self, kind: type[E], message: str, lane: int) -> E:
        """An error at the current instruction for a lane of the batch, with the variables the lane has."""
        number = int(self.batch.number[lane])
        return self.launch.failure(kind, message, self.index, number, self.variables(lane))

    def variables(self, lane: int) -> dict[str, Value]:
        """The values that a lane of the batch has for the scalar parameters and the kernel's variables, by name."""
        launch = self.launch
        given = zip(launch.program.params, launch.arguments, strict=True)
        found: dict[str, Value] = {p.name: p.type.dtype.type(a) for p, a in given if not p.is_array}
        for variable in launch.visible(self.index):
            value = self.value(variable.place, lane)
            if value is not None:
                found[variable.name] = value
        return found

    def value(self, place: Reg | Pred, lane: int) -> Value | None:
        """What a lane of the batch has in a register or predicate, if anything was written to it."""
        register = self._register(place.index) if isinstance(place, Reg) else self._predicate(place.index)
        held = register.at(lane)
        if held is None:
            return None
        kind, value = held
        return value.view(kind.dtype)[0] if isinstance(kind, Type) else bool(value[0])

    def count(self, active: Active) -> int:
        """How many lanes are active."""
        return self.batch.count if isinstance(active, slice) else len(active)

    def lane(self, active: Active, chosen: Array) -> int:
        """The first active lane that is chosen (a mask over the active lanes, or of shape (1,))."""
        first = int(np.argmax(chosen))
        return first if isinstance(active, slice) else int(active[first])

    # Registers

    def read(self, register: int, ty: Type, active: Active) -> Array:
        """The register's values in the active lanes, all of which must have written it as this type."""
        try:
            return self._register(register).read(ty, active)
        except UnwrittenError as error:
            held = error.held.value if isinstance(error.held, Type) else None
            what = f"holds {held}, not {ty.value}" if held else "has not been written"
            self.fail(UninitializedReadError, f"read of r{register}, which {what}", self.lane(active, error.lanes))

    def read_integer(self, register: int, active: Active) -> Array:
        """An i64 or u64 register as i64 (offsets beyond 2**63 come out negative: they are out of bounds anyway)."""
        ty = Type.U64 if self._register(register).held(active) is Type.U64 else Type.I64
        return self.read(register, ty, active).view(np.int64)

    def write(self, register: int, ty: Type, active: Active, values: Array) -> None:
        """Set the register in the active lanes; values of shape (1,) go to all of them."""
        self._register(register).write(ty, active, values)

    def read_predicate(self, predicate: int, active: Active) -> Array:
        """The predicate in the active lanes, all of which must have written it."""
        try:
            return self._predicate(predicate).read(bool, active)
        except UnwrittenError as error:
            message = f"read of p{predicate}, which has not been written"
            self.fail(UninitializedReadError, message, self.lane(active, error.lanes))

    def write_predicate(self, predicate: int, active: Active, values: Array) -> None:
        """Set the predicate in the active lanes."""
        self._predicate(predicate).write(bool, active, values)

    def _register(self, number: int) -> Register:
        found = self._registers.get(number)
        if found is None:
            found = self._registers[number] = Register(self.batch.count)
            if number in _PRELOADED:
                special, ty = _PRELOADED[number]
                found.write(ty, ALL, self.batch.special(special).astype(np.uint32))
            elif number == 255:
                found.write(Type.U64, ALL, self.batch.global_number())
        return found

    def _predicate(self, number: int) -> Register:
        if number not in self._predicates:
            self._predicates[number] = Register(self.batch.count)
        return self._predicates[number]

    # Memory, faults, reductions

    def check(self, region: Region, offsets: Array, ty: Type, active: Active, verb: str) -> None:
        """Refuse an access of which any lane lies outside its array, before a byte is touched."""
        outside = region.outside(offsets, ty.size)
        if outside.any():
            offset = int(offsets[np.argmax(outside)])
            shared = region.written is not None
            message = faults.out_of_bounds(verb, ty, offset, region.name, len(region.bytes), shared)
            self.fail(OutOfBoundsError, message, self.lane(active, outside))

    def note_read(self, region: Region, offsets: Array, ty: Type, active: Active) -> None:
        """Refuse a load or an atomic that races with a store."""
        tracked = region.tracked
        if tracked is None:
            return
        lanes = self._positions(active)
        if len(offsets) == 1 and len(lanes) > 1:  # two lanes at one place stand for all
            lanes = lanes[[0, -1]]
        positions = np.broadcast_to(offsets, lanes.shape) + (region.base + tracked.start)
        race = tracked.shadow.read(self.index, positions, lanes, ty.size)
        if race is not None:
            self._race(region, race, ty)

    def store(self, region: Region, offsets: Array, ty: Type, values: Array, active: Active) -> None:
        """Store values at offsets that are inside (one a lane, or one for all); refuses a store that races."""
        offsets = np.broadcast_to(offsets, (self.count(active),))
        tracked = region.tracked
        if tracked is None:
            region.store(offsets, values)
            return
        lanes, positions = self._positions(active), offsets + (region.base + tracked.start)

        def changes() -> Array:
            return np.asarray(unsigned(region.load(offsets, values.dtype)) != unsigned(values))

        race = tracked.shadow.store(self.index, positions, lanes, ty.size, changes)
        if race is None:
            region.store(offsets, values)
            race = tracked.shadow.collision(positions, lanes, ty.size, changes)
        if race is not None:
            self._race(region, race, ty)

    def _positions(self, active: Active) -> Array:
        return np.arange(self.batch.count) if isinstance(active, slice) else active

    def _race(self, region: Region, race: Race, ty: Type) -> NoReturn:
        """Report two accesses that nothing orders."""
        assert region.tracked is not None
        launch, earlier = self.launch, race.earlier
        what = faults.verb(launch.program.instructions[earlier.instruction].op)
        element = (race.position - region.tracked.start - region.base) // ty.size
        message = faults.data_race(
            region.name, element, launch.domain, what, earlier.lane, launch.place(earlier.instruction)
        )
        error = self.failure(DataRaceError, message, race.lane)
        error.other_lane, error.other_location = earlier.lane, launch.program.location(earlier.instruction)
        raise error

    def shared_written(self, region: Region, offsets: Array, ty: Type, active: Active) -> None:
        """Refuse a load from shared memory that no lane of the block has stored to."""
        missing = unwritten(region, offsets, ty.size)
        if missing.any():
            offset = int(offsets[np.argmax(missing)])
            message = faults.not_written(ty, offset, region.name)
            self.fail(UninitializedReadError, message, self.lane(active, missing))

    def meet(self) -> None:
        """The lanes of the block have come to a barrier."""
        self.epoch += 1
        if self.launch.clock is not None:
            self.launch.clock.meet()

    def missed_barrier(self, active: Active) -> NoReturn:
        """Refuse a barrier that only the active lanes of the block have come to."""
        numbers = self.batch.number
        groups = [(*group, "at") for group in self.elsewhere()] + [(*group, "ended at") for group in self.ended]
        others = [(numbers[lanes].tolist(), f"{how} {self.launch.place(index)}") for index, lanes, how in groups]
        message = faults.missed_barrier(self.batch.count, others)
        self.fail(BarrierError, message, self.lane(active, np.array([True])))

    def divided_by_zero(self, active: Active, zero: Array) -> None:
        """Note a fault; the one of the earliest instruction and lowest lane is reported when the launch is complete."""
        launch, lane = self.launch, self.lane(active, zero)
        found = (self.index, int(self.batch.number[lane]))
        if launch.fault is None or found < launch.fault:
            launch.fault, launch.fault_variables = found, self.variables(lane)

    def show(self, active: Active, ty: Type, values: Array, message: int) -> None:
        """Print a value in each active lane."""
        lanes = range(self.batch.count) if isinstance(active, slice) else active.tolist()
        self.printer.show(lanes, ty, values, message)

    def failed_assertion(self, active: Active, failed: Array, message: int) -> NoReturn:
        """Report a claim that does not hold in some of the active lanes."""
        self.fail(AssertionFailedError, faults.assertion(self.launch.program, message), self.lane(active, failed))

    def contribute(self, active: Active, ty: Type, values: Array) -> None:
        """Add the active lanes' values to the launch reduction that is the current instruction."""
        if self.index not in self.contributions:
            empty = Contributions.empty(ty, self.batch.chunks, width(self.batch.domain))
            self.contributions[self.index] = empty
        self.contributions[self.index].put(self.batch.cell[active], values)

    def finish(self) -> None:
        """Finish what is printed and fold what was contributed to launch reductions; called when all lanes are done."""
        self.printer.finish()
        for index, reduction in self.launch.reductions.items():
            if index in self.contributions:
                reduction.chunks.append(self.contributions[index].fold(reduction.operation, reduction.type))
            else:
                absent = Contributions.empty(reduction.type, self.batch.chunks, ACCUMULATORS)
                reduction.chunks.append(absent.fold(reduction.operation, reduction.type))
