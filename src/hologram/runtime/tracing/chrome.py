"""The trace-event format of Chrome, which chrome://tracing and Perfetto load.

| event | `ph` | fields                                             |
|-------|------|----------------------------------------------------|
| span  | X    | name, cat, ts and dur in microseconds, pid, tid, args |
| name  | M    | process_name or thread_name, pid, tid, args.name   |
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One event of a trace: times in microseconds since the trace began, the number of the thread where it happened."""

    name: str
    category: str
    start_us: float
    duration_us: float
    thread: int
    facts: Mapping[str, Any]


def encode(events: Iterable[TraceEvent], threads: Mapping[int, str], about: Mapping[str, Any]) -> bytes:
    """A trace file; `threads` names threads by number, `about` is kept beside the events."""
    process = os.getpid()
    document = {
        "traceEvents": [*_names(process, threads), *(_span(event, process) for event in _outer_first(events))],
        "displayTimeUnit": "ns",
        "otherData": about,
    }
    return msgspec.json.encode(document)


def _outer_first(events: Iterable[TraceEvent]) -> list[TraceEvent]:
    """By time, and a span before those inside it."""
    return sorted(events, key=lambda event: (event.start_us, -event.duration_us))


def _span(event: TraceEvent, process: int) -> dict[str, Any]:
    return {
        "name": event.name,
        "cat": event.category,
        "ph": "X",
        "ts": event.start_us,
        "dur": event.duration_us,
        "pid": process,
        "tid": event.thread,
        "args": event.facts,
    }


def _names(process: int, threads: Mapping[int, str]) -> list[dict[str, Any]]:
    program = Path(sys.argv[0]).name if sys.argv else ""
    named = {"name": "process_name", "ph": "M", "pid": process, "tid": 0, "args": {"name": program or "python"}}
    return [
        named,
        *(
            {"name": "thread_name", "ph": "M", "pid": process, "tid": number, "args": {"name": name}}
            for number, name in threads.items()
        ),
    ]
