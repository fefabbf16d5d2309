"""The elevation model of the demo: the Jacksboro fault, Tennessee, which ships with matplotlib."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

METRES_PER_DEGREE = 111_320.0  # of latitude, and of longitude at the equator


@dataclass(frozen=True)
class Model:
    """Elevation and cell size in metres, rows north to south; the map's west, east, south, north in degrees."""

    z: np.ndarray[Any, np.dtype[np.int16]]
    dx: float
    dy: float
    extent: tuple[float, float, float, float]


def load() -> Model:
    """Read the model; degrees become metres at the mean latitude of the map."""
    from matplotlib import cbook

    with cbook.get_sample_data("jacksboro_fault_dem.npz") as data:
        south, north = sorted((float(data["ymin"]), float(data["ymax"])))  # the file has them exchanged
        latitude = math.radians((south + north) / 2)
        return Model(
            z=np.ascontiguousarray(data["elevation"]),
            dx=METRES_PER_DEGREE * float(data["dx"]) * math.cos(latitude),
            dy=METRES_PER_DEGREE * float(data["dy"]),
            extent=(float(data["xmin"]), float(data["xmax"]), south, north),
        )
