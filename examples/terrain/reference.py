"""The same three maps in NumPy, in single precision: what a careful user would write without Hologram."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float32]]


def gradient(z: np.ndarray[Any, np.dtype[np.int16]], dx: float, dy: float) -> tuple[Array, Array]:
    """Rise to the east and to the south by Horn's differences; the edge rows and columns are repeated."""
    p = np.pad(z, 1, mode="edge").astype(np.float32)
    columns = p[:-2] + np.float32(2) * p[1:-1] + p[2:]
    rows = p[:, :-2] + np.float32(2) * p[:, 1:-1] + p[:, 2:]
    east = (columns[:, 2:] - columns[:, :-2]) / np.float32(8 * dx)
    south = (rows[2:] - rows[:-2]) / np.float32(8 * dy)
    return east, south


def slope(z: np.ndarray[Any, Any], dx: float, dy: float) -> Array:
    """Steepness in degrees."""
    east, south = gradient(z, dx, dy)
    return np.degrees(np.arctan(np.sqrt(east * east + south * south)))


def aspect(z: np.ndarray[Any, Any], dx: float, dy: float) -> Array:
    """Compass direction downhill in degrees, -1 where flat."""
    east, south = gradient(z, dx, dy)
    bearing = np.degrees(np.arctan2(-east, south))
    bearing[bearing < 0] += 360
    bearing[(east == 0) & (south == 0)] = -1
    return bearing


def hillshade(z: np.ndarray[Any, Any], dx: float, dy: float, azimuth: float = 315.0, altitude: float = 45.0) -> Array:
    """Brightness from 0 to 1."""
    east, south = gradient(z, dx, dy)
    azimuth, altitude = np.radians(azimuth), np.radians(altitude)
    light = (
        np.float32(np.sin(altitude))
        - east * np.float32(np.cos(altitude) * np.sin(azimuth))
        + south * np.float32(np.cos(altitude) * np.cos(azimuth))
    )
    return np.maximum(light / np.sqrt(east * east + south * south + np.float32(1)), np.float32(0))


def difference(name: str, ours: Array, theirs: Array) -> float:
    """Largest difference; directions are compared on the circle, and flat cells must agree."""
    if name != "aspect":
        return float(np.abs(ours - theirs).max())
    flat = ours < 0
    if not np.array_equal(flat, theirs < 0):
        return float("inf")
    gap = np.abs(ours - theirs)[~flat]
    return float(np.minimum(gap, 360 - gap).max(initial=0))
