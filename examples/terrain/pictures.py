"""The maps as pictures: one a file, and all of them on one sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Style:
    """How one map is drawn: title, unit of its colour bar, colours and their range."""

    title: str
    unit: str
    colours: str
    low: float
    high: float
    ticks: tuple[float, ...] = ()


STYLES = {
    "slope": Style("Slope", "degrees", "magma", 0, 40),
    "aspect": Style(
        "Aspect (direction the slope faces)", "compass direction", "twilight", 0, 360, (0, 90, 180, 270, 360)
    ),
    "hillshade": Style("Hillshade (sun in the north-west, 45° high)", "brightness", "gray", 0, 1),
}
COMPASS = ("N", "E", "S", "W", "N")


def draw(z: Array, maps: Mapping[str, Array], extent: tuple[float, float, float, float], directory: Path) -> list[Path]:
    """Write slope.png, aspect.png, hillshade.png and terrain.png; gives their paths."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    paths = []
    for name, values in maps.items():
        figure, axes = plt.subplots(figsize=(8, 6.2), layout="constrained")
        _map(figure, axes, values, STYLES[name], extent)
        paths.append(_save(plt, figure, directory / f"{name}.png"))
    figure, grid = plt.subplots(2, 2, figsize=(11.5, 10), layout="constrained")
    relief = Style("Elevation over hillshade", "metres", "gist_earth", float(z.min()) - 150, float(z.max()) + 50)
    axes = grid[0, 0]
    axes.imshow(maps["hillshade"], cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto")
    _map(figure, axes, z, relief, extent, alpha=0.55)
    for axes, (name, values) in zip(grid.flat[1:], maps.items(), strict=True):
        _map(figure, axes, values, STYLES[name], extent)
    figure.suptitle("Jacksboro fault, Tennessee", fontsize=15)
    return [*paths, _save(plt, figure, directory / "terrain.png")]


def _map(figure: Any, axes: Any, values: Array, style: Style, extent: tuple[float, ...], alpha: float = 1.0) -> None:
    flat = np.ma.masked_less(values, style.low)
    image = axes.imshow(
        flat, cmap=style.colours, vmin=style.low, vmax=style.high, extent=extent, aspect="auto", alpha=alpha
    )
    bar = figure.colorbar(image, ax=axes, label=style.unit, shrink=0.9, ticks=style.ticks or None)
    if style.ticks:
        bar.ax.set_yticklabels(COMPASS)
    axes.set(title=style.title, xlabel="longitude (°)", ylabel="latitude (°)")
    axes.set_aspect(1.24)  # a degree of longitude is 0.81 degrees of latitude here


def _save(plt: Any, figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
