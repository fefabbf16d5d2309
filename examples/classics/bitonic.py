"""Bitonic sort: each block of 256 elements is sorted in shared memory.

sort_blocks(x)
"""

from hologram.language import DeviceArray, barrier, f32, get_global_id, kernel, lane_id, max, min, shared

BLOCK = 256


@kernel(block=BLOCK)
def sort_blocks(x: DeviceArray[f32]):
    """Each block of x in ascending order, larger and larger runs being merged.

    Runs of `size` alternate between rising and falling, so two neighbours together are bitonic: they rise, then fall.
    Comparing elements `stride` apart sorts such a sequence when stride goes from half its length down to one.
    """
    lane = lane_id()
    values = shared(f32, BLOCK)
    values[lane] = x[get_global_id()]
    barrier()
    size = 2
    while size <= BLOCK:
        stride = size // 2
        while stride > 0:
            mine, other = values[lane], values[lane ^ stride]
            barrier()
            rising = lane & size == 0
            first = lane & stride == 0
            values[lane] = min(mine, other) if rising == first else max(mine, other)
            barrier()
            stride //= 2
        size *= 2
    x[get_global_id()] = values[lane]
