"""Generators of random numbers: each piece follows the one before, and a seed says all."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.random import Generator


def test_pieces_make_one_sequence() -> None:
    rng, numpy = Generator(7), np.random.Generator(np.random.Philox(key=7))
    pieces = [rng.uniform(n, dtype="f64") for n in (4, 8, 100)]
    assert np.array_equal(np.concatenate(pieces), numpy.random(112))
    assert rng.counter == 28
    assert np.array_equal(rng.random_bits(2), np.random.Philox(key=7).random_raw(114)[112:])


def test_the_same_calls_give_the_same_bits() -> None:
    def draw(rng: Generator) -> list[Any]:
        x = rng.normal((3, 5), 1, 2)
        return [x, rng.integers(9), rng.integers(-3, 3, 7), rng.bernoulli(9, 0.2), rng.exponential(3),
                rng.permutation(6), rng.permutation(x), rng.dropout(x), rng.random_bits(())]  # fmt: skip

    rng = Generator(11)
    rng.uniform(3)
    copy = pickle.loads(pickle.dumps(rng))
    assert repr(copy) == repr(rng) == "Generator(11, counter=1)"
    for first, second in zip(draw(rng), draw(copy), strict=True):
        assert np.array_equal(first, second)
    assert rng.counter == copy.counter > 1


def test_the_system_chooses_a_seed() -> None:
    assert Generator().seed != Generator().seed
    assert isinstance(hg.random.Generator().normal(2, like=hg.tensor([1.0])), hg.Tensor)


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((1.5,), ArgumentTypeError, "seed is an integer, not float"),
        ((-1,), ArgumentValueError, "seed is from 0 to"),
        ((0, 2**64), ArgumentValueError, "counter is from 0 to 18446744073709551615"),
    ],
)
def test_refused(args: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Generator(*args)
