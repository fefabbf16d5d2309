"""Replays: one native call, long steps on several threads, the first fault, and where there is no native code."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from hologram import errors, kernel
from hologram.circuit import compile_circuit
from hologram.language import DeviceArray, f32, get_global_id, u32
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

Launchers = Callable[[str], Launcher]


@kernel
def scale(x: DeviceArray[f32], y: DeviceArray[f32], n: u32) -> None:
    i = get_global_id()
    if i < n:
        y[i] = x[i] * 2.0


def test_a_hundred_launches_are_one_native_call() -> None:
    with Executor("cpu") as executor:
        sources = [executor.array(np.full(10, k, np.float32)) for k in range(100)]
        results = [executor.allocate(10) for _ in sources]
        with executor.record() as g:
            for x, y in zip(sources, results, strict=True):
                executor.ops.vector_add(x, x, out=y)
        g.launch()
        assert len(g.plan.steps) == 100 and g.launch.is_native
        for y in results:
            y.fill(0)
        g.launch()
        assert [float(y[3]) for y in results] == [2.0 * k for k in range(100)]
        assert len({step.launcher.program.digest for step in g.plan.steps}) == 1, "compiled once"


def test_long_steps_are_shared_with_threads_and_become_native(executor: Executor) -> None:
    n = 400_000 if executor.backend == "cpu" else 2_000
    x = np.random.default_rng(0).standard_normal(n).astype(np.float32)
    a, total, y = executor.array(x), executor.allocate(1), executor.allocate(n)
    with executor.record() as g:
        t = executor.ops.vector_mul(a, a)
        executor.ops.vector_sum(t, out=total)
        executor.ops.tanh(t, out=y)
    want, direct = executor.allocate(n), executor.allocate(1)
    executor.ops.tanh(executor.ops.vector_mul(a, a), out=want)
    executor.ops.vector_dot(a, a, out=direct)
    for _ in range(3):
        y.fill(0)
        g.launch()
        assert np.array_equal(y.to_numpy(), want.to_numpy()) and total.to_numpy() == direct.to_numpy()
    assert len(g.plan.steps) == 1
    assert g.launch.is_native == (executor.backend == "cpu")


def test_the_first_fault_ends_a_replay(executor: Executor, launcher: Launchers) -> None:
    a, b, c = (executor.array(np.array(v, np.int32)) for v in ([1, 2, 3, 4], [1, 0, 1, 1], [9, 9, 9, 9]))
    x, y = executor.array(np.ones(4, np.float32)), executor.allocate(4)
    with executor.record() as g:
        launcher("divide").call(a, b, c)
        executor.ops.relu(x, out=y)
    for _ in range(2):
        with pytest.raises(errors.DivisionByZeroError):
            g.launch()
    b.fill(1)
    g.launch()
    assert c.to_numpy().tolist() == [1, 2, 3, 4] and y.to_numpy().tolist() == [1, 1, 1, 1]


def test_a_checked_executor_watches_every_step(launcher: Launchers) -> None:
    with Executor("cpu", checked=True) as executor:
        a, at, c = executor.allocate(4), executor.array(np.array([0, 1, 9, 2], np.int32)), executor.allocate(4)
        with executor.record() as g:
            executor.ops.relu(a, out=a)
            launcher("gather").call(a, at, c, 4)
        with pytest.raises(errors.OutOfBoundsError):
            g.launch()
        assert not g.launch.is_native


def test_kernels_are_recorded_even_when_their_calls_are_native() -> None:
    x, y = np.ones(8, np.float32), np.zeros(8, np.float32)
    for _ in range(3):
        scale(x, y, 8)
    y[:] = 0
    with Executor("cpu") as executor:
        with executor.record() as g:
            scale(x, y, 8)
            scale(y, y, 8)
        assert not y.any()
        g.launch()
        assert (y == 4).all() and len(g.plan.steps) == 1
    scale(x, y, 8)
    assert (y == 2).all()


def test_bound_circuits_are_recorded_as_calls(executor: Executor) -> None:
    values = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    x, y, z = executor.array(values), executor.allocate(100), executor.allocate(100)
    launch = executor.bind_circuit(compile_circuit("swap@c00<->c01 . softmax@c01->c02"), {0: x, 1: y, 2: z})
    with executor.record() as g:
        executor.ops.vector_add(x, x, out=x)
        launch()
    g.launch()
    assert not x.to_numpy().any() and np.array_equal(y.to_numpy(), values * 2)
    assert np.isclose(z.to_numpy().sum(), 1) and len(g.plan.steps) == 1


def test_the_graph_may_go_while_its_launch_stays(executor: Executor) -> None:
    x = executor.array(np.ones(4, np.float32))
    with executor.record() as g:
        executor.ops.vector_add(x, x, out=x)
    launch, watched = g.compile().launch, weakref.ref(g)
    del g
    gc.collect()
    assert watched() is None
    launch()
    assert x.to_numpy()[0] == 2
    with pytest.raises(errors.BufferInUseError):
        x.free()
    del launch
    gc.collect()
    x.free()


def test_graphs_are_not_pickled(executor: Executor) -> None:
    g = executor.record()
    for thing in (g, g.launch):
        with pytest.raises(errors.ArgumentTypeError, match=r"save|program"):
            pickle.dumps(thing)


def test_calls_with_arguments_are_refused(executor: Executor) -> None:
    x = executor.array(np.ones(4, np.float32))
    with executor.record() as g:
        executor.ops.vector_add(x, x, out=x)
    g.launch()
    with pytest.raises(TypeError):
        g.launch(1)  # type: ignore[call-arg]


def test_an_empty_graph_does_nothing(executor: Executor) -> None:
    with executor.record() as g:
        pass
    g.launch()
    g()
    assert repr(g) == "Graph(0 launches in 0 steps)" and "0 launches" in g.explain()


def test_a_closed_executor_compiles_nothing() -> None:
    executor = Executor("cpu")
    x = executor.array(np.ones(4, np.float32))
    with executor.record() as g:
        executor.ops.vector_add(x, x, out=x)
    executor.close()
    with pytest.raises(errors.BufferFreedError):
        g.launch()
    with pytest.raises(errors.BufferFreedError):
        executor.record()
