"""Cross-entropy of logits and negative log-likelihood, with all options, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError

RNG = np.random.default_rng(4)
SHAPES = [(7,), (5, 7), (3, 7, 2), (2, 7, 3, 4)]
WEIGHT = RNG.random(7)
OPTIONS: list[dict[str, Any]] = [
    {},
    {"weight": WEIGHT},
    {"label_smoothing": 0.1},
    {"ignore_index": 2},
    {"weight": WEIGHT, "label_smoothing": 0.3, "ignore_index": 2},
]


def torched(options: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


def classes_for(shape: tuple[int, ...]) -> Any:
    rest = shape[:1] + shape[2:] if len(shape) > 1 else ()
    return np.asarray(RNG.integers(0, 7, rest))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_classes(options: dict[str, Any]) -> None:
    for shape in SHAPES:
        x, y = RNG.normal(size=shape) * 3, classes_for(shape)
        for reduction in ("none", "mean", "sum"):
            with np.errstate(all="ignore"):
                got = ops.cross_entropy(x, y, reduction=reduction, **options)
            wanted = F.cross_entropy(torch.from_numpy(x), torch.from_numpy(y), reduction=reduction, **torched(options))
            assert np.allclose(got, wanted.numpy(), 1e-12, 1e-14, equal_nan=True), (shape, reduction)
            if "label_smoothing" in options:
                continue
            logs = np.log(np.exp(x) / np.exp(x).sum())
            got = ops.nll(logs, y, reduction=reduction, **options)
            wanted = F.nll_loss(torch.from_numpy(logs), torch.from_numpy(y), reduction=reduction, **torched(options))
            assert np.allclose(got, wanted.numpy(), 1e-12, 1e-14, equal_nan=True), (shape, reduction)


@pytest.mark.parametrize("options", OPTIONS[:3], ids=str)
def test_probabilities(options: dict[str, Any]) -> None:
    for shape in SHAPES:
        x, y = RNG.normal(size=shape), RNG.random(shape)
        for reduction in ("none", "mean", "sum"):
            got = ops.cross_entropy(x, y, reduction=reduction, **options)
            wanted = F.cross_entropy(torch.from_numpy(x), torch.from_numpy(y), reduction=reduction, **torched(options))
            assert np.allclose(got, wanted.numpy(), 1e-12), (shape, reduction)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_other_types(dtype: Any) -> None:
    x, y = RNG.normal(size=(40, 7)).astype(dtype), RNG.integers(0, 7, 40).astype(np.uint8)
    got = ops.cross_entropy(x.T.copy().T, y)
    assert got.dtype == dtype
    wanted = F.cross_entropy(torch.from_numpy(x.astype(np.float64)), torch.from_numpy(y.astype(np.int64)))
    assert float(got) == pytest.approx(float(wanted), rel=1e-3 if dtype is np.float16 else 1e-6)


def test_large_logits_do_not_overflow() -> None:
    x = np.array([[1e30, 0.0, -1e30], [3e38, 3e38, 0.0]], np.float32)
    assert ops.cross_entropy(x, np.array([0, 1]), reduction="none").tolist() == pytest.approx([0, np.log(2)])


def test_kinds_outputs_and_executors() -> None:
    ex = hg.Executor("cpu")
    x, y = RNG.normal(size=(5, 7)).astype(np.float32), RNG.integers(0, 7, 5)
    wanted = ops.cross_entropy(x, y)
    assert isinstance(ops.cross_entropy(torch.from_numpy(x), torch.from_numpy(y)), torch.Tensor)
    out = ex.allocate(3)
    assert ops.cross_entropy(ex, ex.array(x), ex.array(y), out) == float(wanted)
    assert out.to_numpy().tolist() == [wanted, 0, 0]
    there = hg.Executor("interpreter").ops.cross_entropy(x, y, reduction="none")
    assert np.array_equal(there, ops.cross_entropy(x, y, reduction="none"))


def test_in_a_recording_a_class_that_does_not_exist_gives_nan() -> None:
    ex = hg.Executor("cpu")
    x, y, out = ex.array(np.zeros((2, 3))), ex.array(np.array([0, 1])), ex.allocate(1, "f64")
    with ex.record() as graph:
        ops.cross_entropy(x, y, out=out)
    graph.launch()
    assert out.to_numpy()[0] == pytest.approx(np.log(3))
    y.numpy()[1] = 3
    graph.launch()
    assert np.isnan(out.to_numpy()[0])


X = np.zeros((2, 3), np.float32)
Y = np.array([0, 2])
REFUSED: list[tuple[str, Any, Any, type[Exception], str]] = [
    ("cross_entropy", (X, np.array([0, 3])), {}, IndexError, "class 3 is out of bounds, there are 3 classes"),
    ("nll", (X, np.array([-1, 0])), {}, IndexError, "class -1 is out of bounds"),
    ("cross_entropy", (X, np.array([0, 1, 2])), {}, ArgumentValueError, r"classes y of shape \(3,\) do not fit"),
    ("cross_entropy", (X, X[:, :2]), {}, ArgumentValueError, r"probabilities y of shape \(2, 2\) do not fit"),
    ("cross_entropy", (X[:, :0], Y), {}, ArgumentValueError, "there are no classes"),
    ("cross_entropy", (X[0, 0], Y), {}, ArgumentValueError, "needs an axis of classes"),
    (
        "cross_entropy",
        (X, Y),
        {"weight": X[0, :2]},
        ArgumentValueError,
        r"weight has shape \(2,\), there are 3 classes",
    ),
    ("cross_entropy", (X, Y), {"label_smoothing": 2}, ArgumentValueError, "label_smoothing is from 0 to 1, got 2"),
    ("cross_entropy", (X, Y), {"ignore_index": 1.5}, ArgumentTypeError, "ignore_index is an integer"),
    ("cross_entropy", (X, Y), {"reduction": None}, ArgumentValueError, "reduction is one of"),
    ("nll", (X, X), {}, ArgumentTypeError, "targets are classes, integers, not f32"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args, **kwargs)
