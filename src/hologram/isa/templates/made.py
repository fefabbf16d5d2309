"""Templates are made once for each choice of instruction and type."""

from __future__ import annotations

from collections.abc import Callable

from hologram.isa.cache import ProgramCache, ProgramKey
from hologram.isa.program import Program
from hologram.isa.verify import verify

PROGRAMS: ProgramCache[Program] = ProgramCache(512)


def made(key: ProgramKey, make: Callable[[], Program]) -> Program:
    """The program of a key, verified when it is made."""

    def verified() -> Program:
        program = make()
        verify(program)
        return program

    return PROGRAMS.get_or_create(key, verified)
