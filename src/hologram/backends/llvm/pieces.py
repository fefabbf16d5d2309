"""Pieces of a launch: how a program's work may be cut, and how its run function learns which piece to do.

`i64 run(ptr block, ptr piece)` does the whole launch when `piece` is null. Otherwise `piece` points at five slots:

| field   | holds                                                                                       |
|---------|---------------------------------------------------------------------------------------------|
| axis    | the axis that is cut: 0, 1, 2 for x, y, z                                                   |
| first   | first unit of the piece along that axis                                                     |
| end     | the unit after its last                                                                     |
| number  | which piece this is                                                                         |
| results | where a piece of a launch reduction leaves what it found (see `reduction`)                  |

A unit is a lane, a block or a chunk of a reduction's tree, as the program's `Cut` says. Where pieces begin and end
depends on the launch alone, never on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from hologram.backends.llvm.ir import Value, Writer
from hologram.backends.llvm.slots import load_field

SLOT = 8
AXIS, FIRST, END, NUMBER, RESULTS = range(0, 5 * SLOT, SLOT)
PIECE_BYTES = 5 * SLOT

MAX_PIECES_LOG = 7
MAX_PIECES = 1 << MAX_PIECES_LOG
"""Enough for the threads of a large machine to share out evenly, few enough to claim one by one."""
LEVELS = 64
ENTRIES = MAX_PIECES + LEVELS
RESULT_BYTES = 8 * ENTRIES
"""What the pieces of a launch leave of one reduction. A piece of 2**log chunks is one subtree: its value is entry
`number`. The last piece may be smaller: its stack begins there. A word in front of all tells which saw a lane."""


class Cut(IntEnum):
    """What the pieces of a program consist of."""

    LANES = 1
    BLOCKS = 2
    CHUNKS = 3


class Bounds:
    """First and end unit along each axis, of the whole launch or of a piece."""

    def __init__(self, w: Writer, extents: Sequence[Value], axes: int = 3) -> None:
        """Read the piece that `%piece` points at; only the first `axes` axes may be cut."""
        zero = Value("0", "i64")
        begins, ends = [w.alloca("i64") for _ in range(axes)], [w.alloca("i64") for _ in range(axes)]
        for begin, end, extent in zip(begins, ends, extents, strict=False):
            w.line(f"store i64 0, ptr {begin}")
            w.line(f"store {extent}, ptr {end}")
        self.whole = w.value("icmp eq ptr %piece, null", "i1")
        cut, ready = w.name("cut"), w.name("ready")
        w.branch(self.whole, ready, cut)
        w.label(cut)
        axis, first, last = (load_field(w, "%piece", offset) for offset in (AXIS, FIRST, END))
        for number, (begin, end, extent) in enumerate(zip(begins, ends, extents, strict=False)):
            here = w.value(f"icmp eq {axis}, {number}", "i1") if axes > 1 else Value("true", "i1")
            w.line(f"store {w.value(f'select {here}, {first}, i64 0', 'i64')}, ptr {begin}")
            w.line(f"store {w.value(f'select {here}, {last}, {extent}', 'i64')}, ptr {end}")
        w.label(ready)
        self.begin = [*(w.value(f"load i64, ptr {c}", "i64") for c in begins), *[zero] * (3 - axes)]
        self.end = [*(w.value(f"load i64, ptr {c}", "i64") for c in ends), *extents[axes:]]


def number_and_results(w: Writer) -> tuple[Value, Value]:
    """Which piece this is, and where its results go."""
    return load_field(w, "%piece", NUMBER), load_field(w, "%piece", RESULTS, "ptr")
