"""What the programs share: command line, picture, the line they print, curves beside each other."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Study:
    """One program: `run` trains with the settings `full`, or `small` ones for a look; `holds` says what must be so."""

    name: str
    run: Callable[..., Any]
    draw: Callable[[Any], Any]
    found: Callable[[Any], str]
    holds: Callable[[Any], bool]
    full: dict[str, Any]
    small: dict[str, Any]


def save(figure: Any, path: Path) -> None:
    """Write a figure as a PNG of 256 colours."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256)
    small.save(path, optimize=True)


def apart(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest difference of two curves of losses."""
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


def curves(axes: Any, ours: Sequence[float], theirs: Sequence[float], names: Sequence[str], spacing: int = 1) -> None:
    """Two curves over steps, the second one as dots on the first."""
    every = max(1, len(theirs) // 40)
    steps = range(spacing, spacing * (len(ours) + 1), spacing)
    axes.plot(steps, ours, color="tab:blue", linewidth=1.8, label=names[0])
    axes.plot(steps[::every], theirs[::every], "o", color="tab:orange", markersize=4, alpha=0.8, label=names[1])
    axes.set(xlabel="step")
    axes.grid(alpha=0.3, which="both")
    axes.legend()


def main(study: Study, arguments: list[str] | None = None) -> int:
    """Run a program; exit status 1 where what must be so is not."""
    parser = argparse.ArgumentParser(description=f"The program '{study.name}'.")
    parser.add_argument("out", nargs="?", type=Path, default=HERE / "out", help="folder for the picture")
    parser.add_argument("--small", action="store_true", help="a few steps, for a look")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    result = study.run(**(study.small if given.small else study.full))
    seconds = time.perf_counter() - start
    save(study.draw(result), given.out / f"{study.name}.png")
    holds = study.holds(result)
    print(f"{study.name}: {study.found(result)}; {seconds:.1f} s{'' if holds else ' - NOT AS EXPECTED'}")
    return 0 if holds else 1
