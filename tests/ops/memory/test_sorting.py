"""sort, argsort, searchsorted and unique, on every type and layout, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.types import Type
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.memory.cases import DTYPES, SHAPE, elements

SOME = [DTYPES[0], *(t.dtype for t in (Type.U64, Type.F16, Type.F32))]


def checks(x: Array, axis: int | None) -> None:
    wide = x.astype(np.float32) if x.dtype.name == "bfloat16" else x
    assert np.array_equal(ops.sort(x, axis).astype(wide.dtype), np.sort(wide, axis))
    assert np.array_equal(ops.argsort(x, axis), np.argsort(wide, axis, kind="stable"))


@pytest.mark.parametrize("dtype", SOME, ids=str)
def test_some_types(dtype: np.dtype[Any]) -> None:
    x = elements(dtype, SHAPE)
    for axis in (None, 0, -1):
        checks(x, axis)
    assert np.array_equal(ops.unique(x), np.unique(x))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_and_layout(dtype: np.dtype[Any]) -> None:
    for layout in LAYOUTS.values():
        for axis in (None, 0, 1, -1):
            checks(layout(elements(dtype, SHAPE)), axis)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    x = elements(np.dtype(np.float32), SHAPE)
    checks(LAYOUTS[layout](x), 1)
    if layout != "read_only":
        place = LAYOUTS[layout](x)
        assert ops.sort(place, 0, out=place) is place
        assert np.array_equal(place, np.sort(x, 0))


def test_nan_is_last_and_equal_elements_stay() -> None:
    x = np.random.default_rng(0).integers(0, 50, 3001).astype(np.float32)
    x[::7] = np.nan
    x[::11] = -np.inf
    assert np.array_equal(ops.sort(x), np.sort(x), equal_nan=True)
    assert np.array_equal(ops.argsort(x), np.argsort(x, kind="stable"))
    assert np.array_equal(ops.unique(x), np.unique(x), equal_nan=True)


@pytest.mark.parametrize("side", ["left", "right"])
def test_search(side: Any) -> None:
    a = np.array([1, 2, 2, 2, 5, 9], np.int32)
    values = np.arange(-1, 11, dtype=np.int32).reshape(3, 4)
    for lay in LAYOUTS.values():
        assert np.array_equal(ops.searchsorted(lay(a), lay(values), side), np.searchsorted(a, values, side))
    assert np.array_equal(ops.searchsorted(a[:0], values, side), np.zeros((3, 4)))


def test_nothing_to_sort() -> None:
    x = np.zeros((0, 3), np.float32)
    assert ops.sort(x, 0).shape == (0, 3) and ops.argsort(x).dtype == np.int64
    assert ops.unique(x).shape == (0,)


def test_kinds_and_executors() -> None:
    ex = hg.Executor("cpu")
    x = elements(np.dtype(np.float32), (17,))
    assert isinstance(ops.sort(ex.array(x)), hg.Buffer) and isinstance(ops.unique(hg.tensor(x)), hg.Tensor)
    assert np.array_equal(hg.Executor("interpreter").ops.argsort(x), np.argsort(x, kind="stable"))
    out = ex.allocate(17)
    with ex.record() as graph:
        ops.sort(ex.array(x), out=out)
    graph.launch()
    assert np.array_equal(out.to_numpy(), np.sort(x))


X = np.arange(6, dtype=np.float32).reshape(2, 3)
REFUSED: list[tuple[str, Any, type[Exception], str]] = [
    ("sort", (X, 2), IndexError, "axis 2 is out of bounds"),
    ("argsort", (np.float32(1),), IndexError, "axis -1 is out of bounds for an array of 0 axes"),
    ("searchsorted", (X, X), ArgumentValueError, "an array of one axis"),
    ("searchsorted", (X[0], X, "middle"), ArgumentValueError, "side is left or right"),
    ("searchsorted", (X[0], X.astype(np.int8)), ArgumentTypeError, "got f32 and i8; cure: values.astype"),
]


@pytest.mark.parametrize(("name", "args", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args)
