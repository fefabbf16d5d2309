"""Conway's Game of Life on a torus.

generation(now, next)
"""

from hologram.language import DeviceArray, get_global_id, i32, kernel, u8


@kernel
def generation(now: DeviceArray[u8, 2], then: DeviceArray[u8, 2]):
    """A cell is alive with three living neighbours, or with two if it was alive; edges meet on the other side."""
    i, j = get_global_id(1), get_global_id(0)
    if i < then.shape[0] and j < then.shape[1]:
        height, width = now.shape[0], now.shape[1]
        neighbours = 0
        for down in range(-1, 2):
            for right in range(-1, 2):
                neighbours += i32(now[(i + down) % height, (j + right) % width])
        alive = now[i, j] == 1
        neighbours -= 1 if alive else 0
        then[i, j] = 1 if neighbours == 3 or (alive and neighbours == 2) else 0
