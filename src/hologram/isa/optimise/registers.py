"""What an instruction reads and writes, by register key: general registers by number, predicates from 256 on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hologram.isa.instructions import UPDATED, Category
from hologram.isa.operands import Operand, Pred, Reg, RegisterIndirect, RegisterIndirectComputed
from hologram.isa.program import Instruction
from hologram.isa.verify.dataflow import FIRST_PREDICATE, key
from hologram.isa.verify.operand_rules import FIRST_SPECIAL

__all__ = ["FIRST_PREDICATE", "FIRST_SPECIAL", "key", "place", "reads", "runs", "with_reads", "with_target", "written"]


def reads(ins: Instruction) -> list[int]:
    """Keys of all registers and predicates that are read, in the order of the operands."""
    if ins.spec.category is Category.REDUCE:
        return runs(ins)
    out = []
    for spec, operand in zip(ins.spec.operands, ins.args, strict=True):
        if spec.written and ins.op not in UPDATED:
            continue
        if isinstance(operand, Reg | Pred):
            out.append(key(operand))
        elif isinstance(operand, RegisterIndirect | RegisterIndirectComputed):
            out.append(operand.handle.index)
            if isinstance(operand.offset, Reg):
                out.append(operand.offset.index)
    return out


def runs(ins: Instruction) -> list[int]:
    """The consecutive registers that a register reduction reads; they cannot be renamed one by one."""
    if ins.spec.category is not Category.REDUCE:
        return []
    _, base, count = ins.args
    assert isinstance(base, Reg)
    assert isinstance(count, int)
    return list(range(base.index, base.index + count))


def written(ins: Instruction) -> int | None:
    """The key that is written; no instruction writes two."""
    for spec, operand in zip(ins.spec.operands, ins.args, strict=True):
        if spec.written:
            assert isinstance(operand, Reg | Pred)
            return key(operand)
    return None


def place(number: int) -> Reg | Pred:
    """The register or predicate of a key."""
    return Reg(number) if number < FIRST_PREDICATE else Pred(number - FIRST_PREDICATE)


def with_reads(ins: Instruction, rename: Callable[[int], int]) -> Instruction:
    """The instruction with other registers to read; what it updates and runs of registers stay."""
    if ins.spec.category is Category.REDUCE:
        return ins
    args = tuple(
        operand if spec.written else _renamed(operand, rename)
        for spec, operand in zip(ins.spec.operands, ins.args, strict=True)
    )
    return ins if args == ins.args else replace(ins, args=args)


def with_target(ins: Instruction, target: int) -> Instruction:
    """The instruction with another register to write."""
    operands = zip(ins.spec.operands, ins.args, strict=True)
    return replace(ins, args=tuple(place(target) if spec.written else operand for spec, operand in operands))


def _renamed(operand: Operand, rename: Callable[[int], int]) -> Operand:
    if isinstance(operand, Reg):
        return Reg(rename(operand.index))
    if isinstance(operand, Pred):
        return replace(operand, index=rename(key(operand)) - FIRST_PREDICATE)
    if isinstance(operand, RegisterIndirectComputed):
        return RegisterIndirectComputed(Reg(rename(operand.handle.index)), Reg(rename(operand.offset.index)))
    if isinstance(operand, RegisterIndirect):
        return RegisterIndirect(Reg(rename(operand.handle.index)), operand.offset)
    return operand
