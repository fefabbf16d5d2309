"""Graphs without memory: programs and how they are wired, to be saved, loaded and bound to named buffers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from hologram.errors import ArgumentTypeError, ArgumentValueError, OverlapError, ProgramFormatError
from hologram.isa.binary import decode, encode
from hologram.isa.operands import BYTES_PER_CLASS
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.runtime.buffer import Buffer, aligned_zeros, as_buffer
from hologram.runtime.executor import Executor, default_executor
from hologram.runtime.files import read_file, write_file
from hologram.runtime.graph.memory import GraphMemory, Region
from hologram.runtime.graph.plan import PlanStep
from hologram.runtime.graph.rebinding import check_like, part
from hologram.runtime.graph.recorder import ArrayOf
from hologram.runtime.graph.replay import Replay, replay_type
from hologram.runtime.graph.wiring import Wiring, check_wiring, product
from hologram.runtime.host import HostArray, host_array
from hologram.runtime.launcher import Launcher, Shape
from hologram.runtime.pins import pins_of
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.circuit import CompiledCircuit

KEY = "graph"
"""The metadata entry that holds the wiring."""


@dataclass(frozen=True)
class GraphProgram:
    """The programs of a graph and its named buffers: `save` it, `load` it elsewhere, `bind` it to buffers.

    `g.program` gives it. A call with buffers by name runs it once: `program(x=x, y=y)`.
    """

    programs: tuple[Program, ...]
    wiring: Wiring
    trusted: bool = True

    @property
    def inputs(self) -> dict[str, str]:
        """The buffers to bind, by name: type, shape, and whether they are written."""
        return {
            b.name: f"{b.type}[{', '.join(map(str, b.shape))}]{' written' if b.written else ''}"
            for b in self.wiring.blocks
            if b.name
        }

    def bind(self, executor: Executor | None = None, **buffers: Any) -> Replay:
        """Check and hold buffers once; calling what this gives runs the graph on them."""
        named = {b.name: b for b in self.wiring.blocks if b.name}
        if unknown := sorted(buffers.keys() - named.keys()):
            raise ArgumentTypeError(f"the graph has no '{unknown[0]}'; it has {', '.join(named)}")
        if missing := [name for name in named if name not in buffers]:
            raise ArgumentTypeError(f"the graph needs {', '.join(missing)}")
        buffers = {name: as_buffer(value) for name, value in buffers.items()}
        owners = [value.executor for value in buffers.values() if isinstance(value, Buffer)]
        chosen = executor or next(iter(owners), None) or default_executor()
        if any(owner.backend != chosen.backend for owner in owners):
            raise ArgumentValueError("the buffers belong to executors of several backends; use those of one")
        arrays = {name: _array(name, value) for name, value in buffers.items()}
        memory = self._memory(arrays)
        steps = [step.bind(memory) for step in self._steps(chosen)]
        made = replay_type()()
        made.take(steps, (pins_of(buffers.values(), arrays.values()), memory))
        return made

    def __call__(self, **buffers: Any) -> None:
        """Run once on buffers by name."""
        self.bind(**buffers)()

    def _memory(self, arrays: Mapping[str, HostArray]) -> GraphMemory:
        blocks = []
        for block in self.wiring.blocks:
            if block.name:
                check_like(block.name, Type(block.type).dtype, block.shape, arrays[block.name], block.written)
                blocks.append(arrays[block.name])
            else:
                blocks.append(aligned_zeros(product(block.shape), Type(block.type)))
        memory = GraphMemory()
        for p in self.wiring.parts:
            type = Type(p.type)
            array = part(blocks[p.block], p.offset, type.dtype, p.shape, p.strides)
            memory.regions.append(Region(array, type, array.size, True))
        _check_apart(self.wiring, blocks)
        return memory

    def _steps(self, executor: Executor) -> list[PlanStep]:
        launchers = [Launcher(p, trusted=self.trusted) for p in self.programs]
        out = []
        for use in self.wiring.steps:
            launcher = launchers[use.program]
            arguments = tuple(_argument(a) for a in use.arguments)
            out.append(
                PlanStep(
                    launcher,
                    arguments,
                    Shape(use.grid, use.block, use.resonance_class),
                    launcher.executor_for((), executor),
                )
            )
        return out

    def disassemble(self) -> str:
        """All programs as `.atlasm` text."""
        return "\n".join(program.disassemble() for program in self.programs)

    # Files.

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the graph to a file, whole or not at all."""
        write_file(Path(path), self.to_bytes())

    def to_bytes(self) -> bytes:
        """What `save` writes. Raises ArgumentValueError for a graph without programs."""
        if not self.programs:
            raise ArgumentValueError("the graph does nothing, so there is no program to save")
        wiring = msgspec.json.encode(self.wiring).decode()
        first, *rest = self.programs
        return encode([replace(first, metadata={**first.metadata, KEY: wiring}), *rest])

    @classmethod
    def load(cls, path: str | os.PathLike[str], trust: bool = False) -> GraphProgram:
        """The graph in a file; its programs are verified, its wiring is checked.

        `trust=True` lets accesses that cannot be checked before a launch run unchecked. Raises KernelFileError,
        ProgramFormatError, VerificationError.
        """
        programs = tuple(entry.program for entry in decode(read_file(Path(path))))
        for program in programs:
            verify(program)
        text = programs[0].metadata.get(KEY) if programs else None
        if text is None:
            raise ProgramFormatError(f"{os.fspath(path)} holds no graph; hologram.load_library reads its programs")
        try:
            wiring = msgspec.json.decode(text, type=Wiring)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ProgramFormatError(f"the graph's wiring is malformed: {error}") from error
        check_wiring(wiring, programs)
        return cls(programs, wiring, trust)

    def __repr__(self) -> str:
        return f"GraphProgram({len(self.wiring.steps)} steps, {', '.join(self.inputs)})"


def circuit_program(compiled: CompiledCircuit) -> GraphProgram:
    """A circuit on memory of whole classes as a program for other processes; its buffers are c00, c01, …"""
    count = BYTES_PER_CLASS // compiled.type.size
    memory = {p: aligned_zeros(count, compiled.type) for p in compiled.places}
    with Executor("cpu") as executor:
        with executor.record() as graph:
            for place, array in memory.items():
                graph.input(f"c{place:02}", array)
            executor.bind_circuit(compiled, memory)()
        return graph.program


def _array(name: str, value: Any) -> HostArray:
    array = value.elements() if isinstance(value, Buffer) else host_array(value)
    if array is None:
        raise ArgumentTypeError(f"'{name}' is bound to a Buffer or an array, not {type(value).__name__}")
    return array


def _check_apart(wiring: Wiring, blocks: Sequence[HostArray]) -> None:
    """Refuse buffers that share memory where one of them is written."""
    memory = GraphMemory()
    for block in blocks:
        memory.regions.append(Region(block.reshape(-1), Type.U8, block.size, True))
    for place, others in memory.overlaps().items():
        for other in others:
            one, two = wiring.blocks[place], wiring.blocks[other]
            if one.written or two.written:
                raise OverlapError(f"'{one.name}' and '{two.name}' share memory; pass a copy of one of them")


def _argument(argument: tuple[int, tuple[int, ...]] | int | str) -> ArrayOf | int | float:
    if isinstance(argument, str):
        return float.fromhex(argument)
    return argument if isinstance(argument, int) else ArrayOf(*argument)
