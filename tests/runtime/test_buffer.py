"""Buffers own, share and free aligned memory, and say clearly what does not fit."""

from __future__ import annotations

import gc
import resource
from collections.abc import Iterator

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BufferFreedError,
    BufferInUseError,
    CapacityError,
)
from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor
from hologram.types import Type


@pytest.fixture
def ex() -> Iterator[Executor]:
    with Executor("cpu") as executor:
        yield executor


@pytest.mark.parametrize("element", list(Type))
def test_new_buffer_is_zero_aligned_and_of_its_type(ex: Executor, element: Type) -> None:
    buffer = ex.allocate((3, 5), element.value)
    assert buffer.numpy().__array_interface__["data"][0] % 64 == 0
    assert (buffer.shape, buffer.size, len(buffer)) == ((3, 5), 15, 3)
    assert buffer.nbytes == 15 * element.size
    assert buffer.type is element
    assert not buffer.to_numpy().view(np.uint8).any()


def test_empty_buffers_are_fine(ex: Executor) -> None:
    buffer = ex.allocate(0)
    assert (buffer.size, buffer.to_numpy().shape) == (0, (0,))
    buffer.from_numpy(np.zeros(0, np.float32))


@given(st.lists(st.floats(width=32, allow_nan=True), max_size=50))
def test_round_trip_keeps_every_bit(values: list[float]) -> None:
    array = np.array(values, np.float32)
    buffer = Executor("cpu").array(array)
    assert buffer.to_numpy().tobytes() == array.tobytes() == buffer.to_bytes()


def test_from_numpy_takes_any_shape_of_the_right_size_and_any_layout(ex: Executor) -> None:
    source = np.arange(12, dtype=np.float32).reshape(3, 4)
    buffer = ex.allocate(12)
    buffer.from_numpy(source.T)
    assert np.array_equal(buffer.to_numpy(), source.T.ravel())


@pytest.mark.parametrize(
    ("array", "error", "words"),
    [
        (np.zeros(4), ArgumentValueError, ("dtype", "doesn't match", "astype(np.float32)")),
        (np.zeros(5, np.float32), ArgumentValueError, ("5", "doesn't match", "4")),
        ([0.0] * 4, ArgumentTypeError, ("list",)),
    ],
)
def test_from_numpy_refuses_what_does_not_fit(
    ex: Executor, array: object, error: type[Exception], words: tuple[str, ...]
) -> None:
    buffer = ex.allocate(4)
    buffer.fill(7)
    with pytest.raises(error) as caught:
        buffer.from_numpy(array)  # type: ignore[arg-type]
    assert all(word in str(caught.value) for word in words)
    assert (buffer.to_numpy() == 7).all()


def test_copies_are_independent(ex: Executor) -> None:
    first, second = ex.allocate(8), ex.allocate(8)
    second.fill(42)
    first.copy_from(second)
    second.fill(99)
    assert (first.to_numpy() == 42).all()
    with pytest.raises(ArgumentValueError, match="doesn't match"):
        first.copy_from(ex.allocate(9))


def test_fill_checks_the_range(ex: Executor) -> None:
    with pytest.raises(ArgumentValueError, match="300 does not fit u8"):
        ex.allocate(3, "u8").fill(300)


def test_freed_buffer_refuses_everything(ex: Executor) -> None:
    buffer = ex.allocate(4)
    buffer.free()
    buffer.free()
    for use in (buffer.to_numpy, buffer.numpy, lambda: buffer.from_numpy(np.zeros(4)), lambda: buffer.fill(0)):
        with pytest.raises(BufferFreedError, match="freed"):
            use()
    assert repr(buffer) == "Buffer(freed)"


def test_context_manager_frees(ex: Executor) -> None:
    with ex.allocate(4) as buffer:
        buffer.fill(1)
    assert buffer.is_freed


def test_views_share_memory_and_end_with_their_buffer(ex: Executor) -> None:
    buffer = ex.array(np.arange(10, dtype=np.int32))
    part = buffer[2:8:2]
    part.fill(-1)
    assert buffer.to_numpy().tolist() == [0, 1, -1, 3, -1, 5, -1, 7, 8, 9]
    assert buffer[3] == 3
    part.free()
    assert not buffer.is_freed
    square = buffer[1:].reshape(3, 3)
    buffer.free()
    with pytest.raises(BufferFreedError):
        square.to_numpy()


def test_only_basic_indexing(ex: Executor) -> None:
    with pytest.raises(ArgumentTypeError, match="numpy"):
        ex.allocate(4)[[1, 2]]
    with pytest.raises(ArgumentValueError, match="contiguous"):
        ex.allocate((4, 4))[:, 1].reshape(2, 2)


def test_held_memory_cannot_be_freed(ex: Executor) -> None:
    buffer = ex.allocate(4)
    memory = buffer.hold()
    with pytest.raises(BufferInUseError, match="1 bound launch"):
        buffer.free()
    Buffer.release(memory)
    buffer.free()


def test_numpy_and_dlpack_see_the_same_memory(ex: Executor) -> None:
    buffer = ex.allocate(6)
    shared = [buffer.numpy(), np.asarray(buffer), np.from_dlpack(buffer)]
    buffer.fill(5)
    assert all((view == 5).all() for view in shared)
    assert buffer.__dlpack_device__() == (1, 0)
    assert np.array(buffer, dtype=np.float64).dtype == np.float64


def test_exported_memory_outlives_free(ex: Executor) -> None:
    buffer = ex.allocate(1 << 16)
    buffer.fill(3)
    exported = np.asarray(buffer)
    buffer.free()
    gc.collect()
    junk = [np.full(1 << 16, 9, np.float32) for _ in range(8)]
    assert (exported == 3).all()
    assert len(junk) == 8


def test_bfloat16_converts_although_it_has_no_type_string(ex: Executor) -> None:
    buffer = ex.array(np.array([1.5, -2], ml_dtypes.bfloat16))
    assert np.asarray(buffer).dtype == ml_dtypes.bfloat16


def test_wrap_borrows_without_a_copy(ex: Executor) -> None:
    array = np.arange(4, dtype=np.float32)
    buffer = ex.wrap(array)
    buffer.fill(8)
    assert (array == 8).all()
    with pytest.raises(ValueError, match="resize"):
        array.resize(100, refcheck=False)
    buffer.free()
    assert (array == 8).all()


def test_wrapped_read_only_memory_is_not_written(ex: Executor) -> None:
    buffer = ex.wrap(np.frombuffer(b"\0" * 16, np.float32))
    with pytest.raises(ArgumentValueError, match="read-only"):
        buffer.fill(1)


def test_wrap_refuses_other_dtypes(ex: Executor) -> None:
    with pytest.raises(ArgumentTypeError, match="complex128"):
        ex.wrap(np.zeros(2, np.complex128))


def test_impossible_sizes(ex: Executor) -> None:
    with pytest.raises(CapacityError):
        ex.allocate(1 << 60)
    with pytest.raises(ArgumentValueError, match="negative"):
        ex.allocate(-1)
    with pytest.raises(ArgumentTypeError):
        ex.allocate(2.5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentValueError, match="unknown dtype"):
        ex.allocate(2, "f33")


def test_allocate_and_free_100_000_times_without_growth(ex: Executor) -> None:
    def cycles(count: int) -> None:
        for _ in range(count):
            ex.allocate(4096).free()

    cycles(2_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cycles(100_000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 4096, f"grew by {grown} KiB"
