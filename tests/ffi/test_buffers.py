"""Buffers: the cases of §7.2 and §7.1 of the reference by name, and what stays alive how long."""

from __future__ import annotations

import ctypes
import json
import logging

import numpy as np
import pytest

import hologram_ffi as ffi
from hologram_ffi.handles import buffers
from tests.ffi.world import World


def filled(world: World, values: object) -> int:
    data = np.asarray(values, np.float32)
    made = ffi.executor_allocate_buffer(world.exec, data.size)
    ffi.buffer_copy_from_bytes(world.exec, made, data.tobytes())
    return made


@pytest.mark.parametrize(("length", "size"), [(1024, 4096), (1000, 4000), (0, 0)])
def test_7_2_sizes(world: World, length: int, size: int) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, length)
    assert ffi.buffer_length(buf) == length
    assert ffi.buffer_size_bytes(buf) == size
    assert ffi.buffer_element_size(buf) == 4
    assert ffi.buffer_is_empty(buf) == (length == 0)


def test_7_2_fresh_buffer_is_zero(world: World) -> None:
    assert not any(world.read(ffi.executor_allocate_buffer(world.exec, 1000)))


def test_7_2_512_values_into_1024(world: World) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, 1024)
    with pytest.raises(ffi.InternalError, match="size mismatch: expected 1024 elements, got 512"):
        ffi.buffer_copy_from_slice(world.exec, buf, json.dumps([1.0] * 512))
    with pytest.raises(ffi.InternalError, match="Data size mismatch: expected 4096 bytes, got 2048"):
        ffi.buffer_copy_from_bytes(world.exec, buf, bytes(2048))


def test_7_2_multiples_of_two_and_a_half(world: World) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, 16)
    ffi.buffer_copy_from_slice(world.exec, buf, json.dumps([i * 2.5 for i in range(16)]))
    assert world.read(buf) == [i * 2.5 for i in range(16)]


@pytest.mark.parametrize("count", [100, 1_000, 10_000])
def test_7_2_X_round_trips_are_bit_exact(world: World, count: int) -> None:
    values = np.random.default_rng(count).standard_normal(count).astype(np.float32)
    buf = filled(world, values)
    assert ffi.buffer_to_bytes(world.exec, buf) == values.tobytes()
    other = ffi.executor_allocate_buffer(world.exec, count)
    ffi.buffer_copy_from_slice(world.exec, other, ffi.buffer_to_vec(world.exec, buf))
    assert ffi.buffer_to_bytes(world.exec, other) == values.tobytes()


@pytest.mark.parametrize(
    "values",
    [[], [3.5], [-1, -2], [0, 0], [-1, 0, 1], [np.inf, -np.inf], [np.nan], [1e-20, 1e20]],
    ids=["empty", "single", "negative", "zeros", "mixed", "infinities", "nan", "small and large"],
)
def test_7_2_X_vectors_through_json_and_bytes(world: World, values: list[float]) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, len(values))
    ffi.buffer_copy_from_slice(world.exec, buf, json.dumps(values))
    wanted = np.array(values, np.float32)
    assert np.array_equal(np.array(world.read(buf), np.float32), wanted, equal_nan=True)
    assert ffi.buffer_to_bytes(world.exec, buf) == wanted.tobytes()


def test_7_2_copies_are_copies(world: World) -> None:
    first, second = (ffi.executor_allocate_buffer(world.exec, 100) for _ in range(2))
    ffi.buffer_fill(world.exec, first, 42, 100)
    ffi.buffer_copy(world.exec, first, second, 100)
    ffi.buffer_fill(world.exec, second, 99, 100)
    assert world.read(first) == [42] * 100
    assert world.read(second) == [99] * 100


