"""Everything that exports host memory is seen as an array over that very memory."""

from __future__ import annotations

import array
import ctypes
import mmap
from typing import Any

import numpy as np
import pytest

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.runtime.host import element_type, host_array, pin
from hologram.types import Type


class Interface:
    def __init__(self, array: Any) -> None:
        self.array = array

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return dict(self.array.__array_interface__)


class Exporter:
    def __init__(self, array: Any, device: int = 1) -> None:
        self.array, self.device = array, device

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (self.device, 0)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda a: a,
        lambda a: a.view(type("Mine", (np.ndarray,), {})),
        memoryview,
        Interface,
        Exporter,
    ],
)
def test_memory_is_shared(wrapped: Any) -> None:
    original = np.zeros(4, np.float32)
    seen = host_array(wrapped(original))
    assert type(seen) is np.ndarray
    seen[1] = 3
    assert original[1] == 3


@pytest.mark.parametrize(
    "exporter",
    [bytearray(8), array.array("f", [1, 2]), (ctypes.c_float * 2)(), mmap.mmap(-1, 8)],
    ids=lambda value: type(value).__name__,
)
def test_buffer_protocol(exporter: Any) -> None:
    seen = host_array(exporter)
    assert seen is not None
    assert seen.nbytes == 8


@pytest.mark.parametrize(
    "other",
    [[1.0], (1,), 1.0, np.float32(1), "text", None, object(), Exporter(None, device=2), Exporter],
    ids=lambda value: type(value).__name__,
)
def test_what_exports_no_host_memory_is_none(other: Any) -> None:
    assert host_array(other) is None


def test_masked_arrays_are_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="filled"):
        host_array(np.ma.masked_array([1.0], [True]))


def test_pinned_arrays_cannot_be_resized() -> None:
    owner = np.zeros(4, np.float32)
    pinned = pin(owner[1:])
    for check in (True, False):
        with pytest.raises(ValueError, match="resize"):
            owner.resize(1 << 20, refcheck=check)
    del pinned
    owner.resize(8, refcheck=False)
    assert owner.size == 8


@pytest.mark.parametrize("name", ["f32", np.float32, "float32", np.dtype("<f4"), Type.F32])
def test_dtype_spellings(name: Any) -> None:
    assert element_type(name) is Type.F32


def test_foreign_dtypes() -> None:
    assert element_type(np.longlong) is Type.I64
    with pytest.raises(ArgumentTypeError, match="f32"):
        element_type(">f4")
    with pytest.raises(ArgumentValueError, match="unknown dtype"):
        element_type("f31")
