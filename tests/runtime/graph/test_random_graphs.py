"""Random recordings leave the same bits as launches one by one: chains, repeats, overlapping views, other kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hologram.circuit import compile_circuit
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

SHARED = (HealthCheck.function_scoped_fixture,)
LENGTHS = (60, 100)
CIRCUITS = {
    "swap": compile_circuit("swap@c00<->c01"),
    "mark": compile_circuit("mark@c00 . copy@c00->c01"),
    "softmax": compile_circuit("softmax@c00->c01"),
    "largest": compile_circuit("merge:exp@c00[c01] . reduce:max@c01->c00"),
}
UNARY = ("relu", "sigmoid", "tanh")
BINARY = ("vector_add", "vector_mul")
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(UNARY), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.sampled_from(BINARY), st.integers(0, 9), st.integers(0, 9), st.none()),
    st.tuples(st.sampled_from(UNARY), st.integers(0, 9), st.none()),
    st.tuples(st.just("vector_sum"), st.integers(0, 9), st.integers(0, 1)),
    st.tuples(st.sampled_from(sorted(CIRCUITS)), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("shifted"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("saxpy"), st.integers(0, 9), st.integers(0, 9)),
)


class Machine:
    """Runs operations on buffers of one executor; each result without a place becomes an operand of the next ones."""

    def __init__(self, executor: Executor, launcher: Callable[[str], Launcher]) -> None:
        random = np.random.default_rng(0)
        self.executor, self.launcher = executor, launcher
        self.bases = [executor.array(random.standard_normal(n + 30).astype(np.float32)) for n in LENGTHS]
        self.sums = [executor.allocate(3), executor.allocate(1)]

    def run(self, operations: list[tuple[Any, ...]], length: int) -> None:
        first, second = self.bases
        starts = ((first, 0), (first, 7), (second, 0), (second, 30), (second, length // 2))
        pools = [base[start : start + length] for base, start in starts]
        made: list[Any] = []
        for name, *operands in operations:
            values = [None if k is None else self.pick(pools, made, k) for k in operands]
            try:
                self.one(name, values, operands, made, length)
            except ValueError:
                continue  # overlapping operands are refused, in a recording as elsewhere

    def pick(self, pools: list[Any], made: list[Any], k: int) -> Any:
        return made[k % len(made)] if k >= len(pools) and made else pools[k % len(pools)]

    def one(self, name: str, values: list[Any], operands: list[Any], made: list[Any], length: int) -> None:
        ops = self.executor.ops
        if name == "vector_sum":
            ops.vector_sum(values[0], out=self.sums[operands[1]])
        elif name in CIRCUITS:
            self.executor.bind_circuit(CIRCUITS[name], dict(enumerate(values)))()
        elif name == "shifted":
            self.launcher("shifted").call(values[0], values[1][: length - 1], length - 1, executor=self.executor)
        elif name == "saxpy":
            self.launcher("saxpy").call(0.25, *values, length, executor=self.executor)
        elif values[-1] is None:
            made.append(getattr(ops, name)(*values[:-1]))
        else:
            getattr(ops, name)(*values[:-1], out=values[-1])

    def memory(self) -> list[bytes]:
        return [bits(b.to_numpy()) for b in (*self.bases, *self.sums)]


def bits(array: np.ndarray) -> bytes:
    """The bytes, with all NaNs alike."""
    return np.where(np.isnan(array), np.float32(np.nan), array).tobytes()


@given(st.lists(OPERATIONS, min_size=1, max_size=14), st.sampled_from((40, 60)))
@settings(max_examples=25, suppress_health_check=SHARED)
def test_a_replay_leaves_what_the_launches_leave(
    launcher: Callable[[str], Launcher], operations: list[tuple[Any, ...]], length: int
) -> None:
    check("cpu", launcher, operations, length)


@given(st.lists(OPERATIONS, min_size=1, max_size=8), st.sampled_from((40,)))
@settings(max_examples=10, suppress_health_check=SHARED)
def test_so_does_the_interpreters(
    launcher: Callable[[str], Launcher], operations: list[tuple[Any, ...]], length: int
) -> None:
    check("interpreter", launcher, operations, length)


def check(backend: str, launcher: Callable[[str], Launcher], operations: list[tuple[Any, ...]], length: int) -> None:
    with Executor(backend) as executor, np.errstate(all="ignore"):
        direct, recorded = Machine(executor, launcher), Machine(executor, launcher)
        with executor.record() as g:
            recorded.run(operations, length)
        for _ in range(2):
            direct.run(operations, length)
            g.launch()
            assert direct.memory() == recorded.memory(), g.explain()
    del g


@pytest.mark.slow
@given(st.lists(OPERATIONS, min_size=1, max_size=40), st.sampled_from((40, 60)))
@settings(max_examples=1500, suppress_health_check=SHARED)
def test_long_ones_do_too(launcher: Callable[[str], Launcher], operations: list[tuple[Any, ...]], length: int) -> None:
    check("cpu", launcher, operations, length)
