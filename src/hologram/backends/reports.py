"""The wording of what goes wrong in a launch, the same on every backend."""

from __future__ import annotations

from typing import TypeVar

from hologram.backends.base import Domain, Triple
from hologram.errors import ExecutionError
from hologram.isa.program import Program
from hologram.isa.text import spell

E = TypeVar("E", bound=ExecutionError)
SHOWN_LANES = 8


def failure(kind: type[E], message: str, program: Program, index: int, domain: Domain, lane: int | None) -> E:
    """An error of a launch: `index` is the instruction in the program as the user has it, `lane` counts x first."""
    text = spell(program, program.instructions[index]) if 0 <= index < len(program.instructions) else ""
    place = "" if lane is None else lane_place(domain, lane)
    return kind(message, program.name, index, program.location(index), lane, text, place)


def coordinates(domain: Domain, lane: int) -> Triple:
    """Global (x, y, z) of a lane."""
    nx, ny, _ = domain.lanes
    return lane % nx, lane // nx % ny, lane // (nx * ny)


def lane_place(domain: Domain, lane: int) -> str:
    """Which lane of which block that is; launches of several axes name the global index, too.

    >>> lane_place(Domain((100, 1, 1), (4, 1, 1), (32, 1, 1)), 70)
    'lane 6 of block 2'
    """
    at = coordinates(domain, lane)
    inside = tuple(x % b for x, b in zip(at, domain.block, strict=True))
    block = tuple(x // b for x, b in zip(at, domain.block, strict=True))
    if domain.lanes[1:] == (1, 1):
        return f"lane {inside[0]} of block {block[0]}"
    return f"at global index {at}, lane {inside} of block {block}"


def data_race(array: str, element: int, domain: Domain, what: str, lane: int, place: str) -> str:
    """What a race says: the earlier access is a `what` by `lane` at `place`."""
    return (
        f"data race on element {element} of '{array}': this access and the {what} by lane {lane} "
        f"({lane_place(domain, lane)}) at {place} are not ordered; put a barrier between them, use an atomic, or store "
        "to another array"
    )


def lane_list(lanes: list[int]) -> str:
    """`lane 3` or `lanes 0, 1, 2, ...`."""
    shown = ", ".join(str(n) for n in lanes[:SHOWN_LANES]) + (", ..." if len(lanes) > SHOWN_LANES else "")
    return f"lane{'s' if len(lanes) > 1 else ''} {shown}"


def assertion(program: Program, message: int) -> str:
    """What an Assert that fails says: the text given to it, or its number where the program has no texts."""
    known = message < len(program.messages)
    text = program.messages[message] if known else f"message {message}"
    return f"assertion failed: {text}" if text else "assertion failed"
