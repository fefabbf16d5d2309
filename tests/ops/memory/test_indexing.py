"""take, put, scatter and selection by masks, on every type and layout, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError, RecordingError
from hologram.types import Type
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.memory.cases import DTYPES, SHAPE, elements

AXES = [None, 0, 1, -1]
SOME = [DTYPES[0], *(t.dtype for t in (Type.I16, Type.BF16, Type.F32))]
INTEGERS = [t.dtype for t in Type if t.is_integer]


def index_of(x: Array, axis: int | None, shape: tuple[int, ...], dtype: Any = np.int64) -> Array:
    size = x.size if axis is None else x.shape[axis]
    low = 0 if np.dtype(dtype).kind == "u" else -size
    return np.random.default_rng(1).integers(low, size, shape).astype(dtype)


def along(shape: tuple[int, ...], axis: int, n: int) -> tuple[int, ...]:
    return tuple(n if k == axis % len(shape) else length for k, length in enumerate(shape))


def checks(x: Array, axis: int | None) -> None:
    for shape in ((7,), (2, 3), (), (0,)):
        index = index_of(x, axis, shape)
        got = ops.take(x, index, axis)
        assert got.dtype == x.dtype
        assert np.array_equal(got, np.take(x, index, axis))
    if axis is None:
        return
    index = index_of(x, axis, along(x.shape, axis, 6))
    values = np.take_along_axis(x, index, axis)[::-1]
    assert np.array_equal(ops.take_along_axis(x, index, axis), np.take_along_axis(x, index, axis))
    wanted = x.copy()
    np.put_along_axis(wanted, index, values, axis)
    assert np.array_equal(ops.scatter(x, index, values, axis), wanted), "the last one stays"


@pytest.mark.parametrize("axis", AXES)
def test_some_types(axis: int | None) -> None:
    for dtype in SOME:
        checks(elements(dtype, SHAPE), axis)


@pytest.mark.slow
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_and_layout(dtype: np.dtype[Any], axis: int | None) -> None:
    for layout in LAYOUTS.values():
        checks(layout(elements(dtype, SHAPE)), axis)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    lay = LAYOUTS[layout]
    x = elements(np.dtype(np.float32), SHAPE)
    for axis in (0, 1, 2):
        index = index_of(x, axis, (4, 2))
        assert np.array_equal(ops.take(lay(x), lay(index), axis), np.take(x, index, axis))
        rows = index_of(x, axis, along(SHAPE, axis, 6))
        wanted = np.take_along_axis(x, rows, axis)
        assert np.array_equal(ops.take_along_axis(lay(x), lay(rows), axis), wanted)
        if layout != "read_only":
            out = lay(np.zeros_like(wanted))
            assert ops.take_along_axis(x, rows, axis, out=out) is out
            assert np.array_equal(out, wanted)
            taken = lay(np.zeros((*SHAPE[:axis], 4, 2, *SHAPE[axis + 1 :]), np.float64))
            ops.take(x, index, axis, out=taken)
            assert np.array_equal(taken, np.take(x, index, axis))
            target = lay(x)
            assert ops.put_along_axis(target, rows, wanted, axis) is target
            put = x.copy()
            np.put_along_axis(put, rows, wanted, axis)
            assert np.array_equal(target, put)
            flat, places = lay(x), index_of(x, None, (9,))
            ops.put(flat, places, np.arange(4, dtype=np.float32))
            wanted_flat = x.copy()
            np.put(wanted_flat, places, np.arange(4))
            assert np.array_equal(flat, wanted_flat)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_types_of_indices(dtype: Any) -> None:
    x = elements(np.dtype(np.float32), SHAPE)
    index = index_of(x, 1, (5,), dtype)
    assert np.array_equal(ops.take(x, index, 1), np.take(x, index.astype(np.int64), 1))


@pytest.mark.parametrize("mode", ["clip", "wrap"])
def test_modes(mode: Any) -> None:
    x = elements(np.dtype(np.int32), SHAPE)
    index = np.arange(-20, 20)
    assert np.array_equal(ops.take(x, index, 1, mode), np.take(x, index, 1, mode=mode))
    got, wanted = x.copy(), x.copy()
    ops.put(got, index * 5, index.astype(np.int32), mode)
    np.put(wanted, index * 5, index, mode)
    assert np.array_equal(got, wanted)


def test_sums_are_in_the_order_of_the_indices() -> None:
    rng = np.random.default_rng(3)
    for dtype in (np.float32, np.float16, np.int8, np.uint64):
        values = (rng.normal(size=500) * 100).astype(np.int64).astype(dtype)
        index = rng.integers(0, 8, 500)
        wanted = np.zeros(8, dtype)
        np.add.at(wanted, index, values)
        assert np.array_equal(ops.scatter_add(np.zeros(8, dtype), index, values), wanted)
    place = np.zeros((2, 3), np.float32)
    assert ops.scatter_add(place, np.array([[0, 0], [2, 1]]), 1.5, out=place) is place
    assert place.tolist() == [[3, 0, 0], [0, 1.5, 1.5]]


def test_indices_broadcast() -> None:
    x = elements(np.dtype(np.float32), SHAPE)
    index = index_of(x, 1, (1, 6, 5))
    assert np.array_equal(ops.take_along_axis(x, index, 1), np.take_along_axis(x, index, 1))


@pytest.mark.parametrize("dtype", SOME, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_masks(dtype: np.dtype[Any], layout: str) -> None:
    x = LAYOUTS[layout](elements(dtype, SHAPE))
    mask = np.random.default_rng(5).random(SHAPE) < 0.4
    for m in (mask, mask[:, :, 0], mask[:, 0, 0], np.zeros(SHAPE, bool), np.ones(SHAPE, bool)):
        assert np.array_equal(ops.select(x, LAYOUTS[layout](m)), x[m])
    for axis in AXES:
        keep = np.array([True, False, True])
        assert np.array_equal(ops.compress(keep, x, axis), np.compress(keep, x, axis))
    assert all(np.array_equal(a, b) for a, b in zip(ops.nonzero(x), np.nonzero(x), strict=True))


def test_long_masks() -> None:
    mask = np.random.default_rng(6).random(100_003) < 0.5
    assert np.array_equal(ops.flatnonzero(mask), np.flatnonzero(mask))
    x = np.where(mask, np.nan, 0.0)
    assert np.array_equal(ops.nonzero(x)[0], np.flatnonzero(mask)), "NaN is not 0"


def test_one_hot() -> None:
    index = np.array([[0, 2], [1, 1]], np.uint8)
    assert np.array_equal(ops.one_hot(index, 3), np.eye(3, dtype=np.float32)[index])
    out = np.ones((3, 2, 2), np.int8).transpose(1, 2, 0)
    assert ops.one_hot(index, 3, "i8", out=out) is out
    assert np.array_equal(out, np.eye(3)[index])
    assert ops.one_hot(index[:0], 4).shape == (0, 2, 4)


def test_kinds_stay() -> None:
    import torch

    ex = hg.Executor("cpu")
    x, index = elements(np.dtype(np.float32), (4, 3)), np.array([3, 0])
    for make in (ex.array, torch.from_numpy, hg.tensor):
        taken = ops.take(make(x), make(index), 0)
        assert type(taken) is type(make(x))
        assert np.array_equal(np.asarray(taken), x[index])
        rows, columns = ops.nonzero(make(x))
        assert np.array_equal(np.asarray(rows), np.nonzero(x)[0]) and len(columns) == len(rows)


def test_on_the_interpreter() -> None:
    on = hg.Executor("interpreter").ops
    x = elements(np.dtype(np.float32), SHAPE)
    checks_of = (
        (on.take(x, np.array([-1, 0]), 1), np.take(x, [-1, 0], 1)),
        (on.take_along_axis(x, np.argsort(x, 1), 1), np.sort(x, 1)),
        (on.scatter_add(x, np.zeros((1, 4, 5), np.int8), x[:1], 0), np.concatenate([2 * x[:1], x[1:]])),
        (on.select(x, x > 0), x[x > 0]),
        (on.nonzero(x)[2], np.nonzero(x)[2]),
        (on.one_hot(np.array([1]), 2), np.array([[0, 1]])),
    )
    for got, wanted in checks_of:
        assert np.array_equal(got, wanted)


def test_in_a_recording() -> None:
    ex = hg.Executor("cpu")
    x, index, out = ex.array(np.arange(5.0)), ex.array(np.array([9, 1])), ex.allocate(2, "f64")
    with ex.record() as graph:
        ops.take(x, index, mode="clip", out=out)
    graph.launch()
    assert out.to_numpy().tolist() == [4, 1]
    with ex.record(), pytest.raises(RecordingError, match="looks at the values of its arguments"):
        ops.nonzero(x)


X = np.arange(12, dtype=np.float32).reshape(3, 4)
INDEX = np.array([0, 1])
REFUSED = [
    ("take", (X, np.array([3]), 0), {}, IndexError, "index 3 is out of bounds for axis 0 with size 3"),
    ("take", (X, np.array([-13])), {}, IndexError, "index -13 is out of bounds for axis 0 with size 12"),
    ("take", (X, np.array([2**63], np.uint64)), {}, IndexError, "out of bounds"),
    ("take", (X[:0], INDEX, 0), {}, IndexError, "axis 0 is empty"),
    ("take", (X, np.array([0.5])), {}, ArgumentTypeError, "indices are integers, not f64; cure: indices.astype"),
    ("take", (X, np.array([True])), {}, ArgumentTypeError, r"cure: compress\(mask, x\)"),
    ("take", (X, [0, 1]), {}, ArgumentTypeError, "cure: np.asarray"),
    ("take", (X, INDEX, 2), {}, IndexError, "axis 2 is out of bounds"),
    ("take", (X, INDEX, 0, "last"), {}, ArgumentValueError, "mode is one of raise, clip, wrap, not 'last'"),
    ("take", (X, INDEX), {"out": np.zeros(3, np.float32)}, ArgumentValueError, "out has shape"),
    ("take_along_axis", (X, INDEX), {}, ArgumentValueError, "x has 2 axes, indices 1"),
    ("take_along_axis", (X, np.zeros((2, 2), int), 1), {}, ArgumentValueError, "do not broadcast beside axis 1"),
    ("scatter", (X, INDEX, X), {}, ArgumentValueError, "x has 2 axes, indices 1"),
    ("scatter", (X, np.full((3, 1), 4), X[:, :1], 1), {}, IndexError, "index 4 is out of bounds for axis 1"),
    ("scatter", (X, np.zeros((3, 2), int), X[:, :3], 1), {}, ArgumentValueError, r"does not broadcast to \(3, 2\)"),
    ("put", (X, INDEX, X[:0]), {}, ArgumentValueError, "no values for 2 indices"),
    ("put", (X, INDEX, 1.0), {"out": X.copy()}, ArgumentTypeError, "leave out= away"),
    ("put", (X.astype(np.int8), INDEX, 300), {}, ArgumentValueError, "300 is no i8; that holds -128 to 127"),
    ("compress", (X > 0, X), {}, ArgumentValueError, "condition has one axis"),
    ("compress", (np.ones(5, bool), X, 0), {}, ArgumentValueError, "5 elements, axis 0 only 3"),
    ("select", (X, X), {}, ArgumentTypeError, "mask holds truth values, not f32; cure: mask != 0"),
    ("select", (X, X.T > 0), {}, ArgumentValueError, "mask has shape"),
    ("one_hot", (np.array([3]), 3), {}, IndexError, "index 3 is out of bounds for axis 1 with size 3"),
    ("one_hot", (INDEX, 0), {}, ArgumentValueError, "num_classes is at least 1"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, kwargs: Any, error: type[Exception], message: str) -> None:
    before = X.copy()
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args, **kwargs)
    assert np.array_equal(X, before), "nothing is written"


def test_what_looks_at_values_is_not_bound() -> None:
    with pytest.raises(ArgumentTypeError, match='cannot be bound; call it, or give mode="clip"'):
        ops.take.bind(X, INDEX, 0, out=np.zeros((2, 4), np.float32))
    out = np.zeros((2, 4), np.float32)
    launch = ops.take.bind(X, INDEX, 0, mode="clip", out=out)
    launch()
    assert np.array_equal(out, X[:2])
