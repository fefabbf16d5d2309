"""Bound and unbound launches on both executors: results, changes, holds, faults."""

from __future__ import annotations

import gc
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BufferInUseError,
    DivisionByZeroError,
    ExtentError,
    HologramError,
    LaunchError,
    OutOfBoundsError,
    OverlapError,
)
from hologram.runtime import native
from hologram.runtime.executor import Executor
from hologram.runtime.launch import Launch
from hologram.runtime.launcher import Launcher

Make = Callable[[str], Launcher]


def pair(n: int = 10) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(n, dtype=np.float32), np.ones(n, np.float32)


def test_bound_launch_runs_again_and_again(launcher: Make, executor: Executor) -> None:
    x, y = pair()
    launch = launcher("saxpy").bind(2.0, x, y, 10, executor=executor)
    for _ in range(3):
        assert launch() is None
    assert np.array_equal(y, 1 + 6 * x)
    assert repr(launch) == f"Launch(saxpy, lanes=10×1×1, backend='{executor.backend}')"


def test_cpu_launches_are_native_where_this_process_can(launcher: Make) -> None:
    x, y = pair()
    launch = launcher("saxpy").bind(2.0, x, y, 10, executor=Executor("cpu"))
    assert isinstance(launch, Launch)
    assert launch.is_native is native.native_entries()[0]


def test_only_the_wanted_lanes_run(launcher: Make, executor: Executor) -> None:
    x, y = pair()
    launcher("saxpy").call(1.0, x, y, 4, executor=executor)
    assert np.array_equal(y, 1 + x * (x < 4))
    launcher("saxpy").call(1.0, x, y, 0, executor=executor)
    launcher("saxpy").call(1.0, x, y, 10, grid=1, block=2, executor=executor)
    assert np.array_equal(y[:4], [1, 3, 3, 4])


def test_buffers_arrays_and_two_dimensions(launcher: Make, executor: Executor) -> None:
    a = np.arange(12.0).reshape(3, 4)
    for source in (a, a[::-1], a[:, ::2], np.asfortranarray(a)):
        out = executor.allocate(source.shape, "f64")
        launcher("scale2d").call(source, out, by=3.0, executor=executor)
        assert np.array_equal(out.to_numpy(), source * 3)


def test_set_changes_scalars(launcher: Make, executor: Executor) -> None:
    x, y = pair()
    launch = launcher("saxpy").bind(1.0, x, y, 10, executor=executor)
    launch.set(a=0.5)
    launch()
    assert np.array_equal(y, 1 + 0.5 * x)
    launch.set(n=2, a=100)
    launch()
    assert y[1] == 101.5
    assert y[2] == 2
    assert launch.domain.lanes == (2, 1, 1)
    assert launch.arguments["a"] == 100


def test_rebind_changes_arrays(launcher: Make, executor: Executor) -> None:
    x, y = pair()
    launch = launcher("saxpy").bind(1.0, x, y, 10, executor=executor)
    other = executor.array(np.zeros(10, np.float32))
    launch.rebind(y=other)
    launch()
    assert np.array_equal(other.to_numpy(), x)
    assert (y == 1).all()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda launch: launch.set(n=11), ExtentError),
        (lambda launch: launch.set(n=-1), ArgumentValueError),
        (lambda launch: launch.set(a="x"), ArgumentTypeError),
        (lambda launch: launch.set(x=1), ArgumentTypeError),
        (lambda launch: launch.set(z=1), ArgumentTypeError),
        (lambda launch: launch.rebind(x=np.zeros(10)), ArgumentTypeError),
        (lambda launch: launch.rebind(y=np.zeros(3, np.float32)), ExtentError),
        (lambda launch: launch.rebind(a=1), ArgumentTypeError),
        (lambda launch: launch(1), TypeError),
    ],
)
def test_a_refused_change_changes_nothing(
    launcher: Make, executor: Executor, change: Callable[[Any], None], error: type[Exception]
) -> None:
    x, y = pair()
    launch = launcher("saxpy").bind(2.0, x, y, 10, executor=executor)
    with pytest.raises(error):
        change(launch)
    launch()
    assert np.array_equal(y, 1 + 2 * x)


