"""Checked launches on the CPU: native code that tests every access, and the error for what it found."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.array_utils import byte_bounds

from hologram import events
from hologram.backends import faults
from hologram.backends.base import Argument, Checks, Domain
from hologram.backends.cpu.backend import RUN_TYPE, CpuExecutable, pack
from hologram.backends.cpu.environment import default_environment
from hologram.backends.cpu.faults import fault_error
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.faults import Fault
from hologram.backends.llvm import layout
from hologram.backends.objects import Making
from hologram.errors import (
    AssertionFailedError,
    DivisionByZeroError,
    ExecutionError,
    NumericError,
    OutOfBoundsError,
    PoolAllocationError,
    PoolHandleError,
    StepLimitError,
)
from hologram.isa.operands import CLASSES, PAGES_PER_CLASS
from hologram.isa.program import Instruction, Program
from hologram.isa.shared_arrays import SharedArray, meant
from hologram.isa.verify import Facts, verify

NO_LIMIT = (1 << 63) - 1


@dataclass
class CheckedExecutable:
    """A program as checked code. It is launched from Python and runs on the caller's thread."""

    program: Program
    native: CpuExecutable
    checks: Checks

    @property
    def making(self) -> Making:
        """How its code came to be."""
        return self.native.making

    @property
    def stages(self) -> Mapping[str, float]:
        """Seconds each stage took."""
        return self.native.stages

    def inspect(self, form: str) -> str:
        """The code of this machine as "llvm" (optimised IR) or "asm"."""
        return self.native.inspect(form)

    def launch(self, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory | None = None) -> None:
        """Run once on checked arguments; raises the error of the first fault."""
        with self.native.turn(memory) as held:
            self._launch(arguments, domain, held)

    def _launch(self, arguments: Sequence[Argument], domain: Domain, held: ExecutorMemory | None) -> None:
        block = pack(self.program, arguments, domain, held)
        record = len(block)
        block += bytes(layout.RECORD_BYTES)
        block[record : record + layout.SLOT] = (self.checks.max_steps or NO_LIMIT).to_bytes(layout.SLOT, "little")
        memory = (ctypes.c_char * len(block)).from_buffer(block)
        run = RUN_TYPE(self.native.native_for(arguments).run_address)
        with default_environment():
            start = events.start()
            status = run(ctypes.addressof(memory), None)
            events.ran(start)
        found = Record(*(layout.load_slot(block, record + k) for k in range(layout.SLOT, layout.RECORD_BYTES, 8)))
        if status and not found.code:
            raise fault_error(self.program, status)
        if found.code or found.division:
            raise Report(self.program, verify(self.program), arguments, domain, self.checks, held).error(found)


@dataclass(frozen=True)
class Record:
    """What checked code left: a fault, and 1 + the instruction and the lane of a division by zero."""

    code: int
    index: int
    lane: int
    detail: int
    other: int
    division: int
    division_lane: int


