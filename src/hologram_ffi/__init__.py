"""Hologram as plain functions: integers for executors, buffers and tensors, JSON text and bytes for data.

The flat interface of the original library, for programs that were written against it: every name, the order of
arguments, handles that are never used twice. Elements are f32. Whatever goes wrong raises `InternalError`; an argument
of a wrong type raises a TypeError, one out of range a ValueError.
"""

from hologram_ffi.activations import sigmoid_f32, tanh_f32
from hologram_ffi.arithmetic import vector_add_f32, vector_mul_f32, vector_relu_f32
from hologram_ffi.buffers import (
    buffer_class_index,
    buffer_cleanup,
    buffer_element_size,
    buffer_is_boundary,
    buffer_is_empty,
    buffer_is_linear,
    buffer_length,
    buffer_pool,
    buffer_size_bytes,
    executor_allocate_boundary_buffer,
    executor_allocate_buffer,
)
from hologram_ffi.canonical import (
    buffer_canonicalize_all,
    buffer_copy_from_canonical_slice,
    buffer_verify_canonical,
)
from hologram_ffi.errors import InternalError
from hologram_ffi.executors import executor_cleanup, new_executor, new_executor_auto, new_executor_with_backend
from hologram_ffi.matrices import gemm_f32, matvec_f32
from hologram_ffi.reductions import reduce_sum_f32
from hologram_ffi.registry import clear_all_registries, get_version
from hologram_ffi.tensors import (
    tensor_broadcast_shapes,
    tensor_buffer,
    tensor_cleanup,
    tensor_contiguous,
    tensor_from_buffer,
    tensor_from_buffer_with_strides,
    tensor_is_broadcast_compatible_with,
    tensor_is_contiguous,
    tensor_matmul,
    tensor_narrow,
    tensor_ndim,
    tensor_numel,
    tensor_offset,
    tensor_permute,
    tensor_reshape,
    tensor_select,
    tensor_shape,
    tensor_slice,
    tensor_strides,
    tensor_transpose,
    tensor_view_1d,
)
from hologram_ffi.transfers import (
    buffer_as_mut_ptr,
    buffer_as_ptr,
    buffer_copy,
    buffer_copy_from_bytes,
    buffer_copy_from_slice,
    buffer_copy_to_slice,
    buffer_fill,
    buffer_to_bytes,
    buffer_to_vec,
)

__all__ = [
    "InternalError",
    "buffer_as_mut_ptr",
    "buffer_as_ptr",
    "buffer_canonicalize_all",
    "buffer_class_index",
    "buffer_cleanup",
    "buffer_copy",
    "buffer_copy_from_bytes",
    "buffer_copy_from_canonical_slice",
    "buffer_copy_from_slice",
    "buffer_copy_to_slice",
    "buffer_element_size",
    "buffer_fill",
    "buffer_is_boundary",
    "buffer_is_empty",
    "buffer_is_linear",
    "buffer_length",
    "buffer_pool",
    "buffer_size_bytes",
    "buffer_to_bytes",
    "buffer_to_vec",
    "buffer_verify_canonical",
    "clear_all_registries",
    "executor_allocate_boundary_buffer",
    "executor_allocate_buffer",
    "executor_cleanup",
    "gemm_f32",
    "get_version",
    "matvec_f32",
    "new_executor",
    "new_executor_auto",
    "new_executor_with_backend",
    "reduce_sum_f32",
    "sigmoid_f32",
    "tanh_f32",
    "tensor_broadcast_shapes",
    "tensor_buffer",
    "tensor_cleanup",
    "tensor_contiguous",
    "tensor_from_buffer",
    "tensor_from_buffer_with_strides",
    "tensor_is_broadcast_compatible_with",
    "tensor_is_contiguous",
    "tensor_matmul",
    "tensor_narrow",
    "tensor_ndim",
    "tensor_numel",
    "tensor_offset",
    "tensor_permute",
    "tensor_reshape",
    "tensor_select",
    "tensor_shape",
    "tensor_slice",
    "tensor_strides",
    "tensor_transpose",
    "tensor_view_1d",
    "vector_add_f32",
    "vector_mul_f32",
    "vector_relu_f32",
]
