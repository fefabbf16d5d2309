"""Errors of a running launch and refusals before it, each with kernel, instruction and source place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from hologram.backends.interpreter.coordinates import Batch
from hologram.backends.reports import lane_place
from hologram.errors import ExecutionError, UnsupportedError
from hologram.isa.program import Program
from hologram.isa.text import spell


def fail(
    kind: type[ExecutionError], program: Program, index: int, named: int, message: str, batch: Batch, lane: int
) -> NoReturn:
    """Raise an execution error for one lane of a batch; `named` is the index that the error shows."""
    number, text = int(batch.number[lane]), spell(program, program.instructions[index])
    place = lane_place(batch.domain, number)
    raise kind(message, program.name, named, program.location(index), number, text, place)


def refuse(program: Program, refusals: Iterable[tuple[int, str]]) -> None:
    """Raise `UnsupportedError` listing (instruction index, why it is refused), if there is anything to list."""
    lines = []
    for index, why in refusals:
        place = program.location(index)
        text = spell(program, program.instructions[index])
        lines.append(f"  instruction {index}: {why}: {text}" + (f" [{place}]" if place else ""))
    if lines:
        raise UnsupportedError(f"the interpreter cannot run kernel '{program.name}':\n" + "\n".join(lines))
