"""Checked executors: kernels and loaded programs run with every access watched, and go on working after a fault."""

from __future__ import annotations

import warnings
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

import hologram as hg
from hologram.errors import (
    ArgumentValueError,
    HologramError,
    NumericError,
    OutOfBoundsError,
    StepLimitError,
)
from hologram.language import DeviceArray, f32, get_global_id, i32, kernel, u32


@kernel
def pick(x: DeviceArray[f32], at: DeviceArray[i32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = x[at[i]] / x[0]


@kernel
def wait(flag: DeviceArray[i32]):
    while flag[0] == 0:
        pass


def arguments(bad: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    at = np.arange(64, dtype=np.int32)
    at[40] = bad
    return np.ones(64, np.float32), at, np.zeros(64, np.float32), 64


@pytest.mark.parametrize("backend", ["cpu", "auto", "interpreter"])
def test_calls_and_launches_of_a_checked_executor_are_watched(backend: str) -> None:
    with hg.Executor(backend, checked=True) as executor:
        good, bad = arguments(), arguments(1000)
        pick(*good, executor=executor)
        assert good[2].all()
        with pytest.raises(OutOfBoundsError, match=r"element 1000 of 64.*kernel 'pick'.*lane 40.*test_checked\.py:27"):
            pick(*bad, executor=executor)
        launch = pick.bind(*bad, executor=executor)
        assert not launch.is_native
        for _ in range(3):
            with pytest.raises(IndexError):
                launch()
        bad[1][40] = 3
        launch()
        assert bad[2].all()
        assert executor.is_checked


def test_a_checked_default_executor_watches_kernels_that_had_been_attached() -> None:
    good, bad = arguments(), arguments(64)
    for _ in range(4):
        pick(*good)
    hg.set_default_executor(hg.Executor("cpu", checked=True))
    try:
        for _ in range(4):
            with pytest.raises(OutOfBoundsError):
                pick(*bad)
    finally:
        hg.set_default_executor(None)


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_a_kernel_that_does_not_end_is_stopped_and_the_executor_goes_on(backend: str) -> None:
    with hg.Executor(backend, checked=True, max_steps=20_000) as executor:
        flag = np.zeros(1, np.int32)
        with pytest.raises(StepLimitError, match="ran more than 20000 instructions"):
            wait(flag, grid=1, executor=executor)
        flag[0] = 1
        wait(flag, grid=1, executor=executor)


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_nan_made_of_numbers_is_an_error_where_it_is_asked_for(backend: str) -> None:
    x, at, y, n = arguments()
    x[0], x[5] = 0.0, np.inf
    with hg.Executor(backend, checked=True) as executor:
        pick(x, at, y, n, executor=executor)
    with hg.Executor(backend, checked=True, nan="raise") as executor:
        with pytest.raises(NumericError, match=r"DIV.f32 of finite numbers gave NaN.*lane 0.*:27"):
            pick(x, at, y, n, executor=executor)
        with pytest.raises(FloatingPointError):
            pick(x, at, y, n, executor=executor)
        x[0] = 1.0
        pick(x, at, y, n, executor=executor)  # an infinity that came in may go out
        assert np.isinf(y[5])


def test_options_that_mean_nothing_are_refused_with_the_cure() -> None:
    with pytest.raises(ArgumentValueError, match="add checked=True"):
        hg.Executor("cpu", nan="raise")
    with pytest.raises(ArgumentValueError, match="add checked=True"):
        hg.Executor("cpu", max_steps=10)
    with pytest.raises(ArgumentValueError, match="'raise' or None"):
        hg.Executor("cpu", checked=True, nan="warn")
    for steps in (0, -1, 1 << 63, "many"):
        with pytest.raises(ArgumentValueError, match="above zero"):
            hg.Executor("cpu", checked=True, max_steps=steps)  # type: ignore[arg-type]
    assert "checked" in repr(hg.Executor("cpu", checked=True))
    assert "checked" not in repr(hg.Executor("cpu"))


def test_operations_of_a_checked_executor() -> None:
    with hg.Executor("cpu", checked=True) as executor:
        a = executor.array(np.arange(1000, dtype=np.float32))
        out = executor.allocate(1000)
        executor.ops.vector_add(a, a, out)
        assert np.array_equal(out.numpy(), 2 * np.arange(1000, dtype=np.float32))


def test_programs_that_are_not_trusted_run_checked_at_native_speed(tmp_path: Path) -> None:
    path = tmp_path / "pick.atlas"
    pick.save(path)
    program = hg.Program.load(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        launch = program.bind(*arguments())
    assert "runs checked" in str(caught[0].message)
    assert launch.executor.backend == "cpu"
    assert launch.executor.is_checked
    launch()
    with pytest.raises(OutOfBoundsError):
        program(*arguments(-5))


def test_threads_share_a_checked_executor() -> None:
    executor, found = hg.Executor("cpu", checked=True), []

    def work(k: int) -> None:
        try:
            pick(*arguments(64 + k), executor=executor)
        except HologramError as error:
            found.append((k, str(error)))

    threads = [Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"element {64 + k} of 64" in message for k, message in found)
    assert len(found) == 8
