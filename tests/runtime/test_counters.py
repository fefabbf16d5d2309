"""`executor.metrics()`: what is counted, for whom, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from hologram.frontend import compile_source
from hologram.runtime.counters import PENDING, Sum
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher
from hologram.runtime.tracing.trace import trace
from tests.runtime.conftest import HEAD, SOURCES

N = 100


def fresh(number: int) -> Launcher:
    """A program that no other test has."""
    text = SOURCES["saxpy"].replace("a * x[i]", f"a * x[i] * f32({number}.5)")
    return Launcher(compile_source(HEAD + text, "fresh.py")[0].program)


def test_allocations_and_live_buffers(executor: Executor) -> None:
    first = executor.allocate((10, 10), "f64")
    executor.array(np.ones(N, np.float32))
    executor.wrap(np.ones(N, np.float32))
    pool = executor.allocate_pool(64)
    counted = executor.metrics()
    assert (counted.allocations, counted.bytes_allocated) == (3, 800 + 4 * N + 64)
    assert counted.live_buffers == 1, "the other two are garbage"
    first.free()
    pool.free()
    assert executor.metrics().live_buffers == 0
    with pytest.raises(FrozenInstanceError):
        counted.allocations = 0  # type: ignore[misc]


def test_copies(executor: Executor) -> None:
    a, b = executor.array(np.ones(N, np.float32)), executor.allocate(N)
    b.copy_from(a)
    b.from_numpy(b.to_numpy())
    b.from_bytes(a.to_bytes())
    a.numpy()
    counted = executor.metrics()
    assert (counted.copies, counted.bytes_copied) == (6, 6 * 4 * N)


def test_refused_copies_and_allocations_are_not_counted(executor: Executor) -> None:
    a = executor.allocate(N)
    with pytest.raises(ValueError):
        a.from_numpy(np.ones(N + 1, np.float32))
    with pytest.raises(ValueError):
        executor.allocate(-1)
    counted = executor.metrics()
    assert (counted.allocations, counted.copies) == (1, 0)


def test_compiles_and_hits_of_memory(executor: Executor) -> None:
    launcher, x, y = fresh(1), executor.allocate(N), executor.allocate(N)
    launcher.bind(1.0, x, y, N, executor=executor)()
    once = executor.metrics()
    assert once.compiles + once.disk_hits == 1
    assert once.compile_seconds > 0 and once.memory_hits == 0
    launcher.bind(1.0, x, y, N, executor=executor)
    executor.compile(launcher.program)
    assert executor.metrics().memory_hits == executor.metrics().cache_hits - once.disk_hits == 2
    for _ in range(3):
        launcher.call(1.0, x, y, N, executor=executor)
    assert executor.metrics().memory_hits == 2, "calls do not count what they look up"
    with Executor(executor.backend) as other:
        other.compile(launcher.program)
        assert (other.metrics().compiles, other.metrics().memory_hits) == (0, 1)


def test_hits_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hologram.backends.cpu import CpuBackend
    from hologram.runtime import compiled
    from hologram.runtime.cache import DiskStore

    launcher, found = fresh(2), []
    for _ in range(2):
        compiled._executables.clear()
        monkeypatch.setattr(compiled, "_backends", {("cpu", None): CpuBackend(DiskStore(tmp_path / "objects"))})
        with Executor("cpu") as executor:
            launcher.bind(1.0, executor.allocate(N), executor.allocate(N), N)
            found.append((executor.metrics().compiles, executor.metrics().disk_hits))
    assert found == [(1, 0), (0, 1)]


def test_launches_are_counted_while_a_trace_is_on(executor: Executor, launcher: Callable[[str], Launcher]) -> None:
    a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
    bound = launcher("add").bind(a, a, c, N)
    bound()
    assert executor.metrics().launches == 0
    with trace():
        bound()
        launcher("add").call(a, a, c, 10)
        with trace():
            bound()
    bound()
    counted = executor.metrics()
    assert (counted.launches, counted.lanes) == (3, 2 * N + 10)
    assert counted.launch_seconds > 0


def test_what_is_added_does_not_pile_up() -> None:
    total = Sum()
    for _ in range(3 * PENDING):
        total.add(2)
    assert len(total._pending) <= PENDING
    assert total.value() == (3 * PENDING, 6 * PENDING)


def test_threads_lose_no_count() -> None:
    with Executor("cpu") as executor:

        def work() -> None:
            for _ in range(500):
                executor.allocate(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert executor.metrics().allocations == 2000
