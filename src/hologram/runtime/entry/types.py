"""Python types whose instances, when called, go straight to machine code.

`vectorcall_type(Base, name)` makes a real heap type that inherits everything from a Python class and adds two words
to each instance: the address of a vectorcall function and the address of its context block. While the first is
null, calling the object runs `Base.__call__`, so an object without an entry is merely slower.

    | offset      | instance field                                                    |
    |-------------|-------------------------------------------------------------------|
    | 0 …         | fields and slots of the Python base class                         |
    | ENTRY       | vectorcall function `PyObject *(self, args, nargsf, kwnames)`     |
    | ENTRY + 8   | context block of that function                                    |

`ENTRY` is the same for every type, so one machine-code function serves them all.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, TypeVar, cast

T = TypeVar("T")

ENTRY = 128
CONTEXT = ENTRY + 8

# From CPython's stable ABI: object.h, typeslots.h, structmember.h.
_HAVE_VECTORCALL = 1 << 11
_SLOT_DOC = 56
_SLOT_MEMBERS = 72
_MEMBER_SSIZE = 19
_MEMBER_READONLY = 1


class _Member(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("offset", ctypes.c_ssize_t),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("value", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )
    owned: tuple[Any, ...]  # what the pointers above point to


_specifications: list[_Spec] = []  # a type may point into the description it was made from


def vectorcall_type(base: type[T], name: str) -> type[T]:
    """A final subclass of `base` whose instances can be given a machine-code entry by `set_entry`.

    `base` is a Python class with `__slots__` (no instance dictionary); methods, properties, docstring, `__reduce__`
    and garbage collection come from it. `name` is the dotted name shown by repr and used by pickle.
    Raises TypeError where the base leaves no room for the two words, and in debug builds of Python, which insist that
    such a type defines its call slot itself.
    """
    if hasattr(sys, "gettotalrefcount"):
        raise TypeError("debug builds of Python end the process on types with an inherited call slot")
    if base.__dictoffset__ or base.__itemsize__ or base.__basicsize__ > ENTRY:
        raise TypeError(f"{base.__name__} needs __slots__, fixed size and at most {ENTRY} bytes to get a native entry")
    members = (_Member * 2)(_Member(b"__vectorcalloffset__", _MEMBER_SSIZE, ENTRY, _MEMBER_READONLY, None))
    doc = ctypes.c_char_p((base.__doc__ or "").encode())
    slots = (_Slot * 3)(
        _Slot(_SLOT_MEMBERS, ctypes.addressof(members)),
        _Slot(_SLOT_DOC, ctypes.cast(doc, ctypes.c_void_p)),
    )
    spec = _Spec(name.encode(), CONTEXT + 8, 0, _HAVE_VECTORCALL, slots)
    spec.owned = (members, doc, slots)
    _specifications.append(spec)
    make = ctypes.pythonapi["PyType_FromSpecWithBases"]
    make.argtypes, make.restype = (ctypes.POINTER(_Spec), ctypes.py_object), ctypes.py_object
    return cast("type[T]", make(ctypes.byref(spec), (base,)))


def set_entry(instance: Any, function_address: int, context_address: int) -> None:
    """Send calls of `instance` (of a `vectorcall_type`) to a machine-code function; address 0 means `__call__` again.

    Whoever calls this keeps the context block alive as long as it is the instance's.
    """
    words = _words(instance)
    # Another thread may call in between: it then runs `__call__`, never a function with the wrong context.
    words[0] = None
    words[1] = context_address
    words[0] = function_address


def entry_of(instance: Any) -> tuple[int, int]:
    """Addresses of the function and the context that calls of `instance` go to; (0, 0) where there is none."""
    function, context = _words(instance)
    return function or 0, context or 0


def _words(instance: Any) -> ctypes.Array[ctypes.c_void_p]:
    if type(instance).__basicsize__ != CONTEXT + 8 or "__vectorcalloffset__" not in type(instance).__dict__:
        raise TypeError(f"{type(instance).__name__} has no room for a native entry; make its type with vectorcall_type")
    return (ctypes.c_void_p * 2).from_address(id(instance) + ENTRY)
