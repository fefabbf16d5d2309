"""How the programs of a graph hang together, as data: written to a file, and checked when it comes from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from hologram.errors import ProgramFormatError, RecordingError
from hologram.isa.operands import CLASSES
from hologram.isa.program import Program
from hologram.runtime.graph.memory import GraphMemory
from hologram.runtime.graph.plan import Plan, PlanStep
from hologram.runtime.graph.recorder import ArrayOf, StepArgument
from hologram.runtime.host import HostArray
from hologram.types import Type

VERSION = 1
MAX_RANK = 3


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece of memory: a named buffer, or one of the graph's own where `name` is empty."""

    name: str
    type: str
    shape: tuple[int, ...]
    written: bool = False


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place: a part of a block from a byte offset on; no strides means contiguous."""

    block: int
    offset: int
    type: str
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step: the number of its program, its arguments (a place with a shape, an integer, or a float as text)."""

    program: int
    arguments: tuple[tuple[int, tuple[int, ...]] | int | str, ...]
    grid: tuple[int, ...] | None = None
    block: tuple[int, ...] | None = None
    resonance_class: int | None = None


class Wiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of a graph but its programs."""

    version: int
    blocks: tuple[Block, ...]
    parts: tuple[Part, ...]
    steps: tuple[Use, ...]


def product(shape: Sequence[int]) -> int:
    """How many elements a shape has."""
    count = 1
    for length in shape:
        count *= length
    return count


# Writing --------------------------------------------------------------------------------------------------


def wiring_of(plan: Plan, memory: GraphMemory, names: Mapping[str, HostArray]) -> tuple[tuple[Program, ...], Wiring]:
    """The programs of a plan, each once, and how they are wired.

    Raises RecordingError where a buffer that the graph uses has no name.
    """
    used = sorted({p for step in plan.steps for p in step.places})
    written = plan.written
    blocks = [Block(name, _type(a), a.shape, _is_written(memory, a, written)) for name, a in names.items()]
    spans = [np.lib.array_utils.byte_bounds(a) for a in names.values()]
    own = _own_spans(memory, used, spans)
    blocks += [Block("", Type.U8.value, (end - start,), True) for start, end in own]
    spans += own
    parts = {place: _part(memory, place, spans) for place in used}
    number = {place: k for k, place in enumerate(used)}
    programs: dict[str, Program] = {}
    steps = tuple(_use(step, programs, number) for step in plan.steps)
    return _named_apart(list(programs.values())), Wiring(VERSION, tuple(blocks), tuple(parts.values()), steps)


def _type(array: HostArray) -> str:
    found = Type.of_dtype(array.dtype)
    assert found is not None, "named buffers have one of the twelve types"
    return found.value


def _is_written(memory: GraphMemory, array: HostArray, written: frozenset[int]) -> bool:
    return any(_inside(memory, p, np.lib.array_utils.byte_bounds(array)) for p in written)


def _inside(memory: GraphMemory, place: int, span: tuple[int, int]) -> bool:
    low, high = np.lib.array_utils.byte_bounds(memory.array(place))
    return span[0] <= low and high <= span[1]


def _own_spans(memory: GraphMemory, used: Sequence[int], named: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The graph's own pieces of memory, as large as the places in them that overlap."""
    found: list[tuple[int, int]] = []
    for place in used:
        if any(_inside(memory, place, span) for span in named):
            continue
        region = memory.regions[place]
        if region.lives:
            raise RecordingError(
                f"the graph uses a buffer without a name ({region.type.value}[{region.count}]), which another process "
                "cannot bind; call g.input(name, buffer) for it"
            )
        found.append(np.lib.array_utils.byte_bounds(memory.array(place)))
    out: list[tuple[int, int]] = []
    for low, high in sorted(found):
        if out and low < out[-1][1]:
            out[-1] = out[-1][0], max(high, out[-1][1])
        else:
            out.append((low - low % 64, high))
    return out


def _part(memory: GraphMemory, place: int, spans: Sequence[tuple[int, int]]) -> Part:
    array, type = memory.array(place), memory.regions[place].type
    block = next(k for k, span in enumerate(spans) if _inside(memory, place, span))
    offset = array.__array_interface__["data"][0] - spans[block][0]
    return Part(block, offset, type.value, array.shape, None if array.flags.c_contiguous else array.strides)


def _use(step: PlanStep, programs: dict[str, Program], number: Mapping[int, int]) -> Use:
    program = step.launcher.program
    programs.setdefault(program.digest, program)
    position = list(programs).index(program.digest)
    block = step.shape.block if step.shape.block is not None else step.launcher.block
    arguments = tuple(_written_argument(a, number) for a in step.arguments)
    shape = step.shape
    return Use(position, arguments, _dimensions(shape.grid), _dimensions(block), shape.resonance_class)


