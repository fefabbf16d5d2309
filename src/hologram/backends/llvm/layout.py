"""The arguments block: the one piece of memory a compiled kernel is called with.

The block is a row of 8-byte slots. The header says what to run, the parameters follow in order:

| slot    | holds                                                                           |
|---------|---------------------------------------------------------------------------------|
| 0 … 2   | lanes of the launch along x, y, z: what really runs                             |
| 3 … 5   | blocks of the grid along x, y, z                                                |
| 6 … 8   | lanes of one block along x, y, z                                                |
| 9       | fault information, written by the kernel when it returns a fault                |
| 10      | lanes of the whole launch                                                       |
| 11      | which way the next run goes over the strips, 0 or 1; kernels may flip it        |
| 12 …    | scalar: its value in its own type, little-endian, at the start of one slot;     |
|         | array: data pointer, then shape[0 … ndim-1], then byte stride[0 … ndim-1]       |
| last 2  | where a program asks for it (`isa.demands`): the address of the executor's      |
|         | memory, and the class of all lanes (-1: each has that of its block)             |

The same layout serves the code generator (which loads from these offsets), the entry points (which fill the block
from Python objects) and bound launches (which fill it once).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from hologram.isa.program import Param, Program
from hologram.types import Type

RUN = "hologram_run"
JOIN = "hologram_join"
CHECK = "hologram_check"
"""Names of a kernel's functions: `i64 run(ptr block, ptr piece)` (see `pieces`), `void join(ptr block, ptr results,
i64 pieces, i64 log, i64 units)` (see `reduction`) and `i32 check(ptr block)`."""
CUT = "hologram_cut"
"""Name of an i64 that says how the kernel's launches may be cut into pieces."""

SLOT = 8

LANES = (0, 8, 16)
GRID = (24, 32, 40)
BLOCK = (48, 56, 64)
FAULT = 72
TOTAL_LANES = 80
DIRECTION = 88
HEADER_BYTES = 96
STATE, CLASS = 0, 8
STATE_BYTES = 16
"""The slots behind the parameters, from the end of those on."""

LIMIT, CODE, INDEX, LANE, DETAIL, OTHER, DIVISION, DIVISION_LANE = range(0, 64, 8)
RECORD_BYTES = 64
"""Checked code has a record behind the parameters, all zeros but for LIMIT, the steps a lane may run.

Code that stops puts a code of `backends.faults`, the instruction and the lane there, and one or two numbers more; a
lane that divides by zero puts 1 + the instruction and its number there and goes on.
"""

_SLOT = struct.Struct("<q")
_HEADER = struct.Struct("<12q")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one parameter lies: `offset` of its first slot in bytes, `ndim` 0 for a scalar."""

    offset: int
    ndim: int = 0

    @property
    def size(self) -> int:
        """Bytes taken: one slot for a scalar, 1 + 2·ndim for an array."""
        return SLOT * (1 + 2 * self.ndim)

    @property
    def value(self) -> int:
        """Offset of a scalar's value, or of an array's data pointer."""
        return self.offset

    def shape(self, axis: int) -> int:
        """Offset of the array's length along an axis."""
        return self.offset + SLOT * (1 + axis)

    def stride(self, axis: int) -> int:
        """Offset of the array's byte stride along an axis."""
        return self.offset + SLOT * (1 + self.ndim + axis)


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets of every parameter of a program in its arguments block, and the block's size in bytes.

    >>> from hologram.isa.program import Param
    >>> layout = Layout.of([Param("n", "scalar", Type.I32), Param("x", "array", Type.F32, 2, "rw")])
    >>> layout.places[1].value, layout.places[1].stride(0), layout.size
    (104, 128, 144)
    """

    places: tuple[Place, ...]
    size: int

    @classmethod
    def of(cls, params: Sequence[Param]) -> Layout:
        """The layout of a program's parameters, in their order."""
        places, offset = [], HEADER_BYTES
        for param in params:
            place = Place(offset, param.ndim if param.is_array else 0)
            places.append(place)
            offset += place.size
        return cls(tuple(places), offset)


def header(
    lanes: tuple[int, int, int] = (0, 0, 0),
    grid: tuple[int, int, int] = (0, 0, 0),
    block: tuple[int, int, int] = (0, 0, 0),
) -> bytes:
    """The twelve header slots of a launch; x comes first in every triple."""
    total = lanes[0] * lanes[1] * lanes[2]
    return _HEADER.pack(*lanes, *grid, *block, 0, total, 0)


def state_bytes(program: Program) -> int:
    """Bytes that the arguments block of a program has behind its parameters."""
    return STATE_BYTES if program.demands else 0


def store_array(
    block: bytearray | memoryview, place: Place, data: int, shape: Sequence[int], strides: Sequence[int]
) -> None:
    """Write an array's data address, lengths and byte strides into a block."""
    struct.pack_into(f"<Q{2 * place.ndim}q", block, place.offset, data, *shape, *strides)


def store_scalar(block: bytearray | memoryview, place: Place, type: Type, value: int | float) -> None:
    """Write a scalar in its own type into a block; the rest of its slot becomes zero.

    A float narrower than f64 is rounded once; an integer outside its type raises OverflowError.
    """
    raw = type.dtype.type(value).tobytes()
    block[place.offset : place.offset + SLOT] = raw.ljust(SLOT, b"\0")


def load_slot(block: bytes | bytearray | memoryview, offset: int) -> int:
    """Read one slot as a signed integer (a shape, a lane count, the fault information)."""
    return int(_SLOT.unpack_from(block, offset)[0])
