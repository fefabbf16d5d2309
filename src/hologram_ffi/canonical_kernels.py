"""Kernels of the canonical form: bytes whose lowest bit is 0."""

from hologram.language import DeviceArray, get_global_id, grid_max, kernel, u8, u64


@kernel
def clear_low_bits(x: DeviceArray[u8], n: u64) -> None:
    """x[i] = x[i] without bit 0, for i < n."""
    i = get_global_id()
    if i < n:
        x[i] = x[i] & u8(254)


@kernel
def any_low_bit(x: DeviceArray[u8], result: DeviceArray[u8], n: u64) -> None:
    """result[0] = 1 where bit 0 of any x[i], i < n, is 1, else 0."""
    i = get_global_id()
    if i < n:
        grid_max(x[i] & u8(1), result, 0)