@pytest.mark.parametrize("len", [0, 1, 5])
def test_7_2_X_only_len_elements_are_touched(world: World, len: int) -> None:
    buf, other = filled(world, [1] * 6), filled(world, [2] * 8)
    ffi.buffer_fill(world.exec, buf, 7.5, len)
    assert world.read(buf) == [7.5] * len + [1] * (6 - len)
    ffi.buffer_copy(world.exec, buf, other, len)
    assert world.read(other) == [7.5] * len + [2] * (8 - len)


def test_copy_of_more_than_either_has(world: World) -> None:
    short, long = filled(world, [1] * 6), filled(world, [2] * 8)
    with pytest.raises(ffi.InternalError, match=f"Buffer handle {short} too small: it has 6 elements, 7 are needed"):
        ffi.buffer_copy(world.exec, short, long, 7)
    with pytest.raises(ffi.InternalError, match=f"Buffer handle {short} too small: it has 6 elements, 7 are needed"):
        ffi.buffer_copy(world.exec, long, short, 7)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300, -0.0, 3, np.float64(0.1)])
def test_fill_rounds_to_f32(world: World, value: float) -> None:
    ffi.buffer_fill(world.exec, world.a, value, 6)
    with np.errstate(over="ignore"):
        assert ffi.buffer_to_bytes(world.exec, world.a) == np.full(6, value, np.float32).tobytes()


def test_7_2_canonical_bytes_are_even(world: World) -> None:
    raw = bytes(range(1, 256)) + bytes([255])
    buf = ffi.executor_allocate_buffer(world.exec, 64)
    ffi.buffer_copy_from_bytes(world.exec, buf, raw)
    assert ffi.buffer_verify_canonical(world.exec, buf) == 0
    ffi.buffer_canonicalize_all(world.exec, buf)
    assert ffi.buffer_to_bytes(world.exec, buf) == bytes(b & 254 for b in raw)
    assert ffi.buffer_verify_canonical(world.exec, buf) == 1


@pytest.mark.parametrize("place", [0, 100, 255])
def test_7_2_one_odd_byte_is_enough(world: World, place: int) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, 64)
    ffi.buffer_copy_from_bytes(world.exec, buf, bytes(place) + b"\x03" + bytes(255 - place))
    assert ffi.buffer_verify_canonical(world.exec, buf) == 0


def test_canonical_form_of_nothing(world: World) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, 0)
    ffi.buffer_canonicalize_all(world.exec, buf)
    assert ffi.buffer_verify_canonical(world.exec, buf) == 1


def test_7_2_X_floats_in_canonical_form(world: World) -> None:
    buf = ffi.executor_allocate_buffer(world.exec, 9)
    ffi.buffer_copy_from_canonical_slice(world.exec, buf, "[1, 0.5, -1, 1.5, 3.14159, 2, 3, 7, 100]")
    assert world.read(buf) == [0.25, 0.125, -0.25, 0.375, 3.125904, 2, 3, 7, 100]


def test_7_1_first_three_allocations_are_classes_0_1_2() -> None:
    executor = ffi.new_executor()
    made = [ffi.executor_allocate_buffer(executor, 8) for _ in range(3)]
    assert [ffi.buffer_class_index(buf) for buf in made] == [0, 1, 2]


def test_7_1_X_the_97th_allocation() -> None:
    executor = ffi.new_executor()
    made = [ffi.executor_allocate_buffer(executor, 8) for _ in range(97)]
    assert len({ffi.buffer_as_ptr(executor, buf) for buf in made}) == 97
    assert ffi.buffer_class_index(made[96]) == 0


def test_7_1_boundary_buffers(world: World) -> None:
    whole = ffi.executor_allocate_boundary_buffer(world.exec, 0, 48, 256)
    assert (ffi.buffer_length(whole), ffi.buffer_pool(whole), ffi.buffer_class_index(whole)) == (3072, "boundary", 0)
    assert (ffi.buffer_is_boundary(whole), ffi.buffer_is_linear(whole)) == (1, 0)
    assert ffi.buffer_length(ffi.executor_allocate_boundary_buffer(world.exec, 95, 5, 3)) == 3
    for arguments in ((96, 48, 256), (1, 49, 256), (1, 48, 257), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ffi.InternalError, match="must be from"):
            ffi.executor_allocate_boundary_buffer(world.exec, *arguments)


