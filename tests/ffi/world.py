"""A small world of handles, and for every flat function a good call in it with what must come of that."""

from __future__ import annotations

import ctypes
import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import hologram
import hologram_ffi as ffi
from hologram_ffi.exported import SIGNATURES
from hologram_ffi.handles import buffers, executors, tensors

A = [1.0, -2.0, 3.0, -4.0, 0.5, 6.0]
B = [2.0, 4.0, -1.0, 8.0, 0.25, 3.0]
LIKELY = [0.1, 0.2, 0.3, 0.4, 0.7, 0.7]
SURE = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
KEPT = 99.0
"""What the cells of the output hold before a call, and those that the call must leave alone after it."""
N = 4
"""The `len` of calls: less than the buffers have."""


class World:
    """An executor with two inputs, an output of eight cells, and tensors of the shapes [2,3] and [3,2]."""

    def __init__(self, backend: str = "cpu") -> None:
        self.exec = ffi.new_executor_with_backend(backend)
        self.a, self.b, self.likely, self.sure = map(self.buffer, (A, B, LIKELY, SURE))
        self.out = self.buffer([KEPT] * 8)
        self.tensor = ffi.tensor_from_buffer(self.a, "[2,3]")
        self.other = ffi.tensor_from_buffer(self.b, "[3,2]")

    def buffer(self, values: list[float]) -> int:
        """A new buffer with these values."""
        made = ffi.executor_allocate_buffer(self.exec, len(values))
        ffi.buffer_copy_from_slice(self.exec, made, json.dumps(values))
        return made

    def read(self, buf: int) -> list[float]:
        """What a buffer holds."""
        found = json.loads(ffi.buffer_to_vec(self.exec, buf))
        assert isinstance(found, list)
        return found

    def elements(self, tensor: int) -> list[float]:
        """What a tensor holds, in row-major order."""
        packed = ffi.tensor_contiguous(self.exec, tensor)
        start, count = ffi.tensor_offset(packed), ffi.tensor_numel(packed)
        return self.read(ffi.tensor_buffer(packed))[start : start + count]


Check = Callable[[World, Any], None]


@dataclass(frozen=True)
class Good:
    """Arguments that a function takes, and a check of what it gave and did."""

    arguments: Callable[[World], tuple[Any, ...]]
    check: Check


def gives(value: Any) -> Check:
    """The call gives this."""

    def check(world: World, result: Any) -> None:
        assert type(result) is type(value)
        assert result == pytest.approx(value)

    return check


def gives_new(registry: Any) -> Check:
    """The call gives a handle that was not there before."""

    def check(world: World, result: Any) -> None:
        assert result in registry
        assert result > world.other

    return check


def gives_tensor(shape: list[int], values: list[float]) -> Check:
    """The call gives a new tensor with these elements."""

    def check(world: World, result: Any) -> None:
        assert result > world.other
        assert json.loads(ffi.tensor_shape(result)) == shape
        assert world.elements(result) == values

    return check


def leaves(buffer: str, values: list[float]) -> Check:
    """The call gives nothing and leaves these values in a buffer."""

    def check(world: World, result: Any) -> None:
        assert result is None
        assert world.read(getattr(world, buffer)) == pytest.approx(values, abs=1e-7)  # a rounding of f32 near 1

    return check


def stores(value: float) -> Check:
    """The call gives a number, and stores it in the first cell of the output alone."""

    def check(world: World, result: Any) -> None:
        assert type(result) is float
        assert result == pytest.approx(value)
        assert world.read(world.out) == [pytest.approx(result), *[KEPT] * 7]

    return check


def forgets(registry: Any, handle: str) -> Check:
    """The call gives nothing, and the handle is unknown afterwards."""

    def check(world: World, result: Any) -> None:
        assert result is None
        assert getattr(world, handle) not in registry

    return check


def _points(world: World, address: Any) -> None:
    assert list((ctypes.c_float * len(A)).from_address(address)) == A


def _ends(world: World, result: Any) -> None:
    assert result is None
    assert world.exec not in executors and world.a not in buffers and world.tensor not in tensors


def _is_canonical(world: World, result: Any) -> None:
    assert result is None
    assert ffi.buffer_verify_canonical(world.exec, world.a) == 1
    assert world.read(world.a)[0] == 0.25


