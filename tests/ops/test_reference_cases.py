"""The element-wise cases that the original library's users relied on (reference §7.4), by their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import Executor, ops

CELLS = 3072
INDEX = np.arange(CELLS, dtype=np.float32)


@pytest.fixture
def ex() -> Executor:
    return Executor("cpu")


def boundary(ex: Executor, class_index: int, values: Any = None) -> Any:
    made = ex.allocate_boundary(class_index, 48, 256)
    if values is not None:
        made.from_numpy(np.asarray(values, np.float32))
    return made


@pytest.mark.parametrize(
    ("operation", "left", "right", "expected"),
    [
        ("vector_add", INDEX, 2 * INDEX, 3 * INDEX),
        ("vector_sub", 10 * INDEX, INDEX, 9 * INDEX),
        ("vector_mul", INDEX + 1, np.full(CELLS, 2), 2 * (INDEX + 1)),
        ("vector_div", 10 * (INDEX + 1), 2 * (INDEX + 1), np.full(CELLS, 5)),
        ("vector_min", INDEX + 10 * (INDEX % 2), INDEX + 10 * ((INDEX + 1) % 2), INDEX),
        ("vector_max", INDEX + 10 * (INDEX % 2), INDEX + 10 * ((INDEX + 1) % 2), INDEX + 10),
    ],
    ids=lambda value: f"7.4-{value}" if isinstance(value, str) else "",
)
def test_on_boundary_buffers(ex: Executor, operation: str, left: Any, right: Any, expected: Any) -> None:
    a, b, c = boundary(ex, 0, left), boundary(ex, 1, right), boundary(ex, 2)
    assert getattr(ops, operation)(ex, a, b, c, CELLS) is None
    assert np.array_equal(c.to_numpy(), expected)


def test_7_4_chains(ex: Executor) -> None:
    a, b, c = boundary(ex, 0, 3 * INDEX), boundary(ex, 1, 2 * INDEX), boundary(ex, 2)
    ops.vector_add(ex, a, b, c)
    b.from_numpy(INDEX)
    ops.vector_sub(ex, c, b, c)
    assert np.array_equal(c.to_numpy(), 4 * INDEX)
    a.from_numpy(2 * (INDEX + 1))
    b.from_numpy(3 * (INDEX + 1))
    ops.vector_mul(ex, a, b, c)
    ops.vector_div(ex, c, a, c)
    np.testing.assert_allclose(c.to_numpy(), 3 * (INDEX + 1), rtol=2e-7)


@pytest.mark.parametrize(
    ("operation", "given", "numbers", "expected"),
    [
        ("vector_abs", INDEX - 100, (), abs(INDEX - 100)),
        ("vector_neg", INDEX - 100, (), 100 - INDEX),
        ("vector_relu", INDEX % 5 - 2, (), np.maximum(INDEX % 5 - 2, 0)),
        ("vector_relu", [-2, -1, 0, 1, 2, -3, 4, -5, 6, -7], (), [0, 0, 0, 1, 2, 0, 4, 0, 6, 0]),
        ("scalar_add", [1, 2, 3, 4, 5, 6, 7, 8], (2.5,), [3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]),
        ("scalar_mul", [1, 2, 3, 4, 5, 6, 7, 8], (2,), [2, 4, 6, 8, 10, 12, 14, 16]),
        ("scalar_add", np.arange(10), (10,), np.arange(10, 20)),
        (
            "vector_clip",
            [-5, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 5],
            (-1, 1),
            [-1, -1, -1, -0.5, 0, 0.5, 1, 1, 1, 1],
        ),
    ],
    ids=lambda value: f"7.4-{value}" if isinstance(value, str) else "",
)
def test_of_one_array(ex: Executor, operation: str, given: Any, numbers: Any, expected: Any) -> None:
    a = ex.array(np.asarray(given, np.float32))
    c = ex.allocate(a.size)
    getattr(ops, operation)(ex, a, c, *numbers, a.size)
    assert np.array_equal(c.to_numpy(), np.asarray(expected, np.float32))


def test_7_4_pipelines(ex: Executor) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(200).astype(np.float32) for _ in range(2))
    got = ops.scalar_mul(ops.relu(ops.add(a, b)), 0.5)
    np.testing.assert_allclose(got, np.maximum(a + b, 0) * np.float32(0.5), rtol=1e-5)
    x = np.linspace(-10, 10, 500, dtype=np.float32)
    got = ops.relu(ops.multiply(ops.add(ops.absolute(x), 1), 2))
    np.testing.assert_allclose(got, (abs(x) + 1) * 2, rtol=1e-5)


SIZES = (1, 4, 8, 16, 31, 32, 63, 64, 100, 127, 128, 256, 1000, 3072, 10_000, 100_000, 1_000_000)
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "vector_add": np.add,
    "vector_mul": np.multiply,
    "vector_sub": np.subtract,
}


@pytest.mark.parametrize("operation", BINARY, ids=lambda name: f"7.4-{name}")
@pytest.mark.parametrize("size", [*SIZES, 15_000, 20_000])
def test_sizes(ex: Executor, operation: str, size: int) -> None:
    """Sizes up to a million, those that the original library's parallel forms got wrong (X) among them."""
    rng = np.random.default_rng(size)
    a, b = (rng.standard_normal(size).astype(np.float32) for _ in range(2))
    out = np.empty_like(a)
    getattr(ops, operation)(ex, a, b, out, size)
    assert np.array_equal(out, BINARY[operation](a, b))


