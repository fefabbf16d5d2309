"""The passes in order, again and again until none finds anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """A shorter program that does what `source` does.

    `inlined` is the source with its calls inlined, `places` has each instruction's index there, and `origin` its index
    in the source. `tally` says for each pass how many instructions it has rewritten and how many left out.
    The source remains the program's identity: caches, files and errors name it.
    """

    source: Program
    inlined: Program
    program: Program
    places: tuple[int, ...]
    origin: tuple[int, ...]
    tally: Mapping[str, tuple[int, int]]

    @property
    def removed(self) -> int:
        """How many instructions fewer than with all calls of the source inlined."""
        return len(self.inlined.instructions) - len(self.program.instructions)


def optimise(program: Program, evaluate: Evaluate, passes: Sequence[Pass] = PASSES) -> Optimised:
    """Run the passes until nothing changes. Raises VerificationError where the program is not valid.

    Every launch gives the same bits (all NaNs count as one), the same faults and the same effects in the same order.
    A launch takes fewer steps, which a step limit may show.
    """
    facts = verify(program)
    code = Code(facts.program, tuple(range(len(facts.program.instructions))), evaluate)
    tally: dict[str, tuple[int, int]] = {}
    code = _through(code, (branches, rename), tally)
    for _ in range(MAX_ROUNDS):
        after = _through(code, passes, tally)
        if after is code:
            break
        code = after
    origin = tuple(facts.original(place) for place in code.origin)
    return Optimised(program, facts.program, code.program, code.origin, origin, tally)


def _through(code: Code, passes: Sequence[Pass], tally: dict[str, tuple[int, int]]) -> Code:
    for each in passes:
        edits = each(code)
        if edits:
            rewritten, gone = tally.get(each.__name__, (0, 0))
            left_out = sum(made is None for made in edits.values())
            tally[each.__name__] = rewritten + len(edits) - left_out, gone + left_out
            code = code.edited(edits)
    return code


def unknown(ins: Instruction, operands: Sequence[int]) -> int | None:
    """The evaluator that folds nothing, for those who must not know how to compute."""
    return None
