"""Executors: names, availability, lifetime, sharing between threads and over a fork."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from hologram.errors import ArgumentTypeError, ArgumentValueError, BackendUnavailableError, BufferFreedError
from hologram.isa.program import Program
from hologram.runtime import executor as module
from hologram.runtime.executor import BackendType, Executor, default_executor, set_default_executor
from hologram.runtime.launcher import Launcher


def test_names() -> None:
    assert Executor().backend == Executor(BackendType.CPU).backend == "cpu"
    assert Executor("INTERPRETER").backend == "interpreter"
    assert str(BackendType.CUDA) == "cuda"
    assert module.get_default_backend() == "cpu"
    assert module.is_cuda_available() is module.is_metal_available() is False
    assert module.backends()["cpu"] == "available"


def test_unknown_backend_lists_the_known() -> None:
    with pytest.raises(ArgumentValueError, match=r"Invalid backend 'tpu'.*interpreter") as caught:
        Executor("tpu")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(ArgumentTypeError):
        Executor(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["cuda", "metal", "vulkan"])
def test_absent_backends_say_what_to_do(name: str) -> None:
    with pytest.raises(BackendUnavailableError, match=r"Executor\('cpu'\)") as caught:
        Executor(name)
    assert isinstance(caught.value, RuntimeError)


def test_backends_of_other_packages_are_found_by_entry_point(
    monkeypatch: pytest.MonkeyPatch, program: Callable[[str], Program]
) -> None:
    class Recording:
        name = "recording"
        ran: list[Any] = []

        def compile(self, program: Program) -> Recording:
            self.program = program
            return self

        def launch(self, arguments: Any, domain: Any) -> None:
            self.ran.append(domain.lanes)

    class Point:
        name = "recording"

        def load(self) -> type[Recording]:
            return Recording

    monkeypatch.setattr("hologram.runtime.compiled.plugins", lambda: {"recording": Point()})
    monkeypatch.setattr(module, "plugins", lambda: {"recording": Point()})
    x = np.zeros(3, np.float32)
    Launcher(program("saxpy")).call(1.0, x, x.copy(), 3, executor=Executor("recording"))
    assert Recording.ran == [(3, 1, 1)]


def test_closed_executor_refuses_and_frees() -> None:
    with Executor("cpu") as ex:
        buffer = ex.allocate(4)
    for use in (lambda: ex.allocate(1), lambda: ex.array(np.zeros(1)), buffer.to_numpy, lambda: ex.compile(None)):  # type: ignore[arg-type]
        with pytest.raises(BufferFreedError):
            use()
    ex.cleanup()
    assert "closed" in repr(ex)


def test_executors_and_buffers_cannot_be_pickled() -> None:
    ex = Executor("cpu")
    for thing in (ex, ex.allocate(1)):
        with pytest.raises(ArgumentTypeError, match="cannot be pickled"):
            pickle.dumps(thing)


def test_default_executor_can_be_set_and_reset() -> None:
    chosen = Executor("interpreter")
    set_default_executor(chosen)
    try:
        assert default_executor() is chosen
        chosen.cleanup()
        assert default_executor().backend == "cpu"
    finally:
        set_default_executor(None)


def test_a_program_is_compiled_once(program: Callable[[str], Program]) -> None:
    saxpy = program("saxpy")
    with ThreadPoolExecutor(32) as threads:
        made = set(map(id, threads.map(lambda _: Executor("cpu").compile(saxpy), range(64))))
    assert len(made) == 1


def test_32_threads_launch_at_once(program: Callable[[str], Program]) -> None:
    launcher, ex = Launcher(program("saxpy")), Executor("cpu")

    def work(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        x, y = rng.random((2, 1000), np.float32)
        expected = y.copy()
        bound = launcher.bind(0.5, x, y, 1000, executor=ex)
        for _ in range(50):
            bound()
            launcher.call(0.5, x, y, 1000)
            ex.allocate(100).free()
            expected += np.float32(0.5) * x
            expected += np.float32(0.5) * x
        return bool(np.array_equal(y, expected))

    with ThreadPoolExecutor(32) as threads:
        assert all(threads.map(work, range(64)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_while_other_threads_are_busy(program: Callable[[str], Program]) -> None:
    launcher, ex, stop = Launcher(program("saxpy")), Executor("cpu"), threading.Event()
    x = np.ones(10, np.float32)

    def work() -> None:
        while not stop.is_set():
            with ex.allocate(10) as buffer:
                launcher.bind(1.0, x, buffer, 10)()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                with contextlib.suppress(BaseException):
                    launcher.bind(1.0, x, ex.allocate(10), 10)()
                    Launcher(program("divide")).call(*np.ones((3, 4), np.int32))
                    os._exit(0)
                os._exit(1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_launches_and_compiles(program: Callable[[str], Program]) -> None:
    launcher, ex = Launcher(program("saxpy")), Executor("cpu")
    x, y = np.ones(10, np.float32), np.zeros(10, np.float32)
    bound = launcher.bind(1.0, x, y, 10, executor=ex)
    bound()
    child = os.fork()
    if child == 0:
        try:
            bound()
            out = np.zeros(10, np.float32)
            Launcher(program("add")).call(x, x, out, 10, executor=ex)
            os._exit(0 if (y == 2).all() and (out == 2).all() and ex.allocate(3).size == 3 else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (y == 1).all()
