"""Conversions between types: implicit where nothing is lost, by cast otherwise."""

from __future__ import annotations

from math import isfinite

from hologram.frontend import tree
from hologram.frontend.promote import BOOL, AnyKind, Kind, Weak, default, fits, is_integer, spelled, widens
from hologram.frontend.source import Source
from hologram.frontend.typed import Compare, Const, Convert, Expr, Operation, Select
from hologram.isa.builder import immediate, value_of
from hologram.isa.operands import Condition
from hologram.types import HALVES, Type

_COMPOSED = frozenset({"FLOORDIV", "FLOORMOD", "POWI"})


def operation(kind: AnyKind, op: str, args: tuple[Expr, ...], at: tree.Place | None) -> Expr:
    """An operation on operands of its type; one of several steps rounds f16 and bf16 at the end only."""
    if op not in _COMPOSED or kind not in HALVES:
        return Operation(kind, op, args, at=at)
    wide = tuple(Convert(Type.F32, a, at=at) if a.kind == kind else a for a in args)
    return Convert(kind, Operation(Type.F32, op, wide, at=at), at=at)


def is_constant(expr: Expr) -> bool:
    """True for a literal that has no type of its own."""
    return isinstance(expr, Const) and isinstance(expr.kind, Weak)


class Conversions:
    """Conversions of one kernel's expressions, with errors that point at their places."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def widen(self, expr: Expr, kind: Kind, where: tree.Node) -> Expr:
        """The value in a type that holds it; refuses narrowing."""
        if expr.kind == kind:
            return expr
        if isinstance(expr.kind, Weak):
            if not widens(expr.kind, kind):
                self._refuse(expr, kind, where)
            return self._weak(expr, kind, where)
        if not widens(expr.kind, kind):
            self._refuse(expr, kind, where)
        return Convert(kind, expr, at=expr.at)

    def settle(self, expr: Expr, where: tree.Node) -> Expr:
        """The value with a type of its own: literals become i32 (i64 where needed) or f32."""
        if not isinstance(expr.kind, Weak):
            return expr
        kind = default(expr.kind)
        if isinstance(expr, Const) and kind is Type.I32 and not fits(expr.value, Type.I32):
            kind = Type.I64
        return self._weak(expr, kind, where)

    def cast(self, expr: Expr, kind: Kind, where: tree.Node) -> Expr:
        """The value converted as a cast says."""
        if expr.kind == kind:
            return expr
        if isinstance(expr, Const) and _folds(expr, kind):
            return self._constant(expr, kind, where)
        if isinstance(expr.kind, Weak):
            same = isinstance(kind, Type) and (kind.is_float or expr.kind is Weak.INT)
            expr = self._weak(expr, kind, where) if same else self.settle(expr, where)
            if expr.kind == kind:
                return expr
        if kind is BOOL:
            zero = Const(expr.kind, 0 if isinstance(expr.kind, Type) and expr.kind.is_integer else 0.0)
            return Compare(BOOL, Condition.NE, expr, zero, at=where.at)
        return Convert(kind, expr, at=where.at)

    def _weak(self, expr: Expr, kind: Kind, where: tree.Node) -> Expr:
        """A weak value in a type: literals take their bits, operations on them their operands' types."""
        if isinstance(expr, Const):
            return self._literal(expr, kind, where)
        if isinstance(expr, Select):
            arms = [self._weak(e, kind, where) for e in (expr.then_value, expr.else_value)]
            return Select(kind, expr.condition, *arms, at=expr.at)
        if isinstance(expr, Operation):
            return operation(kind, expr.op, tuple(self._weak(a, kind, where) for a in expr.args), expr.at)
        return expr if expr.kind == kind else Convert(kind, expr, at=expr.at)

    def _literal(self, expr: Const, kind: Kind, where: tree.Node) -> Const:
        at = expr.at or where.at
        if not isinstance(kind, Type) or not fits(expr.value, kind):
            holder = _holder(expr.value) if isinstance(kind, Type) else None
            hint = f"convert what it meets: {spelled(holder)}(x)" if holder else ""
            self.source.type(at, f"the literal {expr.value!r} does not fit in {spelled(kind)}", hint)
        return _typed(expr.value, kind, at)

    def _constant(self, expr: Const, kind: Kind, where: tree.Node) -> Const:
        value = expr.value
        if kind is BOOL:
            return Const(BOOL, bool(value), at=where.at)
        assert isinstance(kind, Type)
        whole = int(value) if kind.is_integer and isfinite(value) else value
        if not fits(whole, kind):
            holder = _holder(value)
            said = "to wrap it" if is_integer(expr.kind) else "to saturate" if kind.is_integer else "to get infinity"
            hint = f"{said}, write {spelled(kind)}({spelled(holder)}(…))" if holder else ""
            self.source.type(where, f"the literal {value!r} does not fit in {spelled(kind)}", hint)
        return _typed(whole, kind, where.at)

    def _refuse(self, expr: Expr, kind: Kind, where: tree.Node) -> None:
        at = expr.at or where.at
        if kind is BOOL:
            self.source.type(at, f"{spelled(expr.kind)} where a truth value is needed", "compare it: x != 0")
        if expr.kind is BOOL:
            self.source.type(at, f"a truth value where {spelled(kind)} is needed", f"convert it: {spelled(kind)}(flag)")
        self.source.type(
            at, f"{spelled(expr.kind)} does not become {spelled(kind)} by itself", f"write {spelled(kind)}(…)"
        )


def _folds(expr: Const, kind: Kind) -> bool:
    """True where the constant can be converted now: it has no type of its own, or converting it changes nothing.

    What wraps, saturates or rounds is left to the conversion instruction.
    """
    value = expr.value
    if not isinstance(expr.kind, Type) or not isinstance(kind, Type):
        return True
    if kind.is_integer:
        return isfinite(value) and fits(int(value), kind)
    return fits(value, kind) and float(value) == value


def _typed(value: float, kind: Type, at: tree.Place | None) -> Const:
    """A number that fits as a constant of a type, rounded to it."""
    return Const(kind, value_of(kind, immediate(kind, float(value) if kind.is_float else int(value))), at=at)


def _holder(value: float) -> Type | None:
    """The smallest of the usual types that holds a literal."""
    family = (Type.F32, Type.F64) if isinstance(value, float) else (Type.I16, Type.I32, Type.I64, Type.U64)
    return next((t for t in family if fits(value, t)), None)
