"""Programs and what is made of them, kept by key: each is made once, however many threads ask."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from hologram.types import Type

T = TypeVar("T")
CAPACITY = 1024


@dataclass(frozen=True, slots=True)
class ProgramKey:
    """A key that carries types and shapes: programs made for one kind of arguments are not used for another.

    >>> ProgramKey("add", (Type.F32,)) == ProgramKey("add", (Type.F64,))
    False
    """

    name: str
    types: tuple[Type, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = ()
    options: tuple[Hashable, ...] = ()

    @classmethod
    def of(cls, name: str, *arrays: Any, options: tuple[Hashable, ...] = ()) -> ProgramKey:
        """The key of a program for some arrays: their element types and shapes."""
        types = tuple(Type.of_dtype(a.dtype) for a in arrays)
        known = tuple(t for t in types if t is not None)
        if len(known) < len(types):
            dtypes = ", ".join(str(a.dtype) for a in arrays)
            raise ValueError(f"an array has a dtype that no scalar type stores: {dtypes}")
        return cls(name, known, tuple(tuple(a.shape) for a in arrays), options)


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """How often a cache had what was asked for, what it holds and what it had to drop."""

    hits: int
    misses: int
    evictions: int
    size: int
    capacity: int


@dataclass(slots=True)
class _Making:
    """A value that a thread is making; the others wait until it is done."""

    thread: int = field(default_factory=threading.get_ident)
    done: threading.Event = field(default_factory=threading.Event)


class ProgramCache(Generic[T]):
    """Keeps up to `capacity` values by key, and drops the one that was not used for longest.

    Threads that ask for one key at once get one object: the first makes it, outside of the lock, the others wait.
    An exception goes to the thread whose `make` raised it and is not kept: the next one to ask makes again.

    >>> programs = ProgramCache[str](capacity=2)
    >>> programs.get_or_create("a", lambda: "made"), programs.get_or_create("a", lambda: "made again")
    ('made', 'made')
    >>> programs.statistics.hits, programs.statistics.misses
    (1, 1)
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a cache holds at least one entry, got capacity={capacity}")
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, _Making] = {}
        self._lock = threading.RLock()
        self._hits = self._misses = self._evictions = 0
        _caches.add(self)

    def get_or_create(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made by `make()` where there is none. Raises what `make` raises."""
        while True:
            with self._lock:
                if key in self._entries:
                    self._hits += 1
                    self._entries.move_to_end(key)
                    return self._entries[key]
                making = self._making.get(key)
                if making is None:
                    making = self._making[key] = _Making()
                    self._misses += 1
                    break
            if making.thread == threading.get_ident():
                raise RuntimeError(f"making the value of {key!r} asks for that value")
            making.done.wait()
        try:
            value = make()
            self._keep(key, value)
        finally:
            with self._lock:
                if self._making.get(key) is making:
                    del self._making[key]
            making.done.set()
        return value

    def _keep(self, key: Hashable, value: T) -> None:
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            if len(self._entries) > self._capacity:
                self._entries.popitem(last=False)
                self._evictions += 1

    def clear(self) -> None:
        """Forget every value and the statistics; values being made are kept when they are done."""
        with self._lock:
            self._entries.clear()
            self._hits = self._misses = self._evictions = 0

    @property
    def statistics(self) -> CacheStatistics:
        """Hits, misses, evictions, and how full the cache is."""
        with self._lock:
            return CacheStatistics(self._hits, self._misses, self._evictions, len(self._entries), self._capacity)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"ProgramCache({self.statistics})"

    def _after_fork(self) -> None:
        """In a child only the forking thread lives: nobody finishes what other threads were making."""
        self._lock = threading.RLock()
        mine = threading.get_ident()
        self._making = {key: making for key, making in self._making.items() if making.thread == mine}


_caches: weakref.WeakSet[ProgramCache[Any]] = weakref.WeakSet()


def _reset() -> None:
    for cache in list(_caches):
        cache._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
