"""What an executor keeps between launches: resonance, boundary pool and linear pools, the same on both backends."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import LaunchConfig
from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BufferFreedError,
    CapacityError,
    LaunchError,
    OutOfBoundsError,
    PoolHandleError,
)
from hologram.isa.text import assemble
from hologram.language.program import Program
from hologram.runtime.executor import Executor

ACCUMULATE = """
.program accumulate
.param c: u8[1] r
.param v: f64[1] r
.extent v.shape[0]
    mov_sreg.i64 r0, global.x
    mov_param.u64 r1, c
    mov_param.u64 r2, v
    mul.i64 r3, r0, 8
    ldg.u8 r4, [r1 + r0]
    ldg.f64 r5, [r2 + r3]
    res.accum r4, r5
"""
UNITY = """
.program unity
.param out: u8[1] rw
    mov_param.u64 r0, out
    mov_imm.u8 r1, 1
    mov_imm.u8 r2, 2
    mov_imm.f64 r3, 0.25
    mov_imm.u8 r4, 9
    res.accum r4, r3
    unity.test p0, 0.5
    sel.u8 r1, p0, r1, r2
    stg.u8 [r0 + 0], r1
"""


def program(text: str) -> Program:
    return Program.of(assemble(text))


@pytest.fixture(params=["cpu", "interpreter"])
def ex(request: Any) -> Iterator[Executor]:
    with Executor(request.param) as executor:
        yield executor


def test_additions_are_made_in_the_order_of_the_lanes(ex: Executor) -> None:
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 96, 5000).astype(np.uint8)
    values = rng.normal(size=5000) * 10.0 ** rng.integers(-12, 12, 5000)
    expected = np.zeros(96)
    kernel = program(ACCUMULATE)
    for _ in range(2):
        kernel(classes, values, executor=ex)
        for c, v in zip(classes, values, strict=True):
            expected[c] += v
    assert ex.resonance.tobytes() == expected.tobytes()
    ex.reset_resonance()
    assert not ex.resonance.any()


def test_resonance_is_read_as_a_copy_and_belongs_to_the_executor(ex: Executor) -> None:
    program(ACCUMULATE)(np.array([5], np.uint8), np.array([2.5]), executor=ex)
    ex.resonance[5] = 0
    assert ex.resonance[5] == 2.5
    assert Executor(ex.backend).resonance[5] == 0


def test_a_launch_sees_the_resonance_of_its_start(ex: Executor) -> None:
    out, kernel = np.zeros(1, np.uint8), program(UNITY)
    seen = []
    for _ in range(4):
        kernel(out, grid=1, block=1, executor=ex)
        seen.append(int(out[0]))
    assert seen == [1, 1, 2, 2]  # 0, 0.25, 0.5, 0.75 before each
    assert ex.resonance[9] == 1.0


def test_a_launch_that_goes_wrong_adds_nothing(ex: Executor) -> None:
    kernel = program(ACCUMULATE)
    with pytest.raises(OutOfBoundsError, match="class"):
        kernel(np.array([1, 2, 96], np.uint8), np.ones(3), executor=ex)
    assert not ex.resonance.any()
    kernel(np.array([1, 2, 95], np.uint8), np.ones(3), executor=ex)
    assert ex.resonance.sum() == 3


def test_bound_launches_take_turns(ex: Executor) -> None:
    many = 200 if ex.backend == "cpu" else 20
    launch = program(ACCUMULATE).bind(np.array([7] * 3, np.uint8), np.ones(3), executor=ex)
    threads = [threading.Thread(target=lambda: [launch() for _ in range(many)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ex.resonance[7] == 12 * many


CLASS = """
.program classes
.param out: u8[1] rw
.extent out.shape[0]
    mov_param.u64 r0, out
    mov_sreg.i64 r1, global.x
    cls.get r2
    stg.u8 [r0 + r1], r2
"""


def test_the_class_of_a_launch(ex: Executor) -> None:
    kernel, out = program(CLASS), np.zeros(300, np.uint8)
    kernel(out, block=2, executor=ex)
    assert (out == np.arange(300) // 2 % 96).all()
    config = LaunchConfig.linear(300, 64, resonance_class=42)
    kernel(out, config=config, executor=ex)
    assert (out == 42).all()
    out[:] = 0
    launch = kernel.bind(out, config=LaunchConfig.linear(300, resonance_class=17), executor=ex)
    assert launch.config.resonance_class == 17
    launch()
    assert (out == 17).all()
    ex.launch(kernel, out, config=LaunchConfig.linear(200, resonance_class=3))
    assert (out == [3] * 256 + [17] * 44).all()
    ex.launch(assemble(CLASS), out, block=100)
    assert (out == np.arange(300) // 100).all()


def test_what_a_launch_config_must_be(ex: Executor) -> None:
    kernel, out = program(CLASS), np.zeros(4, np.uint8)
    for wrong in (96, -1, 1.5):
        with pytest.raises(LaunchError, match="resonance_class must be a class index from 0 to 95"):
            LaunchConfig.linear(4, resonance_class=wrong)  # type: ignore[arg-type]
    config = LaunchConfig.linear(4)
    with pytest.raises(ArgumentTypeError, match="either config= or grid="):
        kernel(out, config=config, block=4, executor=ex)
    with pytest.raises(ArgumentTypeError, match="config must be a LaunchConfig, not int"):
        kernel(out, config=4, executor=ex)
    with pytest.raises(LaunchError, match="declares 0 bytes of shared memory"):
        kernel(out, config=LaunchConfig((1, 1, 1), (4, 1, 1), 64), executor=ex)


BOUNDARY = """
.program boundary
.param out: f32[1] rw
    mov_param.u64 r0, out
    ldg.f32 r1, [phi(2, 0, 4)]
    stg.f32 [r0 + 0], r1
    add.f32 r1, r1, 1.0
    stg.f32 [phi(2, 0, 4)], r1
