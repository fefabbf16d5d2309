"""A program: parameters, instructions, labels; immutable, hashable by content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType

from hologram.errors import Location
from hologram.isa.affine import Poly
from hologram.isa.demands import ONE_THREAD, Demand, demands_of
from hologram.isa.instructions import BY_NAME, Spec
from hologram.isa.operands import Operand
from hologram.isa.variables import Variable
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: `kind` is "array" or "scalar"; `access` of an array is "r", "w" or "rw"."""

    name: str
    kind: str
    type: Type
    ndim: int = 0
    access: str = "r"
    default: int | float | None = None

    @property
    def is_array(self) -> bool:
        return self.kind == "array"

    @property
    def is_written(self) -> bool:
        return "w" in self.access

    def __str__(self) -> str:
        if not self.is_array:
            return f"{self.name}: {self.type.value}"
        dims = f", {self.ndim}" if self.ndim != 1 else ""
        return f"{self.name}: DeviceArray[{self.type.value}{dims}]"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `op` names its row of the table, `args` follow the row's operands.

    `type` is the row's T; `source_type` is the S of CVT.
    """

    op: str
    type: Type | None = None
    args: tuple[Operand, ...] = ()
    source_type: Type | None = None

    @property
    def spec(self) -> Spec:
        return BY_NAME[self.op]

    def operand_type(self, position: int) -> Type | None:
        """Type of the register at an operand position."""
        declared = self.spec.operands[position].type
        if declared == "T":
            return self.type
        return self.source_type if declared == "S" else Type[declared]


FLAG_FAST = "fast"
FLAG_ROWS = "rows"
"""Blocks are rows of `ROW` lanes along x, one block on that axis; lanes meet in block reductions alone."""
ROW = 32
FLAG_QUICK = "quick"
"""Machine code is wanted soon: less effort goes into it, which hardly shows in programs that templates write."""
SHARED_ARRAYS = "shared"
"""The metadata entry that names the arrays in shared memory, see `hologram.isa.shared_arrays`."""


@dataclass(frozen=True)
class Program:
    """A kernel as Atlas ISA.

    `labels` map a name to an instruction index (the length is legal: the end). `extent` holds, for each
    launch axis, how many lanes are wanted. `debug` gives each instruction's source place (same length, or empty).
    `messages` are the texts that Print and Assert name by number (see `hologram.isa.messages`).
    `variables` are those of the source, with their registers.
    `debug`, `messages`, `variables` and `metadata` never change what the program computes and are not part of `digest`.
    """

    name: str
    params: tuple[Param, ...]
    instructions: tuple[Instruction, ...]
    labels: Mapping[str, int] = field(default_factory=dict)
    extent: tuple[Poly, ...] = ()
    shared_bytes: int = 0
    flags: frozenset[str] = frozenset()
    debug: tuple[Location | None, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self.digest == other.digest

    def __reduce__(self) -> tuple[object, ...]:
        from hologram.isa import binary

        return binary.decode_one, (binary.encode([self]),)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: name, parameters, instructions, labels, extent, flags; no debug data."""
        from hologram.isa import binary

        return sha256(binary.encode_content(self)).hexdigest()

    @cached_property
    def demands(self) -> Demand:
        """What it asks of the executor besides its arguments: classes, boundary pool, resonance, linear pools."""
        return demands_of(self.instructions)

    @cached_property
    def debug_digest(self) -> str:
        """SHA-256 of what `digest` leaves out and a message may show: places, texts, variables, shared arrays."""
        shown = (self.debug, self.messages, self.variables, self.metadata.get(SHARED_ARRAYS))
        return sha256(repr(shown).encode()).hexdigest()

    def location(self, index: int) -> Location | None:
        """Source place of an instruction, where known."""
        return self.debug[index] if 0 <= index < len(self.debug) else None

    def param(self, name: str) -> int:
        """Slot index of a parameter by name."""
        return next(i for i, p in enumerate(self.params) if p.name == name)

    def disassemble(self) -> str:
        """The program as `.atlasm` text."""
        from hologram.isa import text

        return text.disassemble(self)


def made_quickly(program: Program) -> bool:
    """True for programs that ask for machine code soon rather than for the last of its speed."""
    return FLAG_QUICK in program.flags


def works_by_blocks(program: Program) -> bool:
    """True for programs whose lanes work together by blocks: shared memory, barriers, block reductions."""
    return program.shared_bytes > 0 or any(i.op.startswith(("BarSync", "BRED_")) for i in program.instructions)


def works_by_rows(program: Program) -> bool:
    """True for programs whose blocks all are rows of `ROW` lanes."""
    return FLAG_ROWS in program.flags


def runs_on_one_thread(program: Program) -> bool:
    """True for programs that run on the caller's thread alone: they add to the resonance or make and free pools."""
    return bool(program.demands & ONE_THREAD)
