"""Promotion: the type two values meet in.

The lattice is JAX's: integers widen within their sign, signed with unsigned gives the next wider signed type,
an integer with a float gives that float, f16 with bf16 gives f32. Literals are weak: they take the other type.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from math import isfinite

from hologram.isa.builder import immediate, value_of
from hologram.types import Type


class Bool(Enum):
    """The type of conditions."""

    BOOL = "bool"

    def __repr__(self) -> str:
        return "bool"


class Weak(Enum):
    """Types of literals: they fit in with whatever they meet."""

    INT = "integer literal"
    FLOAT = "float literal"

    def __repr__(self) -> str:
        return self.value


BOOL = Bool.BOOL
Kind = Type | Bool
AnyKind = Type | Bool | Weak

SCALARS: dict[str, Kind] = {
    **{t.value: t for t in Type},
    "bool": BOOL,
    "usize": Type.U64,
    "int": Type.I32,
    "float": Type.F32,
}

_SIGNED = (Type.I8, Type.I16, Type.I32, Type.I64)


@cache
def join(a: AnyKind, b: AnyKind) -> AnyKind | None:
    """The type that holds both, or None where only a cast can say what is meant.

    >>> join(Type.U32, Type.I32), join(Type.F32, Type.I64), join(Type.U64, Type.I8)
    (i64, f32, None)
    """
    if a == b:
        return a
    if isinstance(a, Bool) or isinstance(b, Bool):
        return None
    if isinstance(a, Weak) and isinstance(b, Weak):
        return Weak.FLOAT
    if isinstance(a, Weak):
        a, b = b, a
    assert isinstance(a, Type)
    if isinstance(b, Weak):
        return a if b is Weak.INT or a.is_float else Type.F32
    if a.is_float or b.is_float:
        return _join_floats(a, b)
    return _join_integers(a, b)


def _join_floats(a: Type, b: Type) -> Type:
    if not (a.is_float and b.is_float):
        return a if a.is_float else b
    if a.bits == b.bits:
        return Type.F32
    return a if a.bits > b.bits else b


def _join_integers(a: Type, b: Type) -> Type | None:
    if a.is_signed == b.is_signed:
        return a if a.bits > b.bits else b
    signed, unsigned = (a, b) if a.is_signed else (b, a)
    if signed.bits > unsigned.bits:
        return signed
    return next((t for t in _SIGNED if t.bits > unsigned.bits), None)


def widens(source: AnyKind, target: Kind) -> bool:
    """True when a value may become `target` without a cast."""
    return join(source, target) == target


def is_integer(kind: AnyKind) -> bool:
    """True for integer types and integer literals."""
    return kind is Weak.INT or (isinstance(kind, Type) and kind.is_integer)


def is_float(kind: AnyKind) -> bool:
    """True for float types and float literals."""
    return kind is Weak.FLOAT or (isinstance(kind, Type) and kind.is_float)


def default(weak: AnyKind) -> Kind:
    """The type of a value that only literals ever set."""
    if weak is Weak.INT:
        return Type.I32
    return Type.F32 if isinstance(weak, Weak) else weak


def fits(value: bool | int | float, target: Type) -> bool:
    """True when a literal has a value in a type: integers exactly, finite floats without overflow."""
    if target.is_integer:
        return isinstance(value, int) and target.minimum <= value <= target.maximum
    try:
        wide = float(value)
    except OverflowError:
        return False
    return not isfinite(wide) or isfinite(value_of(target, immediate(target, wide)))


def spelled(kind: AnyKind) -> str:
    """The type as an error message names it."""
    return repr(kind)
