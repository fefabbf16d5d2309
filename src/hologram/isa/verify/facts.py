"""What verification proves about a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hologram.isa.program import Program
from hologram.isa.symbolic import Symbolic, analyze

if TYPE_CHECKING:
    from hologram.isa.extents import Extents


@dataclass(frozen=True)
class Facts:
    """A verified program and the parameter slot that each memory access (by instruction index) touches.

    `program` has no calls: they are inlined, and `origin` gives the index that each of its instructions has in the
    program as written (empty where they are the same). Accesses to shared memory, by PhiCoordinate and in
    unreachable code are absent from `slot_of`.
    """

    program: Program
    slot_of: Mapping[int, int]
    origin: tuple[int, ...] = ()

    @cached_property
    def symbolic(self) -> Symbolic:
        """What the program's registers hold, found once for all who ask."""
        return analyze(self.program)

    @cached_property
    def extents(self) -> Extents:
        """The array lengths that a launch needs, found once for all who ask."""
        from hologram.isa.extents import derive

        return derive(self)

    def original(self, index: int) -> int:
        """The index that an instruction has in the program as written."""
        return self.origin[index] if self.origin else index
