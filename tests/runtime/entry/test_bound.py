"""The bound entry: no arguments, one machine-code call, None."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

from hologram.backends.llvm.jit import Loaded, compile_object, host_target, load_object
from hologram.backends.llvm.layout import FAULT, LANES, Layout, header, store_array
from hologram.isa.program import Param
from hologram.runtime.entry.context import EntryContext, bound_context
from hologram.runtime.entry.stubs import Stubs
from hologram.runtime.entry.types import set_entry


def bind_add(add: Loaded, params: tuple[Param, ...], arrays: tuple[Any, ...], recorder: Any, **options: Any) -> Any:
    layout = Layout.of(params)
    n = arrays[0].size
    block = bytearray(header((n, 1, 1)).ljust(layout.size, b"\0"))
    for place, array in zip(layout.places, arrays, strict=True):
        store_array(block, place, array.ctypes.data, array.shape, array.strides)
    return bound_context(add["run"], block, keep=arrays, **recorder.handlers, **options)


@pytest.fixture
def arrays() -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 1001), np.float32)
    return a, b, np.zeros_like(a)


def test_runs_and_returns_none(
    native: Any, stubs: Stubs, add: Loaded, add_params: Any, arrays: Any, recorder: Any
) -> None:
    launch = native(stubs.bound, bind_add(add, add_params, arrays, recorder))
    assert launch() is None
    assert launch(*(), **{}) is None
    a, b, c = arrays
    np.testing.assert_array_equal(c, a + b)
    assert recorder.calls == []


def test_arguments_go_to_the_slow_path(native: Any, stubs: Stubs, recorder: Any) -> None:
    launch = native(stubs.bound, bound_context(recorder.run, header(), **recorder.handlers))
    marker = object()
    assert [launch(1), launch(key=marker), launch(marker, 2, key=3)] == ["slow"] * 3
    assert recorder.calls == [
        ("slow", (1,), {}),
        ("slow", (), {"key": marker}),
        ("slow", (marker, 2), {"key": 3}),
    ]
    assert recorder.blocks == []


def test_a_fault_is_told_with_its_information(native: Any, stubs: Stubs, recorder: Any) -> None:
    context = bound_context(recorder.run, header(), **recorder.handlers)
    recorder.code = 2**40
    context.write(FAULT, (-5).to_bytes(8, "little", signed=True))
    assert native(stubs.bound, context)() == "fault"
    assert recorder.calls == [("fault", 2**40, -5)]


def test_errors_of_the_handlers_propagate(native: Any, stubs: Stubs, recorder: Any) -> None:
    def fail(*args: Any) -> None:
        raise KeyError(*args)

    recorder.code = 7
    launch = native(stubs.bound, bound_context(recorder.run, header(), slow=fail, fault=fail))
    with pytest.raises(KeyError, match="1"):
        launch(1)
    with pytest.raises(KeyError) as raised:
        launch()
    assert raised.value.args == (7, 0)


def test_a_scalar_of_the_block_may_be_changed(native: Any, stubs: Stubs, recorder: Any) -> None:
    context = bound_context(recorder.run, header(), **recorder.handlers)
    launch = native(stubs.bound, context)
    launch()
    context.write(LANES[1], (9).to_bytes(8, "little"))
    launch()
    assert [np.frombuffer(block, np.int64)[1] for block in recorder.blocks] == [0, 9]
    with pytest.raises(ValueError):
        context.write(len(header()) - 4, bytes(8))


def test_references_stay_balanced(
    native: Any, stubs: Stubs, add: Loaded, add_params: Any, arrays: Any, recorder: Any
) -> None:
    context = bind_add(add, add_params, arrays, recorder)
    launch = native(stubs.bound, context)
    watched = (None, launch, context, arrays, recorder, *arrays)
    before = [sys.getrefcount(w) for w in watched]
    for _ in range(5000):
        launch()
    for _ in range(500):
        launch(1)
    recorder.calls.clear()
    after = [sys.getrefcount(w) for w in watched]
    assert all(abs(x - y) < 500 for x, y in zip(before, after, strict=True)), (before, after)


def test_the_arguments_live_as_long_as_the_launch(native: Any, stubs: Stubs, recorder: Any) -> None:
    class Owner:
        pass

    owner = Owner()
    alive = weakref.ref(owner)
    launch = native(stubs.bound, bound_context(recorder.run, header(), keep=owner, **recorder.handlers))
    del owner
    assert alive() is not None
    del launch
    assert alive() is None


def test_a_slow_path_that_refers_back_is_collected(native: Any, stubs: Stubs, recorder: Any) -> None:
    launch = native()
    launch.context = bound_context(recorder.run, header(), slow=launch.__init__, fault=recorder.fault)
    set_entry(launch, stubs.bound, launch.context.address)
    alive = weakref.ref(launch)
    del launch
    gc.collect()
    assert alive() is None


def test_a_handler_may_replace_the_context_it_came_from(native: Any, stubs: Stubs, recorder: Any) -> None:
    launch = native()

    def rebind(*args: Any) -> str:
        launch.context = bound_context(recorder.run, header(), **recorder.handlers)
        set_entry(launch, stubs.bound, launch.context.address)
        gc.collect()
        return "rebound"

    launch.context = bound_context(recorder.run, header(), slow=rebind, fault=recorder.fault)
    set_entry(launch, stubs.bound, launch.context.address)
    alive = weakref.ref(rebind)
    del rebind
    assert launch(0) == "rebound"
    assert alive() is None
    assert launch(0) == "slow"


def test_creation_and_destruction_do_not_grow_memory(native: Any, stubs: Stubs, recorder: Any) -> None:
    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def churn(count: int) -> None:
        for _ in range(count):
            native(stubs.bound, bound_context(recorder.run, header(), **recorder.handlers))

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc here")
    churn(20_000)
    before = resident()
    churn(100_000)
    assert resident() - before < 2 << 20


def test_threads_share_one_launch(
    native: Any, stubs: Stubs, add: Loaded, add_params: Any, arrays: Any, recorder: Any
) -> None:
    launch = native(stubs.bound, bind_add(add, add_params, arrays, recorder, release_lanes=0))
    threads = [threading.Thread(target=lambda: [launch() for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(arrays[2], arrays[0] + arrays[1])
    assert recorder.calls == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_launches(
    native: Any, stubs: Stubs, add: Loaded, add_params: Any, arrays: Any, recorder: Any
) -> None:
    launch = native(stubs.bound, bind_add(add, add_params, arrays, recorder))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            launch()
            status = 0 if (arrays[2] == arrays[0] + arrays[1]).all() else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert not arrays[2].any()


WAIT_IR = f"""
define i64 @run(ptr %block) {{
entry:
  %flag.at = getelementptr i8, ptr %block, i64 {LANES[0]}
  br label %wait
wait:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %flag = load volatile i64, ptr %flag.at
  %set = icmp ne i64 %flag, 0
  br i1 %set, label %done, label %again
again:
  %next = add i64 %i, 1
  %patient = icmp ult i64 %i, 10000000000
  br i1 %patient, label %wait, label %given.up
done:
  ret i64 0
given.up:
  ret i64 1
}}
"""


def test_a_long_launch_lets_others_run_and_holds_its_context(native: Any, stubs: Stubs, recorder: Any) -> None:
    """The kernel waits for a flag that only another Python thread can set: with the GIL held it would give up."""
    wait = load_object(compile_object(WAIT_IR, host_target()), ["run"])
    context: EntryContext | None = bound_context(wait["run"], header(), release_lanes=0, **recorder.handlers)
    assert context is not None
    flag = ctypes.c_int64.from_address(context.block_address + LANES[0])
    alive = weakref.ref(context)
    launch = native(stubs.bound, context)
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(launch()))
    thread.start()
    while sys.getrefcount(context) < 4:  # this frame, the launch, the call, and the machine code's own hold
        pass
    replacement = bound_context(recorder.run, header(), **recorder.handlers)
    set_entry(launch, stubs.bound, replacement.address)
    launch.context = replacement
    del context
    assert alive() is not None
    flag.value = 1
    thread.join()
    assert (results, recorder.calls) == ([None], [])
    assert alive() is None


@pytest.mark.parametrize("release_lanes", [0, 1])
def test_launches_run_in_the_default_floating_point_environment(
    native: Any, stubs: Stubs, recorder: Any, control_word: Any, release_lanes: int
) -> None:
    context = bound_context(control_word.run, header(), release_lanes=release_lanes, **recorder.handlers)
    launch = native(stubs.bound, context)
    usual, flush_to_zero_round_up = control_word.read(), 0x1F80 | 0x8040 | 0x4000
    control_word.write(flush_to_zero_round_up)
    try:
        launch()
        during, after = recorder.calls[-1][2] & ~0x3F, control_word.read() & ~0x3F
    finally:
        control_word.write(usual)
    assert during == 0x1F80
    assert after == flush_to_zero_round_up & ~0x3F
