"""Lane values with operators, so that an expansion reads like its formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from hologram.isa.elementary.lanes import Comparison, Lanes, V
from hologram.types import Type

_INTEGER = {Type.F32: Type.I32, Type.F64: Type.I64}
_FLOAT = {Type.I32: Type.F32, Type.I64: Type.F64}


@dataclass(frozen=True, slots=True, eq=False)
class Mask(Generic[V]):
    """A truth value in every lane."""

    lanes: Lanes[V]
    raw: V

    def __and__(self, other: Mask[V]) -> Mask[V]:
        return Mask(self.lanes, self.lanes.mask_and(self.raw, other.raw))

    def __or__(self, other: Mask[V]) -> Mask[V]:
        return Mask(self.lanes, self.lanes.mask_or(self.raw, other.raw))

    def __invert__(self) -> Mask[V]:
        return Mask(self.lanes, self.lanes.mask_not(self.raw))


@dataclass(frozen=True, slots=True, eq=False)
class Value(Generic[V]):
    """A value of one type in every lane; Python numbers mixed with it are rounded to its type."""

    lanes: Lanes[V]
    ty: Type
    raw: V

    def _with(self, raw: V) -> Value[V]:
        return Value(self.lanes, self.ty, raw)

    def const(self, number: float | int) -> Value[V]:
        """A constant of this value's type: floats are rounded to it, integers wrap."""
        if self.ty.is_float:
            return self._with(self.lanes.const(self.ty, float(self.ty.dtype.type(number))))
        wrapped = int(number) & ((1 << self.ty.bits) - 1)
        return self._with(self.lanes.const(self.ty, wrapped - (wrapped > self.ty.maximum) * (1 << self.ty.bits)))

    def _raw(self, other: Value[V] | float | int) -> V:
        return other.raw if isinstance(other, Value) else self.const(other).raw

    def __add__(self, other: Value[V] | float | int) -> Value[V]:
        return self._with(self.lanes.add(self.ty, self.raw, self._raw(other)))

    def __sub__(self, other: Value[V] | float | int) -> Value[V]:
        return self._with(self.lanes.sub(self.ty, self.raw, self._raw(other)))

    def __rsub__(self, other: float | int) -> Value[V]:
        return self._with(self.lanes.sub(self.ty, self._raw(other), self.raw))

    def __mul__(self, other: Value[V] | float | int) -> Value[V]:
        return self._with(self.lanes.mul(self.ty, self.raw, self._raw(other)))

    def __truediv__(self, other: Value[V] | float | int) -> Value[V]:
        return self._with(self.lanes.div(self.ty, self.raw, self._raw(other)))

    def __rtruediv__(self, other: float | int) -> Value[V]:
        return self._with(self.lanes.div(self.ty, self._raw(other), self.raw))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Value[V]:
        return self._with(self.lanes.neg(self.ty, self.raw))

    def __abs__(self) -> Value[V]:
        return self._with(self.lanes.abs(self.ty, self.raw))

    def __and__(self, other: Value[V] | int) -> Value[V]:
        return self._with(self.lanes.and_(self.ty, self.raw, self._raw(other)))

    def __or__(self, other: Value[V] | int) -> Value[V]:
        return self._with(self.lanes.or_(self.ty, self.raw, self._raw(other)))

    def __xor__(self, other: Value[V] | int) -> Value[V]:
        return self._with(self.lanes.xor(self.ty, self.raw, self._raw(other)))

    def __lshift__(self, other: Value[V] | int) -> Value[V]:
        return self._with(self.lanes.shl(self.ty, self.raw, self._raw(other)))

    def __rshift__(self, other: Value[V] | int) -> Value[V]:
        return self._with(self.lanes.shr(self.ty, self.raw, self._raw(other)))

    def _compare(self, condition: Comparison, other: Value[V] | float | int) -> Mask[V]:
        return Mask(self.lanes, self.lanes.compare(condition, self.ty, self.raw, self._raw(other)))

    def __lt__(self, other: Value[V] | float | int) -> Mask[V]:
        return self._compare("lt", other)

    def __le__(self, other: Value[V] | float | int) -> Mask[V]:
        return self._compare("le", other)

    def __gt__(self, other: Value[V] | float | int) -> Mask[V]:
        return self._compare("gt", other)

    def __ge__(self, other: Value[V] | float | int) -> Mask[V]:
        return self._compare("ge", other)

    def equals(self, other: Value[V] | float | int) -> Mask[V]:
        """Lanes where both are equal (`==` stays identity, so that values can sit in containers)."""
        return self._compare("eq", other)

    def differs(self, other: Value[V] | float | int) -> Mask[V]:
        """Lanes where they are not equal; a NaN differs from everything, itself included."""
        return self._compare("ne", other)

    def sqrt(self) -> Value[V]:
        """Correctly rounded square root."""
        return self._with(self.lanes.sqrt(self.ty, self.raw))

    def round_even(self) -> Value[V]:
        """Nearest integer, ties to even."""
        return self._with(self.lanes.round_even(self.ty, self.raw))

    def floor(self) -> Value[V]:
        """Largest integer not above."""
        return self._with(self.lanes.floor(self.ty, self.raw))

    def trunc(self) -> Value[V]:
        """Integer part."""
        return self._with(self.lanes.trunc(self.ty, self.raw))

    def bits(self) -> Value[V]:
        """The bits of a float as a signed integer of the same width."""
        return Value(self.lanes, _INTEGER[self.ty], self.lanes.bits(self.ty, self.raw))

    def as_float(self) -> Value[V]:
        """The float with these bits."""
        return Value(self.lanes, _FLOAT[self.ty], self.lanes.from_bits(_FLOAT[self.ty], self.raw))

    def to(self, ty: Type) -> Value[V]:
        """The same number in another type."""
        return Value(self.lanes, ty, self.lanes.convert(ty, self.ty, self.raw))

    def lookup(self, ty: Type, table: Sequence[float | int]) -> Value[V]:
        """table[self] with constants of type `ty`."""
        return Value(self.lanes, ty, self.lanes.lookup(ty, tuple(table), self.ty, self.raw))

    def at_most(self, bound: float) -> Value[V]:
        """min(self, bound); NaN stays NaN. One machine operation where written in this order."""
        return select(self > bound, bound, self)

    def at_least(self, bound: float) -> Value[V]:
        """max(self, bound); NaN stays NaN."""
        return select(self < bound, bound, self)


