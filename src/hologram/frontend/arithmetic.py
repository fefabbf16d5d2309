"""Operators that take several instructions: floor division, floor modulo, integer powers.

Sources are given back before the last instruction, whose destination may be one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hologram.frontend.typed import Const, Operation, number_type
from hologram.isa.builder import immediate
from hologram.isa.operands import Condition, Imm, Pred, Reg
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.frontend.values import Values


def floor_divide(values: Values, expr: Operation, into: Reg | None) -> Reg:
    """`a // b` of integers: the quotient rounded down; a division by zero gives 0."""
    kind, divisor = number_type(expr), expr.args[1]
    if kind.is_float:
        return _float_floor_divide(values, expr, into)
    if _is_power_of_two(divisor):
        shift = immediate(Type.U32, int(divisor.value).bit_length() - 1)  # type: ignore[attr-defined]
        return values.emit("SHR", kind, into, values.value(expr.args[0]), shift)
    a, b = values.value(expr.args[0]), values.source(divisor)
    if kind.is_unsigned:
        return values.emit("DIV", kind, into, a, b)
    quotient = _fresh(values, "DIV", kind, a, b)
    rest = _fresh(values, "MUL", kind, quotient, b)
    values.builder.emit("SUB", kind, rest, a, rest)
    off = _signs_differ(values, kind, rest, b)
    lower = _fresh(values, "SUB", kind, quotient, immediate(kind, 1))
    values.frame.free(a, b, rest)
    return _choose(values, kind, into, off, lower, quotient)


def floor_modulo(values: Values, expr: Operation, into: Reg | None) -> Reg:
    """`a % b` with the sign of b; an integer modulo zero gives 0."""
    kind, divisor = number_type(expr), expr.args[1]
    if kind.is_integer and _is_power_of_two(divisor):
        mask = immediate(kind, int(divisor.value) - 1)  # type: ignore[attr-defined]
        return values.emit("AND", kind, into, values.value(expr.args[0]), mask)
    a = values.value(expr.args[0])
    if kind.is_float:
        return _float_floor_modulo(values, kind, a, values.value(divisor), into)
    b = values.source(divisor)
    if kind.is_unsigned:
        return values.emit("REM", kind, into, a, b)
    rest = _fresh(values, "REM", kind, a, b)
    off = _signs_differ(values, kind, rest, b)
    shifted = _fresh(values, "ADD", kind, rest, b)
    values.frame.free(a, b)
    return _choose(values, kind, into, off, shifted, rest)


def power(values: Values, expr: Operation, into: Reg | None) -> Reg:
    """`x ** n` for a literal n, by squaring; a negative n gives the reciprocal."""
    kind, exponent = number_type(expr), expr.args[1]
    assert isinstance(exponent, Const)
    n, base = abs(int(exponent.value)), values.value(expr.args[0])
    if n == 0:
        values.frame.free(base)
        return values.emit("MOV_IMM", kind, into, immediate(kind, 1))
    result: Reg | None = None
    square = base
    while n:
        if n & 1:
            result = square if result is None else _fresh(values, "MUL", kind, result, square)
        n >>= 1
        if n:
            square = _fresh(values, "MUL", kind, square, square)
    assert result is not None
    if int(exponent.value) < 0:
        one = values.emit("MOV_IMM", kind, None, immediate(kind, 1))
        return values.emit("DIV", kind, into, one, result)
    return result if into is None or into == result else values.emit("MOV", kind, into, result)


def _float_floor_divide(values: Values, expr: Operation, into: Reg | None) -> Reg:
    """NumPy's floor_divide: from the exact remainder, not from the rounded quotient."""
    kind = number_type(expr)
    a, b = values.value(expr.args[0]), values.value(expr.args[1])
    rest = _fresh(values, "REM", kind, a, b)
    quotient = _fresh(values, "SUB", kind, a, rest)
    values.builder.emit("DIV", kind, quotient, quotient, b)
    off = _float_signs_differ(values, kind, rest, b)
    lower = _fresh(values, "SUB", kind, quotient, immediate(kind, 1.0))
    values.builder.emit("SEL", kind, quotient, off, lower, quotient)
    plain = _fresh(values, "DIV", kind, a, b)
    values.frame.free(rest, lower, off)
    floor = _fresh(values, "FLOOR", kind, quotient)
    gap = _fresh(values, "SUB", kind, quotient, floor)
    above = _set(values, kind, Condition.GT, gap, immediate(kind, 0.5))
    values.builder.emit("ADD", kind, gap, floor, immediate(kind, 1.0))
    values.builder.emit("SEL", kind, floor, above, gap, floor)
    values.frame.free(above)
    present = _set(values, kind, Condition.NE, quotient, immediate(kind, 0.0))
    values.builder.emit("MUL", kind, gap, plain, immediate(kind, 0.0))  # the sign of a/b for a quotient of zero
    values.builder.emit("SEL", kind, floor, present, floor, gap)
    values.frame.free(present, gap, quotient)
    regular = _set(values, kind, Condition.NE, b, immediate(kind, 0.0))
    values.frame.free(a, b)
    return _choose(values, kind, into, regular, floor, plain)