@pytest.mark.parametrize("scale", [1e6, 1e-6], ids=["7.4-large", "7.4-small"])
def test_large_and_small_values(scale: float) -> None:
    rng = np.random.default_rng(3)
    a, b = ((rng.standard_normal(500) * scale).astype(np.float32) for _ in range(2))
    for operation, reference in BINARY.items():
        assert np.array_equal(getattr(ops, operation)(a, b), reference(a, b))


@pytest.mark.parametrize(
    ("operation", "dtype"),
    [
        *(("vector_add", t) for t in ("f4", "i4", "f8")),
        ("vector_mul", "u4"),
        *(("vector_max", t) for t in ("i4", "u4")),
    ],
    ids=lambda value: f"7.4-{value}",
)
def test_types(operation: str, dtype: str) -> None:
    a, b = np.arange(100).astype(dtype), np.arange(100, 0, -1).astype(dtype)
    reference = {"vector_add": np.add, "vector_mul": np.multiply, "vector_max": np.maximum}[operation]
    assert np.array_equal(getattr(ops, operation)(a, b), reference(a, b))
    assert np.array_equal(ops.clip(a.astype(np.int32), 10, 20), a.astype(np.int32).clip(10, 20))


def test_7_4_elements_past_n_stay(ex: Executor) -> None:
    a, c = ex.array(np.ones(8, np.float32)), ex.array(np.full(8, 9, np.float32))
    ops.vector_add(ex, a, a, c, 5)
    assert c.to_numpy().tolist() == [2] * 5 + [9] * 3


def test_7_2_buffers(ex: Executor) -> None:
    """Sizes in bytes, zeros at first, exact copies, and copies that stay when the source changes."""
    assert (ex.allocate(1024).nbytes, ex.allocate(1000).nbytes) == (4096, 4000)
    assert not ex.allocate(1024).to_numpy().any()
    x = np.arange(16, dtype=np.float32) * 2.5
    buffer = ex.allocate(16)
    buffer.from_numpy(x)
    assert buffer.to_numpy()[15] == 37.5 and np.array_equal(buffer.to_numpy(), x)
    with pytest.raises(hg.errors.ArgumentValueError, match="doesn't match"):
        buffer.from_numpy(x[:10])
    for count in (100, 1000, 10_000):
        values = np.random.default_rng(count).standard_normal(count).astype(np.float32)
        assert np.array_equal(ex.array(values).to_numpy(), values)
    first, second = ex.allocate(4), ex.allocate(4)
    first.fill(42)
    second.copy_from(first)
    first.fill(99)
    assert second.to_numpy().tolist() == [42] * 4
    odd = np.array([np.inf, -np.inf, np.nan, 1e-20, 1e20, -0.0], np.float32)
    assert ex.array(odd).to_bytes() == odd.tobytes()


def test_7_1_memory(ex: Executor) -> None:
    """Not limited to 96 buffers; a class is held by one buffer at a time; linear memory never lies in a class."""
    kept = [ex.allocate(8) for _ in range(200)]
    place = boundary(ex, 5, np.ones(CELLS))
    assert place.size == CELLS
    for buffer in kept:
        buffer.fill(7)
    assert (place.to_numpy() == 1).all()
    for wrong in ((96, 48, 256), (0, 49, 256), (0, 48, 257)):
        with pytest.raises(hg.errors.ArgumentValueError):
            ex.allocate_boundary(*wrong)
