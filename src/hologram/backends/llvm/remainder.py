"""The exact remainder of floats: what truncating division leaves, with the sign of the dividend.

Long division in f64. With b scaled up by a power of two to at most 2**53 times below r, the rounded quotient q of the
two is the exact one or one more, and r - q·b, found by one fused multiply-add, is exact either way. So every round
takes 52 bits off the distance of the exponents: f32 needs 6 rounds at most, f64 41, most pairs one.
"""

from __future__ import annotations

import math

from hologram.backends.llvm.ir import Value
from hologram.backends.llvm.lanes import VectorLanes, any_lane
from hologram.isa.elementary.value import Value as Number
from hologram.isa.elementary.value import copy_sign, fma, select
from hologram.types import Type

_Number = Number[Value]

_MANTISSA, _BIAS = 52, 1023
_TINY = 2.0**-1022
_LIFT = 54  # makes any subnormal normal


def remainder(m: VectorLanes, ty: Type, a: Value, b: Value) -> Value:
    """a - trunc(a / b)·b of F32 or F64, exact; NaN where b is 0, a is infinite or one of them is NaN."""
    m = m.exact()
    dividend, divisor = (Number(m, ty, m.spread(v)).to(Type.F64) for v in (a, b))
    left, size = abs(dividend), abs(divisor)
    valid = (left < math.inf) & (size > 0.0)
    rest = _long_division(m, select(valid, left, 0.0), select(valid, size, 1.0))
    return select(valid, copy_sign(rest, dividend), math.nan).to(ty).raw


def _long_division(m: VectorLanes, left: _Number, size: _Number) -> _Number:
    """The remainder of finite left >= 0 by size > 0."""
    w = m.w
    cell, exponent = w.alloca(left.raw.type), _exponent(size)
    head, body, done = (w.name(part) for part in ("divide", "round", "divided"))
    w.line(f"store {left.raw}, ptr {cell}")
    w.label(head)
    rest = Number(m, Type.F64, w.value(f"load {left.raw.type}, ptr {cell}", "double", left.raw.lanes))
    active = rest >= size
    w.branch(any_lane(w, active.raw), body, done)
    w.label(body)
    w.line(f"store {select(active, _round(rest, size, exponent), rest).raw}, ptr {cell}")
    w.jump(head)
    w.label(done)
    return rest


def _round(rest: _Number, size: _Number, exponent: _Number) -> _Number:
    gap = (rest.bits() >> _MANTISSA) - exponent - _MANTISSA
    steps = select(gap > 0, gap, 0)
    # Two factors, as 2**steps itself may be out of range.
    half = steps >> 1
    scaled = size * _power_of_two(half) * _power_of_two(steps - half)
    quotient = (rest / scaled).trunc()
    left = fma(-quotient, scaled, rest)
    return select(left < 0.0, left + scaled, left)


def _exponent(size: _Number) -> _Number:
    """The exponent field, as if it went on below 1 for subnormals."""
    lifted = (size * 2.0**_LIFT).bits() >> _MANTISSA
    return select(size < _TINY, lifted - _LIFT, size.bits() >> _MANTISSA)


def _power_of_two(n: _Number) -> _Number:
    return ((n + _BIAS) << _MANTISSA).as_float()
