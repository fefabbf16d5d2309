"""Types with a native entry are ordinary Python types in every other way."""

from __future__ import annotations

import copy
import ctypes
import gc
import inspect
import pickle
import sys
import weakref
from typing import Any

import pytest

from hologram.runtime.entry.types import CONTEXT, entry_of, set_entry, vectorcall_type


class Point:
    """A point."""

    __slots__ = ("__weakref__", "other", "x")

    def __init__(self, x: int = 0) -> None:
        self.x = x

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.x,)

    def method(self) -> int:
        return self.x + 1


FastPoint = vectorcall_type(Point, f"{__name__}.FastPoint")


@ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.POINTER(ctypes.py_object), ctypes.c_size_t, ctypes.c_void_p
)
def _first(self: Any, args: Any, count: Any, names: Any) -> Any:
    """A vectorcall function that returns its first argument."""
    return args[0]


FIRST = ctypes.cast(_first, ctypes.c_void_p).value or 0


def test_everything_comes_from_the_base() -> None:
    point = FastPoint(4)
    assert isinstance(point, Point)
    assert (point.method(), point.x) == (5, 4)
    assert (FastPoint.__doc__, FastPoint.__name__, FastPoint.__module__) == ("A point.", "FastPoint", __name__)
    assert str(inspect.signature(point)) == "(*args: 'Any', **kwargs: 'Any') -> 'Any'"
    assert not hasattr(point, "__dict__")
    with pytest.raises(AttributeError):
        point.y = 1  # type: ignore[attr-defined]


def test_without_an_entry_the_python_call_runs() -> None:
    point = FastPoint()
    assert entry_of(point) == (0, 0)
    assert point(1, k=2) == ((1,), {"k": 2})


def test_with_an_entry_every_way_of_calling_reaches_it() -> None:
    point, sentinel = FastPoint(), object()
    set_entry(point, FIRST, 99)
    assert entry_of(point) == (FIRST, 99)
    assert point(sentinel) is sentinel
    assert point(*(sentinel,)) is sentinel
    assert point(sentinel, **{"k": 1}) is sentinel
    assert list(map(point, [sentinel])) == [sentinel]
    set_entry(point, 0, 0)
    assert point(sentinel) == ((sentinel,), {})


def test_entries_belong_to_one_instance() -> None:
    fast, plain = FastPoint(), FastPoint()
    set_entry(fast, FIRST, 0)
    assert fast(7) == 7
    assert plain(7) == ((7,), {})


def test_pickle_and_copy_go_through_reduce() -> None:
    point = FastPoint(3)
    set_entry(point, FIRST, 99)
    for twin in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert type(twin) is FastPoint
        assert (twin.x, entry_of(twin)) == (3, (0, 0))


def test_weak_references_and_cycles() -> None:
    point = FastPoint()
    alone = weakref.ref(point)
    del point
    assert alone() is None
    point = FastPoint()
    point.other = [point]
    in_cycle = weakref.ref(point)
    del point
    assert in_cycle() is not None
    gc.collect()
    assert in_cycle() is None


def test_slots_release_what_they_hold() -> None:
    held = FastPoint()
    point = FastPoint()
    point.other = held
    before = sys.getrefcount(held)
    del point
    assert sys.getrefcount(held) == before - 1


def test_instances_keep_their_type_alive_and_no_more() -> None:
    before = sys.getrefcount(FastPoint)
    points = [FastPoint(i) for i in range(100)]
    assert sys.getrefcount(FastPoint) == before + 100
    del points
    assert sys.getrefcount(FastPoint) == before


def test_types_are_final() -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (FastPoint,), {})


class _WithDict:
    pass


class _TooLarge:
    __slots__ = tuple(f"s{i}" for i in range(20))


class _VariableSize(tuple[int, ...]):
    __slots__ = ()


@pytest.mark.parametrize("base", [_WithDict, _TooLarge, _VariableSize])
def test_bases_without_room_are_refused(base: type) -> None:
    with pytest.raises(TypeError, match="needs __slots__"):
        vectorcall_type(base, "x.X")


def test_debug_builds_are_refused_before_they_abort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "gettotalrefcount", int, raising=False)
    with pytest.raises(TypeError, match="debug builds"):
        vectorcall_type(Point, "x.X")


@pytest.mark.parametrize("value", [object(), Point(), 3, "x" * CONTEXT])
def test_other_objects_take_no_entry(value: object) -> None:
    with pytest.raises(TypeError, match="no room for a native entry"):
        set_entry(value, 1, 1)
    with pytest.raises(TypeError, match="no room for a native entry"):
        entry_of(value)