@dataclass(frozen=True)
class Report:
    """Makes the error of a launch, in the interpreter's words."""

    written: Program
    facts: Facts
    arguments: Sequence[Argument]
    domain: Domain
    checks: Checks
    memory: ExecutorMemory | None

    def error(self, found: Record) -> ExecutionError:
        """What stopped the launch, else the division by zero that did not."""
        if not found.code:
            index = found.division - 1
            return self._located(DivisionByZeroError, faults.division(), index, found.division_lane)
        if found.code == Fault.OF_INSTRUCTION:
            known = fault_error(self.written, self.facts.original(found.index) + 1)
            return self._located(type(known), known.message, found.index, found.lane)
        kind, tell = _KINDS[Fault(found.code)]
        message = tell(self, self.facts.program.instructions[found.index], found)
        return self._located(kind, message, found.index, found.lane)

    def _located(self, kind: type[ExecutionError], message: str, index: int, lane: int) -> ExecutionError:
        known = lane if lane >= 0 else None
        return faults.failure(kind, message, self.written, self.facts.original(index), self.domain, known)

    def out_of_bounds(self, ins: Instruction, found: Record) -> str:
        """Names the array, its length and the place."""
        assert ins.type is not None
        slot, verb = self.facts.slot_of.get(found.index), faults.verb(ins.op)
        if slot is None:
            whole = SharedArray(faults.SHARED, 0, self.facts.program.shared_bytes)
            part = meant(self.facts.program, self.facts.slot_of).get(found.index, whole)
            offset = found.detail - part.start
            return faults.out_of_bounds(verb, ins.type, offset, part.name, part.size, shared=True)
        array = self.arguments[slot]
        assert isinstance(array, np.ndarray)
        low, high = byte_bounds(array) if array.size else (0, 0)
        name = self.facts.program.params[slot].name
        return faults.out_of_bounds(verb, ins.type, found.detail, name, high - low)

    def unaligned(self, ins: Instruction, found: Record) -> str:
        """Names the multiple that was wanted."""
        assert ins.type is not None
        return faults.unaligned(ins.type)

    def step_limit(self, ins: Instruction, found: Record) -> str:
        """Names the limit."""
        return faults.step_limit(self.checks.max_steps or NO_LIMIT)

    def not_finite(self, ins: Instruction, found: Record) -> str:
        """Says what came out."""
        return faults.not_finite(ins, bool(found.detail))

    def wrong_class(self, ins: Instruction, found: Record) -> str:
        """Names the class."""
        return faults.index_out_of_range("class", found.detail, CLASSES)

    def wrong_page(self, ins: Instruction, found: Record) -> str:
        """Names the page."""
        return faults.index_out_of_range("page", found.detail, PAGES_PER_CLASS)

    def no_neighbour(self, ins: Instruction, found: Record) -> str:
        """Names the class and how many neighbours it has."""
        number = ins.args[2]
        assert isinstance(number, int)
        return faults.no_neighbour(found.detail, number)

    def no_such_pool(self, ins: Instruction, found: Record) -> str:
        """Names the handle."""
        return faults.no_such_pool(ins.op, found.detail % (1 << 64))

    def outside_pool(self, ins: Instruction, found: Record) -> str:
        """Names the pool, its size and the place."""
        handle = found.other % (1 << 64)
        content = self.memory.pools.content(handle) if self.memory is not None else None
        assert ins.type is not None and content is not None
        return faults.out_of_bounds(faults.verb(ins.op), ins.type, found.detail, faults.pool_name(handle), len(content))

    def no_room(self, ins: Instruction, found: Record) -> str:
        """Names the size that was asked for."""
        size = ins.args[1]
        assert isinstance(size, int)
        return faults.no_room(size)

    def claim(self, ins: Instruction, found: Record) -> str:
        """Says what was claimed."""
        message = ins.args[1]
        assert isinstance(message, int)
        return faults.assertion(self.written, message)


_KINDS: dict[Fault, tuple[type[ExecutionError], Callable[[Report, Instruction, Record], str]]] = {
    Fault.OUT_OF_BOUNDS: (OutOfBoundsError, Report.out_of_bounds),
    Fault.UNALIGNED: (ExecutionError, Report.unaligned),
    Fault.STEP_LIMIT: (StepLimitError, Report.step_limit),
    Fault.NOT_FINITE: (NumericError, Report.not_finite),
    Fault.ASSERTION: (AssertionFailedError, Report.claim),
    Fault.CLASS: (OutOfBoundsError, Report.wrong_class),
    Fault.PAGE: (OutOfBoundsError, Report.wrong_page),
    Fault.NEIGHBOUR: (OutOfBoundsError, Report.no_neighbour),
    Fault.POOL_HANDLE: (PoolHandleError, Report.no_such_pool),
    Fault.POOL_BOUNDS: (OutOfBoundsError, Report.outside_pool),
    Fault.POOL_ALLOCATION: (PoolAllocationError, Report.no_room),
}