def _float_floor_modulo(values: Values, kind: Type, a: Reg, b: Reg, into: Reg | None) -> Reg:
    """NumPy's remainder: a zero result has the sign of b."""
    rest = _fresh(values, "REM", kind, a, b)
    off = _float_signs_differ(values, kind, rest, b)
    shifted = _fresh(values, "ADD", kind, rest, b)
    values.builder.emit("SEL", kind, rest, off, shifted, rest)
    values.frame.free(off)
    negative = _set(values, kind, Condition.LT, b, immediate(kind, 0.0))
    zero = values.emit("MOV_IMM", kind, None, immediate(kind, 0.0))
    values.builder.emit("MOV_IMM", kind, shifted, immediate(kind, -0.0))
    values.builder.emit("SEL", kind, shifted, negative, shifted, zero)
    values.frame.free(negative, zero)
    empty = _set(values, kind, Condition.EQ, rest, immediate(kind, 0.0))
    values.frame.free(a, b)
    return _choose(values, kind, into, empty, shifted, rest)


def _fresh(values: Values, op: str, kind: Type, *sources: Reg | Imm) -> Reg:
    """An operation whose sources are still needed."""
    target = values.frame.temporary()
    values.builder.emit(op, kind, target, *sources)
    return target


def _set(values: Values, kind: Type, condition: Condition, left: Reg, right: Reg | Imm) -> Pred:
    """A comparison whose operands are still needed."""
    pred = values.frame.truth()
    values.builder.emit("SETcc", kind, condition, pred, left, right)
    return pred


def _choose(values: Values, kind: Type, into: Reg | None, pred: Pred, a: Reg, b: Reg) -> Reg:
    values.frame.free(pred, a, b)
    target = into or values.frame.temporary()
    values.builder.emit("SEL", kind, target, pred, a, b)
    return target


def _signs_differ(values: Values, kind: Type, rest: Reg, b: Reg | Imm) -> Pred:
    """Where a remainder is not zero and lacks the sign of a divisor that is not zero."""
    zero = immediate(kind, 0)
    if isinstance(b, Imm):
        positive = not b.bits >> (kind.bits - 1)
        return _set(values, kind, Condition.LT if positive else Condition.GT, rest, zero)
    mixed = _fresh(values, "XOR", kind, rest, b)
    differ = _set(values, kind, Condition.LT, mixed, zero)
    values.frame.free(mixed)
    for operand in (rest, b):
        _narrow(values, differ, _set(values, kind, Condition.NE, operand, zero))
    return differ


def _float_signs_differ(values: Values, kind: Type, rest: Reg, b: Reg) -> Pred:
    zero = immediate(kind, 0.0)
    differ, other = _set(values, kind, Condition.LT, rest, zero), _set(values, kind, Condition.LT, b, zero)
    values.builder.emit("PXOR", None, differ, differ, other)
    values.frame.free(other)
    return _narrow(values, differ, _set(values, kind, Condition.NE, rest, zero))


def _narrow(values: Values, pred: Pred, other: Pred) -> Pred:
    values.builder.emit("PAND", None, pred, pred, other)
    values.frame.free(other)
    return pred


def _is_power_of_two(divisor: object) -> bool:
    """True for a constant divisor that shifting and masking can replace."""
    value = divisor.value if isinstance(divisor, Const) else 0
    return isinstance(value, int) and value > 0 and value & (value - 1) == 0


EXPANSIONS: dict[str, Callable[[Values, Operation, Reg | None], Reg]] = {
    "FLOORDIV": floor_divide,
    "FLOORMOD": floor_modulo,
    "POWI": power,
}
"""Operations of the typed tree that are no single instruction."""
