"""A program while it is optimised: passes look at it and say what to change, `edited` makes the next one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from hologram.isa.cfg import Cfg, build_cfg
from hologram.isa.operands import Label
from hologram.isa.program import Instruction, Program

Edits = Mapping[int, Instruction | None]
"""Instructions to replace, by index; None leaves one out."""

Evaluate = Callable[[Instruction, Sequence[int]], int | None]
"""What an instruction gives for operands that are known, as bits (a predicate as 0 or 1); None where that is not known.

It must be what a launch would give. The operands are those that `registers.reads` lists and the immediates, in order.
"""

Pass = Callable[["Code"], Edits]


@dataclass(frozen=True)
class Code:
    """A valid program without calls; `origin` has, for each instruction, its index in the program as written."""

    program: Program
    origin: tuple[int, ...]
    evaluate: Evaluate

    @cached_property
    def cfg(self) -> Cfg:
        return build_cfg(self.program)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return self.program.instructions

    def edited(self, edits: Edits) -> Code:
        """The program after some edits: labels move with what they stand before, debug places and origins stay.

        Registers may hold other things than before, so what variables they hold is not known any more.
        """
        kept = [i for i in range(len(self.instructions)) if edits.get(i, self.instructions[i]) is not None]
        code = [edits.get(i, self.instructions[i]) for i in kept]
        used = {a.name for ins in code if ins is not None for a in ins.args if isinstance(a, Label)}
        labels = {name: _count_below(kept, at) for name, at in self.program.labels.items() if name in used}
        debug = tuple(self.program.debug[i] for i in kept) if self.program.debug else ()
        instructions = tuple(ins for ins in code if ins is not None)
        program = replace(self.program, instructions=instructions, labels=labels, debug=debug, variables=())
        return Code(program, tuple(self.origin[i] for i in kept), self.evaluate)


def _count_below(ascending: Sequence[int], limit: int) -> int:
    return bisect_left(ascending, limit)
