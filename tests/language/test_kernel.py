"""Kernels made by the decorator: compiled from source, called, bound, inspected, pickled."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import hologram.language as lang
from hologram import Executor, set_default_executor
from hologram.errors import ArgumentTypeError, DivisionByZeroError, ExtentError, KernelSyntaxError, OverlapError
from hologram.language import DeviceArray, Kernel, atlas_kernel, f32, get_global_id, i32, kernel, u32
from hologram.language import f32 as single
from hologram.runtime import native

GAIN = 3
REACHED = []


@kernel
def saxpy(a: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    """y = a·x + y for i < n."""
    i = get_global_id()
    if i < n:
        y[i] = a * x[i] + y[i]


@kernel
def gained(x: DeviceArray[single], n: u32 = 2):
    i = lang.get_global_id()
    if i < n:
        x[i] = x[i] * GAIN


@kernel
def divide(a: DeviceArray[i32], b: DeviceArray[i32], n: u32):
    i = get_global_id()
    if i < n:
        a[i] = a[i] // b[i]


def make(factor: float) -> Kernel:
    @kernel
    def closed_over(x: DeviceArray[f32], n: u32):
        i = get_global_id()
        if i < n:
            x[i] = x[i] * factor

    return closed_over


def ones(n: int = 8) -> np.ndarray:
    return np.ones(n, np.float32)


def test_calls_with_all_checks_before_and_after_the_native_entry() -> None:
    x, y = ones(), ones()
    for wanted in (3, 5, 7, 9):
        saxpy(2.0, x, y, 8)
        assert (y == wanted).all()
        for bad, error in [
            ((2.0, x[:7], y, 8), ExtentError),
            ((2.0, x, y.astype(float), 8), ArgumentTypeError),
            ((2.0, x, y[::2], 4), ArgumentTypeError),
            ((2.0, y[:7], y[1:], 7), OverlapError),
            ((2.0, x, y), ArgumentTypeError),
            ((2.0, x, y, 8, 9), ArgumentTypeError),
            ((2.0, x, y, 8.0), ArgumentTypeError),
            ((None, x, y, 8), ArgumentTypeError),
        ]:
            with pytest.raises(error):
                saxpy(*bad)
        assert (y == wanted).all()


def test_what_is_legal_and_unusual_runs_after_the_native_entry_too() -> None:
    x, y = ones(), ones()
    saxpy(1.0, x, y, 8)
    saxpy(1.0, x, y, 8)
    assert (saxpy._context is not None) is native.native_entries()[0]
    saxpy(a=1, x=x, y=y, n=np.int64(8))
    saxpy(np.float32(1), pickle.loads(pickle.dumps(x)), y, 8)
    buffer = Executor("cpu").array(x)
    saxpy(1.0, buffer, y, 8)
    saxpy(1.0, x, y, 8, grid=1, block=8)
    saxpy(1.0, x, y, 8, executor=Executor("interpreter"))
    saxpy(1.0, x, y, -0)
    assert (y == 8).all()


def test_faults_after_the_native_entry() -> None:
    a, b = np.array([6, 7], np.int32), np.array([2, 1], np.int32)
    divide(a, b, 2)
    divide(a, b, 2)
    b[1] = 0
    with pytest.raises(DivisionByZeroError, match=r"'divide'.*test_kernel\.py"):
        divide(a, b, 2)


def test_another_default_executor_is_respected() -> None:
    x, y = ones(), ones()
    saxpy(1.0, x, y, 8)
    saxpy(1.0, x, y, 8)
    slow = Executor("interpreter")
    set_default_executor(slow)
    try:
        assert saxpy._context is None
        saxpy(1.0, x, y, 8)
        saxpy(1.0, x, y, 8)
        assert saxpy._context is None
        assert saxpy.bind(1.0, x, y, 8).executor is slow
    finally:
        set_default_executor(None)
    assert (y == 5).all()


def test_bind() -> None:
    x, y = ones(), ones()
    launch = saxpy.bind(2.0, x, y, 8)
    launch()
    launch()
    assert (y == 5).all()


def test_constants_imports_under_other_names_and_defaults() -> None:
    x = ones(3)
    gained(x)
    assert x.tolist() == [3, 3, 1]


def test_closures_keep_their_numbers() -> None:
    double, half = make(2.0), make(0.5)
    x = ones(2)
    double(x, 2)
    double(x, 2)
    half(x, 2)
    assert x.tolist() == [2, 2]


def test_a_kernel_is_never_executed() -> None:
    @kernel
    def silent(x: DeviceArray[f32], n: u32):
        REACHED.append(1)

    with pytest.raises(KernelSyntaxError, match=r"test_kernel\.py:\d+:\d+"):
        silent(ones(), 8)
    assert not REACHED


def test_errors_point_into_the_file() -> None:
    @kernel
    def wrong(x: DeviceArray[f32], n: u32):
        i = get_global_id()
        if i < n:
            x[i] = hash("text")

    with pytest.raises(KernelSyntaxError) as caught:
        wrong(ones(), 8)
    line = inspect.getsourcelines(wrong.__wrapped__)[1] + 4
    assert (Path(caught.value.location.file).name, caught.value.location.line) == ("test_kernel.py", line)
    assert "hash(" in caught.value.source_line


def test_no_source_is_an_error() -> None:
    space: dict[str, object] = {"kernel": kernel, "DeviceArray": DeviceArray, "f32": f32}
    exec("@kernel\ndef hidden(x: DeviceArray[f32]):\n    x[0] = 1.0\n", space)
    with pytest.raises(KernelSyntaxError, match="source of kernel 'hidden' is not available"):
        _ = space["hidden"].program  # type: ignore[attr-defined]


def test_description() -> None:
    assert saxpy.name == saxpy.__name__ == "saxpy"
    assert saxpy.__doc__ == "y = a·x + y for i < n."
    assert repr(saxpy) == "<kernel saxpy(a, x, y, n)>"
    assert list(inspect.signature(saxpy).parameters) == ["a", "x", "y", "n", "grid", "block", "executor"]
    assert inspect.signature(gained).parameters["n"].default == 2
    assert "Kernel" in type(saxpy).__name__
    assert Kernel.__doc__.startswith("A kernel.")
    assert inspect.signature(Kernel).parameters
    assert saxpy.launch_config(1.0, ones(), ones(), 8).grid == (1, 1, 1)
    assert atlas_kernel is kernel


@pytest.mark.parametrize(
    ("form", "mark"),
    [("tree", '"saxpy"'), ("atlasm", "mov_sreg"), ("optimised", "; was "), ("llvm", "define"), ("asm", ".text")],
)
def test_inspect(form: str, mark: str) -> None:
    assert mark in saxpy.inspect(form)


def test_unknown_form() -> None:
    with pytest.raises(NotImplementedError, match="tree, atlasm, optimised, llvm, asm"):
        saxpy.inspect("ptx")


def test_kernels_pickle_by_name_and_else_by_program() -> None:
    assert pickle.loads(pickle.dumps(saxpy)) is saxpy
    assert copy.deepcopy(saxpy) is saxpy
    again = pickle.loads(pickle.dumps(make(4.0)))
    x = ones(2)
    again(x, 2)
    assert x.tolist() == [4, 4]


def test_block_of_the_decorator() -> None:
    @kernel(block=32)
    def blocked(x: DeviceArray[f32], n: u32):
        i = get_global_id()
        if i < n:
            x[i] = 1.0

    assert blocked.launch_config(ones(), 8).block == (32, 1, 1)
    assert blocked.program.block == (32,)
    assert blocked.launch_config(ones(), 8, block=4).block == (4, 1, 1)


def test_only_functions_are_decorated() -> None:
    with pytest.raises(ArgumentTypeError, match="decorates a function"):
        kernel(3)  # type: ignore[call-overload]


def test_32_threads_share_a_kernel_while_the_default_executor_changes() -> None:
    shared, x = make(1.0), ones(1000)
    slow = Executor("interpreter")

    def work(_: int) -> bool:
        y = x.copy()
        for _ in range(200):
            shared(y, 1000)
        return bool(np.array_equal(x, y))

    try:
        with ThreadPoolExecutor(32) as threads:
            results = threads.map(work, range(64))
            for i in range(200):
                set_default_executor(slow if i % 20 == 0 else None)
                time.sleep(0.001)
            set_default_executor(None)
            assert all(results)
    finally:
        set_default_executor(None)


def test_many_kernels_come_and_go() -> None:
    x = ones(2)
    for i in range(30):
        made = make(float(1 + i % 2))
        made(x, 2)
        made(x, 2)
    assert np.isfinite(x).all()


def test_importing_the_language_loads_no_compiler() -> None:
    names = ("llvmlite", "msgspec", "rich", "typer")
    script = f"import sys, hologram.language; print([m for m in {names} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
