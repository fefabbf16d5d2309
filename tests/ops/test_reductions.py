"""Every reduction, scan and normalisation of the table, for types, layouts of memory and axes, against NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError, RecordingError
from hologram.frontend.promote import BOOL, Bool, Kind
from hologram.operators import NORMALISATIONS, NORMS, REDUCTIONS, SCANS, Reduction
from hologram.ops import through
from hologram.ops.reduction import launches_pay
from hologram.types import Type
from tests import tolerance
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.reduction_references import assert_right, kinds_of, sample

REDUCED = [row for row in REDUCTIONS.values() if row.arity == 1]
ALL = [*REDUCED, *SCANS.values(), *NORMALISATIONS.values(), *NORMS.values()]
SHAPE = (3, 4, 5)
AXES: list[Any] = [None, 0, 1, 2, -1, (0, 2), (1, 0), (-1, 1), ()]


def call(row: Reduction, given: list[Array], **options: Any) -> Any:
    """The operation of a row."""
    if row in NORMS.values():
        order = next(k for k, v in NORMS.items() if v is row)
        return ops.norm(*given, ord=2.5 if order is None else order, **options)
    return getattr(ops, row.names[0])(*given, **options)


def axes_of(row: Reduction) -> list[Any]:
    single = row.name in SCANS
    return [a for a in AXES if not single or not isinstance(a, tuple)]


def id_of(value: Any) -> str:
    return value.name if isinstance(value, Reduction) else repr(value)


def assert_right_in_a_type(row: Reduction, kind: Kind) -> None:
    given = [sample(kind, (41, 7), seed) for seed in range(row.arity)]
    for axis in (0, 1):
        assert_right(row, given, call(row, given, axis=axis), kind, axis=axis)


@pytest.mark.parametrize("row", ALL, ids=id_of)
def test_types(row: Reduction) -> None:
    """Each row for one type other than f32, which the other tests use."""
    kind = kinds_of(row)[ALL.index(row) * 5 % len(kinds_of(row))]
    given = [sample(kind, (41, 7), seed) for seed in range(row.arity)]
    assert_right(row, given, call(row, given, axis=1), kind, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("row", ALL, ids=id_of)
def test_every_type(row: Reduction) -> None:
    for kind in kinds_of(row):
        assert_right_in_a_type(row, kind)


def assert_right_in_every_layout(row: Reduction, kind: Kind) -> None:
    given = [sample(kind, SHAPE, seed) for seed in range(row.arity)]
    for layout in LAYOUTS.values():
        laid = [layout(x) for x in given]
        for axis in axes_of(row):
            got = call(row, laid, axis=axis)
            assert_right(row, given, got, kind, axis=axis)
            if got.ndim and layout.__name__ != "read_only":
                out = layout(np.zeros(got.shape, got.dtype))
                assert call(row, laid, axis=axis, out=out) is out
                assert_right(row, given, out, kind, axis=axis)
    spread = [np.broadcast_to(x[:1], SHAPE) for x in given]
    for axis in axes_of(row):
        assert_right(row, spread, call(row, spread, axis=axis), kind, axis=axis)


@pytest.mark.parametrize("name", ["sum", "softmax"])
def test_layouts(name: str) -> None:
    assert_right_in_every_layout(next(r for r in ALL if r.name == name), Type.F32)


@pytest.mark.slow
@pytest.mark.parametrize("row", ALL, ids=id_of)
def test_every_layout(row: Reduction) -> None:
    for kind in (Type.F64, Type.I32):
        assert_right_in_every_layout(row, kind)


def test_many_axes() -> None:
    x = sample(Type.I32, (2, 3, 2, 3, 2, 2))
    for laid in (x, x.transpose(3, 0, 5, 2, 4, 1), x[:, ::-1, :, ::2, ::-1], LAYOUTS["strided"](x)):
        for axis in (None, 2, (0, 3), (1, 2, 5), (0, 2, 4), (1, 3, 5)):
            assert np.array_equal(ops.sum(laid, axis=axis), laid.sum(axis=axis))
        assert np.array_equal(ops.cumsum(laid, axis=2), laid.cumsum(axis=2))
        assert np.array_equal(ops.cumsum(laid), laid.cumsum())
        assert np.array_equal(ops.argmax(laid), laid.argmax())
        out = LAYOUTS["strided"](np.zeros(laid.sum(axis=1).shape, np.int64))
        assert np.array_equal(ops.sum(laid, axis=1, out=out), laid.sum(axis=1))


@pytest.mark.parametrize("name", ["argmin", "argmax"])
@pytest.mark.parametrize("kind", [Type.F32, Type.BF16, Type.I8, BOOL], ids=id_of)
def test_positions(name: str, kind: Kind) -> None:
    x = sample(kind, (5, 40, 6))
    for laid in (x, x.transpose(2, 0, 1), x[::2, ::-3, 1::2]):
        for axis in (None, 0, 1, -1):
            got = getattr(ops, name)(laid, axis=axis)
            assert got.dtype == np.int64
            assert np.array_equal(got, getattr(np, name)(laid, axis=axis))
    assert getattr(ops, name)(x, axis=1, keepdims=True).shape == (5, 1, 6)


def test_the_first_of_equal_elements_and_nan() -> None:
    x = np.array([[1, 3, 3, 0], [np.nan, 1, np.nan, 9], [-0.0, 0.0, -1, -1]], np.float32)
    for layout in LAYOUTS.values():
        assert ops.argmax(layout(x), axis=1).tolist() == [1, 0, 0]
        assert ops.argmin(layout(x), axis=1).tolist() == [3, 0, 2]
        assert ops.argmin(layout(x)) == ops.argmax(layout(x)) == 4
    long = np.tile(np.arange(1000, dtype=np.float32), 40)
    assert ops.argmax(long) == 999
    long[12345] = np.nan
    assert ops.argmin(long) == ops.argmax(long) == 12345


ODD_PLACES = ("prod", "cumprod", "log_softmax")
"""Where SciPy has −∞ beside +∞ instead of NaN, and where no order of factors gives NumPy's NaN."""


