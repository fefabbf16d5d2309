"""One launch: its arguments made ready, and what is known of it only when all lanes are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hologram.backends.base import Argument, Domain
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.interpreter.convert import STORAGE, constant
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.reduce import Reduction
from hologram.backends.interpreter.resonance import Resonance
from hologram.isa.builder import immediate
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.types import Type


@dataclass
class Launch:
    """A program with its arguments; `fault` is the first division by zero: (instruction, lane).

    `original` gives the index that errors name, where calls were inlined.
    """

    program: Program
    domain: Domain
    arguments: Sequence[Argument]
    memory: ExecutorMemory
    regions: dict[int, Region] = field(default_factory=dict)
    reductions: dict[int, Reduction] = field(default_factory=dict)
    fault: tuple[int, int] | None = None
    original: Callable[[int], int] = int
    resonance: Resonance = field(default_factory=Resonance)

    def __post_init__(self) -> None:
        for slot, (param, argument) in enumerate(zip(self.program.params, self.arguments, strict=True)):
            if isinstance(argument, np.ndarray):
                self.regions[slot] = Region.of(param.name, argument)

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
