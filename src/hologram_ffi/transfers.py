"""What goes into buffers and comes out: JSON text, bytes, fills, copies, addresses."""

from __future__ import annotations

from hologram.errors import HologramError
from hologram.runtime.buffer import Buffer
from hologram.runtime.host import HostArray
from hologram_ffi.arguments import F32, U32, U64, Data, Raw, String
from hologram_ffi.errors import InternalError
from hologram_ffi.exported import exported
from hologram_ffi.handles import buffers, executors
from hologram_ffi.json_text import parse_numbers, write_numbers
from hologram_ffi.launches import holding


def write_all(buffer: Buffer, values: HostArray) -> None:
    """Set all elements; raises InternalError for another number of values."""
    if values.size != buffer.size:
        raise InternalError(f"Buffer size mismatch: expected {buffer.size} elements, got {values.size}")
    buffer.from_numpy(values)


@exported
def buffer_copy_from_slice(exec: U64, buf: U64, data_json: String) -> None:
    """Set all elements from a JSON array of as many numbers; NaN, Infinity and -Infinity are numbers here."""
    write_all(buffers.of(executors[exec], buf), parse_numbers(data_json))


@exported
def buffer_to_vec(exec: U64, buf: U64) -> String:
    """All elements as a JSON array; NaN and infinities are written NaN, Infinity and -Infinity."""
    return write_numbers(buffers.of(executors[exec], buf).numpy())


@exported
def buffer_copy_to_slice(exec: U64, buf: U64) -> String:
    """The same as `buffer_to_vec`."""
    return write_numbers(buffers.of(executors[exec], buf).numpy())


@exported
def buffer_fill(exec: U64, buf: U64, value: F32, len: U32) -> None:
    """Set the first `len` elements to a value."""
    holding(executors[exec], buf, len)[:len].fill(value)


@exported
def buffer_copy(exec: U64, src: U64, dst: U64, len: U32) -> None:
    """Copy the first `len` elements of one buffer to another."""
    executor = executors[exec]
    holding(executor, dst, len)[:len].copy_from(holding(executor, src, len)[:len])


@exported
def buffer_copy_from_bytes(exec: U64, buf: U64, data_bytes: Data) -> None:
    """Set all elements from their bytes: bytes, bytearray or memoryview, f32 in this machine's order."""
    buffer = buffers.of(executors[exec], buf)
    if len(data_bytes) != buffer.nbytes:
        raise InternalError(f"Data size mismatch: expected {buffer.nbytes} bytes, got {len(data_bytes)}")
    buffer.from_bytes(data_bytes)


@exported
def buffer_to_bytes(exec: U64, buf: U64) -> Raw:
    """All elements as bytes: f32 in this machine's order."""
    return buffers.of(executors[exec], buf).to_bytes()


def _address(exec: int, buf: int) -> int:
    try:
        return int(buffers.of(executors[exec], buf).numpy().ctypes.data)
    except HologramError:
        return 0


@exported
def buffer_as_ptr(exec: U64, buf: U64) -> U64:
    """The address of the first element, good while the buffer's handle is; 0 for unknown handles."""
    return _address(exec, buf)


@exported
def buffer_as_mut_ptr(exec: U64, buf: U64) -> U64:
    """The address of the first element, to write through; good while the buffer's handle is, 0 for unknown handles."""
    return _address(exec, buf)
