"""Trace files follow the rules of the trace-event format, so that chrome://tracing and Perfetto load them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hologram.runtime.executor import Executor
from hologram.runtime.tracing.chrome import TraceEvent, encode
from hologram.runtime.tracing.trace import trace
from hologram.stdlib import bundled


def check(document: Any) -> None:
    """The rules for complete and metadata events, and that the spans of a row lie inside each other or apart."""
    assert isinstance(document["traceEvents"], list) and document["displayTimeUnit"] in ("ms", "ns")
    rows: dict[tuple[int, int], list[tuple[float, float]]] = {}
    names: set[tuple[int, int]] = set()
    for event in document["traceEvents"]:
        assert isinstance(event["name"], str) and event["ph"] in ("X", "M")
        assert type(event["pid"]) is int and type(event["tid"]) is int and isinstance(event["args"], dict)
        row = event["pid"], event["tid"]
        if event["ph"] == "M":
            assert event["name"] in ("process_name", "thread_name") and isinstance(event["args"]["name"], str)
            assert row not in names
            names.add(row)
            continue
        assert isinstance(event["cat"], str) and event["cat"]
        assert event["ts"] >= 0 and event["dur"] >= 0
        rows.setdefault(row, []).append((event["ts"], event["ts"] + event["dur"]))
    assert set(rows) <= names, "every row has a name"
    for spans in rows.values():
        open_: list[float] = []
        for start, end in spans:
            while open_ and open_[-1] <= start + 1e-3:
                open_.pop()
            assert not open_ or end <= open_[-1] + 1e-3, "spans of a row overlap"
            open_.append(end)


def test_a_trace_of_everything_follows_the_format(tmp_path: Path) -> None:
    relu = bundled("relu")
    with Executor("cpu") as executor, trace(tmp_path / "run.json"):
        x, y = executor.array(np.linspace(-1, 1, 500, dtype=np.float32)), executor.allocate(500)
        with executor.record() as g:
            relu(x, y, 500)
        g.launch()
        relu(x, y, 500)
        y.to_numpy()
    document = json.loads((tmp_path / "run.json").read_text("utf-8"))
    check(document)
    categories = {event["cat"] for event in document["traceEvents"] if event["ph"] == "X"}
    assert categories >= {"allocation", "cache", "compile", "copy", "graph", "launch", "step"}
    assert document["otherData"]["totals"]["launches"] == 2


def test_outer_spans_come_first() -> None:
    inner, outer = (TraceEvent(name, "step", 5.0, spent, 1, {}) for name, spent in (("in", 1.0), ("out", 9.0)))
    document = json.loads(encode([inner, outer], {1: "main"}, {}))
    check(document)
    assert [event["name"] for event in document["traceEvents"][2:]] == ["out", "in"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"dur": -1.0},
        {"tid": "main"},
        {"ts": 3.0, "dur": 9.0},
        {"tid": 2},
    ],
)
def test_the_rules_tell_wrong_files_apart(wrong: dict[str, Any]) -> None:
    document = json.loads(encode([TraceEvent("a", "step", k, 5.0, 1, {}) for k in (0.0, 6.0)], {1: "main"}, {}))
    check(document)
    document["traceEvents"][-1] |= wrong
    with pytest.raises(AssertionError):
        check(document)
