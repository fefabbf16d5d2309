"""What element-wise operations should give: the table's own NumPy expressions, in a wider type."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.special

from hologram.operators import Domain, Operator
from hologram.types import Type

Array = np.ndarray[Any, Any]
WIDER = {Type.F16: np.float64, Type.BF16: np.float64, Type.F32: np.float64, Type.F64: np.longdouble}


def popcount(x: Array) -> Array:
    unsigned = x.view(np.dtype(f"u{x.dtype.itemsize}")) if x.dtype.kind == "i" else x
    return np.array([bin(int(v)).count("1") for v in unsigned.ravel()]).reshape(x.shape)


NAMES = {"np": np, "scipy": scipy, "_popcount": popcount}


def types_of(row: Operator) -> list[Type]:
    """The types that an operator is tried on (reals take integers, too, as f32)."""
    if row.domain is Domain.BITS:
        return [t for t in Type if t.is_integer]
    if row.domain is Domain.REALS:
        whole = np.floor(row.samples[1]) >= np.ceil(row.samples[0])
        return [*(t for t in Type if t.is_float), *([Type.I32] if whole else [])]
    return list(Type)


def operands(row: Operator, type: Type, shape: tuple[int, ...], seed: int) -> list[Array]:
    """Random operands from the operator's interval."""
    rng = np.random.default_rng(seed)
    low, high = row.samples
    if type.is_integer:
        bottom = max(int(np.ceil(low)), type.minimum)
        found = rng.integers(bottom, int(np.floor(high)) + 1, (row.arity, *shape))
    else:
        found = rng.uniform(low, high, (row.arity, *shape))
    arrays = [np.asarray(x).astype(type.dtype) for x in found]
    if row.name in ("clamp", "hardtanh"):
        arrays[1:] = [np.minimum(*arrays[1:]), np.maximum(*arrays[1:])]
    if type.is_integer and row.name in ("floor_divide", "remainder", "fmod"):
        arrays[1][arrays[1] == 0] = 1
    if row.name in ("celu", "softplus"):
        arrays[1] = abs(arrays[1]) + type.dtype.type(1)
    return arrays


def expected(row: Operator, type: Type, given: list[Array]) -> Array:
    """The exact result, or one in a wider type."""
    wide = given
    if type.is_float:
        wide = [x.astype(np.float64 if "scipy" in row.numpy else WIDER[type]) for x in given]
    elif row.domain is Domain.REALS:
        wide = [x.astype(np.float64) for x in given]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        values = dict(zip("xyz", wide, strict=False))
        return np.asarray(eval(row.numpy or FUSED[row.name], NAMES, values))


FUSED = {"fma": "x * y + z"}


def largest_error(row: Operator, type: Type, got: Array, exact: Array) -> float:
    """The distance in units of what the table allows: 1 is just within."""
    if got.dtype.kind in "biu":
        return float(np.any(got != exact)) * 2
    result = Type.of_dtype(got.dtype)
    assert result is not None
    both_nan = np.isnan(got.astype(np.float64)) & np.isnan(exact)
    with np.errstate(over="ignore"):
        same = both_nan | (got == exact.astype(got.dtype))
    ulp = max(row.ulp[result is Type.F64], 0.5) + 0.5 if result in (Type.F32, Type.F64) else 1.0
    rounded = exact.astype(got.dtype).astype(np.float64)
    bits = {Type.F16: 10, Type.BF16: 7, Type.F32: 23, Type.F64: 52}[result]
    smallest = {Type.F16: -14, Type.BF16: -126, Type.F32: -126, Type.F64: -1022}[result]
    _, exponent = np.frexp(np.where(np.isfinite(rounded), rounded, 1.0))
    spacing = np.ldexp(1.0, np.maximum(exponent - 1, smallest) - bits)
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(WIDER[result]) - exact) / (spacing * ulp)
    return float(np.max(np.where(same, 0.0, np.where(np.isnan(error), np.inf, error)), initial=0.0))
