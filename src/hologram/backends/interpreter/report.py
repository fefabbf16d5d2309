"""Refusals before a launch, each with instruction and source place."""

from __future__ import annotations

from collections.abc import Iterable

from hologram.errors import UnsupportedError
from hologram.isa.program import Program
from hologram.isa.text import spell


def refuse(program: Program, refusals: Iterable[tuple[int, str]]) -> None:
    """Raise `UnsupportedError` listing (instruction index, why it is refused), if there is anything to list."""
    lines = []
    for index, why in refusals:
        place = program.location(index)
        text = spell(program, program.instructions[index])
        lines.append(f"  instruction {index}: {why}: {text}" + (f" [{place}]" if place else ""))
    if lines:
        raise UnsupportedError(f"the interpreter cannot run kernel '{program.name}':\n" + "\n".join(lines))
