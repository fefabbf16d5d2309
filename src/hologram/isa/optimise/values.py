"""Compute each value once: value numbering down the dominator tree.

May assume: a valid program; works best when each value has a register of its own (`rename`). Keeps: every value and
effect; only instructions that compute and cannot fault (`effects.computes`) are compared. Two instructions with one
operation on the same values give the same; where the first dominates the second and its register still holds the
result, the second becomes a copy.

A register with one definition holds the same value wherever that definition dominates, so what is known of it holds
down the tree; any other register is known within one block, until it is written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field

from hologram.isa.instructions import COMMUTATIVE, Category
from hologram.isa.operands import Pred, Reg
from hologram.isa.optimise.code import Code, Edits
from hologram.isa.optimise.copies import copied
from hologram.isa.optimise.effects import computes
from hologram.isa.optimise.registers import FIRST_PREDICATE, FIRST_SPECIAL, key, place, reads, written
from hologram.isa.program import Instruction

Version = tuple[int, int]
"""A register and the number of the value in it: 0 for the only one it ever has."""


@dataclass
class _Numbering:
    code: Code
    defined: Counter[int]
    versions: int = 0
    number_of: dict[Version, Hashable] = field(default_factory=dict)
    current: dict[int, int] = field(default_factory=dict)
    edits: dict[int, Instruction | None] = field(default_factory=dict)

    def number(self, register: int) -> Hashable:
        version = self.version(register)
        return self.number_of.setdefault(version, version)

    def version(self, register: int) -> Version:
        if self.defined[register] <= 1:
            return register, 0
        if register not in self.current:
            self.versions += 1
            self.current[register] = self.versions
        return register, self.current[register]

    def write(self, register: int) -> Version:
        """The version of a register that has just been written."""
        self.current.pop(register, None)
        return self.version(register)

    def block(self, block: int, found: dict[Hashable, Version]) -> None:
        """Number the instructions of a block; `found` has the values that dominate it, and gets its own."""
        self.current = {}
        for index, ins in self.code.cfg.code(block):
            target = written(ins)
            if target is None:
                continue
            value = self.expression(ins) if computes(ins) else None
            source = copied(ins)
            number = self.number(source) if source is not None else value
            holder = found.get(value) if source is None and value is not None else None
            if holder is not None and self.version(holder[0]) == holder and self.is_better(ins, holder[0], target):
                self.edits[index] = _copy(ins, target, holder[0])
                number = self.number_of.get(holder, holder)
            else:
                holder = None
            version = self.write(target)
            self.number_of[version] = version if number is None else number
            if value is not None and source is None and holder is None and target not in reads(ins):
                found[value] = version

    def is_better(self, ins: Instruction, holder: int, target: int) -> bool:
        """A number is as good as a copy of it, unless the copy can go away."""
        return holder != target and (ins.op != "MOV_IMM" or self.defined[target] == self.defined[holder] == 1)

    def expression(self, ins: Instruction) -> Hashable:
        """Operation and values: what two instructions have in common that compute the same."""
        if ins.spec.category is Category.REDUCE:
            tokens: list[Hashable] = [self.number(r) for r in reads(ins)]
        else:
            tokens = [
                self.number(key(a)) if isinstance(a, Reg | Pred) else a
                for spec, a in zip(ins.spec.operands, ins.args, strict=True)
                if not spec.written
            ]
        if ins.op in COMMUTATIVE:
            tokens.sort(key=repr)
        return ins.op, ins.type, ins.source_type, tuple(tokens)


def values(code: Code) -> Edits:
    """The pass; see above."""
    cfg = code.cfg
    targets = (written(ins) for block in cfg.order for _, ins in cfg.code(block))
    defined = Counter(t for t in targets if t is not None)
    defined.update(dict.fromkeys(range(FIRST_SPECIAL, FIRST_PREDICATE), 1))
    numbering = _Numbering(code, defined)
    children: dict[int, list[int]] = {}
    for block in cfg.order:
        if cfg.idom[block] != block:
            children.setdefault(cfg.idom[block], []).append(block)
    pending: list[tuple[int, dict[Hashable, Version]]] = [(cfg.order[0], {})] if cfg.order else []
    while pending:
        block, found = pending.pop()
        numbering.block(block, found)
        below = children.get(block, ())
        lasting = {value: v for value, v in found.items() if v[1] == 0} if below else {}
        pending += [(child, dict(lasting)) for child in below]
    return numbering.edits


def _copy(ins: Instruction, target: int, source: int) -> Instruction:
    if target >= FIRST_PREDICATE:
        return Instruction("POR", None, (place(target), place(source), place(source)))
    type = ins.operand_type(0)
    return Instruction("MOV", type, (place(target), place(source)))
