"""Executors by handle."""

from __future__ import annotations

import logging

from hologram.errors import HologramError
from hologram.runtime.executor import Executor
from hologram_ffi.arguments import U64, String
from hologram_ffi.exported import exported
from hologram_ffi.handles import end_executor, executors

_log = logging.getLogger("hologram_ffi")


@exported
def new_executor() -> U64:
    """A new executor on the CPU."""
    return executors.add(Executor("cpu"))


@exported
def new_executor_with_backend(backend: String) -> U64:
    """A new executor on a backend by name, in any case; 0 for an unknown or unavailable one (the log says why)."""
    try:
        return executors.add(Executor(backend))
    except HologramError as error:
        _log.warning("no executor: %s", error)
        return 0


@exported
def new_executor_auto() -> U64:
    """A new executor on the first device that works here."""
    return executors.add(Executor("auto"))


@exported
def executor_cleanup(executor_handle: U64) -> None:
    """End an executor: its memory is freed, its buffers' and tensors' handles are forgotten.

    An unknown handle is harmless; the log gets a warning.
    """
    end_executor(executor_handle)
