"""The benchmark suite's own bookkeeping: ratios, tables and the refusal to time contenders that disagree."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import torch_page
from benchmarks.__main__ import README, README_TABLE, verify
from benchmarks.cold_start import ColdStart
from benchmarks.report import Result, markdown, table_lines
from benchmarks.timing import Contender, Timing, race
from benchmarks.torch_page import Loading, Measured
from benchmarks.workloads import OURS, Workload

ONES = np.ones(4)


def workload(theirs: np.ndarray) -> Workload:
    contenders = (Contender(OURS, "pass", {}, ONES), Contender("peer", "x.sort()", {"x": theirs}, theirs))
    return Workload("sorting", contenders, 0.5, np.array_equal)


def test_contenders_must_agree() -> None:
    verify(workload(np.ones(4)))
    with pytest.raises(SystemExit, match="sorting: peer and hologram disagree"):
        verify(workload(np.zeros(4)))


def test_race_keeps_the_best_of_each() -> None:
    ours, theirs = race(workload(np.ones(4)).contenders, rounds=3)
    assert (ours.name, theirs.name) == (OURS, "peer")
    assert 0 < ours.seconds < theirs.seconds


def test_ratio_is_to_the_best_peer() -> None:
    timings = (Timing("slow", 3e-6), Timing(OURS, 1e-6), Timing("fast", 2e-6))
    result = Result(workload(np.ones(4)), timings)
    assert result.ratio == pytest.approx(0.5)
    assert table_lines([result])[-1] == "| sorting | 1 µs | fast 2 µs | 0.50 | ≤ 0.50 | slow 3 µs |"
    page = markdown([result], ColdStart(0.1, 0.15, 0.2, 0.8), {"CPUs": "2"})
    assert "50 ms beyond importing NumPy" in page
    assert "ratio 0.25" in page


def test_readme_has_a_place_for_the_table() -> None:
    assert len(README_TABLE.findall(README.read_text("utf-8"))) == 1


def test_the_page_of_compiled_models_says_what_misses_the_aims() -> None:
    good = Measured("quick", 1.0, 10.0, 1e-3, 2e-3, 2e-3, 30, 40, 3)
    bad = Measured("slow", 3.0, 10.0, 3e-3, 2e-3, 4e-3, 30, 40, 3)
    page = torch_page.markdown(Loading(2.0, 20.0), [good, bad], {"CPUs": "2"})
    assert "| quick | 1 s | 10 s | 0.10 | 3 s | 30 s | 0.10 |\n" in page
    assert "| slow | 3 ms | 2 ms | 4 ms | 1.50 | 0.75 | 30 of 40, 75% | 3 |\n" in page
    assert "of inductor's time, missed by: slow 0.30." in page
    assert "in a new process, missed by: none." in page
    assert "no slower than eager, missed by: slow 1.50." in page
    assert "no slower than inductor's, missed by: none." in page
