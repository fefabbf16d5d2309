"""What an instruction's operands are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

BYTES_PER_CLASS = 12_288
BYTES_PER_PAGE = 256
PAGES_PER_CLASS = 48
CLASSES = 96
REGISTERS = 256
PREDICATES = 16


@dataclass(frozen=True, slots=True)
class Reg:
    """General register r0 … r255 (r252–r255 are read-only special registers)."""

    index: int

    def __str__(self) -> str:
        return f"r{self.index}"


@dataclass(frozen=True, slots=True)
class Pred:
    """Predicate register p0 … p15; `negated` is legal only as the guard of BRA."""

    index: int
    negated: bool = False

    def __str__(self) -> str:
        return f"{'!' if self.negated else ''}p{self.index}"


@dataclass(frozen=True, slots=True)
class Imm:
    """An immediate as raw bits, zero-extended to 64; the instruction's type says how to read them."""

    bits: int


@dataclass(frozen=True, slots=True)
class Label:
    """A branch target by name."""

    name: str

    def __str__(self) -> str:
        return f"@{self.name}"


class Field(Enum):
    """What of a parameter MOV_PARAM reads."""

    VALUE = "value"
    SHAPE = "shape"
    STRIDE = "stride"

    __hash__ = object.__hash__  # Enum's own is a function in Python, and slots are in many sets


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter by index: a scalar's value, an array's handle, or one of its shapes or byte strides."""

    index: int
    field: Field = Field.VALUE
    axis: int = 0


class Special(Enum):
    """Launch coordinates read by MOV_SREG; `global` is block · block_dim + lane."""

    LANE_X = "lane.x"
    LANE_Y = "lane.y"
    LANE_Z = "lane.z"
    BLOCK_X = "block.x"
    BLOCK_Y = "block.y"
    BLOCK_Z = "block.z"
    BLOCK_DIM_X = "block_dim.x"
    BLOCK_DIM_Y = "block_dim.y"
    BLOCK_DIM_Z = "block_dim.z"
    GRID_DIM_X = "grid_dim.x"
    GRID_DIM_Y = "grid_dim.y"
    GRID_DIM_Z = "grid_dim.z"
    GLOBAL_X = "global.x"
    GLOBAL_Y = "global.y"
    GLOBAL_Z = "global.z"

    @property
    def axis(self) -> int:
        return "xyz".index(self.value[-1])


class Condition(Enum):
    """Comparison of SETcc; the U forms are for unsigned types only."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    LTU = "ltu"
    LEU = "leu"
    GTU = "gtu"
    GEU = "geu"


class Scope(Enum):
    """Reach of a memory fence."""

    THREAD = "thread"
    BLOCK = "block"
    DEVICE = "device"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class SlotOffset:
    """`[slot + offset]`: constant byte offset into a bound array."""

    slot: int
    offset: int


@dataclass(frozen=True, slots=True)
class PhiCoordinate:
    """`[phi(class, page, byte)]`: a place in the boundary pool."""

    class_index: int
    page: int
    byte: int

    @property
    def offset(self) -> int:
        """Byte offset from the start of the boundary pool."""
        return self.class_index * BYTES_PER_CLASS + self.page * BYTES_PER_PAGE + self.byte


@dataclass(frozen=True, slots=True)
class RegisterIndirect:
    """`[rH + constant]`: handle in a register, signed constant byte offset."""

    handle: Reg
    offset: int


@dataclass(frozen=True, slots=True)
class RegisterIndirectComputed:
    """`[rH + rO]`: handle and byte offset (I64 or U64) in registers."""

    handle: Reg
    offset: Reg


Address = SlotOffset | PhiCoordinate | RegisterIndirect | RegisterIndirectComputed
Operand = Reg | Pred | Imm | Label | Slot | Special | Condition | Scope | Address | int | float | None
