"""Operations of `hologram.ops` in their original form, on the first elements of buffers by handle."""

from __future__ import annotations

from typing import Any

from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor
from hologram_ffi.errors import InternalError
from hologram_ffi.handles import buffers, executors


def holding(executor: Executor, handle: int, count: int) -> Buffer:
    """A buffer of an executor by its handle; raises InternalError where it has fewer elements."""
    buffer = buffers.of(executor, handle)
    if buffer.size < count:
        raise InternalError(f"Buffer handle {handle} too small: it has {buffer.size} elements, {count} are needed")
    return buffer


def elementwise(operation: Any, exec: int, handles: tuple[int, ...], len: int, *parameters: float) -> None:
    """Run an operation whose output, the last of the handles, gets `len` elements."""
    executor = executors[exec]
    operation(executor, *(holding(executor, handle, len) for handle in handles), *parameters, len)


def reduction(operation: Any, exec: int, handles: tuple[int, ...], len: int) -> float:
    """Run an operation that makes one number of `len` elements, and puts it in the first cell of the output."""
    executor = executors[exec]
    *inputs, output = handles
    given = [holding(executor, handle, len) for handle in inputs]
    return float(operation(executor, *given, holding(executor, output, 1), len))


def product(operation: Any, exec: int, handles: tuple[int, ...], *sizes: int) -> None:
    """Run an operation on matrices of these sizes, its output the last of the handles."""
    executor = executors[exec]
    operation(executor, *(buffers.of(executor, handle) for handle in handles), *sizes)
