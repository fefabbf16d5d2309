"""Interpreter and CPU agree on every bundled kernel, on ordinary, edge and random inputs."""

from __future__ import annotations

import numpy as np
import pytest

from hologram import Executor
from hologram.stdlib import bundled

EDGES = np.array(
    [
        *(0.0, -0.0, 1, -1, 0.5, np.inf, -np.inf, np.nan),
        *(1e-45, -1e-45, 1.17549e-38, 3.4028235e38, -3.4028235e38),
        *(88.7, -103.9, np.pi, 1e10, 65_536.5),
    ],
    np.float32,
)
RANDOM = np.random.default_rng(3).integers(0, 2**32, 5_000, dtype=np.uint32).view(np.float32)
ORDINARY = np.linspace(-20, 20, 1_001, dtype=np.float32)
INPUTS = {"edges": EDGES, "random": RANDOM, "ordinary": ORDINARY}


def bits(array: np.ndarray) -> np.ndarray:
    """The bits, with all NaNs as one."""
    return np.where(np.isnan(array), np.uint32(0x7FC00000), array.view(np.uint32))


def both(name: str, *arguments: object, out: np.ndarray) -> list[np.ndarray]:
    """What each executor writes into the array `out` among the arguments."""
    results = []
    for backend in ("cpu", "interpreter"):
        with np.errstate(all="ignore"):
            result = out.copy()
            given = [result if a is out else a for a in arguments]
            bundled(name)(*given, executor=Executor(backend))
        results.append(bits(result))
    return results


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "sin", "cos", "exp", "log"])
@pytest.mark.parametrize("kind", INPUTS)
def test_one_variable(name: str, kind: str) -> None:
    x = INPUTS[kind]
    out = np.zeros_like(x)
    native, checked = both(name, x, out, x.size, out=out)
    assert np.array_equal(native, checked)


@pytest.mark.parametrize("name", ["vector_add", "vector_mul"])
@pytest.mark.parametrize("kind", INPUTS)
def test_two_variables(name: str, kind: str) -> None:
    x = INPUTS[kind]
    a, b = (np.ascontiguousarray(g.ravel()) for g in np.meshgrid(x[:60], x[-60:]))
    out = np.zeros_like(a)
    native, checked = both(name, a, b, out, a.size, out=out)
    assert np.array_equal(native, checked)


@pytest.mark.parametrize("kind", INPUTS)
def test_sums(kind: str) -> None:
    x = INPUTS[kind]
    out = np.zeros(2, np.float32)
    assert np.array_equal(*both("vector_sum", x, out, x.size, out=out))
    assert np.array_equal(*both("vector_dot", x, x[::-1].copy(), out, x.size, out=out))


@pytest.mark.parametrize("kind", INPUTS)
def test_matrices(kind: str) -> None:
    x = np.resize(INPUTS[kind], 40 * 23)
    out = np.zeros(40 * 50, np.float32)
    assert np.array_equal(*both("gemv_f32", x, x[:23], out, 40, 23, 23, out=out))
    assert np.array_equal(*both("gemm_f32", x, x, out, 17, 19, 23, 23, 19, 50, out=out))