def test_a_launch_holds_its_memory(launcher: Make, executor: Executor) -> None:
    x, _ = pair()
    y = executor.allocate(10)
    launch = launcher("saxpy").bind(2.0, x, y, 10, executor=executor)
    with pytest.raises(BufferInUseError):
        y.free()
    for check in (True, False):
        with pytest.raises(ValueError, match="resize"):
            x.resize(1 << 16, refcheck=check)
    launch.rebind(y=np.zeros(10, np.float32))
    y.free()
    gone = weakref.ref(launch)
    del launch
    gc.collect()
    assert gone() is None
    x.resize(4, refcheck=False)


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_a_launch_survives_its_executor(launcher: Make, backend: str) -> None:
    with Executor(backend) as ex:
        x, y = ex.array(np.arange(4, dtype=np.float32)), ex.allocate(4)
        out = np.zeros(4, np.float32)
        first = launcher("saxpy").bind(2.0, x, y, 4, executor=ex)
        second = launcher("add").bind(x, y, out, 4, executor=ex)
    first()
    second()
    assert np.array_equal(out, [0, 3, 6, 9])


def test_bad_binds_leave_nothing_held(launcher: Make, executor: Executor) -> None:
    y = executor.allocate(4)
    with pytest.raises(ExtentError):
        launcher("saxpy").bind(1.0, np.ones(9, np.float32), y, 9, executor=executor)
    y.free()


def test_division_by_zero_names_kernel_and_line(launcher: Make, executor: Executor) -> None:
    a, b, c = np.array([7, 8, 9, 10], np.int32), np.array([2, 0, -2, 3], np.int32), np.zeros(4, np.int32)
    launch = launcher("divide").bind(a, b, c, executor=executor)
    for run in (launch, lambda: launcher("divide").call(a, b, c, executor=executor)):
        with pytest.raises(DivisionByZeroError, match=r"'divide'.*divide\.py:8") as caught:
            run()
        assert isinstance(caught.value, ZeroDivisionError)
    assert c.tolist() == [3, 0, -5, 3]
    b[1] = 1
    launch()
    assert c[1] == 8


def test_no_extent_needs_a_grid(launcher: Make, executor: Executor) -> None:
    c = np.zeros(6, np.int64)
    launcher("ids").call(c, executor=executor)
    assert c.tolist() == list(range(6))


def test_executors_follow_the_buffers(launcher: Make) -> None:
    x, y = pair()
    slow, fast = Executor("interpreter"), Executor("cpu")
    assert launcher("saxpy").bind(1.0, slow.array(x), y, 10).executor is slow
    assert launcher("saxpy").bind(1.0, x, y, 10).executor.backend == "cpu"
    with pytest.raises(ArgumentValueError, match="cpu and interpreter"):
        launcher("saxpy").bind(1.0, slow.array(x), fast.array(y), 10)
    with pytest.raises(ArgumentTypeError, match="executor must be an Executor"):
        launcher("saxpy").call(1.0, x, y, 10, executor="cpu")  # type: ignore[arg-type]


def test_untrusted_programs_run_checked_where_lengths_prove_nothing(program: Any) -> None:
    a, at, c = np.arange(4, dtype=np.float32), np.array([0, 3, 99], np.int32), np.zeros(3, np.float32)
    untrusted = Launcher(program("gather"), trusted=False)
    with pytest.warns(RuntimeWarning, match="trust=True"), pytest.raises(OutOfBoundsError):
        untrusted.call(a, at, c, 3)
    assert Launcher(program("saxpy"), trusted=False).bind(1.0, a, a.copy(), 4).executor.backend == "cpu"


def test_launch_config(launcher: Make) -> None:
    x, y = pair(1000)
    assert launcher("saxpy").launch_config(1.0, x, y, 1000).grid == (4, 1, 1)
    assert launcher("saxpy").launch_config(1.0, x, y, 1000, block=100).grid == (10, 1, 1)


def test_launches_cannot_be_pickled(launcher: Make) -> None:
    x, y = pair()
    with pytest.raises(ArgumentTypeError, match="bind it again"):
        pickle.dumps(launcher("saxpy").bind(1.0, x, y, 10))


def test_long_launches_release_the_gil(launcher: Make) -> None:
    x, y = np.ones(1 << 24, np.float32), np.ones(1 << 24, np.float32)
    launch = launcher("saxpy").bind(1.0, x, y, x.size, executor=Executor("cpu"))
    executable: Any = launch._executable
    assert executable.long_lanes < x.size
    stop, ticks = threading.Event(), [0]

    def count() -> None:
        while not stop.is_set():
            ticks[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    for _ in range(20):
        launch()
    stop.set()
    thread.join()
    assert ticks[0] > 1000


def test_errors_are_of_the_common_base() -> None:
    for error in (ExtentError, OverlapError, LaunchError, BufferInUseError):
        assert issubclass(error, HologramError)
