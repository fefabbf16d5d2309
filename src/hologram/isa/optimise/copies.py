"""Read the original instead of a copy.

May assume: a valid program. Keeps: what each instruction reads. A register that holds a copy of another on every path,
neither of them written since, is not read any more; the copy itself is left for `dead`. Runs of registers that a
register reduction reads, and the count of LOOP, keep their places. Predicates are copied by `por p, q, q`.
"""

from __future__ import annotations

from collections.abc import Collection

from hologram.isa.optimise.code import Code, Edits
from hologram.isa.optimise.effects import COPIES
from hologram.isa.optimise.flow import Facts, forward
from hologram.isa.optimise.registers import reads, with_reads, written
from hologram.isa.program import Instruction


def copies(code: Code) -> Edits:
    """The pass; see above."""
    known = forward(code.cfg, lambda block, facts: _through(code, block, facts))
    edits: dict[int, Instruction | None] = {}
    for block, facts in known.items():
        for index, ins in code.cfg.code(block):
            made = with_reads(ins, lambda k, facts=facts: facts.get(k, k))  # type: ignore[misc]
            if copied(made) == written(made) is not None:
                edits[index] = None
            elif made is not ins:
                edits[index] = made
            _step(made, facts)
    return edits


def copied(ins: Instruction) -> int | None:
    """The register that an instruction copies, if it does nothing else."""
    if ins.op == "MOV" or (ins.op in COPIES and ins.args[1] == ins.args[2]):
        return reads(ins)[0]
    return None


def _through(code: Code, block: int, facts: Facts) -> Collection[int]:
    for _, ins in code.cfg.code(block):
        _step(ins, facts)
    return code.cfg.blocks[block].succs


def _step(ins: Instruction, facts: Facts) -> None:
    target = written(ins)
    if target is None:
        return
    source = copied(ins)
    for holder in [k for k, v in facts.items() if v == target]:
        del facts[holder]
    facts.pop(target, None)
    if source is not None and source != target:
        facts[target] = facts.get(source, source)
