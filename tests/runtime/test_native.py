"""Where this process has no native entries everything still works, through Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hologram.backends.cpu.backend import LONG_NANOSECONDS, NANOSECONDS_PER_INSTRUCTION, CpuExecutable
from hologram.errors import ArgumentTypeError, DivisionByZeroError
from hologram.isa.builder import Builder
from hologram.language.kernel import kernel_type
from hologram.language.program import Program
from hologram.runtime import native
from hologram.runtime.executor import Executor
from hologram.runtime.launch import Launch
from hologram.runtime.launcher import Launcher
from hologram.types import Type


@pytest.fixture
def no_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_stubs", lambda: None)


def test_the_check_gives_a_reason_or_none() -> None:
    works, reason = native.native_entries()
    assert works is not bool(reason)


@pytest.mark.usefixtures("no_entries")
def test_launches_without_native_entries(launcher: Callable[[str], Launcher]) -> None:
    x, y = np.ones(4, np.float32), np.ones(4, np.float32)
    launch = launcher("saxpy").bind(2.0, x, y, 4, executor=Executor("cpu"))
    assert not launch.is_native
    launch()
    launch.set(a=3.0)
    launch()
    assert (y == 6).all()
    with pytest.raises(TypeError):
        launch(1)
    a = np.zeros(4, np.int32)
    with pytest.raises(DivisionByZeroError):
        launcher("divide").bind(a, a, a.copy(), executor=Executor("cpu"))()


@pytest.mark.usefixtures("no_entries")
def test_kernels_without_native_entries(launcher: Callable[[str], Launcher]) -> None:
    kernel = kernel_type()(program=Program.of(launcher("saxpy").program))
    x, y = np.ones(4, np.float32), np.ones(4, np.float32)
    for _ in range(3):
        kernel(2.0, x, y, 4)
    assert (y == 7).all()
    with pytest.raises(ArgumentTypeError):
        kernel(2.0, x, y)


def test_types_without_room_stay_what_they_are() -> None:
    class Roomy:
        """Has an instance dictionary, so it cannot have the two words."""

    assert native.callable_type(Roomy, "x.Roomy") is Roomy
    assert issubclass(native.callable_type(Launch, "x.Launch"), Launch)


def test_too_many_parameters_for_a_native_call_go_through_python() -> None:
    builder = Builder("wide")
    out = builder.array("out", Type.F32, access="rw")
    for i in range(100):
        builder.scalar(f"s{i}", Type.I32)
    assert out == 0
    from hologram.isa.affine import Poly

    kernel = kernel_type()(program=Program.of(builder.build([Poly.const(1)])))
    array = np.zeros(2, np.float32)
    for _ in range(3):
        kernel(array, *range(100))
    assert kernel._context is None


def test_the_gil_is_released_by_lanes_and_cost(launcher: Callable[[str], Launcher]) -> None:
    made = launcher("saxpy").executable(Executor("cpu"))
    assert isinstance(made, CpuExecutable)
    nanoseconds = made.long_lanes * NANOSECONDS_PER_INSTRUCTION * made.cost
    assert nanoseconds == pytest.approx(LONG_NANOSECONDS, rel=0.01)