def _binary(formula: Callable[[float, float], float]) -> Good:
    return Good(
        lambda w: (w.exec, w.a, w.b, w.out, N),
        leaves("out", [formula(x, y) for x, y in zip(A[:N], B[:N], strict=True)] + [KEPT] * 4),
    )


def _unary(formula: Callable[[float], float], *numbers: float) -> Good:
    return Good(
        lambda w: (w.exec, w.a, w.out, N, *numbers),
        leaves("out", [formula(x) for x in A[:N]] + [KEPT] * 4),
    )


def _reduction(value: float) -> Good:
    return Good(lambda w: (w.exec, w.a, w.out, N), stores(value))


def _loss(value: float) -> Good:
    return Good(lambda w: (w.exec, w.likely, w.sure, w.out, N), stores(value))


def _of_buffer(value: Any) -> Good:
    return Good(lambda w: (w.a,), gives(value))


def _of_tensor(value: Any) -> Good:
    return Good(lambda w: (w.tensor,), gives(value))


def _gelu(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


_SHIFTED = [math.exp(x - 3) for x in A[:N]]
_PACKED = struct.pack("=6f", *A)
_TEXT = "[1.0,-2.0,3.0,-4.0,0.5,6.0]"
_ENTROPY = -math.log(0.4) / N
_BOTH = (-math.log(0.9) - math.log(0.8) - math.log(0.7) - math.log(0.4)) / N

CALLS: dict[str, Good] = {
    "new_executor": Good(lambda w: (), gives_new(executors)),
    "new_executor_with_backend": Good(lambda w: ("CPU",), gives_new(executors)),
    "new_executor_auto": Good(lambda w: (), gives_new(executors)),
    "executor_cleanup": Good(lambda w: (w.exec,), _ends),
    "executor_allocate_buffer": Good(lambda w: (w.exec, 10), gives_new(buffers)),
    "executor_allocate_boundary_buffer": Good(lambda w: (w.exec, 5, 48, 256), gives_new(buffers)),
    "buffer_length": _of_buffer(6),
    "buffer_is_empty": _of_buffer(0),
    "buffer_is_linear": _of_buffer(1),
    "buffer_is_boundary": _of_buffer(0),
    "buffer_pool": _of_buffer("linear"),
    "buffer_element_size": _of_buffer(4),
    "buffer_size_bytes": _of_buffer(24),
    "buffer_class_index": Good(lambda w: (w.b,), gives(1)),
    "buffer_copy_from_slice": Good(lambda w: (w.exec, w.a, "[0, 1, 2, 3, 4, 5]"), leaves("a", [0, 1, 2, 3, 4, 5])),
    "buffer_to_vec": Good(lambda w: (w.exec, w.a), gives(_TEXT)),
    "buffer_copy_to_slice": Good(lambda w: (w.exec, w.a), gives(_TEXT)),
    "buffer_fill": Good(lambda w: (w.exec, w.out, 7.0, 3), leaves("out", [7.0] * 3 + [KEPT] * 5)),
    "buffer_copy": Good(lambda w: (w.exec, w.a, w.out, 3), leaves("out", A[:3] + [KEPT] * 5)),
    "buffer_copy_from_canonical_slice": Good(lambda w: (w.exec, w.a, "[1, 2, 3, 4, 5, 6]"), _is_canonical),
    "buffer_canonicalize_all": Good(lambda w: (w.exec, w.a), _is_canonical),
    "buffer_verify_canonical": Good(lambda w: (w.exec, w.a), gives(0)),
    "buffer_cleanup": Good(lambda w: (w.a,), forgets(buffers, "a")),
    "buffer_copy_from_bytes": Good(lambda w: (w.exec, w.b, _PACKED), leaves("b", A)),
    "buffer_to_bytes": Good(lambda w: (w.exec, w.a), gives(_PACKED)),
    "buffer_as_ptr": Good(lambda w: (w.exec, w.a), _points),
    "buffer_as_mut_ptr": Good(lambda w: (w.exec, w.a), _points),
    "vector_add_f32": _binary(lambda x, y: x + y),
    "vector_sub_f32": _binary(lambda x, y: x - y),
    "vector_mul_f32": _binary(lambda x, y: x * y),
    "vector_div_f32": _binary(lambda x, y: x / y),
    "vector_min_f32": _binary(min),
    "vector_max_f32": _binary(max),
    "vector_abs_f32": _unary(abs),
    "vector_neg_f32": _unary(lambda x: -x),
    "vector_relu_f32": _unary(lambda x: max(x, 0)),
    "vector_clip_f32": _unary(lambda x: min(max(x, -1.5), 2.5), -1.5, 2.5),
    "scalar_add_f32": _unary(lambda x: x + 2.5, 2.5),
    "scalar_mul_f32": _unary(lambda x: x * 2.5, 2.5),
    "reduce_sum_f32": _reduction(-2.0),
    "reduce_min_f32": _reduction(-4.0),
    "reduce_max_f32": _reduction(3.0),
    "sigmoid_f32": _unary(lambda x: 1 / (1 + math.exp(-x))),
    "tanh_f32": _unary(math.tanh),
    "gelu_f32": _unary(_gelu),
    "softmax_f32": _unary(lambda x: math.exp(x - 3) / sum(_SHIFTED)),
    "mse_loss_f32": _loss((0.01 + 0.04 + 0.09 + 0.36) / N),
    "cross_entropy_loss_f32": _loss(_ENTROPY),
    "binary_cross_entropy_loss_f32": _loss(_BOTH),
    "tensor_from_buffer": Good(lambda w: (w.a, "[3,2]"), gives_tensor([3, 2], A)),
    "tensor_from_buffer_with_strides": Good(
        lambda w: (w.a, "[3,2]", "[1,3]"), gives_tensor([3, 2], [1, -4, -2, 0.5, 3, 6])
    ),
    "tensor_shape": _of_tensor("[2,3]"),
    "tensor_strides": _of_tensor("[3,1]"),
    "tensor_offset": _of_tensor(0),
    "tensor_ndim": _of_tensor(2),
    "tensor_numel": _of_tensor(6),
    "tensor_is_contiguous": _of_tensor(1),
    "tensor_contiguous": Good(lambda w: (w.exec, w.tensor), gives_tensor([2, 3], A)),
    "tensor_transpose": Good(lambda w: (w.tensor,), gives_tensor([3, 2], [1, -4, -2, 0.5, 3, 6])),
    "tensor_view_1d": Good(lambda w: (w.tensor,), gives_tensor([6], A)),
    "tensor_reshape": Good(lambda w: (w.exec, w.tensor, "[1,6]"), gives_tensor([1, 6], A)),
    "tensor_permute": Good(lambda w: (w.tensor, "[1,0]"), gives_tensor([3, 2], [1, -4, -2, 0.5, 3, 6])),
    "tensor_select": Good(lambda w: (w.tensor, 0, 1), gives_tensor([3], A[3:])),
    "tensor_narrow": Good(lambda w: (w.tensor, 1, 1, 2), gives_tensor([2, 2], [-2, 3, 0.5, 6])),
    "tensor_slice": Good(lambda w: (w.tensor, 1, 0, -1, 2), gives_tensor([2, 2], [1, 3, -4, 6])),
    "tensor_matmul": Good(lambda w: (w.exec, w.tensor, w.other), gives_tensor([2, 2], [4.75, -3, -7, 6])),
    "tensor_is_broadcast_compatible_with": Good(lambda w: (w.tensor, w.other), gives(0)),
    "tensor_broadcast_shapes": Good(lambda w: ("[3,1,5]", "[4,1]"), gives("[3,4,5]")),
    "tensor_buffer": Good(lambda w: (w.tensor,), lambda w, result: gives(w.a)(w, result)),
    "tensor_cleanup": Good(lambda w: (w.tensor,), forgets(tensors, "tensor")),
    "gemm_f32": Good(lambda w: (w.exec, w.a, w.b, w.out, 2, 1, 3), leaves("out", [-9, -8 + 2 - 6, *[KEPT] * 6])),
    "matvec_f32": Good(lambda w: (w.exec, w.a, w.b, w.out, 2, 3), leaves("out", [-9, -12, *[KEPT] * 6])),
    "get_version": Good(lambda w: (), gives(hologram.__version__)),
    "clear_all_registries": Good(lambda w: (), _ends),
}


def function(name: str) -> Callable[..., Any]:
    """A flat function."""
    found: Callable[..., Any] = getattr(ffi, name)
    return found


def kinds(name: str) -> list[str]:
    """The types of a function's parameters."""
    return [kind for _, kind in SIGNATURES[name].parameters]
