"""What a trace has: every kind of event, all threads, whole files, and results as without it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hologram import events
from hologram.circuit import compile_circuit
from hologram.errors import ArgumentValueError, DivisionByZeroError, KernelFileError, TraceError
from hologram.frontend import compile_source
from hologram.language.kernel import kernel_type
from hologram.language.program import Program
from hologram.runtime import detour
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher
from hologram.runtime.tracing.chrome import TraceEvent
from hologram.runtime.tracing.trace import Trace, trace

N = 100
HEAD = "from hologram.language import *\nfrom hologram.language import kernel, DeviceArray\n"
ADD = """
@kernel
def add(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        c[i] = a[i] + b[i]
"""
DIVIDE = """
@kernel
def divide(a: DeviceArray[i32], b: DeviceArray[i32], c: DeviceArray[i32], n: u32 = 4):
    i = get_global_id()
    if i < n:
        c[i] = a[i] // b[i]
"""


@pytest.fixture(scope="module")
def add() -> Launcher:
    return Launcher(compile_source(HEAD + ADD, "add.py")[0].program)


def named(found: Trace, category: str) -> list[TraceEvent]:
    return [event for event in found.events if event.category == category]


def names(found: Sequence[TraceEvent]) -> list[str]:
    return [event.name for event in found]


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_launches_have_lanes_bytes_and_backend(add: Launcher, backend: str) -> None:
    with Executor(backend) as executor:
        a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
        bound, kernel = add.bind(a, a, c, N), kernel_type()(program=Program.of(add.program))
        bound()
        with trace() as t:
            bound()
            add.call(a, a, c, 10)
            for _ in range(3):
                kernel(a, a, c, N)
        bound()
    launches = named(t, "launch")
    assert names(launches) == ["add"] * 5
    assert [e.facts["lanes"] for e in launches] == [N, 10, N, N, N]
    assert launches[0].facts == {"lanes": N, "bytes": 3 * 4 * N, "backend": backend}
    assert t.totals.launches == 5 and t.totals.lanes == 4 * N + 10 and t.totals.bytes_moved == 5 * 12 * N
    assert t.totals.launch_seconds == pytest.approx(sum(e.duration_us for e in launches) / 1e6)
    (row,) = t.kernels
    assert (row.name, row.kind, row.launches, row.lanes) == ("add", "launch", 5, 4 * N + 10)


def test_a_native_kernel_is_seen_and_is_native_again(add: Launcher) -> None:
    kernel = kernel_type()(program=Program.of(add.program))
    a, c = np.ones(N, np.float32), np.empty(N, np.float32)
    for _ in range(3):
        kernel(a, a, c, N)
    with trace() as t:
        kernel(a, a, c, N)
    kernel(a, a, c, N)
    assert t.totals.launches == 1
    assert not detour.is_active() and not events.listeners


def test_compiles_and_caches() -> None:
    text = HEAD + ADD.replace("a[i] + b[i]", "a[i] - b[i] * f32(0.125)").replace("add", "scaled")
    with Executor("interpreter") as executor, trace() as t:
        program = compile_source(text, "scaled.py")[0].program
        executor.compile(program)
        executor.compile(program)
    (compiled,) = named(t, "compile")
    assert compiled.name == "scaled" and set(compiled.facts["stages_us"]) == {"parse", "check", "lower", "verify"}
    assert [e.facts for e in named(t, "cache")] == [{"store": "memory", "hit": hit} for hit in (False, True)]
    assert (t.totals.compiles, t.totals.memory_hits, t.totals.memory_misses) == (1, 1, 1)


def test_machine_code_is_compiled_once_and_then_on_disk(tmp_path: Path) -> None:
    from hologram.backends.cpu import CpuBackend
    from hologram.runtime.cache import DiskStore

    program = compile_source(HEAD + ADD.replace("+", "*").replace("add", "times"), "times.py")[0].program
    with trace() as t:
        for _ in range(2):
            code = CpuBackend(DiskStore(tmp_path / "objects")).compile(program)
            code.variant(True)  # type: ignore[attr-defined]  # the CPU's executables make code
    (compiled,) = named(t, "compile")
    assert compiled.facts["to"] == "machine code" and set(compiled.facts["stages_us"]) == {"codegen", "llvm"}
    assert [e.facts for e in named(t, "cache")] == [{"store": "disk", "hit": hit} for hit in (False, True)]
    assert (t.totals.disk_misses, t.totals.disk_hits) == (1, 1)


def test_compiling_is_charged_to_the_first_launch() -> None:
    text = HEAD + ADD.replace("+", "- f32(3) *").replace("add", "charged")
    with Executor("interpreter") as executor, trace() as t:
        launcher = Launcher(compile_source(text, "charged.py")[0].program)
        a = executor.allocate(N)
        for _ in range(2):
            launcher.call(a, a, a, N, executor=executor)
    sums = t.statistics
    assert (sums.operation_count, sums.total_logical_ops, sums.total_generator_calls) == (2, 2 * N, 0)
    assert sums.total_compilation_time_us == pytest.approx(1e6 * t.totals.compile_seconds)
    assert sums.total_execution_time_us == pytest.approx(1e6 * t.totals.launch_seconds)


def test_the_time_of_a_launch_is_that_of_its_machine_code(add: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    from hologram.backends.cpu import backend

    a = np.ones(N, np.float32)
    bound, pack = add.bind(a, a, np.empty(N, np.float32), N, executor=Executor("cpu")), backend.pack

    def slow(*args: Any) -> bytearray:
        time.sleep(0.05)
        return pack(*args)

    monkeypatch.setattr(backend, "pack", slow)
    with trace() as t:
        bound()
    assert 0 < t.totals.launch_seconds < 0.05


def test_copies_and_allocations(add: Launcher) -> None:
    with Executor("cpu") as executor, trace() as t:
        a, b = executor.array(np.ones(N, np.float32)), executor.allocate((5, 20))
        b.from_numpy(a.to_numpy())
        b.copy_from(a)
    assert names(named(t, "copy")) == ["array", "to_numpy", "from_numpy", "copy_from"]
    assert [e.facts for e in named(t, "allocation")] == [
        {"bytes": 4 * N, "dtype": "f32", "shape": [N]},
        {"bytes": 4 * N, "dtype": "f32", "shape": [5, 20]},
    ]
    assert (t.totals.copies, t.totals.bytes_copied, t.totals.bytes_allocated) == (4, 16 * N, 8 * N)


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_a_graph_is_one_launch_with_its_steps(add: Launcher, backend: str) -> None:
    with Executor(backend) as executor:
        a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
        with trace() as t:
            with executor.record() as g:
                add.call(a, a, c, N)
                add.call(c, a, c, N)
                add.call(c, c, c, N, block=64)
            assert named(t, "graph") == [], "nothing runs while it is recorded"
            g.launch()
            g.launch()
        launched = executor.metrics().launches
    (compiled,) = (e for e in named(t, "compile") if e.name == "graph")
    assert compiled.facts["launches"] == 3
    first, second = named(t, "graph")
    steps = named(t, "step")
    assert names(steps[: len(steps) // 2]) == [step["name"] for step in first.facts["steps"]]
    for outer, inner in ((first, steps[0]), (second, steps[-1])):
        assert outer.start_us <= inner.start_us
        assert inner.start_us + inner.duration_us <= outer.start_us + outer.duration_us
    assert first.facts["generator_calls"] == 3 and first.facts["lanes"] == N
    assert t.totals.launches == launched == 2 and t.totals.steps == len(steps)
    assert (t.statistics.total_generator_calls, t.statistics.operation_count) == (6, 2)
    assert c.is_freed, "the executor has ended"


def test_a_circuit_is_one_launch_with_its_steps() -> None:
    with Executor("cpu") as executor:
        launch = executor.bind_circuit(compile_circuit("merge@c00[c01,c02] . softmax@c00->c03"))
        with trace() as t:
            launch()
    (event,) = named(t, "graph")
    assert event.name == "circuit" and event.facts["generator_calls"] == 2
    assert len(event.facts["steps"]) == len(named(t, "step")) == len(launch.launches)


def test_a_launch_that_fails_is_there_with_its_error() -> None:
    launcher = Launcher(compile_source(HEAD + DIVIDE, "divide.py")[0].program)
    a = np.zeros(4, np.int32)
    with trace() as t, pytest.raises(DivisionByZeroError):
        launcher.call(a, a, a.copy(), executor=Executor("cpu"))
    (event,) = named(t, "launch")
    assert event.facts["error"] == "DivisionByZeroError"


def test_threads_have_their_own_rows(add: Launcher) -> None:
    a, c = np.ones(N, np.float32), [np.empty(N, np.float32) for _ in range(3)]
    bound = [add.bind(a, a, each, N) for each in c]
    with trace() as t:
        threads = [
            threading.Thread(target=lambda b=b: [b() for _ in range(50)], name=f"t{k}") for k, b in enumerate(bound)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    numbers = [e.thread for e in named(t, "launch")]
    assert sorted(numbers.count(n) for n in set(numbers)) == [50, 50, 50]
    document = json.loads(t.to_bytes())
    rows = {e["tid"]: e["args"]["name"] for e in document["traceEvents"] if e["name"] == "thread_name"}
    assert set(rows.values()) == {"t0", "t1", "t2"} and set(rows) == set(numbers)


def test_nested_traces_each_have_their_time(add: Launcher) -> None:
    a = np.ones(N, np.float32)
    bound = add.bind(a, a, np.empty(N, np.float32), N)
    with trace() as outer:
        bound()
        with trace() as inner:
            bound()
        bound()
    assert (outer.totals.launches, inner.totals.launches) == (3, 1)
    with pytest.raises(TraceError, match="taken once"), inner:
        pass
    assert not detour.is_active()


def test_what_began_before_a_trace_is_there_from_the_beginning_of_the_trace_on() -> None:
    with trace() as outer:
        start = events.start()
        time.sleep(0.01)
        with trace() as inner:
            events.tell(events.Category.COPY, "long", start, bytes=1)
    (whole,), (part,) = outer.events, inner.events
    assert part.start_us == 0 and 0 <= part.duration_us <= whole.duration_us - 10_000


def test_the_file_is_written_after_an_exception(add: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    a = np.ones(N, np.float32)

    def stopped() -> None:
        with trace(path):
            add.call(a, a, np.empty(N, np.float32), N)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    assert [e["name"] for e in json.loads(path.read_text())["traceEvents"] if e.get("cat") == "launch"] == ["add"]
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"], "no draft is left"


def test_a_file_that_cannot_be_written_is_refused_at_once_and_spoils_nothing(tmp_path: Path) -> None:
    with pytest.raises(KernelFileError, match="no directory"), trace(tmp_path / "nowhere" / "run.json"):
        pytest.fail("the body has run")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(KernelFileError, match="cannot write"), trace(folder):
        pass
    with pytest.raises(ZeroDivisionError) as caught, trace(folder):
        raise ZeroDivisionError
    assert "the trace is lost, too: cannot write" in caught.value.__notes__[0]
    assert not detour.is_active() and not events.listeners


def test_only_so_many_events_are_kept_and_all_are_counted() -> None:
    with Executor("cpu") as executor, trace(most=2) as t:
        for _ in range(5):
            executor.allocate(1)
    assert (len(t.events), t.dropped, t.totals.allocations) == (2, 3, 5)
    with pytest.raises(ArgumentValueError):
        trace(most=-1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_leaves_the_trace_to_its_parent(add: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    a = np.ones(N, np.float32)
    bound = add.bind(a, a, np.empty(N, np.float32), N)
    with trace(path) as t:
        bound()
        child = os.fork()
        if child == 0:
            bound()
            t.__exit__(None, None, None)
            os._exit(int(path.exists() or detour.is_active() or events.listeners != () or t.totals.launches != 1))
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        bound()
    assert t.totals.launches == 2 and path.exists()


def test_results_are_the_same_bits(launched: Callable[[], bytes]) -> None:
    plain = launched()
    with trace():
        traced = launched()
    assert plain == traced


@pytest.fixture
def launched() -> Callable[[], bytes]:
    """A long launch on several threads and a sum, run once."""
    from hologram.stdlib import bundled

    x = np.linspace(-3, 3, 300_000, dtype=np.float32)
    sigmoid, total = bundled("sigmoid"), bundled("vector_sum")

    def run() -> bytes:
        out, cell = np.empty_like(x), np.empty(1, np.float32)
        sigmoid(x, out, x.size)
        total(x, cell, x.size)
        return out.tobytes() + cell.tobytes()

    return run
