"""Inclusive scan: y[i] = x[0] + … + x[i], block by block.

scan_blocks leaves the sum of each block in `totals`; with the totals scanned in turn (by the same kernel, as often as
it takes), add_totals puts each block on top of those before it.
"""

from hologram.language import DeviceArray, barrier, block_id, f32, get_global_id, kernel, lane_id, shared

BLOCK = 256


@kernel(block=BLOCK)
def scan_blocks(x: DeviceArray[f32], y: DeviceArray[f32], totals: DeviceArray[f32]):
    """Sums within each block: in step k every lane adds what the lane 2**k places before it has."""
    i, lane = get_global_id(), lane_id()
    sums = shared(f32, BLOCK)
    n = x.shape[0]
    sums[lane] = x[i] if i < n else 0.0
    barrier()
    distance = 1
    while distance < BLOCK:
        before = sums[lane - distance] if lane >= distance else 0.0
        barrier()  # everyone has read, now everyone writes
        sums[lane] += before
        barrier()
        distance *= 2
    if i < n:
        y[i] = sums[lane]
    if lane == BLOCK - 1:
        totals[block_id()] = sums[lane]


@kernel(block=BLOCK)
def add_totals(y: DeviceArray[f32], totals: DeviceArray[f32]):
    """Each block but the first grows by the scanned total of all blocks before it."""
    i = get_global_id()
    if i < y.shape[0] and block_id() > 0:
        y[i] += totals[block_id() - 1]
