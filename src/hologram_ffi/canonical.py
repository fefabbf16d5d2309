"""The canonical form: every byte of a buffer is even. Clearing bits changes floats, 1.0 becomes 0.25."""

from __future__ import annotations

import numpy as np

from hologram.runtime.buffer import Buffer
from hologram.runtime.host import HostArray
from hologram_ffi.arguments import U8, U64, String
from hologram_ffi.canonical_kernels import any_low_bit, clear_low_bits
from hologram_ffi.exported import exported
from hologram_ffi.handles import buffers, executors
from hologram_ffi.json_text import parse_numbers
from hologram_ffi.transfers import write_all


def _bytes(buffer: Buffer) -> HostArray:
    """A buffer's bytes in place."""
    return buffer.numpy().view(np.uint8)


def _clear(buffer: Buffer) -> None:
    raw = _bytes(buffer)
    if raw.size:
        clear_low_bits(raw, raw.size, executor=buffer.executor)


@exported
def buffer_copy_from_canonical_slice(exec: U64, buf: U64, data_json: String) -> None:
    """Set all elements from a JSON array, then clear bit 0 of every byte.

    This changes most floats: 1.0 becomes 0.25, 0.5 becomes 0.125, 3.14159 becomes 3.1259041; 2, 3 and 100 stay.
    """
    buffer = buffers.of(executors[exec], buf)
    write_all(buffer, parse_numbers(data_json))
    _clear(buffer)


@exported
def buffer_canonicalize_all(exec: U64, buf: U64) -> None:
    """Clear bit 0 of every byte.

    This changes most floats: 1.0 becomes 0.25, 0.5 becomes 0.125, 3.14159 becomes 3.1259041; 2, 3 and 100 stay.
    """
    _clear(buffers.of(executors[exec], buf))


@exported
def buffer_verify_canonical(exec: U64, buf: U64) -> U8:
    """1 when every byte is even, else 0; most floats have odd bytes."""
    buffer = buffers.of(executors[exec], buf)
    raw, odd = _bytes(buffer), np.zeros(1, np.uint8)
    if raw.size:
        any_low_bit(raw, odd, raw.size, executor=buffer.executor)
    return int(not odd[0])
