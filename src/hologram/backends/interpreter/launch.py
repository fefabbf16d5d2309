"""One launch: its arguments made ready, and what is known of it only when all lanes are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from hologram.backends.base import Argument, Domain
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.faults import failure
from hologram.backends.interpreter.convert import STORAGE, constant
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.races import Clock, Shadow, attach
from hologram.backends.interpreter.reduce import Reduction
from hologram.backends.interpreter.resonance import Resonance
from hologram.errors import ExecutionError
from hologram.isa.builder import immediate
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.variables import Variable
from hologram.types import Type

E = TypeVar("E", bound=ExecutionError)


@dataclass
class Launch:
    """A program with its arguments; `fault` is the first division by zero: (instruction, lane), with the
    variables that the lane had then. `visible` gives the variables that can be looked at before an instruction.

    Errors show the program as `written`, where an instruction has the index that `original` gives (calls are inlined).
    Where races are looked for there is a `clock`, and `stored` are the slots of arrays that the program stores to.
    """

    program: Program
    domain: Domain
    arguments: Sequence[Argument]
    memory: ExecutorMemory
    regions: dict[int, Region] = field(default_factory=dict)
    reductions: dict[int, Reduction] = field(default_factory=dict)
    fault: tuple[int, int] | None = None
    fault_variables: Mapping[str, object] = field(default_factory=dict)
    visible: Callable[[int], tuple[Variable, ...]] = lambda index: ()
    written: Program | None = None
    original: Callable[[int], int] = int
    resonance: Resonance = field(default_factory=Resonance)
    clock: Clock | None = None
    stored: frozenset[int] = frozenset()
    shared_element: int = 1

    def __post_init__(self) -> None:
        for slot, (param, argument) in enumerate(zip(self.program.params, self.arguments, strict=True)):
            if isinstance(argument, np.ndarray):
                self.regions[slot] = Region.of(param.name, argument)
        if self.clock is not None:
            attach(self.regions, self.stored, [p.type.size for p in self.program.params], self.clock)
            shared = [i.type.size for i in self.program.instructions if i.op in ("LDS", "STS") and i.type]
            self.shared_element = min(shared, default=1)

    def failure(
        self,
        kind: type[E],
        message: str,
        index: int,
        lane: int | None = None,
        variables: Mapping[str, object] | None = None,
    ) -> E:
        """An error at an instruction, for a lane where one met it; lanes are counted through the launch."""
        written = self.written or self.program
        return failure(kind, message, written, self.original(index), self.domain, lane, variables)

    def place(self, index: int) -> str:
        """Where an instruction stands: its source place, else its number."""
        return str(self.program.location(index) or f"instruction {self.original(index)}")

    def shared_shadow(self) -> Shadow | None:
        """The shadow of one block's shared memory, where races are looked for."""
        size = self.program.shared_bytes
        return Shadow(self.clock, size, self.shared_element) if self.clock is not None and size else None

    @cached_property
    def boundary(self) -> Region:
        """The boundary pool."""
        return Region.of("boundary pool", self.memory.boundary)

    def parameter(self, slot: Slot, ty: Type) -> Array:
        """The value of a slot, shape (1,); the handle of an array is its slot's index."""
        argument = self.arguments[slot.index]
        if not isinstance(argument, np.ndarray):
            return constant(ty, immediate(ty, argument).bits)
        values = {Field.VALUE: (slot.index,), Field.SHAPE: argument.shape, Field.STRIDE: argument.strides}[slot.field]
        return np.array([values[slot.axis]], STORAGE[ty])
