"""A program analysed for one way of being called: what the lowering works from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from hologram.backends.llvm import flow
from hologram.backends.llvm.clamps import Clamp
from hologram.backends.llvm.tiles import TiledLoop
from hologram.isa.affine import Affine, Poly
from hologram.isa.cfg import Cfg
from hologram.isa.demands import Demand
from hologram.isa.operands import Slot, Special
from hologram.isa.program import ROW, Program, works_by_blocks, works_by_rows

BY_BLOCK = Demand.CLASS | Demand.RESONANCE
"""What depends on the block: the class of a lane, and the order in which lanes add to the resonance."""
GLOBALS = (Special.GLOBAL_X, Special.GLOBAL_Y, Special.GLOBAL_Z)


@dataclass(frozen=True)
class Watch:
    """What checked code looks at besides bounds and divisors: results of arithmetic, the steps of a lane."""

    nan: bool = False
    steps: bool = False


@dataclass(frozen=True)
class Stream:
    """A store of consecutive lanes to consecutive elements: byte `offset` (affine in the lanes) into array `slot`."""

    slot: int
    offset: Affine
    size: int


@dataclass(frozen=True)
class Lowering:
    """A program analysed for one way of being called: strip width and what is known when compiling.

    `elementwise` says that lane i touches element i of its arrays and nothing else, so the order of strips is free.
    `watch` asks for checked code.
    """

    program: Program
    cfg: Cfg
    slot_of: Mapping[int, int]
    lanes: int
    unit_strides: frozenset[Slot] = frozenset()
    decided: Mapping[int, bool] = field(default_factory=dict)
    offsets: Mapping[int, Poly] = field(default_factory=dict)
    tiles: Mapping[int, TiledLoop] = field(default_factory=dict)
    aligned: Stream | None = None
    clamps: Mapping[int, Clamp] = field(default_factory=dict)
    elementwise: bool = False
    origin: tuple[int, ...] = ()
    watch: Watch | None = None

    @property
    def by_rows(self) -> bool:
        """True where a strip is a whole block: what its lanes bring to a block reduction folds in registers."""
        return self.lanes == ROW and works_by_rows(self.program)

    @property
    def by_parts(self) -> bool:
        """True where the strips of a block go on together from barrier to barrier."""
        return works_by_blocks(self.program) and not self.by_rows

    @property
    def arrays(self) -> tuple[int, ...]:
        """The slots of all arrays that are touched."""
        return tuple(sorted(set(self.slot_of.values())))

    def original(self, index: int) -> int:
        """The index that faults name: the instruction's in the program as written, before calls were inlined."""
        return self.origin[index] if self.origin else index


@lru_cache(256)
def uses_blocks(program: Program) -> bool:
    """True when a program asks for its place inside a block, so lanes must be run block by block."""
    if works_by_blocks(program) or program.demands & BY_BLOCK:
        return True
    for ins in program.instructions:
        if ins.op == "MOV_SREG" and ins.args[1] not in GLOBALS:
            return True
        if any(place[0] == "r" and place[1] >= 252 for _, place, _ in flow.reads(ins)):
            return True
    return False
