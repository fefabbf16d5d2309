"""How values lie in memory, and conversion between all pairs of types with one rounding from the exact value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hologram.backends.interpreter.lanes import Array
from hologram.types import FLOATS, HALVES, INTEGERS, Type

# f16 and bf16 are carried as their bits: neither NumPy's nor ml_dtypes' arithmetic on them is a reference.
STORAGE: dict[Type, np.dtype[np.generic]] = {t: np.dtype(np.uint16) if t in HALVES else t.dtype for t in Type}


@dataclass(frozen=True, slots=True)
class Format:
    """An IEEE-like binary format: precision with the hidden bit, and the exponent of the smallest normal number."""

    bits: int
    precision: int
    least_exponent: int

    @property
    def infinity(self) -> int:
        """The bits of +infinity; larger magnitudes are NaN."""
        return (1 << (self.bits - 1)) - (1 << (self.precision - 1))

    @property
    def nan(self) -> int:
        """The bits of the quiet NaN every NaN becomes."""
        return self.infinity | 1 << (self.precision - 2)


FORMATS = {
    Type.F16: Format(16, 11, -14),
    Type.BF16: Format(16, 8, -126),
    Type.F32: Format(32, 24, -126),
    Type.F64: Format(64, 53, -1022),
}


def constant(ty: Type, bits: int) -> Array:
    """One value, given by its bits, as an array of shape (1,) that broadcasts over lanes."""
    raw = (bits & ((1 << ty.bits) - 1)).to_bytes(ty.size, "little")
    return np.frombuffer(raw, STORAGE[ty].newbyteorder("<")).astype(STORAGE[ty])


def unsigned(values: Array) -> Array:
    """The bits of values as unsigned integers of the same width."""
    return values.view(f"u{values.dtype.itemsize}")


def widen(ty: Type, values: Array) -> Array:
    """f16 or bf16 bits as the f32 of the same value (exact)."""
    if ty is Type.BF16:
        return (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return convert(Type.F32, ty, values)


def narrow(ty: Type, values: Array) -> Array:
    """f32 values rounded to f16 or bf16, as bits."""
    return convert(ty, Type.F32, values)


def convert(target: Type, source: Type, values: Array) -> Array:
    """Values of type `source` as `target`.

    Integers wrap. To a float: one rounding to nearest-even from the exact value. Float to integer truncates,
    saturates and gives 0 for NaN.
    """
    if target is source:
        return values
    if target.is_integer:
        return values.astype(target.dtype) if source.is_integer else _to_integer(target, _as_f64(source, values))
    exact = source in INTEGERS and source.bits < FORMATS[target].precision
    if target in FLOATS and (exact or source in FLOATS):
        # The processor's own conversions: exact, or the one rounding of f64 -> f32.
        return values.astype(target.dtype)
    return _to_float(target, source, values)


def _as_f64(source: Type, values: Array) -> Array:
    return (widen(source, values) if source in HALVES else values).astype(np.float64)


def _to_integer(target: Type, values: Array) -> Array:
    whole = np.trunc(values)
    above, below = whole > float(target.maximum), whole < float(target.minimum)
    # float(maximum) of a 64-bit type rounds up to a power of two, which is itself out of range.
    above |= (whole == float(target.maximum)) & (int(float(target.maximum)) > target.maximum)
    inside = np.where(above | below | np.isnan(whole), 0.0, whole)
    top = inside >= 2.0**63
    result = np.where(top, inside - 2.0**63, inside).astype(np.int64)
    result ^= np.where(top, np.int64(-(2**63)), np.int64(0))
    result = result.astype(target.dtype)
    limits = np.array([target.maximum, target.minimum], target.dtype)
    return np.where(above, limits[0], np.where(below, limits[1], result))


def _to_float(target: Type, source: Type, values: Array) -> Array:
    sign, significand, exponent = _take_apart(source, values)
    bits = _round(FORMATS[target], significand, exponent)
    if source.is_float:
        form = FORMATS[source]
        magnitude = unsigned(values) & unsigned(values).dtype.type((1 << (form.bits - 1)) - 1)
        bits = np.where(magnitude == form.infinity, np.uint64(FORMATS[target].infinity), bits)
        bits = np.where(magnitude > form.infinity, np.uint64(FORMATS[target].nan), bits)
    bits |= sign.astype(np.uint64) << np.uint64(target.bits - 1)
    return bits.astype(f"u{target.size}").view(STORAGE[target])


def _take_apart(source: Type, values: Array) -> tuple[Array, Array, Array]:
    """(is negative, significand u64, exponent i64) with |value| = significand · 2^exponent for finite values."""
    if source.is_integer:
        sign = values < 0
        wide = values.astype(np.int64 if source.is_signed else np.uint64).view(np.uint64)
        return sign, np.where(sign, ~wide + np.uint64(1), wide), np.zeros(values.shape, np.int64)
    form = FORMATS[source]
    bits = unsigned(values).astype(np.uint64)
    fraction = bits & np.uint64((1 << (form.precision - 1)) - 1)
    field_mask = (1 << (form.bits - form.precision)) - 1
    field = ((bits >> np.uint64(form.precision - 1)) & np.uint64(field_mask)).astype(np.int64)
    significand = np.where(field > 0, fraction | np.uint64(1 << (form.precision - 1)), fraction)
    exponent = np.maximum(field, 1) - 1 + form.least_exponent - (form.precision - 1)
    return (bits >> np.uint64(form.bits - 1)) != 0, significand, exponent


def leading_zeros(values: Array) -> tuple[Array, Array]:
    """(count of leading zeros of u64 values as i64, the values shifted left by it); 63 for zero."""
    top, count = values.astype(np.uint64), np.zeros(values.shape, np.int64)
    for step in (32, 16, 8, 4, 2, 1):
        small = top < np.uint64(1 << (64 - step))
        top = np.where(small, top << np.uint64(step), top)
        count = np.where(small, count + step, count)
    return count, top


def _round(form: Format, significand: Array, exponent: Array) -> Array:
    """Bits (without sign) of significand · 2^exponent rounded once to nearest-even, u64."""
    zeros, top = leading_zeros(significand)
    leading = exponent - zeros + 63
    above_least = np.maximum(leading - form.least_exponent, 0)
    # `drop` low bits of `top` lie below the last place; 65 or more of them are less than half of it.
    drop = np.minimum(64 - form.precision + np.maximum(form.least_exponent - leading, 0), 65).astype(np.uint64)
    kept = np.where(drop < 64, top >> np.minimum(drop, np.uint64(63)), np.uint64(0))
    rest = np.where(drop < 64, top - (kept << np.minimum(drop, np.uint64(63))), top)
    half = np.uint64(1) << np.minimum(drop - np.uint64(1), np.uint64(63))
    up = (drop <= 64) & ((rest > half) | ((rest == half) & (kept & np.uint64(1) != 0)))
    # A carry out of the significand moves into the exponent field by itself.
    bits = (above_least.astype(np.uint64) << np.uint64(form.precision - 1)) + kept + up
    return np.where(significand == 0, np.uint64(0), np.minimum(bits, np.uint64(form.infinity)))
