"""What went wrong in a run of native code, from the number it returned."""

from __future__ import annotations

from hologram.backends import faults
from hologram.errors import BarrierError, DivisionByZeroError, ExecutionError, OutOfBoundsError
from hologram.isa.operands import CLASSES, PAGES_PER_CLASS
from hologram.isa.program import Program

_CLASS = f"class out of range: there are {CLASSES}, from 0 to {CLASSES - 1}"
_BY_INSTRUCTION: dict[str, tuple[type[ExecutionError], str]] = {
    "MIRROR": (OutOfBoundsError, _CLASS),
    "NbrCount": (OutOfBoundsError, _CLASS),
    "NbrGet": (OutOfBoundsError, f"{_CLASS}; or the class has no neighbour of that number"),
    "BoundMap": (
        OutOfBoundsError,
        f"class or page out of range: classes go from 0 to {CLASSES - 1}, pages from 0 to {PAGES_PER_CLASS - 1}",
    ),
}
_BARRIER = (BarrierError, "some lanes of a block are not at this barrier; Executor('interpreter') says which")
_DIVISION = (DivisionByZeroError, faults.division())


def fault_error(program: Program, status: int) -> ExecutionError:
    """The error for a run that returned `status`: 1 + the index of the instruction at fault."""
    index = status - 1
    ins = program.instructions[index]
    kind, message = _BARRIER if ins.spec.is_barrier else _BY_INSTRUCTION.get(ins.op, _DIVISION)
    return faults.failure(kind, message, program, index)