"""


def test_coordinates_are_places_of_boundary_buffers(ex: Executor) -> None:
    buffer = ex.allocate_boundary(2, 48, 256)
    buffer.numpy()[1] = 6.5
    out, kernel = np.zeros(1, np.float32), program(BOUNDARY)
    launch = kernel.bind(out, grid=1, block=1, executor=ex)
    for _ in range(3):
        launch()
    assert out[0] == 8.5 and buffer.numpy()[1] == 9.5
    assert launch.is_native == (ex.backend == "cpu")
    kernel(out, grid=1, block=1, executor=Executor(ex.backend))
    assert out[0] == 0


def test_a_bound_launch_keeps_the_boundary_pool_alive() -> None:
    def bound() -> tuple[Any, Any]:
        out = np.zeros(1, np.float32)
        return program(BOUNDARY).bind(out, grid=1, block=1, executor=Executor("cpu")), out

    launch, out = bound()
    gc.collect()
    for expected in range(3):
        launch()
        assert out[0] == expected


POOL = """
.program pool
.param handle: u64
.param out: u32[1] rw
.extent out.shape[0]
    mov_param.u64 r0, out
    mov_param.u64 r1, handle
    mov_sreg.u64 r2, global.x
    mul.u64 r2, r2, 4
    pool.load.u32 r3, r1, r2
    mul.u32 r4, r3, 2
    pool.store.u32 r1, r2, r4
    stg.u32 [r0 + r2], r3
"""


def test_linear_pools_of_the_host(ex: Executor) -> None:
    pool = ex.allocate_pool(400)
    assert pool.size == 400 and pool.read() == bytes(400)
    pool.write(np.arange(100, dtype=np.uint32))
    out, kernel = np.zeros(100, np.uint32), program(POOL)
    kernel(pool.handle, out, executor=ex)
    assert (out == np.arange(100)).all()
    assert (np.frombuffer(pool.read(), np.uint32) == 2 * np.arange(100)).all()
    assert pool.read(4, 8) == (4).to_bytes(4, "little")
    with pytest.raises(OutOfBoundsError):
        kernel(pool.handle, np.zeros(101, np.uint32), executor=ex)
    with pytest.raises(PoolHandleError):
        kernel(pool.handle + 1, out, executor=ex)
    pool.free()
    assert pool.is_freed
    with pytest.raises(PoolHandleError, match=r"no|not exist"):
        kernel(pool.handle, out, executor=ex)


def test_ranges_and_ends_of_pools(ex: Executor) -> None:
    with ex.allocate_pool(16) as pool:
        for offset, size in ((-1, 4), (13, 4), (0, 17), (17, None)):
            with pytest.raises(ArgumentValueError, match="pool of 16 bytes"):
                pool.read(size, offset)
        with pytest.raises(IndexError):
            pool.write(b"12345", 12)
    with pytest.raises(BufferFreedError, match="has been freed"):
        pool.read()
    with pytest.raises(ArgumentValueError):
        ex.allocate_pool(-1)
    with pytest.raises(CapacityError):
        ex.allocate_pool(1 << 62)
    handles = {ex.allocate_pool(0).handle for _ in range(3)}
    assert len(handles) == 3 and 0 not in handles and pool.handle not in handles


KEPT = """
.program kept
.param out: u64[1] rw
    mov_param.u64 r0, out
    pool.alloc r1, 24
    mov_imm.u64 r2, 16
    mov_imm.f16 r3, 1.5
    pool.store.f16 r1, r2, r3
    stg.u64 [r0 + 0], r1
"""


def test_a_pool_outlives_the_launch_that_made_it(ex: Executor) -> None:
    out = np.zeros(1, np.uint64)
    program(KEPT)(out, grid=1, block=1, executor=ex)
    content = ex.memory.pools.content(int(out[0]))
    assert content is not None and len(content) == 24
    assert content[16:18].view(np.float16)[0] == 1.5


def test_recorded_launches_use_the_memory_of_their_executor(ex: Executor) -> None:
    buffer, out = ex.allocate_boundary(2, 48, 256), np.zeros(1, np.float32)
    classes, values = np.array([5, 7], np.uint8), np.array([1.5, 2.0])
    accumulate, boundary = program(ACCUMULATE), program(BOUNDARY)
    with ex.record() as graph:
        ex.ops.add(buffer, buffer, out=buffer)
        boundary(out, grid=1, block=1)
        ex.ops.add(buffer, buffer, out=buffer)
        accumulate(classes, values)
        ex.launch(program(CLASS), np.zeros(3, np.uint8), config=LaunchConfig.linear(3, resonance_class=9))
    buffer.numpy()[:] = 1
    assert not ex.resonance.any()
    for expected in (2, 12):
        graph.launch()
        assert out[0] == expected and ex.resonance[5] % 1.5 == 0
    assert ex.resonance[[5, 7]].tolist() == [3.0, 4.0]
    assert buffer.numpy()[1] == 26 and buffer.numpy()[2] == 16
