"""Kernels, bound launches, circuits and graphs take tensors where they take Buffers."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from hologram import Executor, tensor
from hologram.circuit import compile_circuit
from hologram.errors import ArgumentTypeError, ArgumentValueError, BufferInUseError, RecordingError
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel
def saxpy(alpha: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32) -> None:
    i = get_global_id()
    if i < n:
        y[i] = alpha * x[i] + y[i]


@kernel
def turned(a: DeviceArray[f32, 2], out: DeviceArray[f32, 2]) -> None:
    j, i = get_global_id(0), get_global_id(1)
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = a[j, i]


X = np.arange(6, dtype=np.float32)


@pytest.fixture
def ex() -> Executor:
    return Executor("cpu")


def test_kernels_take_tensors_of_any_strides(ex: Executor) -> None:
    x, y = tensor(X, executor=ex), tensor(np.ones(6, np.float32), executor=ex)
    saxpy(2.0, x, y, 6)
    assert y.tolist() == [1, 3, 5, 7, 9, 11]
    saxpy(1.0, x[3:], y[1:], 2)
    assert y.tolist() == [1, 6, 9, 7, 9, 11]
    out = tensor(np.zeros((6, 2), np.float32), executor=ex)
    turned(x.reshape(2, 3)[:, ::-1], out[::2])
    assert out[::2].tolist() == [[2, 5], [1, 4], [0, 3]]
    with pytest.raises(ArgumentTypeError, match="must be contiguous"):
        saxpy(1.0, x[::2], y, 3)


def test_bound_launches_hold_the_memory(ex: Executor) -> None:
    x, y, z = (tensor(X, executor=ex) for _ in range(3))
    launch = saxpy.bind(2.0, x, y, 6)
    with pytest.raises(BufferInUseError):
        y.buffer.free()
    launch()
    launch.rebind(y=z)
    launch()
    assert y.tolist() == z.tolist() == (3 * X).tolist()
    del launch
    gc.collect()
    y.buffer.free()


def test_graphs_name_bind_and_give_tensors(ex: Executor) -> None:
    x, y = tensor(X, executor=ex), tensor(np.ones(6, np.float32), executor=ex)
    with ex.record() as g:
        assert g.input("x", x) is x
        saxpy(2.0, x, y, 6)
        copied = y.copy()
        with pytest.raises(RecordingError, match="numpy of a Tensor"):
            copied.numpy()
        assert g.output("copied", copied) is copied
    g.launch()
    assert copied.tolist() == y.tolist() == (2 * X + 1).tolist()
    g.bind(x=tensor(-X, executor=ex))
    g.launch()
    assert y.tolist() == [1] * 6
    with pytest.raises(ArgumentValueError, match="belongs to"):
        g.bind(x=tensor(X, executor=Executor()))


def test_saved_graphs_take_tensors(ex: Executor) -> None:
    x, y = tensor(X, executor=ex), tensor(np.zeros(6, np.float32), executor=ex)
    with ex.record() as g:
        g.input("x", x)
        g.input("y", y)
        saxpy(2.0, x, y, 6)
    out = tensor(np.ones(6, np.float32), executor=ex)
    g.program.bind(x=x, y=out)()
    assert out.tolist() == (2 * X + 1).tolist()


def test_circuits_take_tensors(ex: Executor) -> None:
    x, y = tensor(X, executor=ex), tensor(np.zeros(6, np.float32), executor=ex)
    ex.bind_circuit(compile_circuit("merge@c00[c00,c01]"), {0: x, 1: y})()
    assert y.tolist() == (X + X).tolist()
