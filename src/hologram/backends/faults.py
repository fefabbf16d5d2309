"""What can go wrong while lanes run, told in the same words by every backend that looks for it."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import TypeVar

from hologram.backends.base import Domain, Triple
from hologram.errors import ExecutionError, Location
from hologram.isa.classes import NEIGHBOURS
from hologram.isa.program import Instruction, Program
from hologram.isa.text import spell
from hologram.types import Type

E = TypeVar("E", bound=ExecutionError)
SHOWN_LANES = 8
KIND_SHIFT = 24
SOURCES = frozenset({".py", ".atlasm"})
LARGEST_SOURCE = 1 << 22
SHARED = "shared memory"
_VERBS = {"LD": "load", "AT": "atomic", "PoolLoad": "load"}
_MOVES = frozenset({"MOV", "MOV_IMM", "MOV_PARAM", "MOV_SREG", "SEL"})


class Fault(IntEnum):
    """What goes wrong; the numbers are in compiled code.

    Plain code returns 1 + the index of the instruction, and above KIND_SHIFT bits the fault: one of those from CLASS
    on, or 0 where only one thing can go wrong with the instruction.
    """

    OUT_OF_BOUNDS = 1
    UNALIGNED = 2
    STEP_LIMIT = 3
    NOT_FINITE = 4
    OF_INSTRUCTION = 5
    ASSERTION = 6
    CLASS = 7
    PAGE = 8
    NEIGHBOUR = 9
    POOL_HANDLE = 10
    POOL_BOUNDS = 11
    POOL_ALLOCATION = 12


def failure(
    kind: type[E],
    message: str,
    program: Program,
    index: int,
    domain: Domain | None = None,
    lane: int | None = None,
    variables: Mapping[str, object] | None = None,
) -> E:
    """An error of a launch: `index` is the instruction in the program as the user has it, `lane` counts x first."""
    location = program.location(index)
    text = spell(program, program.instructions[index]) if 0 <= index < len(program.instructions) else ""
    place = "" if lane is None or domain is None else lane_place(domain, lane)
    return kind(message, program.name, index, location, lane, text, place, source_line(location), variables)


def source_line(location: Location | None) -> str:
    """The line of a source file or notebook cell, or "" where it cannot be had.

    A program file of others may name any file, so nothing but source files of usual size is read.
    """
    if location is None:
        return ""
    file = location.file
    path = Path(file)
    try:
        if path.is_file():
            if path.suffix not in SOURCES or path.stat().st_size > LARGEST_SOURCE:
                return ""
            linecache.checkcache(file)
        elif file not in linecache.cache:
            return ""
    except (OSError, ValueError):
        return ""
    return linecache.getline(file, location.line).rstrip("\r\n")


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


def missed_barrier(total: int, others: list[tuple[list[int], str]]) -> str:
    """Not all lanes of a block come to a barrier: the others, and where they are."""
    count = sum(len(lanes) for lanes, _ in others)
    where = "; ".join(f"{lane_list(lanes)} {place}" for lanes, place in others)
    return f"{count} of the block's {total} lanes {'is' if count == 1 else 'are'} not at this barrier: {where}"


def lane_list(lanes: list[int]) -> str:
    """`lane 3` or `lanes 0, 1, 2, ...`."""
    shown = ", ".join(str(n) for n in lanes[:SHOWN_LANES]) + (", ..." if len(lanes) > SHOWN_LANES else "")
    return f"lane{'s' if len(lanes) > 1 else ''} {shown}"


def verb(op: str) -> str:
    """What an instruction does to memory: "load", "store" or "atomic"."""
    return _VERBS.get(op, _VERBS.get(op[:2], "store"))


def out_of_bounds(verb: str, ty: Type, offset: int, name: str, size: int, shared: bool = False) -> str:
    """An access (`verb`) of `ty` at a byte offset of an array (or other memory) that is `size` bytes long."""
    message = f"{verb} of {ty.value} at byte offset {offset} of '{name}', which is {size} bytes long"
    message += f" (element {offset // ty.size} of {size // ty.size})" if offset % ty.size == 0 else ""
    return message + f"; guard the access or {'share more elements' if shared else 'pass a longer array'}"


def not_written(ty: Type, offset: int, name: str) -> str:
    """A load from a block's memory where nothing was stored."""
    at = f" (element {offset // ty.size})" if offset % ty.size == 0 else ""
    return f"load of {ty.value} at byte offset {offset} of '{name}'{at}, which has not been written"


def unaligned(ty: Type) -> str:
    """An atomic between two elements."""
    return f"atomic at a byte offset that is no multiple of {ty.size}"


def step_limit(max_steps: int) -> str:
    """A lane that seems not to end."""
    return f"a lane ran more than {max_steps} instructions; does the loop end? If so, raise max_steps"


def not_finite(ins: Instruction, is_nan: bool) -> str:
    """A result that no finite operands should give."""
    assert ins.type is not None
    return f"{ins.op}.{ins.type.value} of finite numbers gave {'NaN' if is_nan else 'infinity'}"


def index_out_of_range(name: str, value: int, limit: int) -> str:
    """A class or a page that does not exist."""
    return f"{name} {value} is out of range: there are {limit}, from 0 to {limit - 1}"


def no_neighbour(of_class: int, number: int) -> str:
    """A class that has not so many neighbours."""
    return f"class {of_class} has {len(NEIGHBOURS[of_class])} neighbours, there is no neighbour {number}"


def no_such_pool(op: str, handle: int) -> str:
    """A handle that no linear pool has."""
    action = {"PoolLoad": "load", "PoolStore": "store"}.get(op, "free")
    if handle == 0:
        return f"{action} of pool 0: the boundary pool is always there"
    return f"{action} of pool {handle:#x}, which does not exist (any more)"


def pool_name(handle: int) -> str:
    """What a pool is called in messages."""
    return "boundary pool" if handle == 0 else f"pool {handle:#x}"


def no_room(size: int) -> str:
    """A linear pool that cannot be had."""
    return f"no linear pool of {size} bytes can be had: there are too many, or too little memory"


def division() -> str:
    """An integer divided by zero."""
    return "integer division by zero (the result is 0)"


def assertion(program: Program, message: int) -> str:
    """What an Assert that fails says: the text given to it, or its number where the program has no texts."""
    known = message < len(program.messages)
    text = program.messages[message] if known else f"message {message}"
    return f"assertion failed: {text}" if text else "assertion failed"


def data_race(array: str, element: int, domain: Domain, what: str, lane: int, place: str) -> str:
    """What a race says: the earlier access is a `what` by `lane` at `place`."""
    return (
        f"data race on element {element} of '{array}': this access and the {what} by lane {lane} "
        f"({lane_place(domain, lane)}) at {place} are not ordered; put a barrier between them, use an atomic, or store "
        "to another array"
    )


def makes_floats(ins: Instruction) -> bool:
    """True for instructions that compute a float, as against those that move one: what a NaN watch looks at."""
    written = any(o.written and o.kind == "reg" for o in ins.spec.operands)
    computes = not ins.spec.is_memory and ins.op not in _MOVES
    return computes and written and ins.type is not None and ins.type.is_float
