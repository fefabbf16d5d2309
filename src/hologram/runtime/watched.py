"""Launches while somebody listens: timed one by one, told, and counted by their executor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram import events
from hologram.backends.base import Argument
from hologram.events import Category, Event
from hologram.isa.program import Program

if TYPE_CHECKING:
    from hologram.backends.base import Executable
    from hologram.runtime.executor import Executor
    from hologram.runtime.launcher import Prepared


class _Thread(threading.local):
    steps: list[dict[str, Any]] | None = None
    """The launches so far of the graph or circuit that this thread runs."""


_thread = _Thread()


def run(
    launch: Callable[[Executable, Prepared, Executor], None],
    executable: Executable,
    prepared: Prepared,
    executor: Executor,
) -> None:
    """Run a launch and tell of it; its time is that of its code, where the backend says when that ran."""
    program, lanes = executable.program, prepared.domain.total
    facts: dict[str, Any] = {
        "lanes": lanes,
        "bytes": bytes_moved(program, prepared.arguments),
        "backend": f"{executor.backend}, checked" if executor.checks is not None else executor.backend,
    }
    begin = events.begin_launch()
    try:
        launch(executable, prepared, executor)
    except BaseException as error:
        facts["error"] = type(error).__name__
        raise
    finally:
        start, spent = events.span_of_launch(begin)
        if _thread.steps is None:
            executor.counters.launched(lanes, spent)
            events.report(Event(Category.LAUNCH, program.name, start, spent, facts))
        else:
            _thread.steps.append({"name": program.name, "lanes": lanes, "bytes": facts["bytes"], "ns": spent})
            events.report(Event(Category.STEP, program.name, start, spent, facts))


@contextmanager
def together(name: str, executor: Executor | None, calls: int) -> Iterator[None]:
    """The launches inside are the steps of one, called `name`, which does so many generator calls."""
    facts: dict[str, Any] = {}
    _thread.steps, start = [], perf_counter_ns()
    try:
        yield
    except BaseException as error:
        facts["error"] = type(error).__name__
        raise
    finally:
        spent, steps = perf_counter_ns() - start, _thread.steps or []
        _thread.steps = None
        lanes = sum(step["lanes"] for step in steps)
        facts |= {"lanes": lanes, "bytes": sum(step["bytes"] for step in steps), "generator_calls": calls}
        if executor is not None:
            facts["backend"] = executor.backend
            executor.counters.launched(lanes, sum(step["ns"] for step in steps))
        events.report(Event(Category.GRAPH, name, start, spent, {**facts, "steps": steps}))


def bytes_moved(program: Program, arguments: Sequence[Argument]) -> int:
    """Bytes of the arrays of a launch, whole: once where they are read and once where they are written."""
    pairs = zip(program.params, arguments, strict=True)
    return sum(value.nbytes * len(param.access) for param, value in pairs if isinstance(value, np.ndarray))
