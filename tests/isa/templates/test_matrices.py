"""The tiled product of matrices, for every type, through the launch road that users take."""

from __future__ import annotations

import numpy as np
import pytest

import hologram
from hologram.errors import BuildError
from hologram.isa import templates
from hologram.types import HALVES, Type


@pytest.mark.parametrize("type", list(Type))
@pytest.mark.parametrize(("tile", "m", "n", "k"), [(4, 9, 6, 7), (5, 1, 11, 0)])
def test_products_are_those_of_numpy(type: Type, tile: int, m: int, n: int, k: int) -> None:
    rng = np.random.default_rng(7)
    a, b = (rng.integers(0, 5, shape).astype(type.dtype) for shape in ((m, k), (k, n)))
    wide = np.float64 if type.is_float else np.int64
    wanted = (a.astype(wide) @ b.astype(wide)).astype(type.dtype)
    program = hologram.Program.of(templates.gemm(type, tile))
    for backend in ("interpreter", "cpu"):
        c = np.zeros((m, n), type.dtype)
        program(a, b, c, m, n, k, executor=hologram.Executor(backend))
        assert np.array_equal(c, wanted), (type, backend)


def test_sums_of_halves_are_made_in_f32() -> None:
    for type in HALVES:
        k = 4096
        a, b = np.ones((1, k), type.dtype), np.full((k, 1), 0.25, type.dtype)
        c = np.zeros((1, 1), type.dtype)
        hologram.Program.of(templates.gemm(type))(a, b, c, 1, 1, k)
        assert float(c[0, 0]) == k / 4  # in its own precision the sum would have stopped growing


def test_a_matrix_that_is_too_short_is_refused_before_the_launch() -> None:
    program = hologram.Program.of(templates.gemm(Type.F32, 4))
    a, b, c = (np.zeros((4, 4), np.float32) for _ in range(3))
    with pytest.raises(hologram.errors.ExtentError, match="'c' is too short"):
        program(a, b, c, 5, 4, 4)


def test_tiles_have_a_limit() -> None:
    for tile in (0, 33):
        with pytest.raises(BuildError, match=f"1 to 32 rows, got {tile}"):
            templates.gemm(Type.F32, tile)
