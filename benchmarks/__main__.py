"""`python -m benchmarks [--write] [--rounds N] [--no-cold-start] [ONLY ...]`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.progress import track

from benchmarks import cold_start, machine
from benchmarks.report import Result, markdown, print_results, table_lines
from benchmarks.timing import race
from benchmarks.workloads import OURS, Workload, workloads

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
README_TABLE = re.compile(r"(?<=<!-- benchmarks -->\n).*(?=<!-- /benchmarks -->)", re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; exit status 1 when contenders disagree about a result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time Hologram against its peers.")
    parser.add_argument("only", nargs="*", help="run only the workloads whose name contains one of these words")
    parser.add_argument("--rounds", type=int, default=40, help="turns of each contender (default 40)")
    parser.add_argument("--no-cold-start", action="store_true", help="leave the new-process timings out")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and the table of README.md")
    options = parser.parse_args(arguments)
    if options.write and (options.only or options.no_cold_start):
        parser.error("--write needs the whole suite")
    chosen = [w for w in workloads() if not options.only or any(word in w.name for word in options.only)]
    for workload in chosen:
        verify(workload)
    results = [Result(w, race(w.contenders, options.rounds)) for w in track(chosen, "timing", transient=True)]
    cold = None if options.no_cold_start else cold_start.measure()
    print_results(results, cold, machine.describe())
    if options.write and cold is not None:
        PAGE.write_text(markdown(results, cold, machine.describe()), encoding="utf-8")
        table = "\n".join(table_lines(results)) + "\n"
        README.write_text(README_TABLE.sub(lambda _: table, README.read_text("utf-8")), encoding="utf-8")
    return 0


def verify(workload: Workload) -> None:
    """Run every contender once and compare its answer with ours; ends the program on a disagreement."""
    for contender in workload.contenders:
        exec(contender.statement, dict(contender.names))
    ours = next(c.result for c in workload.contenders if c.name == OURS)
    for contender in workload.contenders:
        if not workload.agree(ours, contender.result):
            sys.exit(f"{workload.name}: {contender.name} and {OURS} disagree")


if __name__ == "__main__":
    sys.exit(main())
