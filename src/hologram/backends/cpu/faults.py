"""What went wrong in a run of native code, from the number it returned."""

from __future__ import annotations

from hologram.backends.llvm.pools import WRONG_HANDLE
from hologram.errors import DivisionByZeroError, ExecutionError, OutOfBoundsError, PoolAllocationError, PoolHandleError
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
_HANDLE = (PoolHandleError, "no linear pool has that handle (any more)")
_BEYOND = (OutOfBoundsError, "access beyond the end of a linear pool")
_BY_INSTRUCTION |= {
    "ResAccum": (OutOfBoundsError, _CLASS),
    "PoolAlloc": (PoolAllocationError, "a linear pool cannot be had: too many of them, or too little memory"),
    "PoolLoad": _BEYOND,
    "PoolStore": _BEYOND,
}
_OTHER_KINDS = {WRONG_HANDLE: _HANDLE}
_DIVISION = (DivisionByZeroError, "integer division by zero")


def fault_error(program: Program, status: int) -> ExecutionError:
    """The error for a run that returned `status`: 1 + the index of the instruction, above 32 bits what went wrong."""
    index = (status & 0xFFFFFFFF) - 1
    by_instruction = _BY_INSTRUCTION.get(program.instructions[index].op, _DIVISION)
    kind, message = _OTHER_KINDS.get(status >> 32, by_instruction)
    return kind(message, program.name, index, program.location(index))
