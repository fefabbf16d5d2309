"""Programs that run many pure instructions on the same operands, one output array an instruction.

Operands are arrays of bits, so that f16 and bf16 go in and come out as they are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.backends.base import Domain, Executable
from hologram.errors import DivisionByZeroError
from hologram.isa.builder import Builder
from hologram.isa.instructions import BY_NAME, TABLE, Category, Spec
from hologram.isa.operands import Condition, Imm, Reg, RegisterIndirectComputed, Slot, Special
from hologram.isa.program import Program
from hologram.types import Type

Array = np.ndarray[Any, np.dtype[Any]]

_PURE = {Category.MOVE, Category.ARITHMETIC, Category.LOGIC, Category.REDUCE, Category.MATH}
_OTHERS = {"LDG", "STG", "LDS", "STS", "MOV_IMM", "MOV_PARAM", "MOV_SREG", "CVT"}
_CONDITIONS = ("eq", "ne", "lt", "le", "gt", "ge")
FOLDED = 3


def pure_instructions(ty: Type) -> list[Spec]:
    """Every instruction of a type that computes a value from values (CVT aside)."""
    return [s for s in TABLE if s.category in _PURE and s.name not in _OTHERS and ty in s.types]


@dataclass(frozen=True)
class Column:
    """One output: an instruction with its condition or source type, or with an immediate as its last operand."""

    op: str
    type: Type
    condition: Condition | None = None
    source: Type | None = None
    immediate: int | None = None

    def __str__(self) -> str:
        extra = self.condition or self.source
        name = f"{self.op}.{self.type.value}" + (f" {extra.value}" if extra else "")
        return name if self.immediate is None else f"{name} immediate {self.immediate:#x}"

    @property
    def arity(self) -> int:
        """How many operands a calculation reads."""
        return len(BY_NAME[self.op].operands) - 1

    @property
    def reads(self) -> int:
        """How many of the three operands the result depends on."""
        if self.op == "SEL":
            return 3
        if self.op == "SETcc":
            return 2 - (self.immediate is not None)
        if self.op.startswith("Reduce"):
            return self.folded
        return self.arity - (self.immediate is not None)

    @property
    def folded(self) -> int:
        """How many registers a Reduce instruction folds: its immediate, or all."""
        return FOLDED if self.immediate is None else self.immediate

    @property
    def takes_immediate(self) -> bool:
        """True where the last operand may be an immediate."""
        return BY_NAME[self.op].operands[-1].kind == "src"


def columns(ty: Type, math: bool) -> list[Column]:
    """The outputs that cover a type: transcendental functions, or all the rest."""
    out = []
    for spec in pure_instructions(ty):
        if (spec.category is Category.MATH) != math:
            continue
        names = [f"{n}u" if ty.is_unsigned and n not in ("eq", "ne") else n for n in _CONDITIONS]
        conditions = [Condition(n) for n in names] if spec.name == "SETcc" else [None]
        out += [Column(spec.name, ty, condition) for condition in conditions]
    return out


def conversions(source: Type) -> list[Column]:
    """CVT from one type to all others and itself."""
    return [Column("CVT", target, source=source) for target in Type]


class _Writer(Builder):
    """Loads, stores and one instruction a column."""

    def __init__(self, uniform: bool) -> None:
        super().__init__("columns")
        self.uniform = uniform
        self.lane = self.new("MOV_SREG", Type.I64, Special.GLOBAL_X)

    def new(self, op: str, ty: Type, *args: Any, **more: Any) -> Reg:
        register = self.reg()
        self.emit(op, ty, register, *args, **more)
        return register

    def place(self, label: Any) -> None:
        raise AssertionError("columns have no jumps")

    def address(self, slot: int, size: int, uniform: bool = False) -> RegisterIndirectComputed:
        handle = self.new("MOV_PARAM", Type.U64, Slot(slot))
        offset = self.new("MUL", Type.I64, self.lane, Imm(0 if uniform else size))
        return RegisterIndirectComputed(handle, offset)

    def load(self, name: str, ty: Type) -> Reg:
        slot = self.array(name, ty)
        address = self.address(slot, ty.size, self.uniform)
        value = self.new("LDG", ty, address)
        self.release(address.handle, address.offset)
        return value

    def store(self, name: str, ty: Type, value: Reg) -> None:
        address = self.address(self.array(name, ty, access="w"), ty.size)
        self.emit("STG", ty, value, address)
        self.release(value, address.handle, address.offset)

    def column(self, column: Column, operands: Sequence[Reg]) -> Reg:
        a, b, c = operands
        out, pred, ty = self.reg(), self.pred(), column.type
        second: Reg | Imm = b if column.immediate is None else Imm(column.immediate)
        if column.op == "SETcc":
            assert column.condition is not None
            yes, no = self.new("MOV_IMM", ty, Imm(1)), self.new("MOV_IMM", ty, Imm(0))
            self.emit("SETcc", ty, column.condition, pred, a, second)
            self.emit("SEL", ty, out, pred, yes, no)
            self.release(yes, no)
        elif column.op == "SEL":
            self.emit("SETcc", ty, Condition.EQ, pred, a, b)
            self.emit("SEL", ty, out, pred, b, c)
        elif column.op == "CVT":
            self.emit("CVT", ty, out, a, source_type=column.source)
        elif column.op.startswith("Reduce"):
            self.emit(column.op, ty, out, a, column.folded)
        elif column.op in ("SHL", "SHR") and column.immediate is None:
            amount = self.new("CVT", Type.U32, b, source_type=ty)
            self.emit(column.op, ty, out, a, amount)
            self.release(amount)
        else:
            self.emit(column.op, ty, out, *[a, second, c][: column.arity])
        self.release(pred)
        return out


def program(chosen: Sequence[Column], uniform: bool = False) -> Program:
    """Inputs a, b, c and one output a column; `uniform` reads element 0 in every lane."""
    writer = _Writer(uniform)
    ty = chosen[0].source or chosen[0].type
    operands = [writer.load(name, ty) for name in "abc"]
    for k, column in enumerate(chosen):
        writer.store(f"out{k}", column.type, writer.column(column, operands))
    return writer.build()


def launch(executable: Executable, operands: Sequence[Array], lanes: int | None = None) -> tuple[bool, list[Array]]:
    """(whether an integer was divided by zero, the outputs as bits)."""
    params = executable.program.params
    lanes = len(operands[0]) if lanes is None else lanes
    outs = [np.zeros(lanes, f"u{p.type.size}") for p in params[3:]]
    given = [a.view(f"u{p.type.size}") for a, p in zip(operands, params, strict=False)]
    faulted = False
    try:
        executable.launch([*given, *outs], Domain((lanes, 1, 1), (-(-lanes // 256), 1, 1), (256, 1, 1)))
    except DivisionByZeroError:
        faulted = True
    return faulted, outs


def one_nan(ty: Type, bits: Array) -> Array:
    """Bits of a type's values, every NaN the same."""
    if ty.is_integer:
        return bits
    unsigned = bits.dtype.type
    magnitude = bits & unsigned((1 << (ty.bits - 1)) - 1)
    infinity = {Type.F16: 0x7C00, Type.BF16: 0x7F80, Type.F32: 0x7F800000, Type.F64: 0x7FF << 52}[ty]
    return np.where(magnitude > unsigned(infinity), unsigned((1 << ty.bits) - 1), bits)
