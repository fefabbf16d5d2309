"""Operations of `hologram.ops` on buffers by handle."""

from __future__ import annotations

from typing import Any

from hologram_ffi.handles import buffers, executors


def run(operation: Any, exec: int, handles: tuple[int, ...], *numbers: int | float) -> Any:
    """Run an operation in its original form, the output the last of the handles; gives what the operation gives."""
    executor = executors[exec]
    return operation(executor, *(buffers.of(executor, handle) for handle in handles), *numbers)
