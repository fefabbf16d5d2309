"""Leave out what computes a value that nothing needs.

May assume: a valid program. Keeps: every effect (`effects.computes` says what has none), and with it loads, atomics and
divisions that may fault, even if nobody reads their results. A value that only feeds itself, round after round, is not
needed either.
"""

from __future__ import annotations

from hologram.isa.optimise.code import Code, Edits
from hologram.isa.optimise.effects import computes
from hologram.isa.optimise.flow import live_after
from hologram.isa.optimise.registers import reads, written
from hologram.isa.program import Instruction


def dead(code: Code) -> Edits:
    """The pass; see above."""
    after, needed = live_after(code.cfg), _needed(code)
    edits: dict[int, Instruction | None] = {}
    for block in code.cfg.order:
        live = set(after[block])
        for index, ins in reversed(code.cfg.code(block)):
            target = written(ins)
            if target is not None and computes(ins) and (target not in live or target not in needed):
                edits[index] = None
                continue
            live.discard(-1 if target is None else target)
            live.update(reads(ins))
    return edits


def _needed(code: Code) -> set[int]:
    """Registers that something with an effect reads, or that go into one that is needed."""
    feeds: dict[int, set[int]] = {}
    work: list[int] = []
    for block in code.cfg.order:
        for _, ins in code.cfg.code(block):
            target = written(ins)
            if target is not None and computes(ins):
                feeds.setdefault(target, set()).update(reads(ins))
            else:
                work += reads(ins)
    needed: set[int] = set()
    while work:
        register = work.pop()
        if register not in needed:
            needed.add(register)
            work += feeds.get(register, ())
    return needed
