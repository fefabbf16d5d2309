"""Recording belongs to one thread: what others do runs, and native entries come back."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from hologram.errors import RecordingError
from hologram.runtime import detour, recording
from hologram.runtime.entry.types import entry_of
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

N = 100


def in_a_thread(work: Callable[[], object]) -> list[BaseException]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return failures


def test_other_threads_run_what_they_launch(executor: Executor, launcher: Callable[[str], Launcher]) -> None:
    a, c, d = executor.array(np.ones(N, np.float32)), executor.allocate(N), executor.allocate(N)
    bound = launcher("add").bind(a, a, c, N)
    with executor.record() as g:

        def elsewhere() -> None:
            assert recording.current() is None
            bound()
            executor.ops.vector_add(a, a, out=d)
            assert d.to_numpy()[0] == 2

        assert in_a_thread(elsewhere) == []
        assert recording.current() is not None
    assert c.to_numpy()[0] == d.to_numpy()[0] == 2
    assert g.plan.steps == ()


def test_two_threads_record_at_once(executor: Executor) -> None:
    a, c, d = executor.array(np.ones(N, np.float32)), executor.allocate(N), executor.allocate(N)
    with executor.record() as g:
        executor.ops.vector_add(a, a, out=c)

        def elsewhere() -> None:
            with executor.record() as other:
                executor.ops.vector_mul(a, a, out=d)
            other.launch()
            assert d.to_numpy()[0] == 1

        assert in_a_thread(elsewhere) == []
        assert detour.is_active(), "this thread still records"
        executor.ops.vector_add(c, a, out=c)
    g.launch()
    assert c.to_numpy()[0] == 3


def test_native_entries_are_back_afterwards(launcher: Callable[[str], Launcher]) -> None:
    with Executor("cpu") as executor:
        a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
        bound = launcher("add").bind(a, a, c, N)
        before = entry_of(bound)
        with executor.record():
            late = launcher("add").bind(a, a, c, N)
            assert entry_of(bound) == entry_of(late) == (0, 0)
        assert entry_of(bound) == before != (0, 0) and entry_of(late) != (0, 0)


def test_a_graph_is_not_launched_while_its_thread_records(executor: Executor) -> None:
    a = executor.array(np.ones(N, np.float32))
    with executor.record() as g:
        executor.ops.vector_add(a, a, out=a)
    g.launch()
    with executor.record(), pytest.raises(RecordingError, match="cannot be launched"):
        g.launch()
    g.launch()
    assert a.to_numpy()[0] == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_does_not_record() -> None:
    with Executor("cpu") as executor:
        a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
        ready, done = threading.Event(), threading.Event()

        def record() -> None:
            with executor.record():
                ready.set()
                done.wait()

        thread = threading.Thread(target=record)
        thread.start()
        ready.wait()
        child = os.fork()
        if child == 0:
            executor.ops.vector_add(a, a, out=c)
            os._exit(int(recording.is_active() or c.to_numpy()[0] != 2))
        _, status = os.waitpid(child, 0)
        done.set()
        thread.join()
        assert os.waitstatus_to_exitcode(status) == 0, sys.platform
