"""What verification proves about a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hologram.isa.program import Program


@dataclass(frozen=True)
class Facts:
    """A verified program and the parameter slot that each memory access (by instruction index) touches.

    Accesses by PhiCoordinate and in unreachable code are absent from `slot_of`.
    """

    program: Program
    slot_of: Mapping[int, int]