@pytest.mark.parametrize("row", [r for r in ALL if r.name not in ODD_PLACES], ids=id_of)
def test_nan_and_infinities(row: Reduction) -> None:
    specials = [[np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, 1, 2], [np.inf, -np.inf, 1], [np.nan] * 3, [-0.0, 0.0, -0.0]]
    given = [np.array(specials, np.float32)] * row.arity
    assert_right(row, given, call(row, given, axis=1), Type.F32, axis=1)


@pytest.mark.parametrize("row", ALL, ids=id_of)
def test_no_elements(row: Reduction) -> None:
    empty = [np.zeros((0, 3), np.float32)] * row.arity
    assert call(row, empty, axis=1).shape in ((0,), (0, 3))
    if row.name in SCANS or row.name in NORMALISATIONS:
        assert call(row, empty, axis=0).shape == (0, 3)
    elif row.empty:
        assert_right(row, empty, call(row, empty, axis=0), Type.F32, axis=0)
    else:
        with pytest.raises(ArgumentValueError, match="no elements has no meaning"):
            call(row, empty, axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("row", [*REDUCED, *NORMS.values()], ids=id_of)
def test_every_launch_reduction(row: Reduction) -> None:
    few_results_of_many_elements(row)


@pytest.mark.parametrize("name", ["var", "logsumexp", "any"])
def test_launch_reductions(name: str) -> None:
    few_results_of_many_elements(REDUCTIONS[name])


def few_results_of_many_elements(row: Reduction) -> None:
    given = [sample(Type.F32, (2, 30_000), seed) for seed in range(row.arity)]
    assert launches_pay(2, 30_000)
    for axis in (1, None):
        got = call(row, given, axis=axis).astype(np.float64)
        with np.errstate(all="ignore"):
            wide = [x.astype(np.float64) for x in given]
            exact = call(row, wide, axis=axis)
            terms = np.abs(wide[0]).sum() if row.gives.name in ("WIDE", "ELEMENT") and row.folds[0].op == "ADD" else 0
        assert np.all(np.abs(got - exact) <= 12 * tolerance.UNIT[Type.F32] * (np.abs(exact) + terms))


def test_long_sums_are_as_good_as_pairwise_ones() -> None:
    x = np.random.default_rng(3).random((200_000, 3)).astype(np.float32)
    exact = x.astype(np.float64).sum(axis=0)
    assert np.all(np.abs(ops.sum(x, axis=0) - exact) <= tolerance.UNIT[Type.F32] * exact * 1.01)
    wide = x.astype(np.float64)
    precise = wide.astype(np.longdouble).sum(axis=0)
    assert np.all(np.abs(ops.sum(wide, axis=0) - precise) <= (128 + len(x) / 128) * tolerance.UNIT[Type.F64] * precise)


def test_softmax() -> None:
    """Reference 7.5: softmax of 10,000 sums to 1, keeps the order, and moving all x moves nothing."""
    x = sample(Type.F32, (10_000,))
    got = ops.softmax(x)
    assert abs(got.astype(np.float64).sum() - 1) < 1e-5
    assert np.array_equal(np.argsort(got, kind="stable"), np.argsort(x, kind="stable"))
    assert np.allclose(ops.softmax(x + 100), got, rtol=2e-5)
    for layout in LAYOUTS.values():
        place = layout(x.reshape(100, 100))
        if place.flags.writeable:
            wanted = ops.softmax(place.copy(), axis=0)
            assert ops.softmax(place, axis=0, out=place) is place
            assert np.array_equal(place, wanted)
    assert ops.softmax(np.float32(3)) == 1


def test_softmax_on_two_executors() -> None:
    """Reference 7.5: two executors with the same order of allocations and other data are each right."""
    found = []
    for seed in (1, 2):
        ex, x = hg.Executor("cpu"), sample(Type.F32, (100,), seed)
        a, out = ex.array(x), ex.allocate(100)
        assert ops.softmax(ex, a, out, 100) is None
        found.append(np.array_equal(out.to_numpy(), ops.softmax(x)))
    assert found == [True, True]


def test_scans_in_place() -> None:
    x = np.arange(12, dtype=np.float64).reshape(3, 4)
    wanted = x.cumsum(axis=0)
    assert ops.cumsum(x, axis=0, out=x) is x
    assert np.array_equal(x, wanted)


@pytest.mark.parametrize(("n", "total"), [(100, 5050), (1024, 524800)])
def test_sums_of_the_reference(n: int, total: int) -> None:
    """Reference 7.5: sums of 1 … n, and the smallest and largest."""
    ex = hg.Executor("cpu")
    for dtype in ("f32", "i32", "f64", "u32"):
        x, out = ex.array(np.arange(1, n + 1).astype(Type(dtype).dtype)), ex.allocate(3, dtype)
        if dtype[0] == "f":
            assert ops.reduce_sum(ex, x, out, n) == total
        assert ops.reduce_min(ex, x, out, n) == 1
        assert ops.reduce_max(ex, x, out, n) == n
        assert out.to_numpy().tolist() == [n, 0, 0]
        wide = ex.allocate(1, {"i32": "i64", "u32": "u64"}.get(dtype, dtype))
        assert ops.reduce_sum(ex, x, wide) == total


def test_small_vectors_of_the_reference() -> None:
    """Reference 7.5: 1 … 5 has the sum 15, the mean 3, the largest 5, the smallest 1 and the product 120."""
    x = np.arange(1, 6, dtype=np.float32)
    assert [float(f(x)) for f in (ops.sum, ops.mean, ops.max, ops.min, ops.prod)] == [15, 3, 5, 1, 120]
    y = np.random.default_rng(0).random(30_000).astype(np.float32)
    assert math.isclose(ops.sum(y), math.fsum(map(float, y)), rel_tol=1e-6)
    assert ops.min(y[:25_000]) == min(y[:25_000])


def test_original_form() -> None:
    ex = hg.Executor("cpu")
    x, out = ex.array(np.array([3, 1, 2, -7], np.float32)), ex.allocate(1)
    assert ops.reduce_sum(ex, x, out, 3) == 6.0
    assert type(ops.reduce_sum(ex, x, out)) is float
    assert ops.reduce_sum(ex, x, out, 0) == 0
    assert ops.argmin(ex, x, ex.allocate(1, "i64")) == 3
    assert ops.vector_dot(ex, x, x, out) == 63
    with pytest.raises(ArgumentValueError, match="no elements"):
        ops.reduce_min(ex, x, out, 0)
    with pytest.raises(ArgumentValueError, match="n is 5"):
        ops.reduce_max(ex, x, out, 5)
    with pytest.raises(ArgumentValueError, match="out has 0 elements, 1 are needed"):
        ops.reduce_max(ex, x, ex.allocate(0))
    running = ex.allocate(6)
    ops.cumsum(ex, x, running, 3)
    assert running.to_numpy().tolist() == [3, 4, 6, 0, 0, 0]


def test_keywords() -> None:
    x = sample(Type.F32, SHAPE)
    assert np.allclose(ops.var(x, axis=1, correction=1), x.var(axis=1, ddof=1), rtol=1e-5)
    assert np.allclose(ops.std(x, correction=2.0), x.std(ddof=2), rtol=1e-5)
    assert ops.sum(x, 1, keepdims=True).shape == (3, 1, 5)
    assert ops.sum(x > 0, dtype="f32").dtype == np.float32
    assert ops.sum(sample(Type.I8, SHAPE), dtype=np.int8).dtype == np.int8
    assert ops.mean(sample(Type.I8, SHAPE), axis=0, dtype=np.float64).dtype == np.float64
    assert np.allclose(ops.norm(x, np.inf, 1), np.abs(x).max(axis=1))
    cell = np.full(3, 7, np.float32)
    assert ops.sum(x, out=cell) is cell
    assert cell.tolist() == [ops.sum(x), 7, 7]


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("sum", {"axis": 3}, ArgumentValueError, "axis 3 is out of range, the array has 3 axes"),
        ("sum", {"axis": -4}, ArgumentValueError, "out of range"),
        ("max", {"axis": (0, -3)}, ArgumentValueError, "names an axis twice"),
        ("mean", {"axis": 1.5}, ArgumentTypeError, "axis is a number"),
        ("mean", {"axis": True}, ArgumentTypeError, "not bool"),
        ("argmax", {"axis": (0, 1)}, ArgumentTypeError, "goes along one axis"),
        ("sum", {"axis": 0, "out": np.zeros((4, 4), np.float32)}, ArgumentValueError, r"result \(4, 5\)"),
        ("sum", {"axis": 0, "out": np.zeros((4, 5), np.int64)}, ArgumentTypeError, "cannot hold"),
        ("argmax", {"axis": 0, "out": np.zeros((4, 5), np.uint8)}, ArgumentTypeError, "cannot hold"),
        ("var", {"correction": "1"}, ArgumentTypeError, "correction is a number"),
        ("norm", {"ord": "fro"}, ArgumentTypeError, "ord is a number"),
        ("softmax", {"axis": 5}, ArgumentValueError, "out of range"),
        ("cumsum", {"axis": (0, 1)}, ArgumentTypeError, "axis"),
        ("sum", {"where": True}, ArgumentTypeError, "unexpected keyword argument 'where'"),
        ("sum", {"dtype": "f31"}, ArgumentValueError, "unknown dtype"),
    ],
)
def test_errors(name: str, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(sample(Type.F32, SHAPE), **options)


@pytest.mark.parametrize("name", [*(r.names[0] for r in REDUCED), "cumsum", "softmax"])
def test_what_is_no_array(name: str) -> None:
    for value in ([1.0, 2.0], None, 3, "text"):
        with pytest.raises(ArgumentTypeError):
            getattr(ops, name)(value)


def test_vectors() -> None:
    x, y = sample(Type.F32, (100,)), sample(Type.F32, (100,), 1)
    assert math.isclose(ops.vector_dot(x, y), np.dot(x.astype(float), y), rel_tol=1e-5)
    assert ops.vector_dot(np.array([100, 100], np.int8), np.array([2, 2], np.int8)).dtype == np.int8
    long = [sample(Type.F32, (200_000,), seed)[::2] for seed in (0, 1)]
    products = long[0].astype(float) * long[1]
    assert abs(ops.vector_dot(*long) - products.sum()) <= 3 * tolerance.UNIT[Type.F32] * np.abs(products).sum()
    with pytest.raises(ArgumentTypeError, match=r"two vectors, got shapes \(10, 10\) and \(100,\); cure: matmul"):
        ops.vector_dot(x.reshape(10, 10), y)
    with pytest.raises(ArgumentValueError, match="do not broadcast"):
        ops.vector_dot(x, y[:99])
    with pytest.raises(ArgumentTypeError, match="no meaning for truth values"):
        ops.vector_dot(x > 0, y > 0)


def test_in_recordings() -> None:
    ex = hg.Executor("cpu")
    x, out = ex.array(sample(Type.F32, (50, 60))), ex.allocate((50, 60))
    with ex.record() as graph:
        largest = ops.max(x, axis=1, keepdims=True)
        ops.subtract(x, largest, out=out)
        with pytest.raises(RecordingError, match="leave the executor out"):
            ops.reduce_sum(ex, x, ex.allocate(1))
    graph.launch()
    values = x.to_numpy()
    assert np.array_equal(out.to_numpy(), values - values.max(axis=1, keepdims=True))


def test_kinds_come_back() -> None:
    torch = pytest.importorskip("torch")
    x, ex = torch.arange(12.0).reshape(3, 4), hg.Executor("cpu")
    assert torch.equal(ops.sum(x, axis=0), x.sum(0))
    assert torch.equal(ops.max(x), x.max()) and ops.max(x).ndim == 0
    assert torch.equal(ops.argmax(x, axis=1), x.argmax(1)) and torch.equal(ops.any(x, axis=1), x.any(1))
    buffer = ops.mean(ex.array(x.numpy()), axis=1)
    assert isinstance(buffer, hg.Buffer) and buffer.to_numpy().tolist() == [1.5, 5.5, 9.5]
    assert isinstance(ops.sum(np.ones(3, np.float32)), np.float32)


INTERPRETED = [REDUCTIONS["sum"], REDUCTIONS["std"], SCANS["cumsum"], NORMALISATIONS["softmax"]]


@pytest.mark.parametrize("row", INTERPRETED, ids=id_of)
def test_on_the_interpreter(row: Reduction) -> None:
    given = [LAYOUTS["transposed"](sample(Type.F32, (3, 5), seed)) for seed in range(row.arity)]
    ex = hg.Executor("interpreter")
    for axis in (0, None):
        got = getattr(ex.ops, row.names[0])(*given, axis=axis)
        assert np.array_equal(got, call(row, given, axis=axis), equal_nan=True)
    if row.arity == 1:
        assert ex.ops.argmax(given[0]) == ops.argmax(given[0])


@pytest.mark.parametrize("row", [*REDUCED, SCANS["cumsum"], NORMALISATIONS["softmax"]], ids=id_of)
def test_arrays_without_axes(row: Reduction) -> None:
    x = np.array(3, np.float32)
    got = call(row, [x])
    assert got.shape == ((1,) if row.name == "cumsum" else ())
    assert np.array_equal(np.ravel(got), call(row, [x.reshape(1)], axis=0).ravel())
    if row.name != "cumsum":
        out = np.zeros((), got.dtype)
        assert np.array_equal(call(row, [x], out=out), got)


def test_bools_are_told_from_bytes() -> None:
    truth = np.array([[True, False], [True, True]])
    assert isinstance(BOOL, Bool) and ops.all(truth, axis=1).tolist() == [False, True]
    assert ops.max(truth, axis=0).dtype == np.bool_
    assert ops.sum(truth) == 3


def test_products_up_to_each_keep_zeros_and_infinities() -> None:
    x = np.full((3, 11), 2, np.float32)
    x[0, 5], x[1, 2], x[2, 1], x[2, 6] = 0, np.inf, np.inf, 0
    with np.errstate(invalid="ignore"):
        wanted = np.cumprod(x.astype(np.float64), axis=1)
    assert np.array_equal(ops.cumprod(x, axis=1), wanted.astype(np.float32), equal_nan=True)


def test_one_lane_and_many_scan_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).random((5, 7, 13))
    made = [ops.cumsum(x, axis=2), ops.cumsum(x[:, ::2], axis=2), ops.cumsum(x.transpose(1, 0, 2), axis=2)]
    monkeypatch.setattr(through, "ALONE", 0)
    others = [ops.cumsum(x, axis=2), ops.cumsum(x[:, ::2], axis=2), ops.cumsum(x.transpose(1, 0, 2), axis=2)]
    assert all(np.array_equal(a, b) for a, b in zip(made, others, strict=True))
