"""Launch reductions follow the documented tree exactly, written here a second time in plain Python."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend, CpuExecutable
from hologram.frontend import compile_source
from hologram.types import Type

CHUNK, SECTION, ACCUMULATORS = 4096, 512, 64
SIZES = (0, 1, 2, 63, 64, 65, 100, 511, 512, 513, 1500, 2600, 3500, 4095, 4096, 4097, 8192, 12345)
Number = np.floating[Any]


def add(a: Number, b: Number) -> Number:
    return a + b


def smaller(a: Number, b: Number) -> Number:
    """The minimum in which a NaN wins and -0 is below +0."""
    if np.isnan(a) or np.isnan(b):
        return a if np.isnan(a) else b
    return min(a, b, key=lambda v: (v, not np.signbit(v)))


def joined(a: Number | None, b: Number | None, op: Any) -> Number | None:
    return op(a, b) if a is not None and b is not None else b if a is None else a


def tree(rows: list[list[Number | None]], op: Any) -> Number | None:
    """The value of the tree: rows in order, None where a lane takes no part; sums leave the accumulators as f64."""
    chunks = []
    for row in rows:
        for start in range(0, len(row), CHUNK):
            chunk, sections = row[start : start + CHUNK], []
            for first in range(0, len(chunk), SECTION):
                accumulators: list[Number | None] = [None] * ACCUMULATORS
                for x, value in enumerate(chunk[first : first + SECTION]):
                    accumulators[x % ACCUMULATORS] = joined(accumulators[x % ACCUMULATORS], value, op)
                sections.append(accumulators)
            while len(sections) > 1:
                pairs = zip(sections[::2], sections[1::2], strict=False)
                merged = [[joined(a, b, op) for a, b in zip(*pair, strict=True)] for pair in pairs]
                sections = merged + sections[2 * len(merged) :]
            (accumulators,) = sections
            if op is add:
                accumulators = [None if a is None else np.float64(a) for a in accumulators]
            while len(accumulators) > 1:
                half = len(accumulators) // 2
                accumulators = [joined(accumulators[k], accumulators[k + half], op) for k in range(half)]
            chunks.append(accumulators[0])
    while len(chunks) > 1:
        pairs = [joined(chunks[k], chunks[k + 1], op) for k in range(0, len(chunks) - 1, 2)]
        chunks = pairs + chunks[len(chunks) & ~1 :]
    if not chunks or chunks[0] is None:
        return None
    first = next(value for row in rows for value in row if value is not None)
    return np.asarray(chunks[0]).astype(first.dtype)[()]


@cache
def executable(name: str, type: str) -> CpuExecutable:
    text = f"""from hologram.language import *
@kernel
def fold(x: DeviceArray[{type}, 2], out: DeviceArray[{type}], n: i64, m: i64, skip: i64):
    i = get_global_id(0)
    j = get_global_id(1)
    if i < n and j < m:
        if i % 7 != skip and (i < 4096 or i >= 4096 + skip * 1000):
            grid_{name}(x[j, i], out, 1)
"""
    (unit,) = compile_source(text, "fold.py")
    return CpuBackend().compile(unit.program)


def run(name: str, x: np.ndarray[Any, Any], skip: int) -> Number:
    m, n = x.shape
    out = np.full(3, 77, x.dtype)
    executable(name, Type.of_dtype(x.dtype).value).launch([x, out, n, m, skip], Domain((n, m, 1), (1, 1, 1), (1, 1, 1)))
    assert out[0] == out[2] == 77
    return out[1]


def taking_part(x: np.ndarray[Any, Any], skip: int) -> list[list[Number | None]]:
    def takes(i: int) -> bool:
        return i % 7 != skip and (i < 4096 or i >= 4096 + skip * 1000)

    return [[value if takes(i) else None for i, value in enumerate(row)] for row in x]


@pytest.mark.parametrize(("n", "skip"), list(product(SIZES, (9, 3))))
def test_sums_of_floats_have_the_bits_of_the_tree(n: int, skip: int) -> None:
    x = np.random.default_rng(n).standard_normal((1, n)).astype(np.float32)
    wanted = tree(taking_part(x, skip), add)
    assert run("sum", x, skip) == (0 if wanted is None else wanted)


@pytest.mark.parametrize("shape", [(3, 5), (5, 64), (2, 4097), (4, 9000), (5, 0), (0, 5)])
def test_rows_fold_one_after_the_other(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(1).standard_normal(shape)
    wanted = tree(taking_part(x, 2), add)
    assert run("sum", x, 2) == (0 if wanted is None else wanted)


@pytest.mark.parametrize("ty", [Type.F16, Type.BF16])
@pytest.mark.parametrize("n", [0, 65, 4100])
def test_sums_of_halves_round_after_every_step(n: int, ty: Type) -> None:
    x = np.random.default_rng(n).standard_normal((2, n)).astype(ty.dtype)
    for name, op in (("sum", add), ("min", smaller)):
        wanted = tree(taking_part(x, 3), op)
        assert run(name, x, 3) == ((0 if name == "sum" else np.inf) if wanted is None else wanted)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, -0.0])
@pytest.mark.parametrize("n", [1, 65, 4097])
def test_minima_and_special_values(n: int, special: float) -> None:
    x = np.abs(np.random.default_rng(n).standard_normal((1, n)).astype(np.float32))
    x[0, n // 2] = special
    x[0, 0] = 0.0 if n > 1 else special
    for name, op in (("sum", add), ("min", smaller)):
        wanted, got = tree(taking_part(x, 9), op), run(name, x, 9)
        np.testing.assert_equal(got, wanted)
        assert np.signbit(got) == np.signbit(wanted) or np.isnan(got)


def test_a_sum_of_minus_zeros_is_minus_zero_and_a_sum_of_nothing_is_zero() -> None:
    assert np.signbit(run("sum", np.full((1, 130), -0.0), 9))
    assert not np.signbit(run("sum", np.zeros((0, 0)), 9))
    assert run("min", np.zeros((0, 0)), 9) == np.inf
