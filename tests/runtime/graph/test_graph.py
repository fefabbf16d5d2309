"""Recorded graphs: nothing runs while recording, a replay does what the launches would have done, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hologram import ops
from hologram.errors import RecordingError
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

N = 1000
Launchers = Callable[[str], Launcher]


def values(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def test_two_adds_become_one_program(executor: Executor) -> None:
    a, b, c = executor.array(values(1)), executor.array(values(2)), executor.allocate(N)
    with executor.record() as g:
        executor.ops.vector_add(executor.ops.vector_add(a, b), b, out=c)
    assert not c.to_numpy().any(), "nothing runs while recording"
    g.launch()
    assert np.array_equal(c.to_numpy(), values(1) + values(2) + values(2))
    assert len(g.plan.steps) == 1 and g.plan.steps[0].scratch == 1
    a.from_numpy(values(3))
    g.launch()
    assert np.array_equal(c.to_numpy(), values(3) + values(2) + values(2))
    assert g.launch.is_native == (executor.backend == "cpu")


def test_plain_operations_and_kernels_are_taken_too(executor: Executor, launcher: Launchers) -> None:
    x, y = executor.array(values(1)), executor.array(values(2))
    with executor.record() as g:
        ops.relu(x, out=x)
        launcher("saxpy").call(0.5, x, y, N)
    assert np.array_equal(x.to_numpy(), values(1))
    g.launch()
    assert np.array_equal(x.to_numpy(), np.maximum(values(1), 0))
    assert np.array_equal(y.to_numpy(), np.float32(0.5) * np.maximum(values(1), 0) + values(2))
    assert len(g.plan.steps) == 1


def test_bound_launches_are_taken_even_when_they_are_native(executor: Executor, launcher: Launchers) -> None:
    a, b, c = executor.array(values(1)), executor.array(values(2)), executor.allocate(N)
    launch = launcher("add").bind(a, b, c, N)
    with executor.record() as g:
        launch()
    assert not c.to_numpy().any()
    launch()
    c.fill(0)
    g.launch()
    assert np.array_equal(c.to_numpy(), values(1) + values(2))


def test_other_kernels_stay_as_steps(executor: Executor, launcher: Launchers) -> None:
    a, c = executor.array(values(1, N + 1)), executor.allocate(N)
    with executor.record() as g:
        t = executor.ops.relu(a)
        launcher("shifted").call(t, c, N)
        ops.relu(c, out=c)
    g.launch()
    assert np.array_equal(c.to_numpy(), np.maximum(values(1, N + 1)[1:], 0))
    assert [bool(s.calls) for s in g.plan.steps] == [True, False, True]


def test_values_cannot_be_read_while_recording(executor: Executor) -> None:
    a, out = executor.array(values(1)), executor.allocate(1)
    with executor.record() as g:
        for read in (a.to_numpy, a.numpy, a.to_bytes, lambda: a[0], lambda: np.asarray(a), lambda: a.fill(1)):
            with pytest.raises(RecordingError, match="during a recording"):
                read()
        with pytest.raises(RecordingError, match="leave the executor out"):
            ops.vector_sum(executor, a, out)
        assert executor.ops.vector_sum(a).shape == ()
        executor.ops.vector_sum(a, out=out)
    g.launch()
    assert out.to_numpy()[0] == ops.vector_sum(values(1))


def test_a_temporary_has_nothing_to_show(executor: Executor) -> None:
    a = executor.array(values(1))
    with executor.record() as g:
        t = executor.ops.relu(a)
    g.launch()
    with pytest.raises(RecordingError, match=r"g\.output"):
        t.to_numpy()
    assert g.plan.steps == (), "nobody reads it, so nothing runs"


def test_recordings_are_not_nested_and_not_repeated(executor: Executor) -> None:
    with executor.record() as g:
        with pytest.raises(RecordingError, match="records already"), executor.record():
            pass
        with pytest.raises(RecordingError):
            g.launch()
    with pytest.raises(RecordingError, match="records once"), g:
        pass


def test_an_exception_leaves_no_graph(executor: Executor) -> None:
    a = executor.array(values(1))
    g = executor.record()

    def fail() -> None:
        with g:
            executor.ops.relu(a, out=a)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pytest.raises(RecordingError, match="exception"):
        g.launch()
    executor.ops.relu(a, out=a)
    assert np.array_equal(a.to_numpy(), np.maximum(values(1), 0)), "launches run again"


def test_buffers_of_other_executors_are_refused(executor: Executor) -> None:
    with Executor(executor.backend) as other:
        a, b = executor.array(values(1)), other.array(values(1))
        with executor.record():
            with pytest.raises(RecordingError, match="belongs to"):
                ops.relu(b, out=b)
            with pytest.raises(RecordingError, match="belongs to"):
                other.ops.relu(a, out=a)


def test_nine_operators_are_one_program_and_one_pass(executor: Executor) -> None:
    x, w, b, y = (executor.array(values(k)) for k in range(4))
    o = executor.ops
    with executor.record() as g:
        t = o.relu(o.vector_add(o.vector_mul(x, w), b))
        t = o.relu(o.vector_add(o.vector_mul(t, w), x))
        o.vector_mul(o.vector_add(o.vector_mul(t, b), w), x, out=y)
    g.launch()
    t = o.relu(o.vector_add(o.vector_mul(x, w), b))
    t = o.relu(o.vector_add(o.vector_mul(t, w), x))
    assert np.array_equal(y.to_numpy(), o.vector_mul(o.vector_add(o.vector_mul(t, b), w), x).to_numpy())
    (step,) = g.plan.steps
    assert len(step.calls) == 9 and step.scratch == 8
    assert g.plan.bytes_after == 4 * 4 * N, "three arrays read once, one written once"
    assert "9 calls" in g.explain() and "8 values in registers" in g.explain()


def test_host_arrays_are_recorded_and_give_buffers(executor: Executor) -> None:
    a, b, c = values(1), values(2), np.zeros(N, np.float32)
    with executor.record() as g:
        t = ops.vector_add(a, b)
        assert type(t).__name__ == "Buffer"
        ops.relu(t, out=c)
    assert not c.any()
    g.launch()
    assert np.array_equal(c, np.maximum(a + b, 0))
