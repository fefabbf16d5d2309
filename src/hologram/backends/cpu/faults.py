"""What went wrong in a run of plain native code, from the number it returned."""

from __future__ import annotations

from hologram.backends import faults
from hologram.backends.faults import KIND_SHIFT, Fault
from hologram.errors import (
    BarrierError,
    DivisionByZeroError,
    ExecutionError,
    OutOfBoundsError,
    PoolAllocationError,
    PoolHandleError,
)
from hologram.isa.operands import CLASSES, PAGES_PER_CLASS
from hologram.isa.program import Program

_BY_KIND: dict[int, tuple[type[ExecutionError], str]] = {
    Fault.CLASS: (OutOfBoundsError, f"class out of range: there are {CLASSES}, from 0 to {CLASSES - 1}"),
    Fault.PAGE: (OutOfBoundsError, f"page out of range: there are {PAGES_PER_CLASS}, from 0 to {PAGES_PER_CLASS - 1}"),
    Fault.NEIGHBOUR: (OutOfBoundsError, "the class has no neighbour of that number"),
    Fault.POOL_HANDLE: (PoolHandleError, "no linear pool has that handle (any more)"),
    Fault.POOL_BOUNDS: (OutOfBoundsError, "access beyond the end of a linear pool"),
    Fault.POOL_ALLOCATION: (
        PoolAllocationError,
        "a linear pool cannot be had: there are too many, or too little memory",
    ),
}
_BARRIER = (BarrierError, "some lanes of a block are not at this barrier; Executor('interpreter') says which")
_DIVISION = (DivisionByZeroError, faults.division())


def fault_error(program: Program, status: int) -> ExecutionError:
    """The error for a run that returned `status` (see `Fault`)."""
    index = (status & (1 << KIND_SHIFT) - 1) - 1
    of_instruction = _BARRIER if program.instructions[index].spec.is_barrier else _DIVISION
    kind, message = _BY_KIND.get(status >> KIND_SHIFT, of_instruction)
    return faults.failure(kind, message, program, index)
