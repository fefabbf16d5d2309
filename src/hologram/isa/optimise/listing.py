"""An optimised program as text, with what became of each instruction as comments.

The text assembles to the optimised program. `; -` is an instruction left out, `; was` one that is written otherwise.
"""

from __future__ import annotations

from hologram.isa.optimise.pipeline import Optimised
from hologram.isa.text import disassemble, spell


def listing(made: Optimised) -> str:
    """The program with counts at its head, and before and after at each place."""
    before, after = made.inlined, made.program
    notes: dict[int, list[str]] = {}
    place = 0
    for index, last in enumerate((*made.places, len(before.instructions))):
        here = [f"- {spell(before, ins)}" for ins in before.instructions[place:last]]
        if index < len(after.instructions):
            old = spell(before, before.instructions[last])
            here += [f"was {old}"] if old != spell(after, after.instructions[index]) else []
        notes[index] = here
        place = last + 1
    return "".join(f"; {line}\n" for line in _summary(made)) + disassemble(after, notes)


def _summary(made: Optimised) -> list[str]:
    calls = " with its calls inlined" if made.inlined != made.source else ""
    lines = [f"{len(made.inlined.instructions)} instructions{calls}, {len(made.program.instructions)} optimised"]
    width = max((len(name) for name in made.tally), default=0)
    lines += [f"  {n:{width}}  {changed} rewritten, {gone} left out" for n, (changed, gone) in made.tally.items()]
    return lines