def _dimensions(value: int | Sequence[int] | None) -> tuple[int, ...] | None:
    return None if value is None else (value,) if isinstance(value, int) else tuple(value)


def _written_argument(argument: StepArgument, number: Mapping[int, int]) -> tuple[int, tuple[int, ...]] | int | str:
    if isinstance(argument, ArrayOf):
        return number[argument.place], argument.shape
    return float(argument).hex() if isinstance(argument, float) else int(argument)


def _named_apart(programs: list[Program]) -> tuple[Program, ...]:
    """The programs, no two with one name."""
    seen: set[str] = set()
    out = []
    for k, program in enumerate(programs):
        renamed = replace(program, name=f"{program.name}_{k}") if program.name in seen else program
        seen.add(renamed.name)
        out.append(renamed)
    return tuple(out)


# Checking -------------------------------------------------------------------------------------------------


def check_wiring(wiring: Wiring, programs: Sequence[Program]) -> None:
    """Raise ProgramFormatError unless every part lies inside its block and every step fits its program."""
    if wiring.version != VERSION:
        raise ProgramFormatError(f"the graph has version {wiring.version}, this is version {VERSION}")
    names = [b.name for b in wiring.blocks if b.name]
    _demand(len(names) == len(set(names)), "two buffers have one name")
    for block in wiring.blocks:
        _demand(block.type in Type._value2member_map_, f"'{block.type}' is no element type")
        _demand(_is_shape(block.shape), f"the shape {block.shape} of a buffer is none")
    for piece in wiring.parts:
        _check_part(piece, wiring.blocks)
    for use in wiring.steps:
        _check_use(use, wiring, programs)


def _check_part(piece: Part, blocks: Sequence[Block]) -> None:
    _demand(0 <= piece.block < len(blocks), f"there is no block {piece.block}")
    _demand(piece.type in Type._value2member_map_, f"'{piece.type}' is no element type")
    _demand(_is_shape(piece.shape), f"the shape {piece.shape} of a place is none")
    block, size = blocks[piece.block], Type(piece.type).size
    strides = piece.strides
    if strides is None:
        reach = size * product(piece.shape)
        low = 0
    else:
        _demand(len(strides) == len(piece.shape) and all(s % size == 0 for s in strides), "a place has wrong strides")
        steps = [(n - 1) * s for n, s in zip(piece.shape, strides, strict=True) if n]
        low, reach = sum(min(s, 0) for s in steps), sum(max(s, 0) for s in steps) + size
    nbytes = Type(block.type).size * product(block.shape)
    inside = piece.offset + low >= 0 and piece.offset + reach <= nbytes and piece.offset % size == 0
    _demand(inside or (not product(piece.shape) and 0 <= piece.offset <= nbytes), "a place lies outside of its buffer")


def _check_use(use: Use, wiring: Wiring, programs: Sequence[Program]) -> None:
    _demand(0 <= use.program < len(programs), f"there is no program {use.program}")
    params, chosen = programs[use.program].params, use.resonance_class
    _demand(chosen is None or 0 <= chosen < CLASSES, f"there is no class {chosen}")
    _demand(
        len(use.arguments) == len(params),
        f"a step gives {len(use.arguments)} arguments to '{programs[use.program].name}'",
    )
    for param, argument in zip(params, use.arguments, strict=True):
        _demand(param.is_array == isinstance(argument, tuple), f"'{param.name}' is given something else than it takes")
        if isinstance(argument, tuple):
            place, shape = argument
            _demand(0 <= place < len(wiring.parts), f"there is no place {place}")
            _demand(_is_shape(shape), f"the shape {shape} of an argument is none")
            whole = wiring.parts[place]
            _demand(product(shape) == product(whole.shape), "an argument has more or fewer elements than its place")
            _demand(whole.strides is None or shape == whole.shape, "an argument's shape is not that of its place")
            block = wiring.blocks[whole.block]
            _demand(block.written or not block.name or not param.is_written, f"'{block.name}' is written")
        elif isinstance(argument, str):
            try:
                float.fromhex(argument)
            except (ValueError, OverflowError):
                raise ProgramFormatError(f"'{argument[:40]}' is no number") from None


def _is_shape(shape: Sequence[int]) -> bool:
    return len(shape) <= MAX_RANK and all(0 <= n < 1 << 48 for n in shape) and product(shape) < 1 << 48


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise ProgramFormatError(f"the graph's wiring is malformed: {message}")
