"""The Mandelbrot set: lanes leave the loop one by one, as their points escape.

mandelbrot(rounds, -2.0, -1.2, 0.01)
"""

from hologram.language import DeviceArray, f64, get_global_id, i32, kernel

LIMIT = 200


@kernel
def mandelbrot(rounds: DeviceArray[i32, 2], left: f64, bottom: f64, pixel: f64):
    """rounds[i, j]: how often z*z + c stays within a distance of 2, up to LIMIT, c being the point of the pixel."""
    i, j = get_global_id(1), get_global_id(0)
    if i < rounds.shape[0] and j < rounds.shape[1]:
        re, im = left + j * pixel, bottom + i * pixel
        x, y = f64(0.0), f64(0.0)
        count = 0
        while count < LIMIT and x * x + y * y <= 4.0:
            x, y = x * x - y * y + re, 2.0 * x * y + im
            count += 1
        rounds[i, j] = count
