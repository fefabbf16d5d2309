"""NumPy's names over tensors: what makes arrays makes tensors, views share memory, the rest are the operations."""

from __future__ import annotations

import numpy
import pytest

import hologram
import hologram.numpy as np
from hologram import Tensor, ops
from hologram.errors import ArgumentTypeError


def test_every_name_is_there_and_operations_are_those_of_the_library() -> None:
    for name in dir(np):
        assert getattr(np, name) is getattr(np, name)
    assert np.exp is ops.exp
    assert hologram.numpy is np


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda np, f32: np.zeros((2, 3), f32), numpy.zeros((2, 3), "f4")),
        (lambda np, f32: np.full((2,), 7, f32), numpy.full(2, 7, "f4")),
        (lambda np, f32: np.arange(2, 9, 3, dtype=f32), numpy.arange(2, 9, 3, dtype="f4")),
        (lambda np, f32: np.linspace(-1, 1, 5, dtype=f32), numpy.linspace(-1, 1, 5, dtype="f4")),
        (lambda np, f32: np.eye(3, dtype=f32), numpy.eye(3, dtype="f4")),
        (lambda np, f32: np.array([[1, 2], [3, 4]], f32), numpy.array([[1, 2], [3, 4]], "f4")),
    ],
)
def test_what_makes_arrays_makes_tensors(call, expected) -> None:  # type: ignore[no-untyped-def]
    made = call(np, np.float32)
    assert isinstance(made, Tensor)
    assert made.dtype == np.float32
    numpy.testing.assert_array_equal(made.numpy(), expected)
    numpy.testing.assert_array_equal(call(numpy, numpy.float32), expected)


@pytest.mark.parametrize("name", ["uniform", "normal", "bernoulli"])
def test_random_numbers_are_tensors(name: str) -> None:
    one, other = (getattr(np, name)((4, 5), seed=3) for _ in range(2))
    assert isinstance(one, Tensor)
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_grids_are_views(indexing: str) -> None:
    axes = [np.arange(3.0), np.arange(4.0), np.arange(2.0)]
    ours = np.meshgrid(*axes, indexing=indexing)
    theirs = numpy.meshgrid(*(x.numpy() for x in axes), indexing=indexing)  # type: ignore[call-overload]
    for one, other, axis in zip(ours, theirs, axes, strict=True):
        numpy.testing.assert_array_equal(one.numpy(), other)
        assert one.stored is axis.stored or one.stored == axis.stored


def test_views_share_memory_as_functions_too() -> None:
    x = np.zeros((2, 3))
    np.reshape(x, (3, 2))[0, 0] = 1
    np.expand_dims(x, 0)[0, 0, 1] = 2
    np.permute_dims(x, (1, 0))[2, 0] = 3
    np.matrix_transpose(x)[0, 1] = 4
    assert x.tolist() == [[1, 2, 3], [4, 0, 0]]
    one, other = np.broadcast_arrays(np.arange(3), np.zeros((2, 1)))
    assert one.shape == other.shape == (2, 3)


def test_arrays_are_taken_as_they_are_where_they_can_be() -> None:
    x = np.arange(3)
    assert np.asarray(x) is x
    assert np.asarray(x, copy=True) is not x
    assert np.asarray(x, np.float32).dtype == np.float32
    assert np.array(x) is not x
    assert not np.empty((2, 2)).numpy().any()
    for refused in ({"device": "cuda"}, {"dtype": np.float16, "copy": False}):
        with pytest.raises(ArgumentTypeError, match=r"cure|device='cpu'"):
            np.asarray(x, **refused)
    with pytest.raises(ArgumentTypeError, match="one axis"):
        np.meshgrid(np.zeros((2, 2)))


def test_a_wrong_name_says_where_it_was_looked_for() -> None:
    with pytest.raises(AttributeError, match=r"hologram\.numpy has no 'linspac'; did you mean linspace"):
        np.linspac  # noqa: B018
    for name in ("linalg", "memory", "random", "_made"):
        assert not hasattr(np, name), name
