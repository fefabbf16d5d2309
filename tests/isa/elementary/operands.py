"""What functions of one, two or three arguments are tried on: random bits, moderate numbers, edges, hard cases."""

from __future__ import annotations

from functools import cache

import numpy as np

from hologram.types import Type
from tests.isa.elementary.references import Array

# Where results come near the borders of the format, besides the arguments that all functions get.
RANGES: dict[str, dict[Type, list[tuple[float, float]]]] = {
    "ERF": {Type.F32: [(-4.2, 4.2), (0.98, 1.02)]},
    "EXP": {Type.F32: [(-104, -87), (88, 89)], Type.F64: [(-746, -708), (709, 710)]},
    "EXP2": {Type.F32: [(-151, -126), (127, 129)], Type.F64: [(-1076, -1022), (1023, 1025)]},
    "EXPM1": {Type.F32: [(-20, -10), (88, 89)], Type.F64: [(-40, -30), (709, 710)]},
    "SIGMOID": {Type.F32: [(-104, -87), (10, 20)], Type.F64: [(-746, -708), (30, 40)]},
    "SINH": {Type.F32: [(88, 90)], Type.F64: [(709, 711)]},
    "COSH": {Type.F32: [(88, 90)], Type.F64: [(709, 711)]},
}
ANGLES = {"SIN", "COS", "TAN"}


@cache
def edges(ty: Type) -> Array:
    """Zeros, infinities, NaN, subnormals, halves, powers of two and their neighbours, with both signs."""
    info = np.finfo(ty.dtype)
    powers = np.ldexp(1.0, np.arange(info.minexp - info.nmant, info.maxexp)).astype(ty.dtype)
    around = np.concatenate(
        [np.nextafter(powers, ty.dtype.type(0)), powers, np.nextafter(powers, ty.dtype.type(np.inf))]
    )
    special = np.array([0.0, np.inf, np.nan, info.max, info.smallest_normal, 3 * info.smallest_subnormal, 0.5, 1.5])
    positive = np.concatenate([around, special.astype(ty.dtype), np.arange(300).astype(ty.dtype) / 2])
    return np.concatenate([positive, -positive])


def _bits(rng: np.random.Generator, ty: Type, n: int) -> Array:
    return rng.integers(0, 1 << ty.bits, n, dtype=np.dtype(f"u{ty.size}"), endpoint=False).view(ty.dtype)


def arguments(name: str, ty: Type, n: int, seed: int) -> Array:
    """Four n and more arguments of a function of one argument, the edges among them."""
    rng = np.random.default_rng(seed)
    parts = [
        _bits(rng, ty, n),
        rng.uniform(-10, 10, n),
        rng.uniform(-1.1, 1.1, n),
        np.exp(rng.uniform(-20, 7, n)) * rng.choice([-1, 1], n),
        rng.normal(1, 1e-3, n // 4),
        edges(ty),
    ]
    parts += [rng.uniform(*bounds, n // 4) for bounds in RANGES.get(name, {}).get(ty, [])]
    if name in ANGLES:
        parts.append(rng.integers(-(1 << 24), 1 << 24, n) * (np.pi / 4))
        parts.append(rng.normal(0, 1e-4, n))
    with np.errstate(over="ignore"):
        return np.concatenate([p.astype(ty.dtype) for p in parts])


def pairs(ty: Type, n: int, seed: int) -> list[tuple[Array, Array]]:
    """Five n pairs and more: random bits, moderate numbers, edges with edges, powers near overflow and near 1."""
    rng = np.random.default_rng(seed)
    limit = 1.1 * np.log(float(np.finfo(ty.dtype).max))
    few = np.array([0, 1, 2, 3, 0.5, 1.5, 7, np.inf, np.nan, 2.0**24 + 1, np.finfo(ty.dtype).smallest_subnormal])
    few = np.concatenate([few, -few])
    base = np.exp(rng.uniform(-limit, limit, n) / 1.1).astype(ty.dtype)
    epsilon = float(np.finfo(ty.dtype).eps)
    near_one = (1 + rng.normal(0, 100, n) * epsilon).astype(ty.dtype)
    found = [
        (_bits(rng, ty, n), _bits(rng, ty, n)),
        (rng.uniform(-9, 9, n), rng.integers(-30, 30, n)),
        (rng.normal(0, 1, n), rng.normal(0, 1, n)),
        (np.repeat(few, few.size), np.tile(few, few.size)),
        (base, rng.uniform(-limit, limit, n) / np.log(base.astype(np.float64))),
        (near_one, rng.normal(0, 0.3, n) / epsilon),
    ]
    with np.errstate(over="ignore"):
        return [(x.astype(ty.dtype), y.astype(ty.dtype)) for x, y in found]


def triples(ty: Type, n: int, seed: int) -> list[tuple[Array, Array, Array]]:
    """Two n operands of a·b + c and more: random bits, moderate numbers, sums that nearly cancel."""
    rng = np.random.default_rng(seed)
    a, b, c = (rng.normal(0, 1, n).astype(ty.dtype) for _ in "abc")
    few = n // 64
    steps = rng.integers(-3, 4, few) * np.finfo(ty.dtype).eps
    near = -(a[:few] * b[:few]) * (1 + steps).astype(ty.dtype)
    return [(_bits(rng, ty, n), _bits(rng, ty, n), _bits(rng, ty, n)), (a, b, c), (a[:few], b[:few], near)]
