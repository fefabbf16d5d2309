"""Simplify branches, and leave out code that control cannot come to.

May assume: a valid program. Keeps: which instructions each lane runs, in which order, but for jumps. What has a meaning
even where no lane comes (`effects.is_pinned`) keeps all unreachable code in place.

- A jump to the next instruction goes away; a jump to a jump goes to where that one goes.
- `bra.p @a; bra @b; a:` becomes `bra.!p @b`.
"""

from __future__ import annotations

from dataclasses import replace

from hologram.isa.operands import Label, Pred
from hologram.isa.optimise.code import Code, Edits
from hologram.isa.optimise.effects import is_pinned
from hologram.isa.program import Instruction


def branches(code: Code) -> Edits:
    """The pass; see above."""
    return _unreachable(code) or _jumps(code)


def _unreachable(code: Code) -> Edits:
    reached = {i for b in code.cfg.blocks.values() for i in range(b.start, b.end)}
    dead = [i for i in range(len(code.instructions)) if i not in reached]
    return {} if any(is_pinned(code.instructions[i]) for i in dead) else dict.fromkeys(dead)


def _jumps(code: Code) -> Edits:
    places = set(code.program.labels.values())
    edits: dict[int, Instruction | None] = {}
    for index, ins in enumerate(code.instructions):
        if index in edits or ins.op != "BRA":
            continue
        final = _final(code, ins)
        target = code.program.labels[final.name]
        guard, follower = ins.args[1], index + 1
        if target == follower:
            edits[index] = None
        elif isinstance(guard, Pred) and target == follower + 1 and follower not in places and _always(code, follower):
            beyond = _final(code, code.instructions[follower])
            edits[index] = replace(ins, args=(beyond, replace(guard, negated=not guard.negated)))
            edits[follower] = None
        elif final != ins.args[0]:
            edits[index] = replace(ins, args=(final, guard))
    return edits


def _always(code: Code, index: int) -> bool:
    """True for a jump without a condition."""
    ins = code.instructions[index] if index < len(code.instructions) else None
    return ins is not None and ins.op == "BRA" and ins.args[1] is None


def _final(code: Code, ins: Instruction) -> Label:
    """Where a jump leads in the end, behind jumps that do nothing else."""
    label = ins.args[0]
    assert isinstance(label, Label)
    seen: set[int] = set()
    while (target := code.program.labels[label.name]) not in seen and _always(code, target):
        seen.add(target)
        following = code.instructions[target].args[0]
        assert isinstance(following, Label)
        label = following
    return label
