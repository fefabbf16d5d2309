# Values loaded under a condition and used after their cell is written (found by seed 1003233 of kernels.py): LLVM 22
# moved such loads past the stores.
# lanes: 45 3 1
# grid: 1 3 1
# block: 256 1 1
# seed: 7
# strided: 0
from hologram.language import DeviceArray, f32, get_global_id, i32, kernel, u8


@kernel
def exchange(
    cube_i32: DeviceArray[i32, 2],
    cube2_i32: DeviceArray[i32, 2],
    cube_f32: DeviceArray[f32, 2],
    cube2_f32: DeviceArray[f32, 2],
    cube_u8: DeviceArray[u8, 2],
) -> None:
    i = get_global_id(0)
    j = get_global_id(1)
    total = i32(i)
    kept = i32(-1)
    weight = f32(i)
    wide = i32(5)
    if cube2_i32[j, i] > total:
        found = cube_i32[j, i]
        cube_i32[j, i] = i32(9)
        total = total * found
        part = cube_f32[j, i]
        cube_f32[j, i] = f32(2.0)
        weight = part
        byte = cube_u8[j, i]
        cube_u8[j, i] = u8(1)
        wide = i32(byte)
        if cube2_f32[j, i] > f32(0.0):
            inner = cube2_i32[j, i]
            cube2_i32[j, i] = i32(4)
            kept = inner
    cube_i32[j, i] += total + kept * wide
    cube2_f32[j, i] = weight
