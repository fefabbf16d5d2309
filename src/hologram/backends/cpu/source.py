"""From a program to the LLVM module that runs it."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.backends.cpu.targets import vector_registers
from hologram.backends.llvm.check import emit_check
from hologram.backends.llvm.jit import Target
from hologram.backends.llvm.job import Watch
from hologram.backends.llvm.kernel import lower
from hologram.backends.llvm.prepare import check_supported, prepare
from hologram.isa.program import Program, made_quickly
from hologram.isa.verify import verify


@dataclass(frozen=True, slots=True)
class Source:
    """A program as LLVM IR; `vectorize` asks LLVM to vectorise loops, for code written in scalar lanes.

    `quick` asks for little effort.
    """

    text: str
    vectorize: bool
    quick: bool = False

    @property
    def level(self) -> int:
        """LLVM's effort: what is vectors already gains nothing above 2, which takes a third less time."""
        return 3 if self.vectorize else 1 if self.quick else 2


def accept(program: Program) -> None:
    """Verify a program and refuse what the backend does not have."""
    verify(program)
    check_supported(program)


def source(
    program: Program, target: Target, contiguous: bool = True, lanes: int | None = None, watch: Watch | None = None
) -> Source:
    """A program as one LLVM module: its run and check functions; of checked code (`watch`) the run function alone.

    `contiguous` promises unit stride on the last axis of every multi-dimensional array.
    """
    facts = verify(program)
    job = prepare(facts, *vector_registers(target), contiguous, lanes, watch)
    module = lower(job)
    if watch is None:
        emit_check(module, facts.program, facts.extents, job.unit_strides)
    return Source(module.text(), job.lanes == 0, made_quickly(program))
