"""Truth values live in predicates; a right side that loads is only reached when it counts."""

from hologram.language import DeviceArray, f32, get_global_id, i64, kernel, u8, u32, u64


@kernel
def mask(x: DeviceArray[f32], out: DeviceArray[u8], n: u32, invert: bool = False):
    i = get_global_id()
    inside = i < n and x[i] > 0.0
    if invert:
        inside = not inside
    if i < out.shape[0]:
        out[i] = u8(inside)


@kernel
def by_value(out: DeviceArray[u8], a: i64, b: u64):
    out[0] = 1 if a < b or a == 3 else 0
