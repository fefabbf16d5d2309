"""What every instruction on plain values computes: one table from mnemonic to a function of typed arrays.

A function takes the instruction's type and its operands as arrays over lanes (shape (1,) where all lanes agree)
and gives the result as a new array. f16 and bf16 come and go as bits; their arithmetic is that of f32, rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from hologram.backends.interpreter.convert import constant, leading_zeros, narrow, unsigned, widen
from hologram.backends.interpreter.lanes import Array, NumpyLanes
from hologram.isa.builder import immediate
from hologram.isa.elementary import EXPANSIONS
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Condition
from hologram.types import HALVES, Type

Function = Callable[..., Array]
_LANES = NumpyLanes()


def _in_f32(function: Function) -> Function:
    """Lift a function on f32 to f16 and bf16: exact widening, one rounding of the result."""

    @wraps(function)
    def lifted(ty: Type, *operands: Array) -> Array:
        if ty in HALVES:
            return narrow(ty, function(Type.F32, *(widen(ty, o) for o in operands)))
        return function(ty, *operands)

    return lifted


def _ufunc(function: Callable[..., Any]) -> Function:
    return _in_f32(lambda ty, *operands: np.asarray(function(*operands)))


def _bitwise(function: Callable[..., Any]) -> Function:
    return lambda ty, *operands: np.asarray(function(*operands))


# Arithmetic


def _magnitude(a: Array) -> Array:
    return unsigned(np.where(a < 0, np.negative(a), a))


def _nonzero(b: Array) -> Array:
    return np.where(b == 0, b.dtype.type(1), b)


def _with_sign(negative: Array, magnitude: Array, like: Array) -> Array:
    value = magnitude.view(like.dtype)
    return np.where(negative, np.negative(value), value)


def _divide(ty: Type, a: Array, b: Array) -> Array:
    """Truncating quotient, 0 where an integer b is 0; by magnitudes, so that MIN / -1 wraps to MIN."""
    if ty.is_float:
        return np.asarray(a / b)
    quotient = _with_sign((a < 0) != (b < 0), _magnitude(a) // _magnitude(_nonzero(b)), a)
    return np.where(b == 0, a.dtype.type(0), quotient)


def _remainder(ty: Type, a: Array, b: Array) -> Array:
    """What truncating division leaves, with the sign of a; 0 where an integer b is 0."""
    if ty.is_float:
        return np.asarray(np.fmod(a, b))
    rest = _with_sign(a < 0, _magnitude(a) % _magnitude(_nonzero(b)), a)
    return np.where(b == 0, a.dtype.type(0), rest)


def zero_divisor(ty: Type, a: Array, b: Array) -> Array:
    """Lanes in which an integer division faults."""
    return np.asarray(b == 0)


def _multiply_add(ty: Type, a: Array, b: Array, c: Array) -> Array:
    """The product is rounded, then the sum: what MUL and ADD give one after the other."""
    return FUNCTIONS["ADD"](ty, FUNCTIONS["MUL"](ty, a, b), c)


def _fused_multiply_add(ty: Type, a: Array, b: Array, c: Array) -> Array:
    return _LANES.fma(ty, a, b, c)


def _ordered(less: np.ufunc, equal: np.ufunc) -> Function:
    """Minimum or maximum of floats without NaN; zeros are ordered by their sign bits, joined by `equal`."""

    def choose(ty: Type, a: Array, b: Array) -> Array:
        joined = equal(unsigned(a), unsigned(b)).view(ty.dtype)
        return np.where(a == b, joined, np.where(less(a, b), a, b))

    return choose


_LESS, _GREATER = _ordered(np.less, np.bitwise_or), _ordered(np.greater, np.bitwise_and)


def _number(choose: Function, integer: np.ufunc) -> Function:
    """IEEE 754-2019 minimumNumber or maximumNumber: a NaN loses against a number."""

    def pick(ty: Type, a: Array, b: Array) -> Array:
        if ty.is_integer:
            return np.asarray(integer(a, b))
        return np.where(np.isnan(a), b, np.where(np.isnan(b), a, choose(ty, a, b)))

    return _in_f32(pick)


def _propagating(choose: Function, integer: np.ufunc) -> Function:
    """The same, but a NaN wins."""

    def pick(ty: Type, a: Array, b: Array) -> Array:
        if ty.is_integer:
            return np.asarray(integer(a, b))
        return np.where(np.isnan(a) | np.isnan(b), ty.dtype.type(np.nan), choose(ty, a, b))

    return _in_f32(pick)


def _reciprocal_root(ty: Type, a: Array) -> Array:
    return np.asarray(ty.dtype.type(1) / np.sqrt(a))


# Bits


def _shift(function: np.ufunc) -> Function:
    def shift(ty: Type, a: Array, amount: Array) -> Array:
        return np.asarray(function(a, (amount & np.uint32(ty.bits - 1)).astype(a.dtype)))

    return shift


def _population(ty: Type, a: Array) -> Array:
    return np.bitwise_count(unsigned(a)).astype(a.dtype)


def _leading_zeros(ty: Type, a: Array) -> Array:
    count, _ = leading_zeros(unsigned(a))
    return np.where(a == 0, ty.bits, count - (64 - ty.bits)).astype(a.dtype)


# Comparison and selection


_COMPARISONS: dict[Condition, np.ufunc] = {
    Condition.EQ: np.equal,
    Condition.NE: np.not_equal,
    Condition.LT: np.less,
    Condition.LE: np.less_equal,
    Condition.GT: np.greater,
    Condition.GE: np.greater_equal,
    Condition.LTU: np.less,
    Condition.LEU: np.less_equal,
    Condition.GTU: np.greater,
    Condition.GEU: np.greater_equal,
}


def compare(condition: Condition, ty: Type, a: Array, b: Array) -> Array:
    """Lanes where the condition holds; with a NaN only NE does. The U forms are verified to be of unsigned type."""
    if ty in HALVES:
        a, b = widen(ty, a), widen(ty, b)
    return np.asarray(_COMPARISONS[condition](a, b))


def _select(ty: Type, chosen: Array, a: Array, b: Array) -> Array:
    return np.where(chosen, a, b)


# Folds over registers


_IDENTITIES: dict[str, Callable[[Type], float]] = {
    "ADD": lambda ty: 0,
    "MUL": lambda ty: 1,
    "MIN": lambda ty: np.inf if ty.is_float else ty.maximum,
    "MAX": lambda ty: -np.inf if ty.is_float else ty.minimum,
    "MINP": lambda ty: np.inf if ty.is_float else ty.maximum,
    "MAXP": lambda ty: -np.inf if ty.is_float else ty.minimum,
}


def identity(operation: str, ty: Type) -> Array:
    """What an empty sum, product, minimum or maximum is; shape (1,)."""
    return constant(ty, immediate(ty, _IDENTITIES[operation](ty)).bits)


def _fold(operation: str) -> Function:
    def fold(ty: Type, *values: Array) -> Array:
        total = identity(operation, ty)
        for value in values:
            total = FUNCTIONS[operation](ty, total, value)
        return total

    return fold


FUNCTIONS: dict[str, Function] = {
    "MOV": lambda ty, a: a,
    "ADD": _ufunc(np.add),
    "SUB": _ufunc(np.subtract),
    "MUL": _ufunc(np.multiply),
    "DIV": _in_f32(_divide),
    "REM": _in_f32(_remainder),
    "MAD": _multiply_add,
    "FMA": _in_f32(_fused_multiply_add),
    "MIN": _number(_LESS, np.minimum),
    "MAX": _number(_GREATER, np.maximum),
    "MINP": _propagating(_LESS, np.minimum),
    "MAXP": _propagating(_GREATER, np.maximum),
    "ABS": _ufunc(np.abs),
    "NEG": _ufunc(np.negative),
    "AND": _bitwise(np.bitwise_and),
    "OR": _bitwise(np.bitwise_or),
    "XOR": _bitwise(np.bitwise_xor),
    "NOT": _bitwise(np.invert),
    "SHL": _shift(np.left_shift),
    "SHR": _shift(np.right_shift),
    "POPC": _population,
    "CLZ": _leading_zeros,
    "SEL": _select,
    "SQRT": _ufunc(np.sqrt),
    "RSQRT": _in_f32(_reciprocal_root),
    "FLOOR": _ufunc(np.floor),
    "CEIL": _ufunc(np.ceil),
    "ROUND": _ufunc(np.rint),
    "TRUNC": _ufunc(np.trunc),
    "ReduceAdd": _fold("ADD"),
    "ReduceMin": _fold("MIN"),
    "ReduceMax": _fold("MAX"),
    "ReduceMul": _fold("MUL"),
}

FAULTS: dict[str, Function] = {"DIV": zero_divisor, "REM": zero_divisor}
"""Which lanes of an integer instruction set the fault word, by mnemonic."""


def function_of(mnemonic: str, ty: Type) -> Function | None:
    """The function of an instruction on plain values, or None where there is none for this type."""
    if mnemonic in FUNCTIONS:
        return FUNCTIONS[mnemonic] if ty in BY_NAME[mnemonic].types else None
    expansion = EXPANSIONS.get((mnemonic, Type.F32 if ty in HALVES else ty))
    return None if expansion is None else _in_f32(lambda _, *operands: expansion(_LANES, *operands))
