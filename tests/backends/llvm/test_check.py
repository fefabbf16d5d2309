"""The generated check never lets a launch through that `isa.extents` refuses, and decides ordinary sizes itself."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.cpu import CpuBackend
from hologram.backends.llvm import layout
from hologram.errors import ExtentError
from hologram.frontend import compile_source
from hologram.isa.extents import Extents, check, derive
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.verify import verify

KERNELS = {
    "line": """
def line(x: DeviceArray[f32], y: DeviceArray[f32], n: i64, k: i32):
    i = get_global_id()
    if i < n:
        y[i] = x[i + k]
""",
    "strided": """
def strided(x: DeviceArray[f32], y: DeviceArray[f32], n: i32, k: i32):
    i = get_global_id()
    if i < n:
        y[i] = x[2 * i + k] + x[n - 1 - i]
""",
    "stencil": """
def stencil(x: DeviceArray[f64, 2], y: DeviceArray[f64, 2]):
    i = get_global_id(0)
    j = get_global_id(1)
    if i < y.shape[1] and j < y.shape[0]:
        t = x[j, i]
        if i > 0 and j < y.shape[0] - 1:
            t = x[j + 1, i - 1]
        y[j, i] = t
""",
    "gemv": """
def gemv(a: DeviceArray[f32, 2], x: DeviceArray[f32], y: DeviceArray[f32], m: i64, n: i64):
    i = get_global_id()
    if i < m:
        total = 0.0
        for j in range(n):
            total = total + a[i, j] * x[j]
        y[i] = total
""",
    "unguarded": """
def unguarded(x: DeviceArray[f32], y: DeviceArray[f32]):
    i = get_global_id()
    y[i] = x[i]
""",
}
SIZES = st.one_of(st.integers(0, 6), st.sampled_from([100, 1 << 31, (1 << 31) - 1, 1 << 40, (1 << 63) - 1]))
NUMBERS = st.one_of(st.integers(-3, 6), st.sampled_from([100, -(1 << 31), (1 << 31) - 1]))


@dataclass(frozen=True)
class Checked:
    program: Program
    extents: Extents
    address: int


@cache
def checked(name: str) -> Checked:
    (unit,) = compile_source(f"from hologram.language import *\n@kernel{KERNELS[name]}", "k.py")
    facts = verify(unit.program)
    return Checked(unit.program, derive(facts), CpuBackend().compile(unit.program).check_address)


def launch(kernel: Checked, shapes: list[tuple[int, ...]], numbers: list[int]) -> tuple[int, tuple[int, ...], bool]:
    """(what the generated check returns, the lanes it wrote, whether the exact check passes)."""
    params, plan = kernel.program.params, layout.Layout.of(kernel.program.params)
    block, values = bytearray(plan.size), {}
    left_shapes, left_numbers = iter(shapes), iter(numbers)
    for k, (param, place) in enumerate(zip(params, plan.places, strict=True)):
        if not param.is_array:
            values[Slot(k)] = next(left_numbers)
            layout.store_scalar(block, place, param.type, values[Slot(k)])
            continue
        shape = next(left_shapes)
        strides = [param.type.size]
        for size in shape[:0:-1]:
            strides.insert(0, min(strides[0] * size, (1 << 63) - 1))
        layout.store_array(block, place, 4096, shape, strides)
        values |= {Slot(k, Field.SHAPE, axis): size for axis, size in enumerate(shape)}
        values |= {Slot(k, Field.STRIDE, axis): step for axis, step in enumerate(strides)}
    memory = (ctypes.c_char * len(block)).from_buffer(block)
    result = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(kernel.address)(ctypes.addressof(memory))
    wanted = [max(p.evaluate(values), 0) for p in kernel.program.extent] + [1, 1]
    x, y, z = wanted[:3]
    try:
        check(kernel.extents, kernel.program, values, (x, y, z))
    except ExtentError:
        return result, (), False
    written = tuple(layout.load_slot(block, offset) for offset in layout.LANES)
    assert result or written == (x, y, z), "the lanes of the launch"
    return result, written, True


def ordinary(sizes: list[int]) -> bool:
    return all(abs(size) <= 100 for size in sizes)


def agree(name: str, shapes: list[tuple[int, ...]], numbers: list[int]) -> None:
    result, _, fits = launch(checked(name), shapes, numbers)
    assert fits or result == 1, "a launch that goes astray is not let through"
    if fits and ordinary([*numbers, *(size for shape in shapes for size in shape)]):
        assert result == 0, "an ordinary launch is decided without the slow path"


@given(SIZES, SIZES, SIZES, NUMBERS)
@settings(max_examples=150, deadline=None)
def test_neighbours_on_a_line(x: int, y: int, n: int, k: int) -> None:
    agree("line", [(x,), (y,)], [n, k])


@given(SIZES, SIZES, NUMBERS, NUMBERS)
@settings(max_examples=150, deadline=None)
def test_strided_and_reversed(x: int, y: int, n: int, k: int) -> None:
    agree("strided", [(x,), (y,)], [n, k])


@given(SIZES, SIZES, SIZES, SIZES)
@settings(max_examples=150, deadline=None)
def test_a_stencil_in_two_dimensions(a: int, b: int, c: int, d: int) -> None:
    agree("stencil", [(a, b), (c, d)], [])


@given(SIZES, SIZES, SIZES, SIZES, SIZES, SIZES)
@settings(max_examples=150, deadline=None)
def test_a_loop_inside(a: int, b: int, x: int, y: int, m: int, n: int) -> None:
    agree("gemv", [(a, b), (x,), (y,)], [m, n])


@given(SIZES, SIZES)
@settings(max_examples=60, deadline=None)
def test_arrays_that_give_the_extent_must_agree(x: int, y: int) -> None:
    result, _, _ = launch(checked("unguarded"), [(x,), (y,)], [])
    assert result == 1 or x == y
