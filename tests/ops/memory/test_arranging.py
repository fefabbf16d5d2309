"""Operations that only say where elements go, on every type and layout, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.types import Type
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.memory.cases import CASES, DTYPES, Case, arguments, elements

SOME = [DTYPES[0], *(t.dtype for t in (Type.U8, Type.BF16, Type.F64))]


def same(got: Any, wanted: Array) -> bool:
    return got.dtype == wanted.dtype and got.shape == wanted.shape and np.array_equal(got, wanted)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_some_types(case: Case) -> None:
    for dtype in SOME:
        x = elements(dtype, case.of)
        assert same(getattr(ops, case.name)(*arguments(case, x), **case.parameters), case.expected(x)), dtype


def assert_right_in_every_layout(case: Case, dtype: np.dtype[Any]) -> None:
    call = getattr(ops, case.name)
    x = elements(dtype, case.of)
    wanted = case.expected(x)
    for name, layout in LAYOUTS.items():
        laid = arguments(case, layout(x))
        assert same(call(*laid, **case.parameters), wanted), name
        if name != "read_only":
            out = layout(np.zeros(wanted.shape, wanted.dtype))
            assert call(*laid, out=out, **case.parameters) is out
            assert same(out, wanted), f"out= {name}"
    if wanted.shape == x.shape and wanted.dtype == x.dtype:
        place = x.copy()
        call(*arguments(case, place), out=place, **case.parameters)
        assert same(place, wanted), "in place"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_layout(case: Case) -> None:
    assert_right_in_every_layout(case, np.dtype(np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_layout_of_every_type(case: Case) -> None:
    for dtype in DTYPES:
        assert_right_in_every_layout(case, dtype)


@pytest.mark.parametrize("case", [c for c in CASES if c.name != "broadcast_to" and "mode" not in c.parameters], ids=str)
def test_empty_arrays(case: Case) -> None:
    x = np.zeros((0, *case.of[1:]), np.float32)
    assert same(getattr(ops, case.name)(*arguments(case, x), **case.parameters), case.expected(x))


@pytest.mark.parametrize("case", {c.name: c for c in CASES}.values(), ids=str)
def test_on_the_interpreter(case: Case) -> None:
    x = elements(np.dtype(np.int16), case.of)[::-1]
    found = getattr(hg.Executor("interpreter").ops, case.name)(*arguments(case, x), **case.parameters)
    assert same(found, case.expected(x))


def saturated(x: Array, dtype: np.dtype[Any]) -> Array:
    """A conversion: floats are cut off and saturate, NaN is 0; all else is NumPy's."""
    kind = Type.of_dtype(dtype)
    if kind is None or kind.is_float or Type.of_dtype(x.dtype) is None or x.dtype.kind in "biu":
        return x.astype(dtype)
    cut = np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0.0, posinf=np.inf, neginf=-np.inf)
    whole = [min(max(v, kind.minimum), kind.maximum) for v in cut.ravel().tolist()]
    return np.array([int(v) for v in whole], dtype).reshape(x.shape)


@pytest.mark.parametrize("source", DTYPES, ids=str)
def test_every_conversion(source: np.dtype[Any]) -> None:
    x = np.array([0, 1, 2, 3, 100, 127, 200, 255, -1, -100, 1000, 70000, -70000]).astype(source)
    if Type.of_dtype(source) and source.kind not in "iub":
        x = np.concatenate([x, np.array([np.nan, np.inf, -np.inf, 0.5, -0.5, 1.75, -2.5]).astype(source)])
    for target in DTYPES:
        with np.errstate(all="ignore"):
            wanted = saturated(x, target)
        got = ops.astype(x, target)
        assert got.dtype == target
        assert np.array_equal(got.astype(np.float64), wanted.astype(np.float64), equal_nan=True), target
        out = np.zeros((x.size, 2), target)[:, 0]
        ops.copy(x, out=out)
        assert np.array_equal(out.astype(np.float64), wanted.astype(np.float64), equal_nan=True), target


def test_dtypes_have_many_names() -> None:
    import torch

    x = np.array([0.0, 2.5], np.float32)
    for name in ("i8", "int8", np.int8, Type.I8, np.dtype("int8"), torch.int8):
        assert ops.astype(x, name).dtype == np.int8
    for name in (bool, "bool", np.bool_, np.dtype(bool), torch.bool):
        assert ops.astype(x, name).tolist() == [False, True]


def test_the_original_copy() -> None:
    ex = hg.Executor("cpu")
    a, b = ex.array(np.arange(6, dtype=np.float32)), ex.allocate(6)
    assert ops.copy(ex, a, b) is None
    ops.fill(ex, b, 9.0, n=2)
    assert b.to_numpy().tolist() == [9, 9, 2, 3, 4, 5]
    assert a.to_numpy().tolist() == [0, 1, 2, 3, 4, 5]
    ops.copy(ex, a, b, 1)
    assert b.to_numpy().tolist() == [0, 9, 2, 3, 4, 5]
    with pytest.raises(ArgumentValueError, match="6 and 8 elements; give n= for less"):
        ops.copy(ex, a, ex.allocate(8))
    with pytest.raises(ArgumentValueError, match="n is 7"):
        ops.copy(ex, a, ex.allocate(8), 7)


