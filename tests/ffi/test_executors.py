"""Executors by name of a backend, and what the errors are."""

from __future__ import annotations

import logging

import pytest

import hologram_ffi as ffi
from hologram.errors import HologramError
from hologram.runtime.executor import backends
from hologram_ffi.handles import executors


@pytest.mark.parametrize("name", ["cpu", "CPU", "Cpu"])
def test_names_of_backends_in_any_case(name: str) -> None:
    assert executors[ffi.new_executor_with_backend(name)].backend == "cpu"


@pytest.mark.parametrize("name", ["", "quantum", "cpu ", "cpu\x00", "x" * 10_000])
def test_7_7_unknown_backends_give_0(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "hologram_ffi"):
        assert ffi.new_executor_with_backend(name) == 0
    assert "Invalid backend" in caplog.text


@pytest.mark.parametrize("name", [name for name, state in backends().items() if state != "available"])
def test_7_7_unavailable_backends_give_0(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "hologram_ffi"):
        assert ffi.new_executor_with_backend(name) == 0
    assert "not available" in caplog.text


def test_what_errors_are() -> None:
    assert issubclass(ffi.InternalError, RuntimeError) and issubclass(ffi.InternalError, HologramError)
    with pytest.raises(ffi.InternalError) as caught:
        ffi.executor_allocate_buffer(0, 1)
    assert str(caught.value) == "Executor handle 0 not found"
    assert type(caught.value) is ffi.InternalError


def test_errors_keep_their_cause() -> None:
    executor = ffi.new_executor()
    with pytest.raises(ffi.InternalError, match="class_index must be from 0 to 95") as caught:
        ffi.executor_allocate_boundary_buffer(executor, 96, 1, 4)
    assert isinstance(caught.value.__cause__, HologramError)
