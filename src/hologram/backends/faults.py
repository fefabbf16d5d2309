"""What can go wrong while lanes run, told in the same words by every backend that looks for it."""

from __future__ import annotations

from enum import IntEnum

from hologram.isa.program import Instruction
from hologram.types import Type


class Fault(IntEnum):
    """What stopped checked code; the numbers are in its compiled form."""

    OUT_OF_BOUNDS = 1
    UNALIGNED = 2
    STEP_LIMIT = 3
    NOT_FINITE = 4
    OF_INSTRUCTION = 5
    ASSERTION = 6


_VERBS = {"LD": "load", "AT": "atomic"}
_MOVES = frozenset({"MOV", "MOV_IMM", "MOV_PARAM", "MOV_SREG", "SEL"})


def verb(op: str) -> str:
    """What an instruction does to memory: "load", "store" or "atomic"."""
    return _VERBS.get(op[:2], "store")


def out_of_bounds(verb: str, ty: Type, offset: int, name: str, size: int) -> str:
    """An access (`verb`) of `ty` at a byte offset of an array (or other memory) that is `size` bytes long."""
    message = f"{verb} of {ty.value} at byte offset {offset} of '{name}', which is {size} bytes long"
    message += f" (element {offset // ty.size} of {size // ty.size})" if offset % ty.size == 0 else ""
    return message + "; guard the access or pass a longer array"


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


def division() -> str:
    """An integer divided by zero."""
    return "integer division by zero (the result is 0)"


def makes_floats(ins: Instruction) -> bool:
    """True for instructions that compute a float, as against those that move one: what a NaN watch looks at."""
    written = any(o.written and o.kind == "reg" for o in ins.spec.operands)
    computes = not ins.spec.is_memory and ins.op not in _MOVES
    return computes and written and ins.type is not None and ins.type.is_float
