"""The results as a table on the terminal and as the Markdown page docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.cold_start import ColdStart
from benchmarks.timing import Timing
from benchmarks.workloads import OURS, Workload
from hologram.cli.report import duration

HEADINGS = ("workload", "Hologram", "best peer", "ratio", "asked", "others")


@dataclass(frozen=True)
class Result:
    """A workload and the times of its contenders."""

    workload: Workload
    timings: tuple[Timing, ...]

    @property
    def ours(self) -> Timing:
        return next(t for t in self.timings if t.name == OURS)

    @property
    def peers(self) -> list[Timing]:
        return sorted((t for t in self.timings if t.name != OURS), key=lambda t: t.seconds)

    @property
    def ratio(self) -> float:
        return self.ours.seconds / self.peers[0].seconds


def print_results(results: Sequence[Result], cold: ColdStart | None, machine: Mapping[str, str]) -> None:
    """Print the tables to the terminal."""
    console = Console()
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()), style="dim")
    table = Table(*HEADINGS, title="Best of interleaved rounds, results verified equal", title_justify="left")
    for result in results:
        style = "green" if result.ratio <= result.workload.bar else "red"
        table.add_row(*cells(result), style=style)
    console.print(table)
    if cold is not None:
        for line in cold_lines(cold):
            console.print(line)


def markdown(results: Sequence[Result], cold: ColdStart, machine: Mapping[str, str]) -> str:
    """The page docs/benchmarks.md."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks --write`. All contenders of a line take turns in one process on equal data;",
        "each keeps its best round; their results are verified equal before timing; nothing is allocated inside the",
        "timed statement. *Ratio* is Hologram's time divided by the best peer's: below 1 is faster. Numba runs with",
        "`fastmath` on one thread.",
        "",
        *table_lines(results),
        "",
        "## Cold start",
        "",
        *(f"- {line}" for line in cold_lines(cold)),
        "",
        "## Machine",
        "",
        *(f"- {key}: {value}" for key, value in machine.items()),
        "",
    ]
    return "\n".join(lines)


def table_lines(results: Sequence[Result]) -> list[str]:
    """The Markdown table alone, as the README carries it."""
    rows = [cells(result) for result in results]
    return [f"| {' | '.join(row)} |" for row in (HEADINGS, ("---", *["---:"] * 4, "---"), *rows)]


def cells(result: Result) -> tuple[str, ...]:
    """One row of the table as text."""
    best, *rest = result.peers
    return (
        result.workload.name,
        duration(result.ours.seconds),
        f"{best.name} {duration(best.seconds)}",
        f"{result.ratio:.2f}",
        f"≤ {result.workload.bar:.2f}",
        ", ".join(f"{peer.name} {duration(peer.seconds)}" for peer in rest) or "–",
    )


def cold_lines(cold: ColdStart) -> list[str]:
    """The cold-start results as sentences."""
    return [
        f"`import hologram` takes {duration(cold.import_beyond_numpy)} beyond importing NumPy (asked: at most 80 ms).",
        f"New process to the end of the first bundled operation: {duration(cold.first_ours)}; Numba with a warm cache "
        f"{duration(cold.first_numba)}; ratio {cold.first_op_ratio:.2f} (asked: at most 0.50).",
    ]
