"""The program cache: one object a key, made once; failures are not kept; bounded; usable after a fork."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np
import pytest

from hologram.isa.cache import ProgramCache, ProgramKey
from hologram.types import Type

THREADS = 32


def test_many_threads_get_one_object_made_once() -> None:
    cache = ProgramCache[object]()
    made: list[object] = []
    together = threading.Barrier(THREADS)

    def make() -> object:
        time.sleep(0.02)
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        together.wait()
        return cache.get_or_create("key", make)

    with ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(ask, range(THREADS)))
    assert len(made) == 1 and all(one is made[0] for one in got)
    statistics = cache.statistics
    assert (statistics.misses, statistics.hits, statistics.size) == (1, THREADS - 1, 1)


def test_keys_do_not_wait_for_each_other() -> None:
    cache = ProgramCache[str]()
    inside, leave = threading.Event(), threading.Event()

    def slow() -> str:
        inside.set()
        assert leave.wait(10)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(cache.get_or_create, "slow", slow)
        assert inside.wait(10)
        assert cache.get_or_create("quick", lambda: "quick") == "quick"
        leave.set()
        assert other.result(10) == "slow"


def test_an_exception_goes_to_its_maker_and_the_next_makes_again() -> None:
    cache = ProgramCache[int]()
    attempts = count()
    together = threading.Barrier(8)

    def make() -> int:
        time.sleep(0.01)
        if next(attempts) < 3:
            raise OSError("the disk is full")
        return 7

    def ask(_: int) -> int | None:
        together.wait()
        try:
            return cache.get_or_create("key", make)
        except OSError:
            return None

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(ask, range(8)))
    assert got.count(None) == 3 and got.count(7) == 5
    assert next(attempts) == 4


def test_what_was_not_used_for_longest_is_dropped() -> None:
    cache = ProgramCache[str](capacity=2)
    for key in "abac":
        cache.get_or_create(key, lambda: "made")
    assert "a" in cache and "c" in cache and "b" not in cache
    assert cache.statistics.evictions == 1
    cache.clear()
    assert len(cache) == 0 and cache.statistics.misses == 0


def test_a_value_that_needs_itself_is_an_error_and_not_a_hang() -> None:
    cache = ProgramCache[int]()
    with pytest.raises(RuntimeError, match="asks for that value"):
        cache.get_or_create("a", lambda: cache.get_or_create("a", lambda: 1))
    assert cache.get_or_create("a", lambda: 2) == 2


def test_keys_carry_types_and_shapes() -> None:
    a, wide = np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float64)
    assert ProgramKey.of("add", a, a) == ProgramKey("add", (Type.F32, Type.F32), ((2, 3), (2, 3)))
    distinct = [ProgramKey.of("add", x) for x in (a, wide, a.T)] + [ProgramKey.of("add", a, options=("fast",))]
    assert len(set(distinct)) == 4
    with pytest.raises(ValueError, match="complex64"):
        ProgramKey.of("add", np.zeros(2, np.complex64))


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity=0"):
        ProgramCache[int](capacity=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_what_another_thread_was_making() -> None:
    cache = ProgramCache[str]()
    inside, leave = threading.Event(), threading.Event()

    def slow() -> str:
        inside.set()
        leave.wait(10)
        return "parent's"

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(cache.get_or_create, "key", slow)
        assert inside.wait(10)
        child = os.fork()
        if child == 0:
            os._exit(0 if cache.get_or_create("key", lambda: "child's") == "child's" else 1)
        leave.set()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert other.result(10) == "parent's"
