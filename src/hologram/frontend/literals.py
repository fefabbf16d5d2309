"""Arithmetic on literals, done while compiling: the result is a literal again."""

from __future__ import annotations

import operator
from collections.abc import Callable

from hologram.frontend.constants import NotConstant, Number, bounded, power
from hologram.frontend.promote import BOOL, Weak, fits
from hologram.frontend.tree import Place
from hologram.frontend.typed import Const, Expr
from hologram.types import Type

_COMPARE: dict[str, Callable[[Number, Number], bool]] = {
    name: getattr(operator, name) for name in ("lt", "le", "gt", "ge", "eq", "ne")
}
_ARITHMETIC: dict[str, Callable[[Number, Number], Number]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floor_div": operator.floordiv,
    "mod": operator.mod,
    "pow": power,
}
_INTEGER: dict[str, Callable[[int, int], int]] = {
    "bit_and": operator.and_,
    "bit_or": operator.or_,
    "bit_xor": operator.xor,
    "shl": lambda a, b: a << min(b, 128),
    "shr": lambda a, b: a >> min(b, 128),
}


def weak(value: Number, at: Place | None) -> Const:
    """A number as a literal."""
    number = bounded(value)
    return Const(Weak.FLOAT if isinstance(number, float) else Weak.INT, number, at=at)


def _arithmetic(op: str) -> Callable[[Const, Const, Place | None], Const]:
    def fold(left: Const, right: Const, at: Place | None) -> Const:
        try:
            if op in _INTEGER:
                if isinstance(left.value, float) or isinstance(right.value, float):
                    raise NotConstant("bitwise operators need integers")
                return weak(_INTEGER[op](left.value, right.value), at)
            return weak(_ARITHMETIC[op](left.value, right.value), at)
        except ZeroDivisionError as error:
            raise NotConstant("division by zero") from error
        except OverflowError as error:
            raise NotConstant("the constant does not fit in 64 bits") from error
        except ValueError as error:
            raise NotConstant("a shift by a negative number") from error

    return fold


def _comparison(op: str) -> Callable[[Const, Const, Place | None], Const]:
    return lambda left, right, at: Const(BOOL, _COMPARE[op](left.value, right.value), at=at)


FOLDS: dict[str, Callable[[Const, Const, Place | None], Const]] = {
    **{op: _arithmetic(op) for op in (*_ARITHMETIC, *_INTEGER)},
    **{op: _comparison(op) for op in _COMPARE},
}
"""Binary operators on two literals; they raise `NotConstant` with a message."""


def fold_comparison(op: str, left: Expr, right: Expr) -> bool | None:
    """The truth of comparing an integer with a literal no value of its type can equal, else None.

    Integers compare by value, so `x < 300` holds for every u8.
    """
    for literal, other in ((left, right), (right, left)):
        if not (isinstance(literal, Const) and literal.kind is Weak.INT and isinstance(other.kind, Type)):
            continue
        if other.kind.is_integer and not fits(literal.value, other.kind):
            inside = other.kind.minimum
            pair = (literal.value, inside) if literal is left else (inside, literal.value)
            return _COMPARE[op](*pair)
    return None
