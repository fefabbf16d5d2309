"""f16 and bf16 on the CPU: carried as the bits in an i16, computed in f32, rounded once.

Everything is integer code on vectors. LLVM's own `half` and `bfloat` would flush subnormals on some processors and
call functions that do not exist on others. Every conversion rounds once: a source that f32 cannot hold exactly goes
through the f32 rounded to odd, whose last bit keeps what a second rounding needs to know (Boldo and Melquiond,
"When double rounding is odd", 2005).
"""

from __future__ import annotations

from hologram.backends.llvm.ir import Value
from hologram.backends.llvm.lanes import VectorLanes
from hologram.isa.elementary.value import Value as Number
from hologram.isa.elementary.value import select
from hologram.types import HALVES, Type

_Number = Number[Value]

_INFINITY = 0x7F800000  # bits of f32
_F16_SHIFT = 13  # fraction bits of f32 that f16 does not have
_F16_BIAS = (127 - 15) << 23  # what lies between the exponents of f16 and f32
_F16_NORMAL, _F16_INFINITY = 0x0400, 0x7C00
_LEAST_F16, _BEYOND_F16 = 113 << 23, 143 << 23  # 2**-14 and 2**16 as bits of f32
_HALF = 0x3F000000  # 0.5, whose last bit is worth the least f16
_LOW = 0x7FF  # bits of a 64-bit integer that f64 may have to drop


def widen(m: VectorLanes, ty: Type, a: Value) -> Value:
    """The f32 of the same value, from the bits of an f16 or bf16."""
    m = m.exact()
    bits = Number(m, Type.U16, m.spread(a)).to(Type.I32)
    return (_widen_f16(bits) if ty is Type.F16 else (bits << 16).as_float()).raw


def narrow(m: VectorLanes, ty: Type, a: Value) -> Value:
    """The bits of the f16 or bf16 nearest to an f32, ties to even."""
    m = m.exact()
    real = Number(m, Type.F32, m.spread(a))
    return (_narrow_f16(real) if ty is Type.F16 else _narrow_bf16(real)).to(Type.U16).raw


def convert(m: VectorLanes, target: Type, source: Type, a: Value) -> Value:
    """A value of any type as f16 or bf16, rounded once."""
    if source is target:
        return m.spread(a)
    if source in HALVES:
        return narrow(m, target, widen(m, source, a))
    m = m.exact()
    number = Number(m, source, m.spread(a))
    if source.is_float or source.bits > 16:
        return narrow(m, target, _rounded_to_odd(number).raw)
    return narrow(m, target, number.to(Type.F32).raw)


def _widen_f16(bits: _Number) -> _Number:
    size = bits & 0x7FFF
    shifted = size << _F16_SHIFT
    # A subnormal is a whole number of 2**-24: put below 0.5 it is one, and 0.5 is taken off exactly.
    small = ((size | _HALF).as_float() - 0.5).bits()
    large = shifted + 2 * _F16_BIAS
    magnitude = select(size < _F16_NORMAL, small, select(size < _F16_INFINITY, shifted + _F16_BIAS, large))
    return (magnitude | ((bits & 0x8000) << 16)).as_float()


def _narrow_f16(real: _Number) -> _Number:
    bits = real.bits()
    size = bits & 0x7FFFFFFF
    odd = (size >> _F16_SHIFT) & 1
    # A carry out of the fraction moves into the exponent by itself, up to infinity.
    normal = (size + odd + ((1 << (_F16_SHIFT - 1)) - 1 - _F16_BIAS)) >> _F16_SHIFT
    # Adding 0.5 rounds to a multiple of 2**-24, the least subnormal.
    small = (size.as_float() + 0.5).bits() - _HALF
    large = select(size > _INFINITY, size.const(_F16_INFINITY | 0x200), _F16_INFINITY)
    magnitude = select(size < _LEAST_F16, small, select(size < _BEYOND_F16, normal, large))
    return magnitude | ((bits >> 16) & 0x8000)


def _narrow_bf16(real: _Number) -> _Number:
    bits = real.bits()
    rounded = (bits + ((bits >> 16) & 1) + 0x7FFF) >> 16
    return select((bits & 0x7FFFFFFF) > _INFINITY, (bits >> 16) | 0x40, rounded)


def _rounded_to_odd(number: _Number) -> _Number:
    """A number as f32: cut towards zero, and its last bit set where that was not exact."""
    wide = _as_f64(number)
    near = wide.to(Type.F32)
    back, bits = near.to(Type.F64), near.bits()
    cut = select(abs(back) > abs(wide), bits - 1, bits)
    inexact = back.differs(wide) & wide.equals(wide)
    return select(inexact, cut | 1, bits).as_float()


def _as_f64(number: _Number) -> _Number:
    """A number as f64, exact or rounded to odd (64-bit integers beyond 2**53)."""
    if number.ty.bits < 64 or number.ty.is_float:
        return number.to(Type.F64)
    top = number >> 53
    exact = top.equals(0) | top.equals(-1) if number.ty.is_signed else top.equals(0)
    sticky = select((number & _LOW).differs(0), number.const(_LOW + 1), 0)
    return select(exact, number, (number & ~_LOW) | sticky).to(Type.F64)
