"""What every backend offers: compile a verified program, launch it on host arrays or report why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hologram.errors import LaunchError
from hologram.isa.instructions import Spec
from hologram.isa.operands import CLASSES
from hologram.isa.program import Program
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.executor_memory import ExecutorMemory

Argument = np.ndarray[Any, Any] | int | float
Triple = tuple[int, int, int]
DEFAULT_BLOCK = 256
MAX_LANES = 1 << 48


def triple(value: int | Sequence[int], name: str) -> Triple:
    """Normalise a launch dimension: an integer or up to three, x first; missing ones are 1."""
    values = [value] if isinstance(value, int) else list(value)
    if not 1 <= len(values) <= 3 or not all(isinstance(v, int) and 0 <= v < 1 << 32 for v in values):
        raise LaunchError(f"{name} must be one to three integers from 0 to 2**32 - 1, x first; got {value!r}")
    x, y, z = [*values, 1, 1][:3]
    return x, y, z


@dataclass(frozen=True, slots=True)
class LaunchConfig:
    """An explicit launch shape: `grid` counts blocks, `block` counts lanes, x first.

    `shared_memory` is what the program declares, or 0. `resonance_class` is the class of all lanes; None gives each
    that of its block.
    """

    grid: Triple
    block: Triple
    shared_memory: int = 0
    resonance_class: int | None = None

    def __post_init__(self) -> None:
        chosen = self.resonance_class
        if chosen is not None and (not isinstance(chosen, int) or not 0 <= chosen < CLASSES):
            raise LaunchError(f"resonance_class must be a class index from 0 to {CLASSES - 1}, got {chosen!r}")

    @classmethod
    def of(
        cls, grid: int | Sequence[int], block: int | Sequence[int], resonance_class: int | None = None
    ) -> LaunchConfig:
        """A shape from integers or sequences of up to three."""
        return cls(triple(grid, "grid"), triple(block, "block"), resonance_class=resonance_class)

    @classmethod
    def linear(cls, n: int, block: int = DEFAULT_BLOCK, resonance_class: int | None = None) -> LaunchConfig:
        """Enough blocks of `block` lanes for n lanes on the x axis."""
        if block < 1:
            raise LaunchError("block must hold at least one lane")
        return cls.of(-(-n // block), block, resonance_class)


@dataclass(frozen=True, slots=True)
class Domain:
    """The lanes a launch really runs: global ids 0 … lanes-1 on each axis, with grid and block for those who ask.

    `resonance_class` is the class of all lanes; None gives each that of its block.
    """

    lanes: Triple
    grid: Triple
    block: Triple
    resonance_class: int | None = None

    @property
    def total(self) -> int:
        return self.lanes[0] * self.lanes[1] * self.lanes[2]


@dataclass(frozen=True, slots=True)
class Checks:
    """How closely launches are watched: `nan` looks for NaN and infinity, `max_steps` bounds the steps of a lane.

    `races` looks for data races, which the interpreter alone can.
    """

    nan: bool = False
    max_steps: int | None = None
    races: bool = True


class Executable(Protocol):
    """A program made ready by one backend."""

    program: Program

    def launch(self, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory | None = None) -> None:
        """Run once; arguments are checked by the caller (host arrays, numbers), one a parameter.

        `memory` is that of the executor, given where the program's demands go beyond the class of a lane.
        Raises an `ExecutionError` for faults found while running.
        """
        ...


class Backend(Protocol):
    """Turns verified programs into executables."""

    name: str

    def implements(self, spec: Spec, type: Type | None) -> bool:
        """True when the backend can run an instruction of this type."""
        ...

    def compile(self, program: Program) -> Executable:
        """Make a program runnable; raises `UnsupportedError` naming instruction and source line."""
        ...


class ObjectStore(Protocol):
    """Where native objects are kept between processes; a key is any text."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, data: bytes) -> None: ...
