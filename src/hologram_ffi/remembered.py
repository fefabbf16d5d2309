"""Calls that were made before, bound and checked. They stay right: a handle never stands for something else."""

from __future__ import annotations

from collections.abc import Callable, Hashable

MOST = 256
"""Calls that are remembered; the oldest make room."""


class Remembered:
    """Bound calls by operation, handles and numbers; who changes them holds the lock of the registries."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, Callable[[], object]] = {}
        self._handles: dict[Hashable, frozenset[int]] = {}
        self._using: dict[int, set[Hashable]] = {}
        self.get = self._calls.get

    def add(self, key: Hashable, handles: frozenset[int], call: Callable[[], object]) -> None:
        """Remember a call until one of its handles is forgotten, or many others came."""
        if len(self._calls) >= MOST:
            self._drop(next(iter(self._calls)))
        self._calls[key], self._handles[key] = call, handles
        for handle in handles:
            self._using.setdefault(handle, set()).add(key)

    def forget(self, handle: int) -> None:
        """Forget all calls with a handle, which lets go of the memory they hold."""
        for key in list(self._using.get(handle, ())):
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        del self._calls[key]
        for handle in self._handles.pop(key):
            keys = self._using[handle]
            keys.discard(key)
            if not keys:
                del self._using[handle]

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()
        self._handles.clear()
        self._using.clear()

    def __len__(self) -> int:
        return len(self._calls)
