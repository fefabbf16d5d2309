"""What reductions should give: the table's own NumPy expressions, in a wider type."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy
import scipy.special

from hologram.frontend.promote import BOOL, Bool, Kind
from hologram.operators import Gives, Reduction
from hologram.types import Type
from tests import tolerance

Array = np.ndarray[Any, Any]
KINDS: list[Kind] = [*Type, BOOL]


def kinds_of(row: Reduction) -> list[Kind]:
    """The types of elements that a row takes."""
    return [k for k in KINDS if row.truths or not isinstance(k, Bool)]


def sample(kind: Kind, shape: tuple[int, ...], seed: int = 0) -> Array:
    """Random elements: some of them 0, few of them large."""
    rng = np.random.default_rng(seed)
    if isinstance(kind, Bool):
        return np.asarray(rng.random(shape) < 0.7)
    if kind.is_integer:
        return np.asarray(rng.integers(-9 if kind.is_signed else 0, 10, shape)).astype(kind.dtype)
    found = np.asarray(rng.uniform(-2, 2, shape))
    return np.asarray(np.where(rng.random(shape) < 0.1, 0.0, found)).astype(kind.dtype)


def result_of(row: Reduction, kind: Kind) -> Kind:
    """The type of results, as the answers of the library's manual have it."""
    whole = isinstance(kind, Bool) or kind.is_integer
    if row.gives is Gives.TRUTH:
        return BOOL
    if row.gives is Gives.COUNT:
        return Type.I64
    if row.gives is Gives.REAL and whole:
        return Type.F32
    if row.gives is Gives.WIDE and whole:
        return Type.I64 if isinstance(kind, Bool) or kind.is_signed else Type.U64
    return kind


def wide(row: Reduction, x: Array) -> Array:
    """Elements in a type in which NumPy makes (nearly) no error, or the same ones."""
    if x.dtype.kind == "f" or x.dtype.name == "bfloat16":
        return x.astype(np.longdouble if x.dtype == np.float64 else np.float64)
    return x.astype(np.float64) if row.gives is Gives.REAL else x


def expected(row: Reduction, given: list[Array], **options: Any) -> Array:
    """The result in NumPy."""
    names = {"np": np, "scipy": scipy, "axis": None, "keepdims": False, "correction": 0, "p": 2.5, **options}
    values = dict(zip("xy", given, strict=False))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.asarray(eval(row.numpy, names, values))


def assert_right(row: Reduction, given: list[Array], got: Any, kind: Kind, **options: Any) -> None:
    """A result has the type, the shape and the values that it should."""
    result = result_of(row, kind)
    exact = expected(row, [wide(row, x) for x in given], **options)
    got = np.asarray(got)
    assert got.dtype == (np.bool_ if isinstance(result, Bool) else result.dtype)
    assert got.shape == exact.shape
    if isinstance(result, Bool) or result.is_integer:
        assert np.array_equal(got, exact.astype(got.dtype)), options
        return
    size = expected(row, [np.abs(wide(row, x)) for x in given], **options)
    count = max(1, given[0].size // max(1, exact.size))
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(exact.dtype) - exact)
        same = (np.isnan(exact) & np.isnan(got.astype(np.float64))) | (got == exact.astype(got.dtype))
        allowed = tolerance.of_reduction(row, result, count, exact, size)
        bad = ~(same | (error <= allowed))
    assert not bad.any(), f"{row.name} {options}: {got[bad][:3]}, not {exact[bad][:3]}"
