"""Random numbers: NumPy's Philox bit by bit, the right distributions, the same everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.types import Type

SEED = 0x0123456789ABCDEF_FEDCBA9876543210
N = 20_000
FLOATS = [t for t in Type if t.is_float]
INTEGERS = [t for t in Type if t.is_integer]
LEAST = 1e-3
"""What a test of a distribution has to come to; the seeds are fixed."""


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1, SEED])
def test_words_are_those_of_numpy(seed: int) -> None:
    wanted = np.random.Philox(key=seed).random_raw(103)
    for n in (1, 2, 3, 4, 5, 103):
        assert np.array_equal(ops.random_bits(n, seed=seed), wanted[:n])
    assert np.array_equal(ops.random_bits((3, 5), seed=seed, counter=7).ravel(), wanted[28:43])
    assert np.array_equal(
        ops.uniform(103, dtype="f64", seed=seed), np.random.Generator(np.random.Philox(key=seed)).random(103)
    )


@pytest.mark.parametrize("type", FLOATS, ids=str)
def test_uniform(type: Type) -> None:
    x = ops.uniform(N, dtype=type, seed=1)
    assert x.dtype == type.dtype
    wide = x.astype(np.float64)
    assert wide.min() >= 0 and wide.max() < 1
    steps = {Type.F16: 2**-11, Type.BF16: 2**-8}.get(type, 0.0)  # these have few values, spread evenly
    even = wide + steps * np.random.default_rng(0).random(N)
    assert scipy.stats.kstest(even, "uniform").pvalue > LEAST
    moved = ops.uniform((4, 5), -3, 2, type, seed=1).astype(np.float64)
    assert moved.shape == (4, 5) and moved.min() >= -3 and moved.max() <= 2


@pytest.mark.parametrize("type", [Type.F32, Type.F64], ids=str)
def test_normal_and_exponential(type: Type) -> None:
    x = ops.normal(N, 2, 3, type, seed=SEED).astype(np.float64)
    assert scipy.stats.kstest(x, "norm", (2, 3)).pvalue > LEAST
    assert scipy.stats.kstest(x[::2] + x[1::2], "norm", (4, 3 * 2**0.5)).pvalue > LEAST, "pairs are independent"
    y = ops.exponential(N, 0.5, type, seed=SEED).astype(np.float64)
    assert scipy.stats.kstest(y, "expon", (0, 0.5)).pvalue > LEAST
    assert np.isfinite(x).all() and np.isfinite(y).all() and y.min() >= 0


@pytest.mark.parametrize("type", INTEGERS, ids=str)
def test_integers(type: Type) -> None:
    low = -5 if type.is_signed else 2
    x = ops.integers(low, low + 11, N, type, seed=3)
    assert x.dtype == type.dtype
    counts = np.bincount(x.astype(np.int64) - low, minlength=11)
    assert len(counts) == 11 and scipy.stats.chisquare(counts).pvalue > LEAST
    whole = ops.integers(type.minimum, type.maximum + 1, N, type, seed=4).astype(np.float64)
    span = float(type.maximum) - float(type.minimum) + 1
    spread = (whole - float(type.minimum) + (np.random.default_rng(1).random(N) if type.size < 4 else 0)) / span
    assert scipy.stats.kstest(spread, "uniform").pvalue > LEAST


def test_bernoulli_and_dropout() -> None:
    kept = ops.bernoulli(N, 0.3, seed=5)
    assert kept.dtype == np.bool_
    assert scipy.stats.binomtest(int(kept.sum()), N, 0.3).pvalue > LEAST
    assert not ops.bernoulli(50, 0, seed=5).any() and ops.bernoulli(50, 1, seed=5).all()
    x = np.arange(1, 2001, dtype=np.float32).reshape(20, 100)
    for layout in (x, x.T, x[:, ::-1]):
        dropped = ops.dropout(layout, 0.25, seed=6)
        assert np.all((dropped == 0) | np.isclose(dropped, layout / 0.75))
        assert scipy.stats.binomtest(int((dropped == 0).sum()), 2000, 0.25).pvalue > LEAST
    assert np.array_equal(ops.dropout(x, 0.9, training=False), x)
    assert not ops.dropout(x, 1.0, seed=6).any()
    place = x.copy()
    assert ops.dropout(place, 0.25, seed=6, out=place) is place
    assert np.array_equal(place, ops.dropout(x, 0.25, seed=6))


def test_permutation() -> None:
    order = ops.permutation(1000, seed=8)
    assert np.array_equal(np.sort(order), np.arange(1000)) and not np.array_equal(order, np.arange(1000))
    x = np.arange(12.0).reshape(6, 2)
    assert np.array_equal(ops.permutation(x, seed=8), x[ops.permutation(6, seed=8)])
    first = [tuple(ops.permutation(3, seed=s).tolist()) for s in range(600)]
    assert scipy.stats.chisquare(np.unique(first, axis=0, return_counts=True)[1]).pvalue > LEAST


def test_streams_differ() -> None:
    rows = np.array([ops.uniform(200, dtype="f64", seed=s) for s in range(20)])
    correlations = np.corrcoef(rows)[np.triu_indices(20, 1)]
    assert np.abs(correlations).max() < 0.3


@pytest.mark.parametrize("name", ["uniform", "normal", "exponential", "bernoulli", "random_bits"])
def test_the_same_bits_on_the_interpreter(name: str) -> None:
    there = getattr(hg.Executor("interpreter").ops, name)((3, 7), seed=SEED, counter=11)
    assert np.array_equal(there.to_numpy(), getattr(ops, name)((3, 7), seed=SEED, counter=11))


def test_the_same_bits_for_any_number_of_threads() -> None:
    before = hg.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            hg.set_num_threads(threads)
            found.append(ops.normal(300_000, seed=9))
    finally:
        hg.set_num_threads(before)
    assert np.array_equal(*found)


def test_where_numbers_go() -> None:
    import torch

    ex = hg.Executor("cpu")
    wanted = ops.uniform((3, 4), seed=2)
    assert isinstance(ops.uniform(ex, (3, 4), seed=2), hg.Buffer)
    assert isinstance(ops.uniform((3, 4), seed=2, like=torch.zeros(1)), torch.Tensor)
    out = np.zeros((4, 3), np.float32).T
    assert ops.uniform((3, 4), seed=2, out=out) is out
    assert np.array_equal(out, wanted)
    assert ops.uniform((0, 4), seed=2).shape == (0, 4)


REFUSED: list[tuple[str, Any, Any, type[Exception], str]] = [
    ("uniform", (3,), {}, ArgumentTypeError, r"needs seed=, a number; cure: hologram.random.Generator\(\)"),
    ("uniform", (3,), {"seed": -1}, ArgumentValueError, "seed is at least 0"),
    ("uniform", (3,), {"seed": 2**128}, ArgumentValueError, "a seed has 128 bits"),
    ("uniform", (3,), {"seed": 0.5}, ArgumentTypeError, "seed is an integer, not float"),
    ("uniform", (3, 0, 1, "i32"), {"seed": 0}, ArgumentTypeError, r"gives floats, not i32; cure: integers"),
    ("normal", (3, "0"), {"seed": 0}, ArgumentTypeError, "mean is a number, not str"),
    ("integers", (5, 5, 3), {"seed": 0}, ArgumentValueError, "from 5 up to 5 is no range of i64"),
    ("integers", (0, 257, 3, "u8"), {"seed": 0}, ArgumentValueError, "no range of u8, which holds 0 to 255"),
    ("integers", (0, 2, 3, "f32"), {"seed": 0}, ArgumentTypeError, "gives integers, not f32"),
    ("bernoulli", (3, 1.5), {"seed": 0}, ArgumentValueError, "a probability is from 0 to 1"),
    ("permutation", (-1,), {"seed": 0}, ArgumentValueError, "n is at least 0"),
    ("permutation", (np.float32(1),), {"seed": 0}, ArgumentValueError, "takes a number or an array with an axis"),
    ("dropout", (np.ones(3, int),), {"seed": 0}, ArgumentTypeError, "takes floats, not i64"),
    ("dropout", (np.ones(3),), {}, ArgumentTypeError, "needs seed="),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args, **kwargs)
