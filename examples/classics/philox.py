"""Random numbers that need no state: the k-th is a function of a key and k (Philox 4×64, ten rounds).

philox(out, key0, key1): out, of shape (n, 4), is numpy.random.Philox(key=[key0, key1]).random_raw(4 * n), four a row.
"""

from hologram.language import DeviceArray, device, get_global_id, kernel, u64

LOW = 0xFFFFFFFF


@device
def high(a: u64, b: u64) -> u64:
    """The upper half of the 128-bit product, from the four products of halves."""
    a0, a1, b0, b1 = a & LOW, a >> 32, b & LOW, b >> 32
    middle = a1 * b0 + (a0 * b0 >> 32)
    other = a0 * b1 + (middle & LOW)
    return a1 * b1 + (middle >> 32) + (other >> 32)


@kernel
def philox(out: DeviceArray[u64, 2], key0: u64, key1: u64):
    """Row i is the counter i + 1 (NumPy counts before it draws), scrambled ten times."""
    i = get_global_id()
    if i < out.shape[0]:
        a, b, c, d = u64(i + 1), u64(0), u64(0), u64(0)
        for _ in range(10):
            above, below = high(0xCA5A826395121157, c), high(0xD2E7470EE14C6C93, a)
            a, b, c, d = above ^ b ^ key0, 0xCA5A826395121157 * c, below ^ d ^ key1, 0xD2E7470EE14C6C93 * a
            key0 += 0x9E3779B97F4A7C15
            key1 += 0xBB67AE8584CAA73B
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = a, b, c, d
