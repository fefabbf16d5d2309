"""Histogram: lanes that meet in the same bin take turns, one atomic addition each.

histogram(x, counts, low, high): counts of len(counts) bins of equal width, as numpy.histogram counts.
"""

from hologram.language import DeviceArray, atomic_add, f32, get_global_id, i32, kernel, u32


@kernel
def histogram(x: DeviceArray[f32], counts: DeviceArray[u32], low: f32, high: f32):
    """counts[k] grows by the number of x in the k-th part of [low, high]; what lies outside is not counted."""
    i = get_global_id()
    if i < x.shape[0]:
        bins = counts.shape[0]
        if low <= x[i] <= high:
            k = i32((x[i] - low) / (high - low) * bins)
            atomic_add(counts, min(k, bins - 1), 1)  # the last bin has its right edge
