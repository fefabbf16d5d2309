"""Handles: one counter, never the same twice, nothing kept that was cleaned up, threads and forks."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
import weakref
from pathlib import Path

import pytest

import hologram_ffi as ffi
from hologram_ffi.handles import buffers, executors, tensors
from hologram_ffi.remembered import MOST
from tests.ffi.world import World


def test_one_counter_for_all_kinds(world: World) -> None:
    last = ffi.executor_allocate_buffer(world.exec, 1)
    assert ffi.new_executor() == last + 1
    assert ffi.executor_allocate_boundary_buffer(world.exec, 3, 1, 4) == last + 2


def test_handles_are_never_used_again() -> None:
    seen: set[int] = set()
    for _ in range(50):
        executor = ffi.new_executor()
        made = [executor, *(ffi.executor_allocate_buffer(executor, 4) for _ in range(5))]
        assert seen.isdisjoint(made) and 0 not in made and len(set(made)) == 6
        seen.update(made)
        ffi.buffer_cleanup(made[1])
        ffi.executor_cleanup(executor)
    ffi.clear_all_registries()
    assert ffi.new_executor() > max(seen)


def test_the_end_of_an_executor_ends_its_handles_alone(world: World) -> None:
    other = World()
    ffi.executor_cleanup(world.exec)
    for handle in (world.a, world.b, world.out):
        with pytest.raises(ffi.InternalError, match=f"Buffer handle {handle} not found"):
            ffi.buffer_length(handle)
    with pytest.raises(ffi.InternalError, match=f"Executor handle {world.exec} not found"):
        ffi.executor_allocate_buffer(world.exec, 1)
    ffi.executor_cleanup(world.exec)
    assert len(other.read(other.a)) == 6


def test_clear_all_registries(world: World) -> None:
    ffi.clear_all_registries()
    assert not len(executors) and not len(buffers) and not len(tensors)
    with pytest.raises(ffi.InternalError, match="not found"):
        ffi.buffer_to_vec(world.exec, world.a)


def cycle(times: int) -> None:
    """Executors, buffers and tensors come and go; one executor in ten ends with all that it has."""
    for turn in range(times // 10):
        executor = ffi.new_executor()
        made = [ffi.executor_allocate_buffer(executor, 16) for _ in range(8)]
        tensor = ffi.tensor_from_buffer(made[0], "[4,4]")
        if turn % 10:
            ffi.tensor_cleanup(tensor)
            for buf in made:
                ffi.buffer_cleanup(buf)
        ffi.executor_cleanup(executor)


def growth(times: int, rounds: int = 3) -> int:
    """Bytes that so many cycles leave behind: the least of some rounds, as tables of Python grow now and then."""
    cycle(1000)
    gc.collect()
    tracemalloc.start()
    try:
        cycle(1000)
        left = []
        for _ in range(rounds):
            gc.collect()
            before, _ = tracemalloc.get_traced_memory()
            cycle(times)
            gc.collect()
            left.append(tracemalloc.get_traced_memory()[0] - before)
        return min(left)
    finally:
        tracemalloc.stop()


def test_ten_thousand_cycles_leave_nothing() -> None:
    sizes = len(executors), len(buffers), len(tensors)
    assert growth(3_400) < 3_400
    assert (len(executors), len(buffers), len(tensors)) == sizes


@pytest.mark.slow
def test_a_million_cycles_leave_nothing() -> None:
    """A byte a cycle would be seen, in traced memory and in that of the process."""
    resident = _resident()
    assert growth(340_000) < 340_000
    assert _resident() - resident < 20_000_000


def compute(times: int) -> None:
    """Executors that each compute something and end."""
    for _ in range(times):
        executor = ffi.new_executor()
        made = [ffi.executor_allocate_buffer(executor, 1000) for _ in range(3)]
        ffi.vector_add_f32(executor, *made, 1000)
        ffi.executor_cleanup(executor)


def test_computing_leaves_nothing() -> None:
    """1,000 remembered calls would hold 12 MB of buffers."""
    compute(200)
    resident, remembered = _resident(), len(buffers.calls)
    compute(1000)
    assert _resident() - resident < 3_000_000
    assert len(buffers.calls) == remembered


def _resident() -> int:
    """Bytes of memory that the process has, where the system tells; else 0."""
    status = Path("/proc/self/statm")
    return int(status.read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE") if status.exists() else 0


def test_calls_made_again_are_remembered(world: World) -> None:
    for _ in range(3):
        ffi.vector_add_f32(world.exec, world.a, world.b, world.out, 4)
    assert len(buffers.calls) == 1
    ffi.buffer_fill(world.exec, world.a, 10, 6)
    ffi.vector_add_f32(world.exec, world.a, world.b, world.out, 4)
    assert world.read(world.out)[:5] == [12, 14, 9, 18, 99]
    ffi.vector_add_f32(world.exec, world.a, world.b, world.out, 5)
    assert world.read(world.out)[4] == 10.25


def test_a_remembered_call_holds_no_memory_that_was_given_back(world: World) -> None:
    watched = [weakref.ref(buffers[handle]) for handle in (world.a, world.b)]
    ffi.vector_add_f32(world.exec, world.a, world.b, world.out, 4)
    ffi.gemm_f32(world.exec, world.a, world.b, world.out, 2, 1, 3)
    ffi.reduce_sum_f32(world.exec, world.b, world.out, 4)
    ffi.tensor_cleanup(world.tensor)
    ffi.buffer_cleanup(world.a)
    assert watched[0]() is None and len(buffers.calls) == 1
    with pytest.raises(ffi.InternalError, match=f"Buffer handle {world.a} not found"):
        ffi.vector_add_f32(world.exec, world.a, world.b, world.out, 4)
    ffi.tensor_cleanup(world.other)
    ffi.executor_cleanup(world.exec)
    assert watched[1]() is None and len(buffers.calls) == 0
    with pytest.raises(ffi.InternalError, match=f"Executor handle {world.exec} not found"):
        ffi.reduce_sum_f32(world.exec, world.b, world.out, 4)


def test_only_so_many_calls_are_remembered(world: World) -> None:
    for number in range(MOST + 50):
        ffi.scalar_add_f32(world.exec, world.a, world.out, 1, number)
    assert len(buffers.calls) == MOST
    ffi.scalar_add_f32(world.exec, world.a, world.out, 1, 0)
    assert world.read(world.out)[0] == 1


def test_signed_zeros_are_two_numbers(world: World) -> None:
    ffi.buffer_fill(world.exec, world.a, -0.0, 6)
    for scalar, bits in ((0.0, b"\0\0\0\0"), (-0.0, b"\0\0\0\x80")):
        ffi.scalar_add_f32(world.exec, world.a, world.out, 1, scalar)
        assert ffi.buffer_to_bytes(world.exec, world.out)[:4] == bits


def test_threads_at_once(world: World) -> None:
    problems: list[BaseException] = []
    made: list[int] = []

    def work(number: int) -> None:
        try:
            for turn in range(60):
                mine = [ffi.executor_allocate_buffer(world.exec, 64) for _ in range(3)]
                made.extend(mine)
                ffi.buffer_fill(world.exec, mine[0], number, 64)
                ffi.buffer_fill(world.exec, mine[1], turn, 64)
                ffi.vector_add_f32(world.exec, *mine, 64)
                assert world.read(mine[2]) == [number + turn] * 64
                assert ffi.reduce_sum_f32(world.exec, mine[2], mine[0], 64) == 64 * (number + turn)
                for buf in mine:
                    ffi.buffer_cleanup(buf)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems
    assert len(set(made)) == len(made) == 6 * 60 * 3


def test_an_executor_ends_while_others_allocate() -> None:
    """No handle outlives its executor, whoever comes first."""
    for _ in range(20):
        executor, stop = ffi.new_executor(), threading.Event()

        def allocate(executor: int = executor, stop: threading.Event = stop) -> None:
            while not stop.is_set():
                try:
                    ffi.executor_allocate_buffer(executor, 4)
                except ffi.InternalError:
                    return

        threads = [threading.Thread(target=allocate) for _ in range(3)]
        for thread in threads:
            thread.start()
        ffi.executor_cleanup(executor)
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        stop.set()
    assert not any(buffers[handle].executor.is_closed for handle in buffers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_handles_in_a_forked_child(world: World) -> None:
    ffi.vector_add_f32(world.exec, world.a, world.b, world.out, 4)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ffi.vector_mul_f32(world.exec, world.a, world.b, world.out, 2)
            status = 0 if world.read(world.out)[:2] == [2.0, -8.0] else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert world.read(world.out)[:2] == [3.0, 2.0]
