"""Matrix product in tiles: each block computes 16 × 16 elements of c and reads a and b through shared memory.

matmul(a, b, c)
"""

from hologram.language import DeviceArray, barrier, f32, get_global_id, kernel, lane_id, shared

TILE = 16


@kernel(block=(16, 16))
def matmul(a: DeviceArray[f32, 2], b: DeviceArray[f32, 2], c: DeviceArray[f32, 2]):
    """c = a @ b"""
    column, row = get_global_id(0), get_global_id(1)
    x, y = lane_id(0), lane_id(1)
    rows, columns, depth = c.shape[0], c.shape[1], a.shape[1]
    # Each lane fetches one element of a tile, and all lanes of the block read all of it.
    tile_a = shared(f32, TILE * TILE)
    tile_b = shared(f32, TILE * TILE)
    total = 0.0
    for first in range(0, depth, TILE):
        tile_a[y * TILE + x] = a[row, first + x] if row < rows and first + x < depth else 0.0
        tile_b[y * TILE + x] = b[first + y, column] if column < columns and first + y < depth else 0.0
        barrier()  # the tiles are full
        for k in range(TILE):
            total += tile_a[y * TILE + k] * tile_b[k * TILE + x]
        barrier()  # everyone has read them: they may be filled again
    if row < rows and column < columns:
        c[row, column] = total
