"""A million small launches: one leaky-integrator step on 256 floats at a time, next to NumPy.

    python examples/small_launches/run.py [STEPS]

Loops like this one cannot be turned into one big operation, because each step needs the one before. What counts is what
a single call costs.
"""

from __future__ import annotations

import sys
import time
from itertools import repeat
from typing import Any

import numpy as np
from leak import leaky_step
from rich.console import Console
from rich.table import Table

CELLS = 256
TURNS = 20
RATE = np.float32(0.1 / 20.0)  # dt / tau, both in milliseconds
Array = np.ndarray[Any, np.dtype[np.float32]]


def with_hologram(v: Array, drive: Array, steps: int) -> float:
    """Run some steps as bound launches; gives the seconds taken."""
    step = leaky_step.bind(v, drive, float(RATE))
    start = time.perf_counter()
    for _ in repeat(None, steps):
        step()
    return time.perf_counter() - start


def with_numpy(v: Array, drive: Array, steps: int) -> float:
    """The same in NumPy, without allocating: three calls a step."""
    change, rate = np.empty_like(v), np.full_like(v, RATE)  # an array of equal values is quicker than a scalar
    subtract, multiply, add = np.subtract, np.multiply, np.add
    start = time.perf_counter()
    for _ in repeat(None, steps):
        subtract(drive, v, out=change)
        multiply(change, rate, out=change)
        add(v, change, out=v)
    return time.perf_counter() - start


def main(steps: int) -> int:
    """Run both on equal data and print the table; exit status 1 if their results differ in a single bit."""
    drive = np.random.default_rng(0).random(CELLS, np.float32)
    ours, theirs = np.zeros(CELLS, np.float32), np.zeros(CELLS, np.float32)
    seconds = {"Hologram": 0.0, "NumPy": 0.0}
    for _ in range(TURNS):  # in turns, so that a slow spell of the machine hits both
        seconds["Hologram"] += with_hologram(ours, drive, steps // TURNS)
        seconds["NumPy"] += with_numpy(theirs, drive, steps // TURNS)
    table = Table("", "whole loop", "one step", "ratio", title=f"{steps:,} steps on {CELLS} floats")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.3f} s", f"{taken / steps * 1e9:.0f} ns", f"{taken / seconds['NumPy']:.2f}")
    same = np.array_equal(ours.view(np.uint32), theirs.view(np.uint32))
    Console().print(table, f"same bits in every state: {'yes' if same else 'NO'}", sep="\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
