"""A five-point stencil: heat spreads over a plate whose border keeps its temperature.

step(now, next, rate), then step(next, now, rate), and so on.
"""

from hologram.language import DeviceArray, f32, get_global_id, kernel


@kernel
def step(now: DeviceArray[f32, 2], then: DeviceArray[f32, 2], rate: f32):
    """One step in time: each inner cell moves towards the mean of its four neighbours."""
    i, j = get_global_id(1), get_global_id(0)
    if i < then.shape[0] and j < then.shape[1]:
        here = now[i, j]
        if 0 < i < then.shape[0] - 1 and 0 < j < then.shape[1] - 1:
            here += rate * (now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1] - 4.0 * here)
        then[i, j] = here
