"""What the programs of the gallery share: run both versions, compare them, draw, say so in a line."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
Arrays = Mapping[str, Any]


@dataclass(frozen=True)
class Program:
    """One program: how its data are made for a size, its two versions, its picture, and what it found.

    Both versions take the data and give arrays by name; they agree within `tolerance`, relative to the largest value.
    """

    name: str
    data: Callable[[int], Any]
    hologram: Callable[[Any], Arrays]
    numpy: Callable[[Any], Arrays]
    draw: Callable[[Any, Arrays], Any]
    found: Callable[[Any, Arrays], str]
    size: int
    small: int
    tolerance: float
    rounds: int = 5


def difference(ours: Arrays, theirs: Arrays) -> float:
    """The largest difference, relative to the largest value of each array; infinite where one is no number."""
    apart = 0.0
    for name, expected in theirs.items():
        one, other = np.asarray(ours[name], np.float64), np.asarray(expected, np.float64)
        assert one.shape == other.shape, f"{name}: {one.shape}, NumPy {other.shape}"
        if not (np.isfinite(one).all() and np.isfinite(other).all()):
            return math.inf
        apart = max(apart, float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-30)))
    return apart


def best_of(rounds: int, *actions: Callable[[], Any]) -> list[float]:
    """Best seconds of each action, taken in turns."""
    best = [float("inf")] * len(actions)
    for _ in range(rounds):
        for i, action in enumerate(actions):
            start = time.perf_counter()
            action()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def save(figure: Any, path: Path) -> None:
    """Write a figure as a PNG of 256 colours."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256)
    small.save(path, optimize=True)


def main(program: Program, arguments: list[str] | None = None) -> int:
    """Run a program; exit status 1 where the versions differ by more than the tolerance."""
    parser = argparse.ArgumentParser(description=f"The program '{program.name}' of the gallery.")
    parser.add_argument("out", nargs="?", type=Path, default=HERE / "out", help="folder for the picture")
    parser.add_argument("--size", type=int, default=program.size, help="size of the problem")
    given = parser.parse_args(arguments)
    data = program.data(given.size)
    ours, theirs = program.hologram(data), program.numpy(data)
    apart = difference(ours, theirs)
    mine, numpys = best_of(program.rounds, lambda: program.hologram(data), lambda: program.numpy(data))
    save(program.draw(data, ours), given.out / f"{program.name}.png")
    agrees = apart <= program.tolerance
    print(
        f"{program.name}: {program.found(data, ours)}; {mine * 1e3:.1f} ms, NumPy {numpys * 1e3:.1f} ms; "
        f"{'agrees' if agrees else 'DIFFERS'} to {apart:.1e}"
    )
    return 0 if agrees else 1
