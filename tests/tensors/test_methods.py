"""Methods of tensors are those of NumPy's arrays: the same names, positions of arguments and results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hologram import Executor, Tensor, tensor
from hologram.errors import ArgumentTypeError, RecordingError

GRID = np.array([[[3, -1, 4], [1, 5, -9]], [[2, 6, -5], [3, 5, 8]]], np.float32)

METHODS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda a: a.sum(),
    "sum of an axis": lambda a: a.sum(1),
    "sum of axes": lambda a: a.sum((0, -1), keepdims=True),
    "sum in another type": lambda a: a.sum(0, np.float64),
    "prod": lambda a: a.prod(axis=-1),
    "mean": lambda a: a.mean(axis=(1, 2)),
    "var": lambda a: a.var(0),
    "std of samples": lambda a: a.std(2, ddof=1),
    "ptp": lambda a: a.ptp(1) if isinstance(a, Tensor) else np.ptp(a, 1),
    "min": lambda a: a.min(0),
    "max": lambda a: a.max(),
    "any": lambda a: (a > 7).any(2),
    "all": lambda a: (a > -9).all(axis=1, keepdims=True),
    "argmin": lambda a: a.argmin(),
    "argmax": lambda a: a.argmax(1),
    "cumsum": lambda a: a.cumsum(1),
    "cumprod of all": lambda a: a.cumprod(),
    "clip": lambda a: a.clip(-1, 3),
    "round": lambda a: (a / 2).round(),
    "round to places": lambda a: (a / 8).round(1),
    "repeat": lambda a: a.repeat(2, 1),
    "nonzero": lambda a: (a[0] > 2).nonzero()[1],
    "np.sum": lambda a: np.sum(a, axis=1),
    "np.mean": lambda a: np.mean(a),
    "np.std": lambda a: np.std(a, axis=0, ddof=1),
    "np.argmax": lambda a: np.argmax(a, axis=0),
    "np.cumsum": lambda a: np.cumsum(a, axis=0),
    "np.clip": lambda a: np.clip(a, -1, 3),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_those_of_numpy(name: str) -> None:
    got, wanted = METHODS[name](tensor(GRID).transpose(0, 2, 1)), METHODS[name](GRID.transpose(0, 2, 1))
    assert isinstance(got, Tensor)
    assert got.shape == wanted.shape and (got.dtype == wanted.dtype)
    assert np.allclose(got.numpy(), wanted, rtol=1e-6, atol=1e-6)


def test_norms() -> None:
    made = tensor([3.0, -4.0])
    assert (made.norm().item(), made.norm(1).item(), made.norm(np.inf).item()) == (5, 7, 4)


def test_results_go_where_they_are_told() -> None:
    out = tensor(np.zeros(3, np.float32))
    assert tensor(GRID).sum((0, 1), None, out) is out
    assert out.tolist() == GRID.sum((0, 1)).tolist()


def test_one_number_comes_as_a_tensor_without_axes() -> None:
    ex = Executor("interpreter")
    total = tensor(GRID, executor=ex).sum()
    assert (total.shape, total.item(), total.executor) == ((), GRID.sum(), ex)
    assert float(tensor(GRID).max()) == 8 and bool((tensor(GRID) < 9).all())
    assert 8 in tensor(GRID) and 7 not in tensor(GRID)


def test_a_number_is_not_known_in_a_recording() -> None:
    ex = Executor()
    made = tensor(GRID, executor=ex)
    with ex.record() as g:
        total = made.sum()
        with pytest.raises(RecordingError):
            float(total)
        kept = g.output("total", total)
    g.launch()
    assert kept.item() == GRID.sum()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ArgumentTypeError, match=r"sum\(\) takes at most 4 arguments, got 5"):
        tensor(GRID).sum(0, None, None, True, 1)
    with pytest.raises(ArgumentTypeError, match=r"sum\(\) got multiple values for argument 'axis'"):
        tensor(GRID).sum(0, axis=1)
    with pytest.raises(ArgumentTypeError, match="unexpected keyword argument 'axes'"):
        tensor(GRID).sum(axes=0)
