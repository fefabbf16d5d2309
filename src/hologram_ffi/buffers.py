"""Buffers of f32 by handle: made, asked about, forgotten."""

from __future__ import annotations

from hologram_ffi.arguments import U8, U32, U64, String
from hologram_ffi.exported import exported
from hologram_ffi.handles import buffers, executors


@exported
def executor_allocate_buffer(executor_handle: U64, len: U32) -> U64:
    """A new buffer of zeros; there may be as many as fit the memory."""
    return buffers.add(executors[executor_handle].allocate(len, "f32"))


@exported
def executor_allocate_boundary_buffer(executor_handle: U64, _class: U8, width: U32, height: U32) -> U64:
    """The first width·height bytes of a class of the boundary pool, as width·height/4 elements.

    Fails outside class 0 … 95, width 1 … 48, height 1 … 256, and while another buffer holds the class.
    """
    return buffers.add(executors[executor_handle].allocate_boundary(_class, width, height, "f32"))


@exported
def buffer_length(buf: U64) -> U32:
    """Number of elements."""
    return buffers[buf].size


@exported
def buffer_is_empty(buf: U64) -> U8:
    """1 for a buffer without elements, else 0."""
    return int(buffers[buf].size == 0)


@exported
def buffer_is_linear(buf: U64) -> U8:
    """1 for a buffer with memory of its own, else 0."""
    return int(not buffers[buf].is_boundary)


@exported
def buffer_is_boundary(buf: U64) -> U8:
    """1 for a place in the boundary pool, else 0."""
    return int(buffers[buf].is_boundary)


@exported
def buffer_pool(buf: U64) -> String:
    """Where the memory is: "linear" or "boundary"."""
    return "boundary" if buffers[buf].is_boundary else "linear"


@exported
def buffer_element_size(buf: U64) -> U32:
    """Bytes of an element: 4."""
    return buffers[buf].type.size


@exported
def buffer_size_bytes(buf: U64) -> U32:
    """Bytes of all elements."""
    return buffers[buf].nbytes


@exported
def buffer_class_index(buf: U64) -> U8:
    """The class of a boundary buffer; linear ones count through 0 … 95 as their executor allocates them.

    The number of a linear buffer is no place: it shares no memory with the class.
    """
    return buffers.class_of(buf)


@exported
def buffer_cleanup(buf: U64) -> None:
    """Forget a buffer; its memory is freed with it, or with the last tensor over it.

    An unknown handle is harmless; the log gets a warning.
    """
    buffers.drop(buf)
