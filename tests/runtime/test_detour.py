"""Native entries are off while anyone must see launches, and back with the last reason."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hologram.language.kernel import kernel_type
from hologram.language.program import Program
from hologram.runtime import detour
from hologram.runtime.entry.types import entry_of
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher
from hologram.runtime.native import native_entries
from hologram.runtime.tracing.trace import trace

N = 100


@pytest.mark.skipif(not native_entries()[0], reason="no native entries here")
def test_a_recording_inside_a_trace_and_a_trace_inside_a_recording(launcher: Callable[[str], Launcher]) -> None:
    with Executor("cpu") as executor:
        a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
        bound = launcher("add").bind(a, a, c, N)
        before = entry_of(bound)
        assert before != (0, 0)
        with trace():
            assert entry_of(bound) == (0, 0)
            with executor.record():
                assert entry_of(bound) == (0, 0)
            assert entry_of(bound) == (0, 0), "the trace still needs the way through Python"
        assert entry_of(bound) == before
        with executor.record():
            with trace():
                assert entry_of(bound) == (0, 0)
            assert entry_of(bound) == (0, 0), "the recording still needs it"
        assert entry_of(bound) == before


@pytest.mark.skipif(not native_entries()[0], reason="no native entries here")
def test_kernels_and_graphs_are_native_again(launcher: Callable[[str], Launcher]) -> None:
    with Executor("cpu") as executor:
        a, c = executor.array(np.ones(N, np.float32)), executor.allocate(N)
        kernel = kernel_type()(program=Program.of(launcher("add").program))
        with executor.record() as g:
            kernel(a, a, c, N)
        g.launch()
        for _ in range(2):
            kernel(a, a, c, N)
        before = entry_of(kernel), entry_of(g.launch)
        assert (0, 0) not in before
        with trace() as t:
            kernel(a, a, c, N)
            g.launch()
        assert (entry_of(kernel), entry_of(g.launch)) == before
        kernel(a, a, c, N)
        g.launch()
        assert t.totals.launches == 2


def test_watchers_hear_the_first_and_the_last_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(detour, "_watchers", [told.append])
    detour.begin("one")
    detour.begin("one")
    detour.begin("two")
    detour.end("one")
    assert detour.is_active() and told == [True]
    detour.end("two")
    detour.end("two")
    assert not detour.is_active() and told == [True, False]
