"""Lowering of truth values into predicates, and of conditions into jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hologram.frontend.cost import is_cheap
from hologram.frontend.promote import BOOL
from hologram.frontend.typed import (
    AtlasValue,
    Compare,
    Const,
    Expr,
    Inlined,
    Local,
    Logic,
    Select,
    SlotValue,
    number_type,
)
from hologram.isa.builder import immediate
from hologram.isa.operands import Condition, Imm, Label, Pred, Reg
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.frontend.values import Values

SWAPPED = {
    Condition.LT: Condition.GT,
    Condition.LE: Condition.GE,
    Condition.GT: Condition.LT,
    Condition.GE: Condition.LE,
    Condition.LTU: Condition.GTU,
    Condition.LEU: Condition.GEU,
    Condition.GTU: Condition.LTU,
    Condition.GEU: Condition.LEU,
}
_UNSIGNED = {
    Condition.LT: Condition.LTU,
    Condition.LE: Condition.LEU,
    Condition.GT: Condition.GTU,
    Condition.GE: Condition.GEU,
}
_OPS = {"and": "PAND", "or": "POR", "xor": "PXOR"}


class Truths:
    """Lowers the conditions of one kernel; predicates follow the same rules as registers in `Values`."""

    def __init__(self, values: Values) -> None:
        self.values, self.frame, self.builder = values, values.frame, values.builder
        self._rules: dict[type[Expr], Callable[..., Pred]] = {
            Const: self._const,
            Local: self._local,
            SlotValue: self._slot,
            Compare: self._compare,
            Logic: self._logic,
            Select: self._select,
            Inlined: self._inlined,
            AtlasValue: self._atlas,
        }

    def truth(self, expr: Expr, into: Pred | None = None) -> Pred:
        """A predicate with the value of a condition."""
        return self._rules[type(expr)](expr, into)

    def _emit(self, op: str, into: Pred | None, *sources: Pred) -> Pred:
        self.frame.free(*sources)
        target = into or self.frame.truth()
        self.builder.emit(op, None, target, *sources)
        return target

    def set(self, kind: Type, condition: Condition, into: Pred | None, left: Reg, right: Reg | Imm) -> Pred:
        """One comparison of values that are not needed afterwards."""
        self.frame.free(left, right)
        target = into or self.frame.truth()
        self.builder.emit("SETcc", kind, condition, target, left, right)
        return target

    def _const(self, expr: Const, into: Pred | None) -> Pred:
        zero = self.values.value(Const(Type.U32, 0))
        return self.set(Type.U32, Condition.EQ if expr.value else Condition.NE, into, zero, immediate(Type.U32, 0))

    def _local(self, expr: Local, into: Pred | None) -> Pred:
        pred = self.frame.variable(expr.name)
        assert isinstance(pred, Pred)
        return pred if into in (None, pred) else self._emit("PAND", into, pred, pred)

    def _inlined(self, expr: Inlined, into: Pred | None) -> Pred:
        self.values.inlined(expr.body)
        pred = self.frame.own(expr)
        assert isinstance(pred, Pred)
        return pred if into is None else self._emit("PAND", into, pred, pred)

    def _atlas(self, expr: AtlasValue, into: Pred | None) -> Pred:
        target = into or self.frame.truth()
        self.values.locate(expr)
        self.builder.emit(expr.op, None, target, *expr.numbers)
        return target

    def _slot(self, expr: SlotValue, into: Pred | None) -> Pred:
        register = self.frame.params[expr.slot, Type.U8]
        return self.set(Type.U8, Condition.NE, into, register, immediate(Type.U8, 0))

    def _compare(self, expr: Compare, into: Pred | None) -> Pred:
        left, right, condition = expr.left, expr.right, expr.condition
        if left.kind != right.kind:
            return self._compare_by_value(expr, into)
        if isinstance(left, Const):
            left, right, condition = right, left, SWAPPED.get(condition, condition)
        a = self.values.value(left)
        return self.set(number_type(left), condition, into, a, self.values.source(right))

    def _compare_by_value(self, expr: Compare, into: Pred | None) -> Pred:
        """A comparison of i64 with u64: a negative left side decides, otherwise both are u64."""
        signed, unsigned, condition = expr.left, expr.right, expr.condition
        if signed.kind is Type.U64:
            signed, unsigned, condition = unsigned, signed, SWAPPED.get(condition, condition)
        a, b = self.values.value(signed), self.values.value(unsigned)
        negative_decides = condition in (Condition.LT, Condition.LE, Condition.NE)
        pred, sign = self.frame.truth(), self.frame.truth()
        self.builder.emit("SETcc", Type.I64, Condition.LT if negative_decides else Condition.GE, sign, a,
                          immediate(Type.I64, 0))  # fmt: skip
        wide = self.frame.temporary()
        self.builder.emit("CVT", Type.U64, wide, a, source_type=Type.I64)
        self.frame.free(a)
        self.set(Type.U64, _UNSIGNED.get(condition, condition), pred, wide, b)
        return self._emit("POR" if negative_decides else "PAND", into, pred, sign)

    def _logic(self, expr: Logic, into: Pred | None) -> Pred:
        if expr.op == "not":
            return self._emit("PNOT", into, self.truth(expr.args[0]))
        left, right = expr.args
        if expr.op == "xor" or is_cheap(right):
            return self._emit(_OPS[expr.op], into, self.truth(left), self.truth(right))
        end = self.builder.label("endand" if expr.op == "and" else "endor")
        pred = self.truth(left, self.frame.truth())  # not `into`: the right side may read it
        self.builder.emit("BRA", None, end, Pred(pred.index, negated=expr.op == "and"))
        with self.frame.scope():
            self.truth(right, pred)
        self.builder.place(end)
        return pred if into is None else self._emit("PAND", into, pred, pred)

    def _select(self, expr: Select, into: Pred | None) -> Pred:
        """`(c and a) or (not c and b)`."""
        condition, a, b = expr.condition, expr.then_value, expr.else_value
        if not is_cheap(condition):
            return self._choose(condition, a, b, into)
        both = Logic(BOOL, "and", (condition, a)), Logic(BOOL, "and", (Logic(BOOL, "not", (condition,)), b))
        return self.truth(Logic(BOOL, "or", both), into)

    def _choose(self, condition: Expr, a: Expr, b: Expr, into: Pred | None) -> Pred:
        """One of two truth values by a jump, so that the condition is evaluated once."""
        otherwise, end = self.builder.label("else"), self.builder.label("endif")
        pred = self.frame.truth()  # not `into`: the arms may read it
        self.jump_unless(condition, otherwise)
        with self.frame.scope():
            self.truth(a, pred)
        self.builder.emit("BRA", None, end)
        self.builder.place(otherwise)
        with self.frame.scope():
            self.truth(b, pred)
        self.builder.place(end)
        return pred if into is None else self._emit("PAND", into, pred, pred)

    # Jumps

    def jump_unless(self, expr: Expr, target: Label) -> None:
        """Go to a label where the condition does not hold."""
        self._jump(expr, target, wanted=False)

    def jump_if(self, expr: Expr, target: Label) -> None:
        """Go to a label where the condition holds."""
        self._jump(expr, target, wanted=True)

    def _jump(self, expr: Expr, target: Label, wanted: bool) -> None:
        match expr:
            case Const(value=value):
                if bool(value) is wanted:
                    self.builder.emit("BRA", None, target)
            case Logic(op="not", args=(operand,)):
                self._jump(operand, target, not wanted)
            case Logic(op=("and" | "or") as op, args=(left, right)) if not is_cheap(right):
                over = target if (op == "or") is wanted else self.builder.label("over")
                self._jump(left, over, wanted if over is target else not wanted)
                with self.frame.scope():
                    self._jump(right, target, wanted)
                if over is not target:
                    self.builder.place(over)
            case _:
                pred = self.truth(expr)
                self.frame.free(pred)
                self.builder.emit("BRA", None, target, Pred(pred.index, negated=not wanted))
