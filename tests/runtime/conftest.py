"""Programs the runtime tests launch, and both executors."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hologram.frontend import compile_source
from hologram.isa.program import Program
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

HEAD = "from hologram.language import *\nfrom hologram.language import kernel, DeviceArray\n"

SOURCES = {
    "saxpy": """
@kernel
def saxpy(a: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = a * x[i] + y[i]
""",
    "add": """
@kernel
def add(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        c[i] = a[i] + b[i]
""",
    "shifted": """
@kernel
def shifted(a: DeviceArray[f32], c: DeviceArray[f32], n: i32):
    i = get_global_id()
    if i < n:
        c[i] = a[i + 1]
""",
    "divide": """
@kernel
def divide(a: DeviceArray[i32], b: DeviceArray[i32], c: DeviceArray[i32], n: u32 = 4):
    i = get_global_id()
    if i < n:
        c[i] = a[i] // b[i]
""",
    "scale2d": """
@kernel
def scale2d(a: DeviceArray[f64, 2], c: DeviceArray[f64, 2], by: f64 = 2.0):
    x = get_global_id(0)
    y = get_global_id(1)
    if x < a.shape[1] and y < a.shape[0]:
        c[y, x] = a[y, x] * by
""",
    "gather": """
@kernel
def gather(a: DeviceArray[f32], at: DeviceArray[i32], c: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        c[i] = a[at[i]]
""",
    "bytes": """
@kernel
def bytes_(x: DeviceArray[u8], n: u64, flag: u8, level: i8):
    i = get_global_id()
    if i < n:
        x[i] = x[i] + flag
""",
    "ids": """
@kernel
def ids(c: DeviceArray[i64]):
    i = get_global_id()
    c[i] = i
""",
}


@pytest.fixture(scope="session")
def program() -> Callable[[str], Program]:
    """A program by its name in SOURCES."""
    made: dict[str, Program] = {}

    def get(name: str) -> Program:
        if name not in made:
            made[name] = compile_source(HEAD + SOURCES[name], f"{name}.py")[0].program
        return made[name]

    return get


@pytest.fixture
def launcher(program: Callable[[str], Program]) -> Callable[[str], Launcher]:
    """A launcher of a program by its name in SOURCES."""
    return lambda name: Launcher(program(name))


@pytest.fixture(params=["cpu", "interpreter"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Each executor in turn."""
    with Executor(request.param) as made:
        yield made
