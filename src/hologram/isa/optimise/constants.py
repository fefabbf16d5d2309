"""Compute what is the same number on every path: constant propagation and folding, conditions included.

May assume: a valid program, and an evaluator that gives what a launch gives, to the bit. Keeps: every result, fault
and effect. Nothing is derived from laws of arithmetic (x * 0 is not 0 for a NaN): an instruction is folded when all it
reads is known. A division by zero is never folded, because it faults.

- An instruction with a known result becomes MOV_IMM; SEL with a known predicate becomes MOV.
- A register with a known value becomes an immediate where the instruction takes one.
- A branch with a known predicate is taken always or never; what lies on the other side does not spoil what is known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from hologram.isa.instructions import COMMUTATIVE, Category
from hologram.isa.operands import Imm, Pred, Reg
from hologram.isa.optimise.code import Code, Edits
from hologram.isa.optimise.effects import computes, is_pinned
from hologram.isa.optimise.flow import Facts, forward
from hologram.isa.optimise.registers import FIRST_PREDICATE, key, reads, written
from hologram.isa.program import Instruction


def constants(code: Code) -> Edits:
    """The pass; see above."""
    known = forward(code.cfg, lambda block, facts: _through(code, block, facts))
    unreached = [i for b in code.cfg.order if b not in known for _, i in code.cfg.code(b)]
    fixed = any(map(is_pinned, unreached))
    edits: dict[int, Instruction | None] = {}
    for block, facts in known.items():
        for index, ins in code.cfg.code(block):
            made = None if ins.op == "BRA" else _simpler(code, ins, facts)
            if ins.op == "BRA" and not fixed and (taken := _taken(ins, facts)) is not None:
                edits[index] = replace(ins, args=(ins.args[0], None)) if taken else None
            elif made is not None and made != ins:
                edits[index] = made
            _step(code, ins, facts)
    return edits


def _through(code: Code, block: int, facts: Facts) -> Collection[int]:
    for _, ins in code.cfg.code(block):
        _step(code, ins, facts)
    succs = code.cfg.blocks[block].succs
    taken = _taken(ins, facts)
    return succs if taken is None or len(succs) < 2 else succs[:1] if taken else succs[1:]


def _taken(ins: Instruction, facts: Facts) -> bool | None:
    """Whether a conditional branch is taken, where that is known."""
    guard = ins.args[1] if ins.op == "BRA" else None
    value = facts.get(FIRST_PREDICATE + guard.index) if isinstance(guard, Pred) else None
    return None if value is None or not isinstance(guard, Pred) else bool(value) != guard.negated


def _step(code: Code, ins: Instruction, facts: Facts) -> None:
    target = written(ins)
    if target is not None:
        value = _value(code, ins, facts)
        facts.pop(target, None)
        if value is not None:
            facts[target] = value


def _value(code: Code, ins: Instruction, facts: Facts) -> int | None:
    """The bits that an instruction gives, where all it reads is known."""
    if not computes(_with_immediates(ins, facts)):
        return None
    operands = _operands(ins, facts)
    return None if operands is None else code.evaluate(ins, operands)


def _operands(ins: Instruction, facts: Facts) -> Sequence[int] | None:
    if ins.spec.category is Category.REDUCE:
        found = [facts.get(k) for k in reads(ins)]
    else:
        found = []
        for spec, operand in zip(ins.spec.operands, ins.args, strict=True):
            if isinstance(operand, Imm):
                found.append(operand.bits)
            elif not spec.written and isinstance(operand, Reg | Pred):
                found.append(facts.get(key(operand)))
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else None


def _simpler(code: Code, ins: Instruction, facts: Facts) -> Instruction | None:
    value = _value(code, ins, facts)
    target = written(ins)
    if value is not None and target is not None and target < FIRST_PREDICATE:
        return ins if ins.op == "MOV_IMM" else Instruction("MOV_IMM", ins.type, (Reg(target), Imm(value)))
    if ins.op == "SEL":
        predicate = ins.args[1]
        assert isinstance(predicate, Pred)
        chosen = facts.get(FIRST_PREDICATE + predicate.index)
        if chosen is not None:
            return Instruction("MOV", ins.type, (ins.args[0], ins.args[2 if chosen else 3]))
    return _with_immediates(ins, facts)


def _with_immediates(ins: Instruction, facts: Facts) -> Instruction:
    """Known registers as immediates, where the table allows a source; operands change places where that helps."""
    args = list(ins.args)
    kinds = [spec.kind for spec in ins.spec.operands]
    known = {i: facts[a.index] for i, a in enumerate(args) if isinstance(a, Reg) and a.index in facts}
    swaps = ins.op in COMMUTATIVE and kinds[1:] == ["reg", "src"] and isinstance(args[2], Reg)
    if swaps and 1 in known and 2 not in known:
        args[1], args[2] = args[2], args[1]
        known = {2: known[1]}
    for position, kind in enumerate(kinds):
        if kind == "src" and position in known:
            args[position] = Imm(known[position])
    return ins if args == list(ins.args) else replace(ins, args=tuple(args))
