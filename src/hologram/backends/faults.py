"""What can go wrong while lanes run, told in the same words by every backend that looks for it."""

from __future__ import annotations

from enum import IntEnum

from hologram.isa.classes import NEIGHBOURS
from hologram.isa.program import Instruction
from hologram.types import Type


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


KIND_SHIFT = 24


_VERBS = {"LD": "load", "AT": "atomic", "PoolLoad": "load"}
_MOVES = frozenset({"MOV", "MOV_IMM", "MOV_PARAM", "MOV_SREG", "SEL"})


def verb(op: str) -> str:
    """What an instruction does to memory: "load", "store" or "atomic"."""
    return _VERBS.get(op, _VERBS.get(op[:2], "store"))


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


def makes_floats(ins: Instruction) -> bool:
    """True for instructions that compute a float, as against those that move one: what a NaN watch looks at."""
    written = any(o.written and o.kind == "reg" for o in ins.spec.operands)
    computes = not ins.spec.is_memory and ins.op not in _MOVES
    return computes and written and ins.type is not None and ins.type.is_float
