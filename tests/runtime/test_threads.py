"""Launches on several threads as a user has them: from many threads at once, across fork, at exit, by setting."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import hologram
from hologram.backends.cpu import pool
from hologram.errors import ArgumentValueError, DivisionByZeroError
from hologram.language import DeviceArray, f32, get_global_id, grid_sum, i32, kernel, u32
from tests.backends.cpu.teams import team

LINUX = pytest.mark.skipif(bool(pool.refusal()), reason="no pool of threads on this system")
pytestmark = LINUX


@kernel
def add(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        c[i] = a[i] + b[i]


@kernel
def total(x: DeviceArray[f32], out: DeviceArray[f32]):
    i = get_global_id()
    if i < x.shape[0]:
        grid_sum(x[i], out, 0)


@kernel
def divide(x: DeviceArray[i32], y: DeviceArray[i32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = 100 // x[i]


def test_the_number_of_threads_can_be_set() -> None:
    before = hologram.get_num_threads()
    try:
        hologram.set_num_threads(3)
        assert hologram.get_num_threads() == 3
        with pytest.raises(ArgumentValueError, match="from 1 to 256, got 0"):
            hologram.set_num_threads(0)
        assert hologram.get_num_threads() == 3
    finally:
        hologram.set_num_threads(before)


def test_sums_have_the_same_bits() -> None:
    check_sums(np.random.default_rng(1).random(1_000_000, np.float32))


@pytest.mark.slow
def test_the_sum_of_ten_million_numbers() -> None:
    check_sums(np.random.default_rng(2).random(10_000_000, np.float32))


def check_sums(x: np.ndarray[Any, Any]) -> None:
    found = set()
    for threads in (1, 2, 7):
        with team(threads):
            out = np.zeros(1, np.float32)
            launch = total.bind(x, out)
            for _ in range(5):
                out[:] = 0
                launch()
                found.add(out.tobytes())
    assert len(found) == 1
    exact = float(np.sum(x, dtype=np.longdouble))
    assert abs(float(out[0]) - exact) <= np.spacing(np.float32(exact)) / 2
    assert abs(float(out[0]) - exact) <= abs(float(np.sum(x)) - exact)


@pytest.mark.parametrize("kind", ["random", "standard_normal"])
@pytest.mark.parametrize("n", [1000, 5000, 100_000])
def test_errors_of_sums_are_smaller_than_numpys(kind: str, n: int) -> None:
    ours, theirs = [], []
    for seed in range(40):
        x = getattr(np.random.default_rng(seed), kind)(n, np.float32)
        exact, out = math.fsum(x.tolist()), np.zeros(1, np.float32)
        total(x, out)
        ours.append(float(out[0]) - exact)
        theirs.append(float(np.sum(x)) - exact)
    assert np.hypot.reduce(ours) <= np.hypot.reduce(theirs)


def test_bound_launches_and_calls_share_their_work() -> None:
    n = 300_000
    a, b, c = np.arange(n, dtype=np.float32), np.ones(n, np.float32), np.zeros(n, np.float32)
    launch = add.bind(a, b, c, n)
    with team(4) as shared:
        before = shared._get("ticket") >> 16
        for call in (launch, lambda: add(a, b, c, n), lambda: add(a, b, c, n=n)):
            c[:] = 0
            call()
            np.testing.assert_array_equal(c, a + 1)
        assert (shared._get("ticket") >> 16) == before + 3


def test_short_launches_stay_on_the_caller() -> None:
    n = 3072
    a, b, c = (np.ones(n, np.float32) for _ in range(3))
    launch = add.bind(a, b, c, n)
    with team(4) as shared:
        before = shared._get("ticket")
        for _ in range(100):
            launch()
        assert shared._get("ticket") == before


def test_many_callers_at_once() -> None:
    n, callers, wrong = 100_000, 32, []
    inputs = [np.full(n, k, np.float32) for k in range(callers)]
    begin = threading.Barrier(callers)

    def call(k: int) -> None:
        c = np.zeros(n, np.float32)
        launch = add.bind(inputs[k], inputs[0], c, n)
        begin.wait()
        for _ in range(50):
            c[:] = -1
            launch()
            if not (c == k).all():
                wrong.append(k)

    with team(4):
        threads = [threading.Thread(target=call, args=(k,)) for k in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    assert not wrong


def test_one_launch_object_from_several_threads() -> None:
    n = 100_000
    x, out = np.ones(n, np.float32), np.zeros(1, np.float32)
    launch = total.bind(x, out)

    def call() -> None:
        for _ in range(100):
            launch()

    with team(3):
        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    assert out[0] == n


def test_a_fault_in_a_workers_piece() -> None:
    n = 200_000
    x, y = np.ones(n, np.int32), np.zeros(n, np.int32)
    launch = divide.bind(x, y, n)
    with team(3):
        for place in (0, n // 2, n - 1):
            x[place] = 0
            with pytest.raises(DivisionByZeroError, match="division by zero"):
                launch()
            assert y[place] == 0
            x[place] = 1
            launch()
            assert (y == 100).all()


PREPARE = """
import os, sys, threading, time
import numpy as np, hologram
from tests.backends.cpu.teams import team
from tests.runtime.test_threads import add, total
n = 400_000
a = np.arange(n, dtype=np.float32); b = np.ones(n, np.float32); c = np.zeros(n, np.float32)
launch = add.bind(a, b, c, n)
def check():
    c[:] = 0
    launch()
    assert (c == a + 1).all()
"""


def run(program: str, first: str = "", **environment: str) -> str:
    """What a program prints, in a process of its own that must end well and in time."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", first + PREPARE + program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def test_a_child_and_its_parent_work_after_fork() -> None:
    printed = run(
        """
with team(3) as shared:
    check()
    stop = []
    def keep_launching():
        c2 = np.zeros(n, np.float32)
        again = add.bind(a, b, c2, n)
        while not stop: again()
    busy = threading.Thread(target=keep_launching); busy.start()
    for _ in range(5):
        child = os.fork()
        if not child:
            assert shared.working == 0
            with team(3): check(); assert shared.working == 2
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        check()
    stop.append(1); busy.join()
    assert shared.working == 2
    print("fine")
"""
    )
    assert printed == "fine"


@pytest.mark.parametrize("busy", ["idle", "spinning", "in a launch"])
def test_the_interpreter_ends_with_workers(busy: str) -> None:
    program = """
pool = team(4); pool.__enter__()
check()
"""
    if busy == "in a launch":
        program += """
def forever():
    while True: launch()
threading.Thread(target=forever, daemon=True).start()
time.sleep(0.1)
"""
    if busy == "idle":
        program += "time.sleep(0.1)\n"
    assert run(program + "print('end')") == "end"


def test_a_process_of_one_cpu_has_no_workers() -> None:
    program = """
from hologram.backends.cpu.pool import pool
pool()._put("cold", 0)
for _ in range(5): check()
print(hologram.get_num_threads(), threading.active_count())
"""
    alone = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    assert run(program, alone, HOLOGRAM_NUM_THREADS="") == "1 1"


@pytest.mark.parametrize("threads", [1, 7])
def test_the_variable_sets_the_number(threads: int) -> None:
    program = """
from hologram.backends.cpu.pool import pool
pool()._put("cold", 0)
for _ in range(5): check()
deadline = time.monotonic() + 20
while pool().working < hologram.get_num_threads() - 1 and time.monotonic() < deadline: time.sleep(0.01)
print(hologram.get_num_threads(), pool().working, threading.active_count())
"""
    assert run(program, HOLOGRAM_NUM_THREADS=str(threads)) == f"{threads} {threads - 1} {threads}"
