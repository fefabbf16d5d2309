"""Convolutions against NumPy and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.types import Type
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.linalg.products import RNG


def whole(*shape: int, type: Any = np.float32) -> Array:
    return RNG.integers(-9, 9, shape).astype(type)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize(("n", "m"), [(9, 3), (9, 4), (3, 9), (4, 9), (5, 5), (1, 1), (100, 2)])
def test_sequences(name: str, mode: str, n: int, m: int) -> None:
    a, v = whole(n), whole(m)
    got = getattr(ops, name)(a, v, mode)
    assert np.array_equal(got, getattr(np, name)(a, v, mode))
    assert np.array_equal(getattr(ops, name)(LAYOUTS["strided"](a), LAYOUTS["strided"](v), mode), got)


@pytest.mark.parametrize("type", [Type.I8, Type.U64, Type.F16, Type.F64], ids=lambda t: t.value)
def test_sequences_of_other_types(type: Type) -> None:
    a, v = abs(whole(9)).astype(type.dtype), abs(whole(3)).astype(type.dtype)
    got = ops.convolve(a, v)
    assert got.dtype == type.dtype
    assert np.array_equal(got, np.convolve(a, v))


IMAGES = [
    ((2, 3, 8, 9), (5, 3, 3, 3), {}),
    ((2, 3, 8, 9), (5, 3, 3, 2), {"stride": 2, "padding": 1}),
    ((2, 3, 8, 9), (5, 3, 2, 3), {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)}),
    ((1, 4, 8, 8), (8, 2, 3, 3), {"groups": 2, "padding": "same"}),
    ((2, 6, 5, 5), (6, 1, 3, 3), {"groups": 6, "padding": 1}),
    ((3, 8, 9), (2, 3, 4, 4), {"padding": "same"}),
    ((2, 3, 4, 4), (1, 3, 4, 4), {"padding": "valid"}),
    ((0, 3, 4, 4), (2, 3, 3, 3), {}),
]


@pytest.mark.parametrize(("x", "weight", "options"), IMAGES)
def test_images(x: tuple[int, ...], weight: tuple[int, ...], options: dict[str, Any]) -> None:
    given, weights, bias = whole(*x), whole(*weight), whole(weight[0])
    wanted = torch.nn.functional.conv2d(*map(torch.from_numpy, (given, weights, bias)), **options).numpy()
    got = ops.conv2d(given, weights, bias, **options)
    assert got.shape == wanted.shape
    assert np.array_equal(got, wanted)
    assert np.array_equal(ops.conv2d(LAYOUTS["transposed"](given), LAYOUTS["strided"](weights), bias, **options), got)
    out = LAYOUTS["transposed"](np.zeros(got.shape, np.float32))
    assert ops.conv2d(given, weights, bias, **options, out=out) is out
    assert np.array_equal(out, wanted)


@pytest.mark.parametrize(
    ("x", "weight", "options"),
    [
        ((2, 3, 20), (5, 3, 4), {"stride": 3, "padding": 2, "dilation": 2}),
        ((2, 4, 20), (6, 2, 3), {"groups": 2, "padding": "same"}),
        ((3, 20), (5, 3, 4), {}),
    ],
)
def test_signals(x: tuple[int, ...], weight: tuple[int, ...], options: dict[str, Any]) -> None:
    given, weights = torch.from_numpy(whole(*x)), torch.from_numpy(whole(*weight))
    got = ops.conv1d(given, weights, **options)
    assert torch.equal(got, torch.nn.functional.conv1d(given, weights, **options))


def test_integers_and_halves() -> None:
    x, w = whole(1, 2, 5, 5, type=np.int16), whole(3, 2, 3, 3, type=np.int16)
    exact = torch.nn.functional.conv2d(torch.from_numpy(x).double(), torch.from_numpy(w).double()).numpy()
    assert np.array_equal(ops.conv2d(x, w), exact.astype(np.int16))
    got = ops.conv2d(x.astype(np.float16), w.astype(np.float16))
    assert got.dtype == np.float16
    assert np.array_equal(got, exact.astype(np.float16))


def test_on_the_interpreter_and_in_recordings() -> None:
    ex = hg.Executor("cpu")
    x, w = whole(1, 2, 4, 5), whole(3, 2, 2, 2)
    wanted = ops.conv2d(x, w)
    assert np.array_equal(hg.Executor("interpreter").ops.conv2d(x, w), wanted)
    y = ex.allocate(wanted.shape)
    with ex.record() as g:
        ops.conv2d(ex.array(x), ex.array(w), out=y)
    g.launch()
    assert np.array_equal(y.to_numpy(), wanted)


X, W = whole(2, 3, 8, 9), whole(4, 3, 3, 3)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: ops.convolve(X, X), ArgumentValueError, "takes sequences"),
        (lambda: ops.convolve(X[0, 0, 0], X[0, 0, 0, :0]), ArgumentValueError, r"one element or more.*\(0,\)"),
        (lambda: ops.convolve(X[0, 0, 0], X[0, 0, 0], "all"), ArgumentValueError, "'full', 'same', 'valid', got 'all'"),
        (lambda: ops.conv2d(X[0, 0], W), ArgumentValueError, r"\(8, 9\) and \(4, 3, 3, 3\)"),
        (lambda: ops.conv2d(X, W[:, :2]), ArgumentValueError, "3 channels come in, the weights take 2"),
        (lambda: ops.conv2d(X, W, groups=0), ArgumentValueError, "groups is a number from 1"),
        (lambda: ops.conv2d(X, W, W[0, 0, 0]), ArgumentValueError, r"bias has shape \(3,\), it needs \(4,\)"),
        (lambda: ops.conv2d(X, W, stride=0), ArgumentValueError, "stride is 1 or more"),
        (lambda: ops.conv2d(X, W, padding=-1), ArgumentValueError, "padding is 0 or more"),
        (lambda: ops.conv2d(X, W, dilation=(1, 2, 3)), ArgumentTypeError, "a number or 2 of them"),
        (lambda: ops.conv2d(X, W, stride=1.5), ArgumentTypeError, "stride is a number"),
        (lambda: ops.conv2d(X, W, padding="same", stride=2), ArgumentValueError, "goes with stride 1"),
        (lambda: ops.conv2d(X, W, padding="all"), ArgumentValueError, "'same', 'valid'"),
        (lambda: ops.conv2d(X, W, dilation=5), ArgumentValueError, "reaches over 11 elements"),
        (lambda: ops.conv2d(X > 0, W), ArgumentTypeError, "truth values"),
    ],
)
def test_errors(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
