"""What the lanes of a batch hold while they run: registers, predicates, contributions to launch reductions."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter.coordinates import Batch, width
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.launch import Launch
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.printing import Printer
from hologram.backends.interpreter.reduce import ACCUMULATORS, Contributions
from hologram.backends.interpreter.registers import ALL, Active, Register, UnwrittenError
from hologram.backends.interpreter.report import fail
from hologram.backends.interpreter.shared import SharedMemory
from hologram.backends.reports import assertion
from hologram.errors import AssertionFailedError, BarrierError, ExecutionError, OutOfBoundsError, UninitializedReadError
from hologram.isa.operands import Special
from hologram.types import Type

_PRELOADED = {252: (Special.LANE_X, Type.U32), 253: (Special.BLOCK_X, Type.U32), 254: (Special.BLOCK_DIM_X, Type.U32)}


class State:
    """Registers and predicates of the lanes of one batch; `index` is the instruction being run.

    `epoch` counts the barriers passed. Registers come into being when they are first touched.
    """

    def __init__(self, launch: Launch, batch: Batch) -> None:
        self.launch, self.batch, self.index = launch, batch, 0
        self.steps, self.total_steps = np.zeros(batch.count, np.int64), 0
        self.shared = SharedMemory(launch.program.shared_bytes)
        self.contributions: dict[int, Contributions] = {}
        self.phase, self.epoch = np.zeros(batch.count, np.uint32), 0
        self.printer = Printer(launch.program, batch)
        self._registers: dict[int, Register] = {}
        self._predicates: dict[int, Register] = {}

    def fail(self, kind: type[ExecutionError], message: str, lane: int) -> NoReturn:
        """Raise an error at the current instruction for a lane of the batch."""
        launch = self.launch
        fail(kind, launch.program, self.index, launch.original(self.index), message, self.batch, lane)

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
            message = faults.out_of_bounds(verb, ty, offset, region.name, len(region.bytes))
            self.fail(OutOfBoundsError, message, self.lane(active, outside))

    def shared_written(self, offsets: Array, ty: Type, active: Active) -> None:
        """Refuse a load from shared memory that no lane of the block has stored to."""
        unwritten = self.shared.unwritten(offsets, ty.size)
        if unwritten.any():
            offset = int(offsets[np.argmax(unwritten)])
            message = f"load of {ty.value} at byte offset {offset} of shared memory, which has not been written"
            self.fail(UninitializedReadError, message, self.lane(active, unwritten))

    def missed_barrier(self, active: Active) -> NoReturn:
        """Refuse a barrier that only the active lanes of the block have come to."""
        here = np.zeros(self.batch.count, np.bool_)
        here[active] = True
        missing = [int(self.batch.number[lane]) for lane in np.flatnonzero(~here)]
        shown = ", ".join(str(n) for n in missing[:8]) + (", ..." if len(missing) > 8 else "")
        message = f"{len(missing)} of {self.batch.count} lanes of the block are not at this barrier: lanes {shown}"
        self.fail(BarrierError, message, self.lane(active, np.array([True])))

    def divided_by_zero(self, active: Active, zero: Array) -> None:
        """Note a fault; the one of the earliest instruction and lowest lane is reported when the launch is complete."""
        found = (self.index, int(self.batch.number[self.lane(active, zero)]))
        self.launch.fault = found if self.launch.fault is None else min(self.launch.fault, found)

    def show(self, active: Active, ty: Type, values: Array, message: int) -> None:
        """Print a value in each active lane."""
        lanes = range(self.batch.count) if isinstance(active, slice) else active.tolist()
        self.printer.show(lanes, ty, values, message)

    def failed_assertion(self, active: Active, failed: Array, message: int) -> NoReturn:
        """Report a claim that does not hold in some of the active lanes."""
        self.fail(AssertionFailedError, assertion(self.launch.program, message), self.lane(active, failed))

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