def test_kinds_stay() -> None:
    import torch

    ex = hg.Executor("cpu")
    x = elements(np.dtype(np.float32), (3, 4))
    buffer, tensor, whole = ex.array(x), torch.from_numpy(x), hg.tensor(x)
    for made, kind in ((buffer, hg.Buffer), (tensor, torch.Tensor), (whole, hg.Tensor)):
        rolled = ops.roll(made, 2, 1)
        assert isinstance(rolled, kind)
        assert np.array_equal(np.asarray(rolled), np.roll(x, 2, 1))
        joined = ops.concatenate([made, made], 1)
        assert isinstance(joined, kind) and tuple(joined.shape) == (3, 8)
    with pytest.raises(ArgumentTypeError, match="use one kind"):
        ops.concatenate([x, buffer])


def test_in_a_recording() -> None:
    ex = hg.Executor("cpu")
    x, out = ex.array(np.arange(6, dtype=np.float32).reshape(2, 3)), ex.allocate((3, 2))
    with ex.record() as graph:
        ops.transpose(ops.flip(x, 1), out=out)
    graph.launch()
    assert np.array_equal(out.to_numpy(), x.to_numpy()[:, ::-1].T)


def test_joined_types_meet() -> None:
    joined = ops.concatenate([np.ones(2, np.int8), np.zeros(1, np.uint8)])
    assert joined.dtype == np.int16 and joined.tolist() == [1, 1, 0]
    assert ops.stack([np.ones(2, np.int8), np.zeros(2, np.float32)]).dtype == np.float32


X = np.arange(12, dtype=np.float32).reshape(3, 4)
REFUSED = [
    ("copy", (None,), {}, ArgumentTypeError, "takes arrays here, not NoneType"),
    ("copy", (X,), {"out": np.zeros(3, np.float32)}, ArgumentValueError, "out has shape"),
    ("astype", (X, "f31"), {}, ArgumentValueError, "unknown dtype 'f31'"),
    ("astype", (X, np.complex64), {}, ArgumentTypeError, "no element type here"),
    ("transpose", (X, (0, 0)), {}, ArgumentValueError, "not each of the 2 axes once"),
    ("transpose", (X, (0, 2)), {}, IndexError, "axis 2 is out of bounds for an array of 2 axes"),
    ("flip", (X, 1.5), {}, ArgumentTypeError, "axis is a number, not float"),
    ("flip", (X,), {"out": np.zeros((3, 4), np.int8)}, ArgumentTypeError, "cannot hold; cure: another out="),
    ("broadcast_to", (X, (3, 5)), {}, ArgumentValueError, r"does not broadcast to \(3, 5\)"),
    ("roll", (X, 1.5), {}, ArgumentTypeError, "shift is an integer"),
    ("roll", (X, (1, 2), 0), {}, ArgumentValueError, "2 shifts for 1 axes"),
    ("concatenate", (X,), {}, ArgumentTypeError, "takes a list or tuple"),
    ("concatenate", ([],), {}, ArgumentTypeError, "at least one"),
    ("concatenate", ([X, X[0]],), {}, ArgumentValueError, "differ on more than axis 0"),
    ("concatenate", ([np.float32(1)],), {}, ArgumentValueError, "cure: stack"),
    ("concatenate", ([X.astype(np.int8), X.astype(np.uint64)],), {}, ArgumentTypeError, "no type for i8 with u64"),
    ("stack", ([X, X[:2]],), {}, ArgumentValueError, "are not one"),
    ("repeat", (X, -1), {}, ArgumentValueError, "repeats is at least 0"),
    ("repeat", (X, [1, 2, 3], 0), {}, ArgumentTypeError, "repeats is an integer, not list"),
    ("tile", (X, (2, -1)), {}, ArgumentValueError, "at least 0"),
    ("pad", (X, 1, "mirror"), {}, ArgumentValueError, "mode is one of constant, edge, reflect, wrap"),
    ("pad", (X, ((1, 1),) * 3), {}, ArgumentValueError, "a pair for each of the 2 axes"),
    ("pad", (X, 4, "reflect"), {}, ArgumentValueError, "mode 'reflect' has 2"),
    ("pad", (X[:0], 1, "edge"), {}, ArgumentValueError, "mode 'edge' has 0"),
    ("diagonal", (X[0],), {}, ArgumentValueError, "takes two axes or more"),
    ("diagonal", (X, 0, 1, 1), {}, ArgumentValueError, "axis1 and axis2 are both 1"),
    ("diag", (X[None],), {}, ArgumentValueError, "takes one or two axes"),
    ("tril", (X[0],), {}, ArgumentValueError, "takes two axes or more"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args, **kwargs)
