"""Kinds of arrays: what an operation accepts without a copy, and gives back as it came.

A kind knows an object as strided host memory. `register` adds one: layers above do so for their own arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from hologram.errors import ArgumentTypeError
from hologram.runtime import recording, tensors
from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor, default_executor
from hologram.runtime.host import HostArray, host_array
from hologram.types import Type

BOOL = np.dtype(np.bool_)
DType = np.dtype[Any]


class Kind(Protocol):
    """One kind of arrays."""

    name: str

    def has(self, value: Any) -> bool:
        """True for an array of this kind."""

    def array(self, value: Any) -> HostArray:
        """The array's elements in place, with its shape and strides."""

    def part(self, value: Any, view: HostArray) -> Any:
        """What a launch takes for elements of the array, which are its `view`."""

    def make(self, shape: Sequence[int], dtype: DType, like: Any) -> Any:
        """A new array where `like` is; its elements may be anything."""

    def executor(self, value: Any) -> Executor | None:
        """The executor that the array belongs to, if it does."""

    def result(self, value: Any, like: Any) -> Any:
        """A new array once it is computed, as the library gives it: some have numbers for arrays without axes."""


class NumPyKind:
    """NumPy's arrays and numbers."""

    name = "NumPy arrays"

    def has(self, value: Any) -> bool:
        return isinstance(value, np.ndarray | np.generic)

    def array(self, value: Any) -> HostArray:
        if isinstance(value, np.generic):
            return np.asarray(value)
        found = host_array(value)
        assert found is not None
        return found

    def part(self, value: Any, view: HostArray) -> Any:
        return view

    def make(self, shape: Sequence[int], dtype: DType, like: Any) -> Any:
        return np.empty(tuple(shape), dtype)

    def executor(self, value: Any) -> Executor | None:
        return None

    def result(self, value: Any, like: Any) -> Any:
        return value[()]  # a number where there are no axes, else the array


class BufferKind:
    """Buffers of executors."""

    name = "Buffers"

    def has(self, value: Any) -> bool:
        return isinstance(value, Buffer)

    def array(self, value: Any) -> HostArray:
        elements: HostArray = value.elements()
        return elements

    def part(self, value: Any, view: HostArray) -> Any:
        return value if view is value.elements() else value.part(view)

    def make(self, shape: Sequence[int], dtype: DType, like: Any) -> Any:
        return like.executor.allocate(tuple(shape), dtype)

    def executor(self, value: Any) -> Executor | None:
        owner: Executor = value.executor
        return owner

    def result(self, value: Any, like: Any) -> Any:
        return value


class TorchKind:
    """PyTorch's tensors in host memory."""

    name = "torch tensors"

    def has(self, value: Any) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(value, torch.Tensor)

    def array(self, value: Any) -> HostArray:
        elements = tensors.elements(value)
        if elements is None:
            found = tensors.trouble(value) or (f"has elements of {value.dtype}", "x.to(torch.float32)")
            raise ArgumentTypeError("an array {}; cure: {}".format(*found))
        return elements

    def part(self, value: Any, view: HostArray) -> Any:
        return view

    def make(self, shape: Sequence[int], dtype: DType, like: Any) -> Any:
        import torch

        return torch.empty(tuple(shape), dtype=getattr(torch, dtype.name))

    def executor(self, value: Any) -> Executor | None:
        return None

    def result(self, value: Any, like: Any) -> Any:
        return value


class ExchangeKind:
    """What exports host memory by DLPack, the buffer protocol or `__array_interface__`.

    Results come by the library's own `from_dlpack` where it has the array standard's namespace, else as NumPy arrays.
    """

    name = "arrays of other libraries"

    def has(self, value: Any) -> bool:
        exports = any(hasattr(type(value), name) for name in ("__dlpack__", "__array_interface__"))
        return exports or (not isinstance(value, str) and _exports_buffer(value))

    def array(self, value: Any) -> HostArray:
        found = host_array(value)
        if found is None:
            raise ArgumentTypeError(f"{type(value).__name__} exports no host memory; cure: np.asarray(x)")
        return found

    def part(self, value: Any, view: HostArray) -> Any:
        return view

    def make(self, shape: Sequence[int], dtype: DType, like: Any) -> Any:
        return np.empty(tuple(shape), dtype)

    def executor(self, value: Any) -> Executor | None:
        return None

    def result(self, value: Any, like: Any) -> Any:
        namespace = getattr(like, "__array_namespace__", None)
        return value if namespace is None else namespace().from_dlpack(value)


def _exports_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


NUMPY = NumPyKind()
BUFFER = BufferKind()
_kinds: list[Kind] = [NUMPY, BUFFER, TorchKind(), ExchangeKind()]


def register(kind: Kind) -> None:
    """Add a kind; it is asked before those that are there, NumPy's apart."""
    _kinds.insert(1, kind)


def is_scalar(value: Any) -> bool:
    """True for Python's own numbers, which take the type of what they meet."""
    return isinstance(value, bool | int | float) and not isinstance(value, np.generic)


def kind_of(name: str, value: Any) -> Kind:
    """The kind of an array; raises ArgumentTypeError for what is none."""
    for kind in _kinds:
        if kind.has(value):
            return kind
    found = type(value).__name__
    cure = "np.asarray(x)" if isinstance(value, list | tuple) else "pass an array, a Buffer, a Tensor or a number"
    raise ArgumentTypeError(f"{name}() takes arrays and numbers, not {found}; cure: {cure}")


def common(name: str, values: Iterable[Any]) -> Kind:
    """The kind that all arrays are of, NumPy's where there is none; numbers go with any.

    Raises ArgumentTypeError for arrays of several kinds: which one is meant is for the caller to say.
    """
    found: dict[str, Kind] = {}
    for value in values:
        if value is None or is_scalar(value):
            continue
        kind = kind_of(name, value)
        if recording.is_active() and kind is BUFFER:  # temporaries of a recording go with everything
            continue
        found[kind.name] = kind
    if len(found) > 1:
        raise ArgumentTypeError(
            f"{name}() got {' and '.join(sorted(found))}; use one kind, for instance np.asarray(x) or ex.array(x)"
        )
    if found:
        return next(iter(found.values()))
    return BUFFER if any(isinstance(v, Buffer) for v in values if v is not None) else NUMPY


def executor_of(name: str, kind: Kind, values: Iterable[Any]) -> Executor:
    """The executor of the arrays that have one, else the default one."""
    for value in values:
        if value is not None and not is_scalar(value):
            owner = kind_of(name, value).executor(value)
            if owner is not None:
                return owner
    return default_executor()


def argument(name: str, value: Any, view: HostArray) -> Any:
    """What a launch takes for elements of an array: in a recording, whose graph holds the array, a part of it."""
    return kind_of(name, value).part(value, view) if recording.is_active() else view


def new(kind: Kind, shape: Sequence[int], dtype: DType, like: Any, executor: Executor) -> Any:
    """An output that nobody gave: in a recording a temporary of the graph, else an array of a kind."""
    recorder = recording.current()
    if recorder is not None:
        made = recorder.temporary(tuple(shape), _element(dtype))
        return made.part(made.elements().view(dtype)) if dtype == BOOL else made
    if kind is BUFFER and not isinstance(like, Buffer):
        return executor.allocate(tuple(shape), dtype)
    return kind.make(shape, dtype, like)


def _element(dtype: DType) -> Type:
    found = Type.U8 if dtype == BOOL else Type.of_dtype(dtype)
    assert found is not None, "results have one of the types"
    return found
