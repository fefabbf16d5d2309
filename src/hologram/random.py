"""A generator of random numbers: a seed, and a count of what has been drawn.

>>> from hologram.random import Generator
>>> rng = Generator(7)
>>> first, second = rng.uniform(3), rng.uniform(3)
>>> again = Generator(7).uniform(3)
>>> bool((first == again).all()), bool((first == second).all())
(True, False)
"""

from __future__ import annotations

import secrets
from math import prod
from typing import Any

from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops.drawing import COUNTERS, KEYS, WORDS
from hologram.runtime.locks import fork_safe_lock

__all__ = ["Generator"]


class Generator:
    """Draws numbers from the sequence of a seed, one piece after the other; without a seed the system chooses one.

    `counter` says how many blocks of four words are behind it. The same seed and the same calls give the same bits, on
    every backend and with any number of threads. Every method takes `dtype`, `out`, `executor` and `like` where the
    operation of `hologram.ops` of its name does. Raises ArgumentTypeError and ArgumentValueError as that does.
    """

    def __init__(self, seed: int | None = None, counter: int = 0) -> None:
        seed = secrets.randbits(128) if seed is None else seed
        for label, value, end in (("seed", seed, KEYS), ("counter", counter, COUNTERS)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise ArgumentTypeError(f"Generator(): {label} is an integer, not {type(value).__name__}")
            if not 0 <= value < end:
                raise ArgumentValueError(f"Generator(): {label} is from 0 to {end - 1}, got {value}")
        self.seed, self.counter = seed, counter
        self._lock = fork_safe_lock()

    def uniform(self, shape: Any, low: float = 0.0, high: float = 1.0, **options: Any) -> Any:
        """Numbers from low up to high, all as likely."""
        return self._draw("uniform", _count(shape), shape, low, high, **options)

    def normal(self, shape: Any, mean: float = 0.0, std: float = 1.0, **options: Any) -> Any:
        """Numbers of a normal distribution."""
        return self._draw("normal", _count(shape), shape, mean, std, **options)

    def exponential(self, shape: Any, scale: float = 1.0, **options: Any) -> Any:
        """Numbers of an exponential distribution."""
        return self._draw("exponential", _count(shape), shape, scale, **options)

    def integers(self, low: int, high: int | None = None, shape: Any = (), **options: Any) -> Any:
        """Integers from low up to high, without it."""
        return self._draw("integers", _count(shape), low, high, shape, **options)

    def bernoulli(self, shape: Any, p: float = 0.5, **options: Any) -> Any:
        """Truth values, true with probability p."""
        return self._draw("bernoulli", _count(shape), shape, p, **options)

    def random_bits(self, shape: Any, **options: Any) -> Any:
        """64 random bits each, as u64."""
        return self._draw("random_bits", _count(shape), shape, **options)

    def permutation(self, x: Any, **options: Any) -> Any:
        """The numbers below x, or the rows of an array x, in a random order."""
        n = x if isinstance(x, int) else len(x)
        return self._draw("permutation", WORDS * n, x, **options)

    def dropout(self, x: Any, p: float = 0.5, **options: Any) -> Any:
        """x with elements set to 0 with probability p, the others made 1 / (1 − p) times as large."""
        return self._draw("dropout", prod(x.shape), x, p, **options)

    def _draw(self, name: str, words: int, *args: Any, **options: Any) -> Any:
        """Call an operation for the next blocks; they count as drawn before it runs."""
        with self._lock:
            counter = self.counter
            self.counter = (counter + -(-max(words, 0) // WORDS)) % COUNTERS
        return getattr(ops, name)(*args, seed=self.seed, counter=counter, **options)

    def __repr__(self) -> str:
        return f"Generator({self.seed}, counter={self.counter})"

    def __reduce__(self) -> Any:
        return Generator, (self.seed, self.counter)


def _count(shape: Any) -> int:
    """Elements of a shape; the operation says what is wrong with one that is none."""
    given = shape if isinstance(shape, tuple | list) else (shape,)
    return prod(n for n in given) if all(isinstance(n, int) for n in given) else 0
