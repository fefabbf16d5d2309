"""Terrain maps from a real elevation model: compiled ahead of time, loaded, launched, checked, drawn.

python examples/terrain/run.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import elevation
import numpy as np
import pictures
import reference
from rich.console import Console
from rich.table import Table

import hologram
from hologram.backends.cpu import CpuBackend, targets
from hologram.backends.llvm.jit import host_target
from hologram.cli.report import duration
from hologram.frontend import compile_source
from hologram.isa.binary import Entry, TargetSection, encode

HERE = Path(__file__).parent
SOURCE = HERE / "terrain.py"
OUT = HERE / "out"
PROGRAMS = OUT / "terrain.atlas"
TOLERANCE = {"slope": 1e-3, "aspect": 1e-2, "hillshade": 1e-5}  # degrees, degrees, brightness
ROUNDS = 30


@dataclass(frozen=True)
class Run:
    """One kernel's map and what making it took, in seconds."""

    values: np.ndarray[Any, Any]
    first: float
    launch: float
    numpy: float
    difference: float


def compile_ahead() -> dict[str, dict[str, float]]:
    """Compile the kernel file (it is parsed, not executed) into a program file with native code; gives stage times."""
    units = compile_source(SOURCE.read_text("utf-8"), str(SOURCE.relative_to(HERE)))
    target = targets.best(list(targets.BASELINES), host_target())
    stages, entries = {}, []
    for unit in units:
        start = time.perf_counter()
        native = [TargetSection(f"cpu:{target}", CpuBackend().object_for(unit.program, target))] if target else []
        stages[unit.name] = {**unit.timings, f"LLVM for {target}": time.perf_counter() - start}
        entries.append(Entry(unit.program, tuple(native)))
    OUT.mkdir(exist_ok=True)
    PROGRAMS.write_bytes(encode(entries))
    return stages


def run(name: str, model: elevation.Model) -> Run:
    """Load a kernel from the program file, launch it, and time it next to NumPy."""
    values = np.empty(model.z.shape, np.float32)
    # The file is our own: its native code may run, and its accesses need not be watched one by one.
    program = hologram.Program.load(PROGRAMS, name, trust=True)
    start = time.perf_counter()
    launch = program.bind(model.z, values, model.dx, model.dy)
    launch()
    first = time.perf_counter() - start
    peer: Callable[..., Any] = getattr(reference, name)
    expected = peer(model.z, model.dx, model.dy)
    difference = reference.difference(name, values, expected)
    ours, theirs = best_of(launch, lambda: peer(model.z, model.dx, model.dy))
    return Run(values, first, ours, theirs, difference)


def best_of(*actions: Callable[[], object]) -> list[float]:
    """Best seconds of each action, taken in turns."""
    best = [float("inf")] * len(actions)
    for _ in range(ROUNDS):
        for i, action in enumerate(actions):
            start = time.perf_counter()
            action()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def report(stages: Mapping[str, Mapping[str, float]], runs: Mapping[str, Run]) -> Table:
    """Stage times, launch times and differences of all kernels."""
    table = Table("", *runs, title="Terrain: 344 × 403 cells, int16 -> float32", title_justify="left")
    for stage in dict.fromkeys(stage for times in stages.values() for stage in times):
        table.add_row(f"{stage} (once)", *(duration(times[stage]) for times in stages.values()))
    table.add_section()
    table.add_row("bind and first launch", *(duration(r.first) for r in runs.values()))
    table.add_row("a launch", *(duration(r.launch) for r in runs.values()))
    table.add_row("NumPy", *(duration(r.numpy) for r in runs.values()))
    table.add_row("ratio", *(f"{r.launch / r.numpy:.3f}" for r in runs.values()), style="bold")
    table.add_section()
    table.add_row("largest difference", *(f"{r.difference:.2g}" for r in runs.values()))
    table.add_row("allowed", *(f"{TOLERANCE[name]:g}" for name in runs))
    return table


def main() -> int:
    """Run the demo; exit status 1 when a map differs from NumPy's by more than its tolerance."""
    console = Console()
    stages = compile_ahead()
    console.print(f"compiled {SOURCE.name} -> {PROGRAMS.relative_to(HERE)} ({PROGRAMS.stat().st_size} bytes)")
    model = elevation.load()
    runs = {name: run(name, model) for name in stages}
    console.print(report(stages, runs))
    drawn = pictures.draw(model.z, {name: r.values for name, r in runs.items()}, model.extent, OUT)
    console.print("pictures:", ", ".join(str(path.relative_to(HERE)) for path in drawn))
    wrong = [name for name, r in runs.items() if not r.difference <= TOLERANCE[name]]
    if wrong:
        console.print(f"differs from NumPy: {', '.join(wrong)}", style="bold red")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
