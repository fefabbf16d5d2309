# Lanes leave the loop one by one.
# lanes: 100 20 1
# grid: 1 20 1
# block: 256 1 1
# seed: 2
# strided: 0
from hologram.language import DeviceArray, f32, get_global_id, i32, kernel


@kernel
def mandelbrot(cube_rounds: DeviceArray[i32, 2]):
    i = get_global_id(0)
    j = get_global_id(1)
    if i < cube_rounds.shape[1] and j < cube_rounds.shape[0]:
        cx = -2.0 + 0.025 * f32(i)
        cy = -1.2 + 0.12 * f32(j)
        x = 0.0
        y = 0.0
        rounds = 0
        while rounds < 60 and x * x + y * y < 4.0:
            x, y = x * x - y * y + cx, 2.0 * x * y + cy
            rounds += 1
        cube_rounds[j, i] = rounds
