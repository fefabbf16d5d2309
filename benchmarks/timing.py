"""Paired timing: all contenders of a case take turns in one process, and each keeps its best round.

Turns are interleaved so that a slow spell of the machine hits everybody; the best round is the one least disturbed.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from timeit import Timer
from typing import Any

BATCH_SECONDS = 0.004


@dataclass(frozen=True)
class Contender:
    """A statement to time, with the names it uses; `result` is where it leaves its answer."""

    name: str
    statement: str
    names: Mapping[str, Any]
    result: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Timing:
    """Best seconds a call of one contender."""

    name: str
    seconds: float


def race(contenders: Sequence[Contender], rounds: int) -> tuple[Timing, ...]:
    """Time the contenders in turn, `rounds` times, the order reversed every other round; best of each."""
    timers = [Timer(contender.statement, globals=dict(contender.names)) for contender in contenders]
    counts = [_calls_a_batch(timer) for timer in timers]
    best = [float("inf")] * len(timers)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(rounds):
            order = range(len(timers)) if turn % 2 == 0 else reversed(range(len(timers)))
            for i in order:
                best[i] = min(best[i], timers[i].timeit(counts[i]) / counts[i])
    finally:
        if collecting:
            gc.enable()
    return tuple(Timing(contender.name, seconds) for contender, seconds in zip(contenders, best, strict=True))


def _calls_a_batch(timer: Timer) -> int:
    timer.timeit(1)  # first calls compile
    count = 1
    while (seconds := timer.timeit(count)) < BATCH_SECONDS:
        count = max(count * 2, int(count * BATCH_SECONDS / max(seconds, 1e-9)))
    return count
