"""Tensors by handle: views of a buffer's memory by shape, strides and offset, and what makes new ones."""

from __future__ import annotations

from hologram.tensors import Tensor, broadcast_shapes
from hologram_ffi.arguments import I32, U8, U32, U64, String
from hologram_ffi.errors import InternalError
from hologram_ffi.exported import exported
from hologram_ffi.handles import buffers, executors, tensors
from hologram_ffi.json_text import parse_lengths, write_lengths


@exported
def tensor_from_buffer(buffer: U64, shape_json: String) -> U64:
    """The first elements of a buffer in row-major order, sharing its memory; both handles stay good."""
    return tensors.add(Tensor.from_buffer(buffers[buffer], parse_lengths(shape_json)))


@exported
def tensor_from_buffer_with_strides(buffer: U64, shape_json: String, strides_json: String) -> U64:
    """A buffer's elements that many apart on each axis, sharing its memory; both handles stay good."""
    shape, strides = parse_lengths(shape_json), parse_lengths(strides_json)
    return tensors.add(Tensor.from_buffer_with_strides(buffers[buffer], shape, strides))


@exported
def tensor_shape(tensor: U64) -> String:
    """Lengths along each axis, as a JSON array."""
    return write_lengths(tensors[tensor].shape)


@exported
def tensor_strides(tensor: U64) -> String:
    """Elements from one to the next along each axis, as a JSON array."""
    return write_lengths(tensors[tensor].strides)


@exported
def tensor_offset(tensor: U64) -> U32:
    """The place of the first element in the buffer, in elements."""
    return tensors[tensor].offset


@exported
def tensor_ndim(tensor: U64) -> U32:
    """Number of axes."""
    return tensors[tensor].ndim


@exported
def tensor_numel(tensor: U64) -> U32:
    """Number of elements."""
    return tensors[tensor].size


@exported
def tensor_is_contiguous(tensor: U64) -> U8:
    """1 where the elements follow each other in row-major order, whatever the offset, else 0."""
    return int(tensors[tensor].is_contiguous())


@exported
def tensor_contiguous(exec: U64, tensor: U64) -> U64:
    """A contiguous tensor is viewed as it stands, another one is copied to a new buffer."""
    executor = executors[exec]
    return tensors.add(tensors.of(executor, tensor).contiguous(executor))


@exported
def tensor_transpose(tensor: U64) -> U64:
    """A view of a matrix with its two axes exchanged."""
    given = tensors[tensor]
    if given.ndim != 2:
        raise InternalError(f"transpose takes a matrix, the tensor has shape {given.shape}; use tensor_permute")
    return tensors.add(given.permute(1, 0))


@exported
def tensor_view_1d(tensor: U64) -> U64:
    """A view of all elements of a contiguous tensor along one axis."""
    return tensors.add(tensors[tensor].view_1d())


@exported
def tensor_reshape(exec: U64, tensor: U64, new_shape_json: String) -> U64:
    """Another shape for the same elements: a view where strides can say it, else a packed copy."""
    executor = executors[exec]
    return tensors.add(tensors.of(executor, tensor).reshape(executor, parse_lengths(new_shape_json)))


@exported
def tensor_permute(tensor: U64, dims_json: String) -> U64:
    """A view with the axes in another order."""
    return tensors.add(tensors[tensor].permute(parse_lengths(dims_json)))


@exported
def tensor_select(tensor: U64, dim: U32, index: U32) -> U64:
    """A view of the part at one index of an axis, without the axis."""
    return tensors.add(tensors[tensor].select(dim, index))


@exported
def tensor_narrow(tensor: U64, dim: U32, start: U32, length: U32) -> U64:
    """A view of `length` indices of an axis from `start`, all of which must exist."""
    return tensors.add(tensors[tensor].narrow(dim, start, length))


def _given(value: int) -> int | None:
    return None if value < 0 else value


@exported
def tensor_slice(tensor: U64, dim: U32, start: I32, end: I32, step: I32) -> U64:
    """A view of every `step`-th index of an axis from `start`, which must exist, to before `end`.

    Any negative number means "not given": the whole axis, step 1.
    """
    return tensors.add(tensors[tensor].slice(dim, _given(start), _given(end), _given(step)))


@exported
def tensor_matmul(exec: U64, a: U64, b: U64) -> U64:
    """The product of two matrices, in a new buffer."""
    executor = executors[exec]
    return tensors.add(tensors.of(executor, a).matmul(executor, tensors.of(executor, b)))


@exported
def tensor_is_broadcast_compatible_with(a: U64, b: U64) -> U8:
    """1 where the shapes of both agree by NumPy's rule, else 0."""
    return int(tensors[a].is_broadcast_compatible_with(tensors[b]))


@exported
def tensor_broadcast_shapes(a_shape_json: String, b_shape_json: String) -> String:
    """The shape that two shapes have together by NumPy's rule; fails where they have none."""
    return write_lengths(broadcast_shapes(parse_lengths(a_shape_json), parse_lengths(b_shape_json)))


@exported
def tensor_buffer(tensor: U64) -> U64:
    """The handle of the buffer under a tensor; a new one where that has none, as after a product."""
    return buffers.add(tensors[tensor].buffer)


@exported
def tensor_cleanup(tensor: U64) -> None:
    """Forget a tensor; memory that nothing else uses is freed.

    An unknown handle is harmless; the log gets a warning.
    """
    tensors.drop(tensor)
