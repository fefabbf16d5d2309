"""Slope, aspect and hillshade of an elevation model, from Horn's 3x3 differences.

Rows run north to south, columns west to east; `dx` and `dy` are the cell's width and height in the unit of the
elevation. At the edge of the map the nearest row or column stands in for the missing one. `left`, `right`, `above`
and `below` are the weighted sums (1, 2, 1) of the three neighbours on that side.
"""

import math

from hologram.language import DeviceArray, atan, atan2, cos, f32, get_global_id, i16, kernel, sin, sqrt

DEGREES = 180.0 / math.pi
RADIANS = math.pi / 180.0


@kernel
def slope(z: DeviceArray[i16, 2], out: DeviceArray[f32, 2], dx: f32, dy: f32):
    """Steepness in degrees, from 0 (flat) to 90."""
    column, row = get_global_id(0), get_global_id(1)
    if row < out.shape[0] and column < out.shape[1]:
        north, south = max(row - 1, 0), min(row + 1, z.shape[0] - 1)
        west, east = max(column - 1, 0), min(column + 1, z.shape[1] - 1)
        left = f32(z[north, west]) + 2.0 * f32(z[row, west]) + f32(z[south, west])
        right = f32(z[north, east]) + 2.0 * f32(z[row, east]) + f32(z[south, east])
        above = f32(z[north, west]) + 2.0 * f32(z[north, column]) + f32(z[north, east])
        below = f32(z[south, west]) + 2.0 * f32(z[south, column]) + f32(z[south, east])
        rise_east, rise_south = (right - left) / (8.0 * dx), (below - above) / (8.0 * dy)
        out[row, column] = DEGREES * atan(sqrt(rise_east * rise_east + rise_south * rise_south))


@kernel
def aspect(z: DeviceArray[i16, 2], out: DeviceArray[f32, 2], dx: f32, dy: f32):
    """Compass direction a slope faces, in degrees clockwise from north; -1 where the ground is flat."""
    column, row = get_global_id(0), get_global_id(1)
    if row < out.shape[0] and column < out.shape[1]:
        north, south = max(row - 1, 0), min(row + 1, z.shape[0] - 1)
        west, east = max(column - 1, 0), min(column + 1, z.shape[1] - 1)
        left = f32(z[north, west]) + 2.0 * f32(z[row, west]) + f32(z[south, west])
        right = f32(z[north, east]) + 2.0 * f32(z[row, east]) + f32(z[south, east])
        above = f32(z[north, west]) + 2.0 * f32(z[north, column]) + f32(z[north, east])
        below = f32(z[south, west]) + 2.0 * f32(z[south, column]) + f32(z[south, east])
        rise_east, rise_south = (right - left) / (8.0 * dx), (below - above) / (8.0 * dy)
        # Downhill is (-rise_east) to the east and rise_south to the north.
        bearing = DEGREES * atan2(-rise_east, rise_south)
        bearing = bearing + 360.0 if bearing < 0.0 else bearing
        out[row, column] = -1.0 if rise_east == 0.0 and rise_south == 0.0 else bearing


@kernel
def hillshade(
    z: DeviceArray[i16, 2],
    out: DeviceArray[f32, 2],
    dx: f32,
    dy: f32,
    azimuth: f32 = 315.0,
    altitude: f32 = 45.0,
):
    """Brightness from 0 to 1 under a sun at compass direction `azimuth`, `altitude` degrees above the horizon."""
    column, row = get_global_id(0), get_global_id(1)
    if row < out.shape[0] and column < out.shape[1]:
        north, south = max(row - 1, 0), min(row + 1, z.shape[0] - 1)
        west, east = max(column - 1, 0), min(column + 1, z.shape[1] - 1)
        left = f32(z[north, west]) + 2.0 * f32(z[row, west]) + f32(z[south, west])
        right = f32(z[north, east]) + 2.0 * f32(z[row, east]) + f32(z[south, east])
        above = f32(z[north, west]) + 2.0 * f32(z[north, column]) + f32(z[north, east])
        below = f32(z[south, west]) + 2.0 * f32(z[south, column]) + f32(z[south, east])
        rise_east, rise_south = (right - left) / (8.0 * dx), (below - above) / (8.0 * dy)
        sun_east = cos(altitude * RADIANS) * sin(azimuth * RADIANS)
        sun_north = cos(altitude * RADIANS) * cos(azimuth * RADIANS)
        sun_up = sin(altitude * RADIANS)
        # Cosine of the angle between the sun and the surface normal (-rise_east, rise_south, 1).
        light = sun_up - rise_east * sun_east + rise_south * sun_north
        light = light / sqrt(rise_east * rise_east + rise_south * rise_south + 1.0)
        out[row, column] = max(light, 0.0)
