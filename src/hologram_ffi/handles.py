"""Handles: executors, buffers and tensors by number, from one counter. None is used twice, 0 is never one."""

from __future__ import annotations

import itertools
import logging
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from hologram.isa.operands import CLASSES
from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor
from hologram.runtime.locks import fork_safe_lock
from hologram.tensors import Tensor
from hologram_ffi.errors import InternalError
from hologram_ffi.remembered import Remembered

T = TypeVar("T")

_log = logging.getLogger("hologram_ffi")
_lock = fork_safe_lock()  # guards all registries; reading one entry needs no lock
_numbers = itertools.count(1)


class Registry(Generic[T]):
    """Things by handle; a registered thing is kept alive."""

    def __init__(self, kind: str, executor_of: Callable[[T], Executor]) -> None:
        self.kind, self._executor_of = kind, executor_of
        self._things: dict[int, T] = {}
        self._handles: dict[int, int] = {}  # by id(), which is good while the thing is registered

    def add(self, thing: T) -> int:
        """The handle of a thing: the one it has, or a new one. Raises InternalError where its executor has ended."""
        with _lock:
            found = self._handles.get(id(thing))
            if found is not None:
                return found
            if self._executor_of(thing).is_closed:
                raise InternalError(f"{self.kind}: its executor has been freed")
            handle = next(_numbers)
            self._things[handle] = thing
            self._handles[id(thing)] = handle
            return handle

    def __getitem__(self, handle: int) -> T:
        try:
            return self._things[handle]
        except KeyError:
            raise InternalError(f"{self.kind} handle {handle} not found") from None

    def of(self, executor: Executor, handle: int) -> T:
        """What a handle stands for; raises InternalError where it belongs to another executor."""
        thing = self[handle]
        if self._executor_of(thing) is not executor:
            raise InternalError(f"{self.kind} handle {handle} belongs to another executor")
        return thing

    def drop(self, handle: int) -> T | None:
        """Forget a handle and give what it stood for; of an unknown one the log is told."""
        with _lock:
            thing = self._things.pop(handle, None)
            if thing is not None:
                del self._handles[id(thing)]
        if thing is None:
            _log.warning("%s handle %d not found; nothing to clean up", self.kind, handle)
        return thing

    def drop_those_of(self, executor: Executor) -> None:
        """Forget all handles of what belongs to an executor."""
        with _lock:
            for handle in [h for h, thing in self._things.items() if self._executor_of(thing) is executor]:
                self.drop(handle)

    def clear(self) -> None:
        """Forget all handles."""
        with _lock:
            self._handles.clear()
            self._things.clear()

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._things))

    def __len__(self) -> int:
        return len(self._things)

    def __contains__(self, handle: int) -> bool:
        return handle in self._things


class Buffers(Registry[Buffer]):
    """Buffers by handle, and the calls made with them.

    Linear ones are numbered through the 96 classes in the order in which they come.
    """

    def __init__(self) -> None:
        super().__init__("Buffer", lambda buffer: buffer.executor)
        self._classes: weakref.WeakKeyDictionary[Buffer, int] = weakref.WeakKeyDictionary()
        self._next: weakref.WeakKeyDictionary[Executor, Iterator[int]] = weakref.WeakKeyDictionary()
        self.calls = Remembered()

    def add(self, thing: Buffer) -> int:
        """The handle of a buffer."""
        with _lock:
            handle = super().add(thing)
            if thing.class_index is None and thing not in self._classes:
                counter = self._next.setdefault(thing.executor, itertools.cycle(range(CLASSES)))
                self._classes[thing] = next(counter)
            return handle

    def drop(self, handle: int) -> Buffer | None:
        """Forget a handle and the calls made with it."""
        with _lock:
            self.calls.forget(handle)
            return super().drop(handle)

    def clear(self) -> None:
        """Forget all handles and calls."""
        with _lock:
            self.calls.clear()
            super().clear()

    def remember(self, key: Hashable, handles: Iterable[int], call: Callable[[], object]) -> None:
        """Remember a call, unless another thread did, or forgot one of its handles."""
        used = frozenset(handles)
        with _lock:
            if self.calls.get(key) is None and all(handle in self for handle in used):
                self.calls.add(key, used, call)

    def class_of(self, handle: int) -> int:
        """The class of a boundary buffer, the number of a linear one."""
        buffer = self[handle]
        return self._classes[buffer] if buffer.class_index is None else buffer.class_index


executors: Registry[Executor] = Registry("Executor", lambda executor: executor)
buffers = Buffers()
tensors: Registry[Tensor] = Registry("Tensor", lambda tensor: tensor.executor)


def end_executor(handle: int) -> None:
    """Free an executor with everything it owns, and forget the handles of all of it."""
    with _lock:
        executor = executors.drop(handle)
        if executor is not None:
            executor.cleanup()
            buffers.drop_those_of(executor)
            tensors.drop_those_of(executor)


def forget_everything() -> None:
    """End all executors and empty the registries; the counter goes on."""
    with _lock:
        for handle in executors:
            executors[handle].cleanup()
        for registry in (tensors, buffers, executors):
            registry.clear()