def test_7_1_X_linear_and_boundary_buffers_share_nothing(world: World) -> None:
    linear = ffi.executor_allocate_buffer(world.exec, 3072)
    ffi.buffer_fill(world.exec, linear, 1, 3072)
    boundary = ffi.executor_allocate_boundary_buffer(world.exec, ffi.buffer_class_index(linear), 48, 256)
    ffi.buffer_fill(world.exec, boundary, 2, 3072)
    assert world.read(linear) == [1] * 3072


def test_a_class_is_free_again_after_cleanup(world: World) -> None:
    held = ffi.executor_allocate_boundary_buffer(world.exec, 7, 48, 256)
    with pytest.raises(ffi.InternalError, match="class 7 is held"):
        ffi.executor_allocate_boundary_buffer(world.exec, 7, 1, 4)
    ffi.buffer_cleanup(held)
    assert ffi.buffer_length(ffi.executor_allocate_boundary_buffer(world.exec, 7, 1, 4)) == 1


def test_cleanup_frees_memory(world: World) -> None:
    made = ffi.executor_allocate_buffer(world.exec, 10)
    memory = buffers[made].hold()
    buffers[made].release(memory)
    import weakref

    watched = weakref.ref(memory)
    del memory
    ffi.buffer_cleanup(made)
    assert watched() is None


def test_cleanup_of_an_unknown_handle_warns(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """§7.7"""
    ffi.buffer_cleanup(world.a)
    with caplog.at_level(logging.WARNING, "hologram_ffi"):
        ffi.buffer_cleanup(world.a)
        ffi.executor_cleanup(12345678)
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        f"Buffer handle {world.a} not found",
        "Executor handle 12345678 not found",
    ]


def test_writing_through_a_pointer(world: World) -> None:
    address = ffi.buffer_as_mut_ptr(world.exec, world.a)
    assert address % 64 == 0 and address == ffi.buffer_as_ptr(world.exec, world.a)
    (ctypes.c_float * 6).from_address(address)[2] = 12.5
    assert world.read(world.a)[2] == 12.5


def test_pointers_of_unknown_handles_are_0(world: World) -> None:
    foreign = World()
    for pointer in (ffi.buffer_as_ptr, ffi.buffer_as_mut_ptr):
        assert pointer(world.exec, 0) == pointer(0, world.a) == pointer(world.exec, foreign.a) == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_kinds_of_bytes(world: World, kind: type) -> None:
    ffi.buffer_copy_from_bytes(world.exec, world.a, kind(np.arange(6, dtype=np.float32).tobytes()))
    assert world.read(world.a) == [0, 1, 2, 3, 4, 5]
    assert type(ffi.buffer_to_bytes(world.exec, world.a)) is bytes


def test_memoryviews_of_other_elements_and_strides(world: World) -> None:
    ffi.buffer_copy_from_bytes(world.exec, world.a, memoryview(np.arange(6, dtype=np.float32)))
    assert world.read(world.a) == [0, 1, 2, 3, 4, 5]
    ffi.buffer_copy_from_bytes(world.exec, world.a, memoryview(np.arange(12, dtype=np.float32))[::2])
    assert world.read(world.a) == [0, 2, 4, 6, 8, 10]
    with pytest.raises(ffi.InternalError, match="Data size mismatch: expected 24 bytes, got 0"):
        ffi.buffer_copy_from_bytes(world.exec, world.a, memoryview(b""))


def test_data_of_a_subclass_of_int() -> None:
    executor = ffi.new_executor()
    buf = ffi.executor_allocate_buffer(np.uint64(executor), np.int8(5))  # type: ignore[arg-type]
    assert ffi.buffer_length(np.int64(buf)) == 5  # type: ignore[arg-type]