Operand = Value[V] | float


def _typed(*operands: Operand[V]) -> Value[V]:
    return next(o for o in operands if isinstance(o, Value))


def fma(a: Operand[V], b: Operand[V], c: Operand[V]) -> Value[V]:
    """a * b + c rounded once; numbers take the type of the values beside them."""
    like = _typed(a, b, c)
    return like._with(like.lanes.fma(like.ty, like._raw(a), like._raw(b), like._raw(c)))


def select(mask: Mask[V], a: Operand[V], b: Operand[V]) -> Value[V]:
    """a where the mask is set, else b; one of them is a `Value`."""
    like = _typed(a, b)
    return like._with(like.lanes.select(like.ty, mask.raw, like._raw(a), like._raw(b)))


def where_any(mask: Mask[V], slow: Callable[[], Value[V]], fast: Value[V]) -> Value[V]:
    """slow() where the mask is set, else `fast`; `slow` may be skipped when no lane needs it."""
    return fast._with(fast.lanes.where_any(mask.raw, fast.ty, lambda: slow().raw, fast.raw))


def polynomial(x: Value[V], coefficients: Sequence[float]) -> Value[V]:
    """Horner's scheme in fused multiply-adds; the constant term comes first."""
    *rest, top = coefficients
    if not rest:
        return x.const(top)
    result = fma(x, top, rest.pop())
    while rest:
        result = fma(result, x, rest.pop())
    return result


def copy_sign(magnitude: Value[V], sign: Value[V]) -> Value[V]:
    """The magnitude, which is not negative, with the sign bit of another float."""
    top = -1 << (magnitude.ty.bits - 1)
    return (magnitude.bits() | (sign.bits() & top)).as_float()


def expansion(body: Callable[..., Value[Any]], ty: Type) -> Callable[..., Any]:
    """A function of (lanes, raw values …) giving a raw value, from one on `Value`s of type `ty`."""

    def emit(lanes: Lanes[V], *arguments: V) -> V:
        result: Value[V] = body(*(Value(lanes, ty, a) for a in arguments))
        return result.raw

    emit.__name__ = emit.__qualname__ = body.__name__
    emit.__doc__ = body.__doc__
    return emit


__all__ = ["Mask", "Value", "copy_sign", "expansion", "fma", "polynomial", "select", "where_any"]
