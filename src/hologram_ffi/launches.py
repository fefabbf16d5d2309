"""Operations of `hologram.ops` in their original form, on the first elements of buffers by handle.

A call that comes again with the same handles and numbers is a bound launch, which has been checked already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain, repeat
from typing import Any

from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor
from hologram.runtime.launch import Launch
from hologram_ffi.errors import InternalError
from hologram_ffi.handles import buffers, executors

Handles = tuple[int, ...]


def holding(executor: Executor, handle: int, count: int) -> Buffer:
    """A buffer of an executor by its handle; raises InternalError where it has fewer elements."""
    buffer = buffers.of(executor, handle)
    if buffer.size < count:
        raise InternalError(f"Buffer handle {handle} too small: it has {buffer.size} elements, {count} are needed")
    return buffer


def _run(operation: Any, exec: int, handles: Handles, needed: Iterable[int], numbers: tuple[int | float, ...]) -> None:
    """Run an operation on buffers that have so many elements each."""
    key = operation, exec, handles, *map(repr, numbers)  # as text, 0.0 and -0.0 are two
    call = buffers.calls.get(key)
    if call is None:
        executor = executors[exec]
        given = [holding(executor, handle, count) for handle, count in zip(handles, needed, strict=False)]
        call = _bound(operation, executor, *given, *numbers)
        buffers.remember(key, handles, call)
    call()


def _bound(operation: Any, *arguments: Any) -> Callable[[], object]:
    """The call, bound where it is one launch."""
    launch = operation.bind(*arguments)
    return launch if isinstance(launch, Launch) else partial(operation, *arguments)


def elementwise(operation: Any, exec: int, handles: Handles, count: int, *parameters: float) -> None:
    """Run an operation whose output, the last of the handles, gets `count` elements."""
    _run(operation, exec, handles, repeat(count), (*parameters, count))


def reduction(operation: Any, exec: int, handles: Handles, count: int) -> float:
    """Run an operation that makes one number of `count` elements, and puts it in the first cell of the output."""
    _run(operation, exec, handles, chain(repeat(count, len(handles) - 1), (1,)), (count,))
    return float(buffers[handles[-1]].numpy()[0])


def product(operation: Any, exec: int, handles: Handles, *sizes: int) -> None:
    """Run an operation on matrices of these sizes, its output the last of the handles."""
    _run(operation, exec, handles, repeat(0), sizes)
