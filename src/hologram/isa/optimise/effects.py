"""Which instructions do nothing but compute: what they give depends on their operands and the launch alone.

Everything that is not listed here has effects and stays as it is: memory of all kinds (a load may lie outside of its
array, which the interpreter and checked runs report), barriers, reductions over lanes, atomics, the phase, Print,
Assert. An instruction added to the table counts as one with effects unless its category is listed.
"""

from __future__ import annotations

from hologram.isa.instructions import Category
from hologram.isa.operands import Imm
from hologram.isa.program import Instruction

COMPUTING = frozenset(
    {Category.ARITHMETIC, Category.LOGIC, Category.MATH, Category.REDUCE, Category.PREDICATE},
)
MOVES = frozenset({"MOV", "MOV_IMM", "MOV_PARAM", "MOV_SREG", "CVT"})
FAULTING = frozenset({"DIV", "REM"})
"""A division of integers by zero sets the launch's fault word."""
COPIES = frozenset({"PAND", "POR"})
"""With one predicate twice these are how a predicate is copied: there is no move for predicates."""


def computes(ins: Instruction) -> bool:
    """True when an instruction only computes a value and cannot fault: it may be left out, or done once for two."""
    return (ins.spec.category in COMPUTING or ins.op in MOVES) and not may_fault(ins)


def may_fault(ins: Instruction) -> bool:
    """True for integer divisions, unless the divisor is a number other than 0."""
    if ins.op not in FAULTING or ins.type is None or ins.type.is_float:
        return False
    divisor = ins.args[2]
    return not (isinstance(divisor, Imm) and divisor.bits)


def is_pinned(ins: Instruction) -> bool:
    """True for what has a meaning even where no lane comes to it.

    A launch reduction stores its result in any case, and barriers make a program one that runs whole blocks.
    """
    return ins.op.startswith("GRED_") or ins.spec.is_barrier
