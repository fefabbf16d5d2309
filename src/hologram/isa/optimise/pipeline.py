"""The passes in order, again and again until none finds anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hologram.isa.optimise.branches import branches
from hologram.isa.optimise.code import Code, Evaluate, Pass
from hologram.isa.optimise.constants import constants
from hologram.isa.optimise.copies import copies
from hologram.isa.optimise.dead import dead
from hologram.isa.optimise.rename import rename
from hologram.isa.optimise.values import values
from hologram.isa.program import Instruction, Program
from hologram.isa.verify import verify

PASSES: Sequence[Pass] = (constants, branches, values, copies, dead)
MAX_ROUNDS = 16


@dataclass(frozen=True)
class Optimised:
    """A shorter program that does what `source` does; `origin` has each instruction's index in the source.

    The source remains the program's identity: caches, files and errors name it.
    """

    source: Program
    program: Program
    origin: tuple[int, ...]

    @property
    def removed(self) -> int:
        """How many instructions fewer than with all calls of the source inlined."""
        return len(verify(self.source).program.instructions) - len(self.program.instructions)


def optimise(program: Program, evaluate: Evaluate, passes: Sequence[Pass] = PASSES) -> Optimised:
    """Run the passes until nothing changes. Raises VerificationError where the program is not valid.

    Every launch gives the same bits (all NaNs count as one), the same faults and the same effects in the same order.
    A launch takes fewer steps, which a step limit may show.
    """
    facts = verify(program)
    origin = tuple(facts.original(i) for i in range(len(facts.program.instructions)))
    code = Code(facts.program, origin, evaluate)
    code = _through(code, (branches, rename))
    for _ in range(MAX_ROUNDS):
        after = _through(code, passes)
        if after is code:
            break
        code = after
    return Optimised(program, code.program, code.origin)


def _through(code: Code, passes: Sequence[Pass]) -> Code:
    for each in passes:
        edits = each(code)
        if edits:
            code = code.edited(edits)
    return code


def unknown(ins: Instruction, operands: Sequence[int]) -> int | None:
    """The evaluator that folds nothing, for those who must not know how to compute."""
    return None
