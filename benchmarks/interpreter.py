"""`python -m benchmarks.interpreter`: how many lane-instructions the interpreter runs in a second.

Seconds are those of the process, best of several launches in turn, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import machine
from hologram import Executor
from hologram.language import DeviceArray, f32, get_global_id, i32, kernel

LANES = (256, 1024, 4096, 65_536)
STEPS = 100
ROUNDS = 15


@kernel
def chains(x: DeviceArray[f32], after: DeviceArray[i32], y: DeviceArray[f32], steps: i32):
    """Each turn: three loads, a store, arithmetic, conversions and a branch."""
    i = get_global_id()
    at = after[i]
    y[i] = 0
    for _ in range(steps):
        y[i] += x[at]
        at = after[at]


def executors() -> dict[str, Executor]:
    """The ways to run it."""
    return {
        "as it is": Executor("interpreter"),
        "races=False": Executor("interpreter", races=False),
        "races=False, a hook that does nothing": Executor("interpreter", races=False, on_step=lambda moment: None),
    }


def rates(lanes: int, rounds: int = ROUNDS) -> dict[str, float]:
    """Millions of lane-instructions a second for so many lanes."""
    after = np.random.default_rng(0).permutation(lanes).astype(np.int32)
    launches: dict[str, Callable[[], Any]] = {
        name: chains.bind(np.ones(lanes, np.float32), after, np.zeros(lanes, np.float32), STEPS, executor=executor)
        for name, executor in executors().items()
    }
    best = dict.fromkeys(launches, float("inf"))
    for _ in range(rounds):
        for name, launch in launches.items():
            start = time.process_time()
            launch()
            best[name] = min(best[name], time.process_time() - start)
    return {name: instructions_of_a_lane() * lanes / seconds / 1e6 for name, seconds in best.items()}


def instructions_of_a_lane() -> int:
    """How many instructions each lane runs, counted by a step hook."""
    seen: list[int] = []
    one = [np.ones(1, np.float32), np.zeros(1, np.int32), np.zeros(1, np.float32), STEPS]
    chains(*one, executor=Executor("interpreter", on_step=lambda moment: seen.append(moment.index)))
    return len(seen)


def main() -> int:
    """Print a line for each number of lanes."""
    sys.stdout.write(f"{machine.describe()}\nmillions of lane-instructions a second\n")
    for lanes in LANES:
        line = "; ".join(f"{name}: {millions:.1f}" for name, millions in rates(lanes).items())
        sys.stdout.write(f"{lanes:,} lanes: {line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
