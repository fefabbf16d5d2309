"""Lowering of numeric expressions into registers.

A destination, where one is given, is written by the last instruction only, so the expression may read it.
"""

from __future__ import annotations

from collections.abc import Callable

from hologram.frontend.arithmetic import EXPANSIONS
from hologram.frontend.cost import is_cheap
from hologram.frontend.frame import Frame, cacheable
from hologram.frontend.promote import BOOL
from hologram.frontend.truth import Truths
from hologram.frontend.typed import (
    AtlasStep,
    AtlasValue,
    Atomic,
    Const,
    Convert,
    Coordinate,
    Element,
    Expr,
    Inlined,
    Local,
    Operation,
    Select,
    SlotValue,
    Step,
    number_type,
)
from hologram.isa.builder import immediate
from hologram.isa.instructions import BY_NAME, COMMUTATIVE
from hologram.isa.operands import Field, Imm, Operand, Pred, Reg, RegisterIndirect, RegisterIndirectComputed, Slot
from hologram.types import Type

MAX_CONSTANT_OFFSET = (1 << 31) - 1


class Values:
    """Lowers the expressions of one kernel."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.builder = frame, frame.builder
        self.truths = Truths(self)
        self._rules: dict[type[Expr], Callable[..., Reg]] = {
            Const: self._const,
            Local: self._local,
            SlotValue: self._slot,
            Coordinate: self._coordinate,
            Element: self._load,
            Convert: self._convert,
            Operation: self._operation,
            Select: self._select,
            Atomic: self._atomic,
            AtlasValue: self._atlas,
            Inlined: self._inlined,
        }
        self.inlined: Callable[[tuple[Step, ...]], None]

    def value(self, expr: Expr, into: Reg | None = None) -> Reg:
        """A register with the value; `into` names the one it must be."""
        return self._rules[type(expr)](expr, into)

    def source(self, expr: Expr) -> Reg | Imm:
        """A register, or an immediate for a constant."""
        return immediate(number_type(expr), expr.value) if isinstance(expr, Const) else self.value(expr)

    def locate(self, expr: Expr) -> None:
        """What follows comes from this expression."""
        if expr.at:
            self.builder.location = self.frame.source.location(expr.at)

    def emit(self, op: str, kind: Type, into: Reg | None, *sources: Reg | Imm, source_type: Type | None = None) -> Reg:
        """One instruction on values that are not needed afterwards."""
        self.frame.free(*sources)
        target = into or self.frame.temporary()
        self.builder.emit(op, kind, target, *sources, source_type=source_type)
        return target

    def _const(self, expr: Const, into: Reg | None) -> Reg:
        kind = number_type(expr)
        return self.emit("MOV_IMM", kind, into, immediate(kind, expr.value))

    def _moved(self, kind: Type, register: Reg, into: Reg | None) -> Reg:
        return register if into is None or into == register else self.emit("MOV", kind, into, register)

    def _local(self, expr: Local, into: Reg | None) -> Reg:
        register = self.frame.variable(expr.name)
        assert isinstance(register, Reg)
        return self._moved(number_type(expr), register, into)

    def _slot(self, expr: SlotValue, into: Reg | None) -> Reg:
        kind = number_type(expr)
        return self._moved(kind, self.frame.params[expr.slot, kind], into)

    def _coordinate(self, expr: Coordinate, into: Reg | None) -> Reg:
        target = into or self.frame.temporary()
        self.builder.emit("MOV_SREG", Type.I64, target, expr.special)
        return target

    def _convert(self, expr: Convert, into: Reg | None) -> Reg:
        kind = number_type(expr)
        if expr.value.kind is BOOL:
            return self._choose(kind, expr.value, Const(kind, 1), Const(kind, 0), into)
        if isinstance(expr.value, SlotValue):
            return self._moved(kind, self.frame.params[expr.value.slot, kind], into)
        return self.emit("CVT", kind, into, self.value(expr.value), source_type=number_type(expr.value))

    def _operation(self, expr: Operation, into: Reg | None) -> Reg:
        expansion = EXPANSIONS.get(expr.op)
        if expansion:
            self.locate(expr)
            return expansion(self, expr, into)
        args, specs = list(expr.args), BY_NAME[expr.op].operands[1:]
        if expr.op in COMMUTATIVE and isinstance(args[0], Const):
            args.reverse()
        immediates = [s.kind == "src" for s in specs]
        sources = [self.source(a) if allowed else self.value(a) for a, allowed in zip(args, immediates, strict=True)]
        self.locate(expr)
        return self.emit(expr.op, number_type(expr), into, *sources)

    def _atlas(self, expr: AtlasValue, into: Reg | None) -> Reg:
        sources = [self.value(a) for a in expr.args]
        self.locate(expr)
        self.frame.free(*sources)
        target = into or self.frame.temporary()
        kind = number_type(expr) if BY_NAME[expr.op].typed else None
        self.builder.emit(expr.op, kind, *in_order(expr.op, target, sources, expr.numbers))
        return target

    def perform(self, step: AtlasStep) -> None:
        """An Atlas or pool instruction for its effect."""
        sources = [self.value(a) for a in step.args]
        self.builder.location = self.frame.source.location(step.at) if step.at else self.builder.location
        self.builder.emit(step.op, step.kind, *in_order(step.op, None, sources, step.numbers))
        self.frame.free(*sources)

    def _inlined(self, expr: Inlined, into: Reg | None) -> Reg:
        self.inlined(expr.body)
        result = self.frame.own(expr)
        assert isinstance(result, Reg)
        if into is None:
            return result
        return self.emit("MOV", number_type(expr), into, result)

    # Choices

    def _select(self, expr: Select, into: Reg | None) -> Reg:
        if is_cheap(expr.then_value) and is_cheap(expr.else_value):
            return self._choose(number_type(expr), expr.condition, expr.then_value, expr.else_value, into)
        builder, frame = self.builder, self.frame
        otherwise, end = builder.label("else"), builder.label("endif")
        target = into or frame.temporary()
        self.truths.jump_unless(expr.condition, otherwise)
        with frame.scope():
            self.value(expr.then_value, target)
        builder.emit("BRA", None, end)
        builder.place(otherwise)
        with frame.scope():
            self.value(expr.else_value, target)
        builder.place(end)
        return target

    def _choose(self, kind: Type, condition: Expr, then_value: Expr, else_value: Expr, into: Reg | None) -> Reg:
        pred = self.truths.truth(condition)
        a, b = self.value(then_value), self.value(else_value)
        self.frame.free(pred, a, b)
        target = into or self.frame.temporary()
        self.builder.emit("SEL", kind, target, pred, a, b)
        return target

    # Memory

    def address(self, element: Element) -> RegisterIndirect | RegisterIndirectComputed:
        """Where an element lies: the array's handle plus a byte offset."""
        handle = self.frame.handles[element.slot]
        param = self.frame.kernel.array(element.slot)
        first = element.index[0]
        if param.ndim == 1 and isinstance(first, Const) and 0 <= first.value * param.type.size <= MAX_CONSTANT_OFFSET:
            return RegisterIndirect(handle, int(first.value) * param.type.size)
        key: tuple[object, ...] = (*element.index, param.type.size if param.ndim == 1 else f"slot {element.slot}")
        known = self.frame.offsets.get(key)
        if known is None:
            known = self._offset(element)
            if cacheable(element.index):
                self.frame.keep_offset(key, known)
        return RegisterIndirectComputed(handle, known)

    def _offset(self, element: Element) -> Reg:
        param = self.frame.kernel.array(element.slot)
        if param.ndim == 1:
            index = self.value(element.index[0])
            size = param.type.size
            return index if size == 1 else self.emit("MUL", Type.I64, None, index, immediate(Type.I64, size))
        total: Reg | None = None
        for axis, along in enumerate(element.index):
            stride = self.frame.params[Slot(element.slot, Field.STRIDE, axis), Type.I64]
            part = self.emit("MUL", Type.I64, None, self.value(along), stride)
            total = part if total is None else self.emit("ADD", Type.I64, None, total, part)
        assert total is not None
        return total

    def free_address(self, address: RegisterIndirect | RegisterIndirectComputed) -> None:
        """Gives an address's offset back."""
        if isinstance(address, RegisterIndirectComputed):
            self.frame.free(address.offset)

    def _load(self, expr: Element, into: Reg | None) -> Reg:
        address = self.address(expr)
        self.free_address(address)
        self.locate(expr)
        target = into or self.frame.temporary()
        self.builder.emit(
            "LDS" if self.frame.kernel.is_shared(expr.slot) else "LDG", number_type(expr), target, address
        )
        return target

    def _atomic(self, expr: Atomic, into: Reg | None) -> Reg:
        address = self.address(expr.target)
        values = [self.value(v) for v in expr.values]
        self.locate(expr)
        self.free_address(address)
        self.frame.free(*values)
        target = into or self.frame.temporary()
        self.builder.emit(expr.op, number_type(expr), target, address, *values)
        return target


def in_order(op: str, target: Reg | Pred | None, sources: list[Reg], numbers: tuple[int | float, ...]) -> list[Operand]:
    """The operands of an instruction as its row in the table has them."""
    registers, literals = iter(sources), iter(numbers)
    out: list[Operand] = []
    for operand in BY_NAME[op].operands:
        if operand.written:
            assert target is not None
            out.append(target)
        else:
            out.append(next(registers) if operand.kind == "reg" else next(literals))
    return out
