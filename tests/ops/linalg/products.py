"""Random matrices, and how near products of them must come to the exact ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.types import HALVES, Type
from tests import tolerance
from tests.ops.layouts import Array

RNG = np.random.default_rng(7)


def random(type: Type, *shape: int) -> Array:
    """Integers over their whole range, floats around 0."""
    if type.is_integer:
        return RNG.integers(type.minimum, type.maximum, shape, type.dtype, endpoint=True)
    return RNG.standard_normal(shape).astype(type.dtype)


def allowed(type: Type, a: Array, b: Array, exact: Any) -> Any:
    """The error of a product of matrices in any order of additions; halves are summed in f32 and rounded once more."""
    if type in HALVES:
        return tolerance.of_product(Type.F32, a, b) + tolerance.UNIT[type] * abs(exact) * tolerance.SECOND_ORDER
    return tolerance.of_product(type, a, b)


def check(got: Any, a: Array, b: Array, type: Type) -> None:
    """Integers wrap as NumPy's do; floats are as near to the exact product as any order of additions is."""
    assert got.dtype == type.dtype
    if type.is_integer:
        assert np.array_equal(got, np.matmul(a, b))
        return
    exact = a.astype(np.float64) @ b.astype(np.float64)
    assert got.shape == exact.shape
    assert (np.abs(got.astype(np.float64) - exact) <= allowed(type, a, b, exact)).all()
