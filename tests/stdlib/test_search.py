"""Search and optimisation kernels keep their contracts (reference §7.8, X cases), against exact solvers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse.csgraph

from hologram import Executor
from hologram.stdlib import bundled

BACKENDS = pytest.mark.parametrize("ex", [Executor("cpu"), Executor("interpreter")], ids=["cpu", "interpreter"])


def search(ex: Executor, data: Any, target: float, rounds: int = 1) -> list[float]:
    x = np.asarray(data, np.float32)
    results, count = np.full(x.size, -1, np.float32), np.zeros(1, np.uint32)
    bundled("quantum_search")(x, target, results, count, x.size, rounds, executor=ex)
    assert (results[count[0] :] == -1).all()
    return sorted(results[: count[0]].tolist())


@BACKENDS
def test_7_8_quantum_search_finds_exactly_the_matches(ex: Executor) -> None:
    data = np.random.default_rng(1).integers(0, 50, 1000)
    assert search(ex, data, 7) == np.flatnonzero(data == 7).tolist()
    assert search(ex, data, 99) == []
    assert search(ex, data, 7, 31) == np.flatnonzero(data == 7).tolist()
    assert search(ex, data, 7, 0) == []
    assert search(ex, [3], 3) == [0]


def paths(ex: Executor, edges: Any, start: int, target: int, rounds: int) -> tuple[list[float], int]:
    adjacency = np.asarray(edges, np.float32)
    n = len(adjacency)
    weights, visited, total = np.full(n, np.inf, np.float32), np.zeros(n, np.uint32), np.zeros(1, np.uint32)
    bundled("optimal_path")(adjacency.ravel(), weights, visited, start, target, n, rounds, total, executor=ex)
    assert (visited == np.isfinite(weights)).all()
    return weights.tolist(), int(total[0])


@BACKENDS
def test_7_8_optimal_path(ex: Executor) -> None:
    line = np.zeros((4, 4))
    line[3, 2] = line[2, 1] = line[1, 0] = 1
    assert paths(ex, line, 3, 0, 3) == ([3, 2, 1, 0], 1)
    assert paths(ex, line.T, 0, 3, 3) == ([0, 1, 2, 3], 1)
    assert paths(ex, line, 0, 3, 3) == ([0, np.inf, np.inf, np.inf], 0)


@BACKENDS
def test_paths_are_those_of_an_exact_solver(ex: Executor) -> None:
    rng = np.random.default_rng(2)
    edges = np.where(rng.random((30, 30)) < 0.1, rng.integers(1, 9, (30, 30)), 0)
    weights, _ = paths(ex, edges, 4, 5, 29)
    assert weights == scipy.sparse.csgraph.dijkstra(edges.astype(float), indices=4).tolist()


def solve(ex: Executor, values: Any, constraints: Any, rounds: int = 10) -> tuple[list[float], list[int], list[int]]:
    wanted = np.asarray(constraints, np.float32)
    n, m = wanted.shape
    x, broken, kept = np.asarray(values, np.float32), np.zeros(n, np.uint32), np.zeros(m, np.uint32)
    bundled("constraint_solve")(x, wanted.ravel(), broken, kept, n, m, rounds, executor=ex)
    return x.tolist(), broken.tolist(), kept.tolist()


@BACKENDS
def test_7_8_constraint_solve(ex: Executor) -> None:
    assert solve(ex, [1], [[2]]) == ([2], [0], [1])  # at least 2, from 1
    assert solve(ex, [3], [[-2]]) == ([2], [0], [1])  # at most 2, from 3
    assert solve(ex, [1], [[2]], 0) == ([1], [1], [0])
    assert solve(ex, [0, 9], [[1, 0, -5], [0, -4, 2]]) == ([1, 4], [0, 0], [1, 1, 1])
    value, broken, kept = solve(ex, [0], [[3, -1]])  # at least 3 and at most 1: one of them must give way
    assert (value, broken, kept) == ([3], [1], [1, 0])


@BACKENDS
def test_7_8_minimize_energy_goes_towards_zero(ex: Executor) -> None:
    state = np.array([0.5, -1.5, 2.0], np.float32)
    before = (state.astype(float) ** 2).sum()
    energy, best = np.zeros(4, np.float32), np.zeros(3, np.float32)
    bundled("minimize_energy")(state, energy, best, 1.0, 3, 100, executor=ex)
    assert energy[3] < before * 1e-6
    assert (abs(best) < 1e-3).all() and np.array_equal(best, state)
    np.testing.assert_allclose(energy[:3], best**2, rtol=1e-6)
