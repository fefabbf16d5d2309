"""The comparison of compiled models as the Markdown page docs/pytorch-models.md."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hologram.cli.report import duration

PAGE = Path(__file__).parent.parent / "docs" / "pytorch-models.md"
COMPILE_BAR = 0.2
COMPILING = ("model", "compile", "inductor", "ratio", "in a new process", "inductor", "ratio")
RUNNING = ("model", "step", "eager", "inductor", "to eager", "to inductor", "operators fused", "regions")
INTRODUCTION = """\
# Compiled models

Written by `python -m benchmarks.torch_models --write` on {date}. Models of `torch.nn` and of `transformers`
configurations with random weights, f32, on the CPU and one thread, each as it is and through `torch.compile` with
`backend="hologram"` and with inductor. Ratios are our time divided by the other's: below 1 is faster.

## Compiling

*Compile* is from the call of the compiled model to the end of its first forward and backward pass, with empty caches,
in a process that has compiled something small before. Where the first ratio is near the aim or above it, both compile
twice, and each keeps its best. *In a new process* is what a cold start takes: it adds what that first small function
took, with all that PyTorch and the compiler import and check at their first use. Inductor finds its precompiled header,
which it makes once a machine.
"""
STEPS = """\
## Steps

A forward and a backward pass: the three take turns in one process after our gradients were found to agree with eager
ones, and each keeps its best round. *Operators fused* counts those operators of the forward and backward graphs that
run in our programs; matrix products, convolutions and the rest run in ATen, and so do they with inductor.
"""


@dataclass(frozen=True)
class Measured:
    """Seconds of compiling and of a training step, and how many operators of its graphs our regions hold."""

    name: str
    load_ours: float
    load_inductor: float
    compile_ours: float
    compile_inductor: float
    hologram: float
    eager: float
    inductor: float
    fused: int
    operators: int
    regions: int
    inductor_strays: str = ""

    @property
    def compile_ratio(self) -> float:
        return self.compile_ours / self.compile_inductor

    @property
    def new_ours(self) -> float:
        return self.load_ours + self.compile_ours

    @property
    def new_inductor(self) -> float:
        return self.load_inductor + self.compile_inductor

    @property
    def new_ratio(self) -> float:
        return self.new_ours / self.new_inductor

    @property
    def to_eager(self) -> float:
        return self.hologram / self.eager

    @property
    def to_inductor(self) -> float:
        return self.hologram / self.inductor


def compiling(m: Measured) -> tuple[str, ...]:
    """A row of the table of compile times."""
    alone = (duration(m.compile_ours), duration(m.compile_inductor), f"{m.compile_ratio:.2f}")
    return (m.name, *alone, duration(m.new_ours), duration(m.new_inductor), f"{m.new_ratio:.2f}")


def running(m: Measured) -> tuple[str, ...]:
    """A row of the table of steps."""
    times = (duration(m.hologram), duration(m.eager), duration(m.inductor))
    share = f"{m.fused} of {m.operators}, {m.fused / m.operators:.0%}"
    return (m.name, *times, f"{m.to_eager:.2f}", f"{m.to_inductor:.2f}", share, str(m.regions))


def strayed(results: Sequence[Measured]) -> list[str]:
    """Each model with inductor's gradients further from eager ones than ours may be."""
    return [
        f"- Inductor's gradients fail that check for {m.name} ({m.inductor_strays})."
        for m in results
        if m.inductor_strays
    ]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table, its columns after the first to the right."""
    return [f"| {' | '.join(row)} |" for row in (headings, ("---", *["---:"] * (len(headings) - 1)), *rows)]


def table_lines(results: Sequence[Measured]) -> list[str]:
    """Both tables."""
    return [*table(COMPILING, [*map(compiling, results)]), "", *table(RUNNING, [*map(running, results)])]


def misses(aims: Mapping[str, Mapping[str, float]], bar: float) -> list[str]:
    """Each aim with the models whose ratio is above the bar."""
    told = {aim: [f"{name} {r:.2f}" for name, r in ratios.items() if r > bar] for aim, ratios in aims.items()}
    return [f"- {aim}, missed by: {', '.join(names) or 'none'}." for aim, names in told.items()]


def markdown(results: Sequence[Measured], machine: Mapping[str, str], left_out: Sequence[str] = ()) -> str:
    """The whole page."""
    compile_aims = {
        f"At most {COMPILE_BAR} of inductor's time": {m.name: m.compile_ratio for m in results},
        f"At most {COMPILE_BAR} of it in a new process": {m.name: m.new_ratio for m in results},
    }
    step_aims = {
        "A step no slower than eager": {m.name: m.to_eager for m in results},
        "A step no slower than inductor's": {m.name: m.to_inductor for m in results},
    }
    lines = [
        INTRODUCTION.format(date=date.today().isoformat()),
        *table(COMPILING, [*map(compiling, results)]),
        "",
        *misses(compile_aims, COMPILE_BAR),
        "",
        STEPS,
        *table(RUNNING, [*map(running, results)]),
        "",
        *misses(step_aims, 1.0),
        *strayed(results),
        "",
        *([f"Not measured in this run: {', '.join(left_out)}.", ""] if left_out else []),
        "## Machine",
        "",
        *(f"- {key}: {value}" for key, value in machine.items()),
        f"- load average at the end: {os.getloadavg()[1]:.1f}",
        "",
    ]
    return "\n".join(lines)
