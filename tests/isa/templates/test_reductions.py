"""Reduction templates: every operation and type the instruction has, the same bits on both backends."""

from __future__ import annotations

import numpy as np
import pytest

import hologram
from hologram.errors import BuildError
from hologram.isa import templates
from hologram.isa.instructions import BY_NAME
from hologram.isa.templates.reductions import FOLDS
from hologram.types import HALVES, Type
from tests import tolerance

NUMPY = {"ADD": np.sum, "MUL": np.prod, "MIN": np.min, "MAX": np.max}


@pytest.mark.parametrize("op", FOLDS)
@pytest.mark.parametrize("n", [1, pytest.param(65, marks=pytest.mark.slow), 9000])
def test_results_are_those_of_numpy_and_the_same_on_both_backends(op: str, n: int) -> None:
    rng = np.random.default_rng(n)
    known = [t for t in Type if t in BY_NAME[f"GRED_{op}"].types]
    for type in known if n == 65 else known[FOLDS.index(op) :: 4]:
        a = (rng.integers(0, 100, n) if type.is_integer else rng.uniform(0.9, 1.1, n)).astype(type.dtype)
        program = hologram.Program.of(templates.reduction(op, type))
        results = []
        for backend in ("interpreter", "cpu"):
            out = np.zeros(1, type.dtype)
            program(a, out, n, executor=hologram.Executor(backend))
            results.append(out)
        assert results[0].tobytes() == results[1].tobytes()
        wanted = NUMPY[op](a, dtype=type.dtype) if op in ("ADD", "MUL") else NUMPY[op](a)
        if type not in HALVES or op in ("MIN", "MAX"):
            slack = 2 * tolerance.of_fold(op, type, a) if type.is_float else 0
            assert abs(results[0][0] - wanted) <= slack


def test_what_is_no_reduction_is_refused() -> None:
    with pytest.raises(BuildError, match="one of ADD, MIN, MAX, MUL, not 'SUB'"):
        templates.reduction("SUB", Type.F32)
