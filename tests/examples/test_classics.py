"""Classic algorithms written only in the kernel language give what NumPy and SciPy give, on both backends."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage, signal, sparse
from scipy.sparse import csgraph
from scipy.special import ndtr

from hologram import Executor
from hologram.frontend import compile_source

FOLDER = Path(__file__).parents[2] / "examples" / "classics"
Array = np.ndarray[Any, Any]


@pytest.fixture(params=["cpu", "interpreter"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with Executor(request.param) as executor:
        yield executor


def sized(executor: Executor, small: int, large: int) -> int:
    """Small problems on the interpreter, larger ones as native code."""
    return large if executor.backend == "cpu" else small


def kernels(name: str) -> Any:
    """An example as the module that `import` gives."""
    spec = importlib.util.spec_from_file_location(f"classics_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_compiles_ahead_of_time_and_is_tested_here(path: Path) -> None:
    units = compile_source(path.read_text("utf-8"), path.name)
    assert units
    assert f'kernels("{path.stem}")' in Path(__file__).read_text("utf-8")


def test_matrix_product(executor: Executor) -> None:
    n = sized(executor, 20, 130)
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(n, n + 5)).astype(np.float32), rng.normal(size=(n + 5, n + 1)).astype(np.float32)
    c = np.zeros((n, n + 1), np.float32)
    kernels("matmul").matmul(a, b, c, executor=executor)
    np.testing.assert_allclose(c, a.astype(np.float64) @ b, atol=1e-4)


def scanned(module: Any, x: Array, executor: Executor) -> Array:
    """The inclusive scan: of the blocks, of their totals, and so on until one block holds all totals."""
    y, totals = np.empty_like(x), np.empty(-(-len(x) // module.BLOCK), np.float32)
    module.scan_blocks(x, y, totals, executor=executor)
    if len(totals) > 1:
        module.add_totals(y, scanned(module, totals, executor), executor=executor)
    return y


@pytest.mark.parametrize("n", [1, 255, 256, 700, 70_000])
def test_inclusive_scan(executor: Executor, n: int) -> None:
    x = np.random.default_rng(n).integers(-4, 5, sized(executor, min(n, 700), n)).astype(np.float32)
    np.testing.assert_array_equal(scanned(kernels("scan"), x, executor), np.cumsum(x))


def test_histogram(executor: Executor) -> None:
    x = np.random.default_rng(2).normal(size=sized(executor, 2_000, 300_000)).astype(np.float32)
    x[:6] = [-2, 2, 1.5, np.nan, np.inf, -np.inf]
    counts = np.zeros(64, np.uint32)
    kernels("histogram").histogram(x, counts, -2.0, 2.0, executor=executor)
    expected, _ = np.histogram(x[np.isfinite(x)], 64, (-2, 2))
    np.testing.assert_array_equal(counts, expected)


def test_bitonic_sort(executor: Executor) -> None:
    blocks = sized(executor, 2, 200)
    x = np.random.default_rng(3).normal(size=256 * blocks).astype(np.float32)
    expected = np.sort(x.reshape(blocks, 256), axis=1).ravel()
    kernels("bitonic").sort_blocks(x, executor=executor)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("shape", [(3, 3), (5, 2), (1, 1), (4, 7)])
def test_convolution(executor: Executor, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    n = sized(executor, 12, 90)
    image, weights = rng.normal(size=(n, n + 3)).astype(np.float32), rng.normal(size=shape).astype(np.float32)
    out = np.zeros_like(image)
    kernels("convolution").convolve(image, weights, out, executor=executor)
    np.testing.assert_allclose(out, signal.convolve2d(image, weights, "same"), atol=1e-4)


def test_hundred_steps_of_heat(executor: Executor) -> None:
    n = sized(executor, 16, 100)
    now = np.random.default_rng(5).normal(size=(n, n)).astype(np.float32)
    then, expected = np.empty_like(now), now.astype(np.float64)
    step = kernels("heat").step
    for _ in range(100):
        step(now, then, 0.2, executor=executor)
        now, then = then, now
        inner = expected[1:-1, 1:-1]
        expected[1:-1, 1:-1] = inner + 0.2 * (
            expected[:-2, 1:-1] + expected[2:, 1:-1] + expected[1:-1, :-2] + expected[1:-1, 2:] - 4 * inner
        )
    np.testing.assert_allclose(now, expected, atol=1e-5)


def test_mandelbrot(executor: Executor) -> None:
    n = sized(executor, 16, 120)
    module, pixel = kernels("mandelbrot"), 2.4 / n
    rounds = np.zeros((n, n + 3), np.int32)
    module.mandelbrot(rounds, -2.0, -1.2, pixel, executor=executor)
    i, j = np.indices(rounds.shape)
    re, im = -2.0 + j * pixel, -1.2 + i * pixel
    x, y, expected = np.zeros(re.shape), np.zeros(re.shape), np.zeros(re.shape, np.int32)
    for _ in range(module.LIMIT):
        inside = x * x + y * y <= 4
        expected += inside
        x, y = np.where(inside, x * x - y * y + re, x), np.where(inside, 2 * x * y + im, y)
    np.testing.assert_array_equal(rounds, expected)


def test_game_of_life(executor: Executor) -> None:
    n, generations = sized(executor, 12, 64), sized(executor, 5, 30)
    now = np.random.default_rng(6).integers(0, 2, (n, n + 5)).astype(np.uint8)
    then, expected = np.empty_like(now), now.copy()
    generation, around = kernels("life").generation, np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
    for _ in range(generations):
        generation(now, then, executor=executor)
        now, then = then, now
        neighbours = ndimage.convolve(expected.astype(np.int32), around, mode="wrap")
        expected = ((neighbours == 3) | ((expected == 1) & (neighbours == 2))).astype(np.uint8)
    np.testing.assert_array_equal(now, expected)


def test_black_scholes(executor: Executor) -> None:
    rng = np.random.default_rng(7)
    spot, strike, years = rng.uniform((50, 50, 0.1), (150, 150, 3), (sized(executor, 100, 20_000), 3)).T.copy()
    calls, puts = np.zeros_like(spot), np.zeros_like(spot)
    kernels("black_scholes").price(spot, strike, years, calls, puts, 0.03, 0.25, executor=executor)
    d1 = (np.log(spot / strike) + (0.03 + 0.25**2 / 2) * years) / (0.25 * np.sqrt(years))
    d2, later = d1 - 0.25 * np.sqrt(years), strike * np.exp(-0.03 * years)
    np.testing.assert_allclose(calls, spot * ndtr(d1) - later * ndtr(d2), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(puts, later * ndtr(-d2) - spot * ndtr(-d1), rtol=1e-9, atol=1e-11)


def test_n_bodies(executor: Executor) -> None:
    n = sized(executor, 10, 200)
    rng, module = np.random.default_rng(8), kernels("nbody")
    places, speeds, mass = rng.normal(size=(3, n)), rng.normal(0, 0.1, (3, n)), rng.uniform(0.5, 1, n)
    expected, motion = places.copy(), speeds.copy()
    for _ in range(5):
        module.accelerate(*places, mass, *speeds, 1e-3, executor=executor)
        module.move(*places, *speeds, 1e-3, executor=executor)
        apart = expected[:, None, :] - expected[:, :, None]
        pull = mass * (np.sum(apart**2, axis=0) + module.SOFTENING) ** -1.5
        motion += 1e-3 * np.sum(pull * apart, axis=2)
        expected += 1e-3 * motion
    np.testing.assert_allclose(places, expected, rtol=1e-11)
    np.testing.assert_allclose(speeds, motion, rtol=1e-9)


def test_sparse_matrix_times_vector(executor: Executor) -> None:
    n = sized(executor, 30, 3_000)
    matrix = sparse.random_array((n, n + 7), density=0.02, rng=np.random.default_rng(9), format="csr")
    x, y = np.random.default_rng(10).normal(size=n + 7), np.full(n, np.nan)
    starts, columns = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
    kernels("spmv").multiply(starts, columns, matrix.data, x, y, executor=executor)
    np.testing.assert_allclose(y, matrix @ x, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("key", [(0, 0), (12345, 2**64 - 1)])
def test_random_numbers(executor: Executor, key: tuple[int, int]) -> None:
    out = np.zeros((sized(executor, 20, 5_000), 4), np.uint64)
    kernels("philox").philox(out, *key, executor=executor)
    expected = np.random.Philox(key=np.array(key, np.uint64)).random_raw(out.size)
    np.testing.assert_array_equal(out.ravel(), expected)


def test_connected_components(executor: Executor) -> None:
    n = sized(executor, 60, 5_000)
    a, b = np.random.default_rng(11).integers(0, n, (2, int(0.6 * n))).astype(np.int32)
    labels, changed = np.arange(n, dtype=np.int32), np.ones(1, np.int32)
    spread = kernels("components").spread
    while changed[0]:
        changed[0] = 0
        spread(a, b, labels, changed, executor=executor)
    count, expected = csgraph.connected_components(sparse.coo_array((np.ones(len(a)), (a, b)), (n, n)), directed=False)
    assert len(np.unique(labels)) == count
    smallest = np.full(count, n)
    np.minimum.at(smallest, expected, np.arange(n))
    np.testing.assert_array_equal(labels, smallest[expected])
