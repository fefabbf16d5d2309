"""@device in live modules: called from live kernels, refused in Python."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from hologram.errors import ArgumentTypeError, KernelSyntaxError, UnsupportedError
from hologram.language import DeviceArray, device, f32, get_global_id, kernel

SCALE = 4


@device
def scaled(v: f32) -> f32:
    """Module constants are seen from here."""
    return v * SCALE


@device
def twice_scaled(v: f32) -> f32:
    return scaled(v) + scaled(v)


renamed = twice_scaled


@kernel
def apply(x: DeviceArray[f32], y: DeviceArray[f32]):
    i = get_global_id()
    y[i] = renamed(x[i])


shapes = ModuleType("shapes")
shapes.scaled, shapes.OFFSET, shapes.inner = scaled, np.float32(3), ModuleType("inner")  # type: ignore[attr-defined]
shapes.inner.DEEP = 2  # type: ignore[attr-defined]


@kernel
def by_module(x: DeviceArray[f32], y: DeviceArray[f32]):
    i = get_global_id()
    y[i] = shapes.scaled(x[i]) + shapes.OFFSET * shapes.inner.DEEP


@device
def ping(v: f32) -> f32:
    return pong(v)


@device
def pong(v: f32) -> f32:
    return ping(v)


@kernel
def endless(x: DeviceArray[f32]):
    i = get_global_id()
    x[i] = ping(x[i])


def test_live_kernels_call_live_device_functions() -> None:
    x = np.arange(10, dtype=np.float32)
    y = np.zeros_like(x)
    apply(x, y)
    np.testing.assert_array_equal(y, x * 8)


def test_live_modules_lend_device_functions_and_numbers() -> None:
    x = np.arange(10, dtype=np.float32)
    y = np.zeros_like(x)
    by_module(x, y)
    np.testing.assert_array_equal(y, x * 4 + 6)


def test_functions_that_call_each_other_are_refused() -> None:
    with pytest.raises(KernelSyntaxError, match="recursion: ping calls pong calls ping") as caught:
        endless(np.zeros(3, np.float32))
    assert caught.value.location.file == __file__
    assert "ping(v)" in caught.value.source_line


def test_calling_one_from_python_says_what_it_is() -> None:
    with pytest.raises(UnsupportedError, match=r"'scaled' is a device function.*cannot be called from Python"):
        scaled(1.0)
    assert repr(scaled) == "<device function scaled>"
    assert scaled.__doc__ == "Module constants are seen from here."


def test_only_functions_can_be_decorated() -> None:
    with pytest.raises(ArgumentTypeError, match="@device decorates a function, not int"):
        device(3)
