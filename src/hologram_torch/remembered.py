"""Remembered calls of functions on tensors: what a call must have been, so that a launch alone does it again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hologram.backends.llvm.layout import Layout
from hologram.errors import DivisionByZeroError
from hologram.runtime import native, notes
from hologram.runtime.entry import tensors as entry
from hologram.runtime.entry.calls import MAX_SCRATCH, SCRATCH, Array, Meeting, Recipe, Result
from hologram.runtime.remembered import Remembering

if TYPE_CHECKING:
    from hologram.isa.program import Program
    from hologram.runtime.launcher import Launcher, Prepared

Function = Callable[..., Any]
LINE = 64
"""Bytes at which memory that only launches use begins."""
MOST_SEEN = 2048
"""Keys of calls that are not found, of which a function keeps account."""
PATIENCE = 8
"""Calls before one is remembered: that takes about as long as ten calls through Python, and shapes may never return."""


class TorchFunction(Remembering):
    """A function on tensors that remembers its calls: one that came before some times is machine code."""

    __slots__ = ("_described",)

    def __init__(self, whole: Function, signature: inspect.Signature) -> None:
        """A function of a signature that does what `whole` does."""
        super().__init__(_Slow(whole, self.key, self.knows, self.remember))
        self._described = Described(whole.__name__, whole.__doc__ or "", signature, whole)

    @property
    def __name__(self) -> str:
        return self._described.name

    def __getattr__(self, name: str) -> Any:
        if name == "__qualname__":
            return self._described.name
        raise AttributeError(f"function {self._described.name} has no attribute {name!r}")

    def __reduce__(self) -> str:
        return self._described.name

    def __repr__(self) -> str:
        return f"<function hologram_torch.functional.{self._described.name}>"


@dataclass(frozen=True, slots=True)
class Described:
    """What a function is called, what it does, how it is called, and the Python function that does everything."""

    name: str
    doc: str
    signature: inspect.Signature
    whole: Function


class _Own:
    """A special attribute that each function has for itself."""

    def __init__(self, field: str, of_class: Any = None) -> None:
        self._field, self._of_class = field, of_class

    def __get__(self, instance: TorchFunction | None, owner: type) -> Any:
        if instance is not None:
            return getattr(instance._described, self._field)
        if self._of_class is None:
            raise AttributeError(self._field)
        return self._of_class


@cache
def _function_type() -> type[TorchFunction]:
    made: Any = native.callable_type(TorchFunction, "hologram_torch.functional.TorchFunction")
    made.__doc__ = _Own("doc", TorchFunction.__doc__)
    made.__signature__ = _Own("signature", inspect.signature(TorchFunction))
    made.__wrapped__ = _Own("whole")
    found: type[TorchFunction] = made
    return found


def remembering(whole: Function, signature: inspect.Signature | None = None) -> Function:
    """A function that does what `whole` does, and remembers its calls; its signature is that of `whole` or another."""
    return _function_type()(whole, signature or inspect.signature(whole))


class State(Enum):
    """What is known of a call that is not found; a number says how often it came."""

    KEPT = "it was remembered"
    REFUSED = "it is more than a launch"


class _Slow:
    """The slow way of a function; it learns."""

    def __init__(
        self, whole: Function, key: Function, knows: Callable[[bytes], bool], remember: Callable[..., bool]
    ) -> None:
        self.whole, self.key, self.knows, self.remember = whole, key, knows, remember
        self.seen: dict[bytes, State | int] = {}

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Do what the function does; a call that came before some times is looked at, to be remembered."""
        if torch.compiler.is_dynamo_compiling() or notes.is_taking():
            return self.whole(*args, **named)
        key = self.key(*args, **named)
        if key is None:
            return self.whole(*args, **named)
        state = self.seen.get(key, 0)
        if isinstance(state, int):
            if state >= PATIENCE:
                return self.learn(key, args, named)
            if len(self.seen) > MOST_SEEN:
                self.seen.clear()
            self.seen[key] = state + 1
        elif state is State.KEPT and not self.knows(key):
            self.seen[key] = 0
        return self.whole(*args, **named)

    def learn(self, key: bytes, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Do it, and remember what it was, or that it is nothing to remember.

        Arguments that share memory are copied first, so that each array of a launch belongs to one of them.
        """
        given = (*args, *named.values())
        extents = _extents(given)
        self.seen[key] = State.REFUSED
        if not _are_apart(extents):
            copies = _copies(given)
            others = dict(zip(named, copies[len(args) :], strict=True))
            if self.key(*copies[: len(args)], **others) == key:
                with suppress(Exception):  # which the call itself meets, too
                    self.learn(key, copies[: len(args)], others)
            return self.whole(*args, **named)
        versions = [_version(a) for a in given]
        with notes.taken() as taken:
            result = self.whole(*args, **named)
        note = taken[0] if len(taken) == 1 else None
        if note is not None and extents == _extents(given) and self.key(*args, **named) == key:
            known, launcher = Known(given, versions, result), note[0]
            keep = tuple(a for a in (*given, *named) if not isinstance(a, Tensor))
            if self.remember(key, *note, lambda prepared: recipe(launcher, prepared, known), _translated, keep):
                self.seen[key] = State.KEPT
        return result


def _translated(error: Exception) -> Exception:
    return RuntimeError("ZeroDivisionError") if isinstance(error, DivisionByZeroError) else error


def _version(value: Any) -> int:
    return value._version if isinstance(value, Tensor) and not value.is_inference() else 0


@dataclass(frozen=True, slots=True)
class Known:
    """A call: its arguments, their versions before it, and what it gave back."""

    args: tuple[Any, ...]
    versions: list[int]
    result: Any


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a tensor lies: the bytes from its first element to behind its last."""

    place: int
    tensor: Tensor = field(compare=False)
    start: int
    end: int


def recipe(launcher: Launcher, prepared: Prepared, known: Known) -> Recipe | None:
    """What a call was, if it was one launch on its tensors and on new ones that it gave back; else None."""
    arity, given = len(known.args), _extents(known.args)
    alone = isinstance(known.result, Tensor)
    results: Sequence[Any] = [known.result] if alone else known.result
    if not alone and (type(known.result) is not tuple or not all(type(r) is Tensor for r in results)):
        return None
    returned: list[int] = []
    made: list[Extent] = []
    for result in results:
        own = [e for e in (*given, *made) if e.tensor is result]
        if not own:
            if not _is_new(result):
                return None
            own = [_extent(arity + len(made), result)]
            made += own
        returned.append(own[0].place)
    if not _are_apart([*given, *made]):
        return None
    program = launcher.program
    arrays, places, scratch = _arrays(program, prepared, [*given, *made], arity + len(made))
    if arrays is None:
        return None
    written = {array.source for array, i in zip(arrays, places, strict=True) if program.params[i].is_written}
    if not _is_all(program, arrays, places, made) or not written >= set(returned):
        return None
    if not {e.place for e in given} <= {array.source for array in arrays}:  # one was taken for its value
        return None
    for place, (value, before) in enumerate(zip(known.args, known.versions, strict=True)):
        if isinstance(value, Tensor) and place not in written and _version(value) != before:
            return None
    rows = [Result(_number(e.tensor.dtype), tuple(e.tensor.shape), e.tensor.stride(), e.end - e.start) for e in made]
    meetings = _meetings(program, prepared, arrays, places, arity)
    writes = tuple(w for w in sorted(written) if 0 <= w < arity)
    return Recipe((*rows, *scratch), tuple(arrays), meetings, writes, tuple(returned), alone)


def _extents(args: Sequence[Any]) -> list[Extent]:
    """Where the tensors lie, each once."""
    found: dict[int, Extent] = {}
    for place, value in enumerate(args):
        if isinstance(value, Tensor) and id(value) not in found:
            found[id(value)] = _extent(place, value)
    return [*found.values()]


def _copies(args: Sequence[Any]) -> tuple[Any, ...]:
    """Arguments with tensors that have memory of their own and lie in it alike."""
    made: dict[int, Any] = {id(a): a for a in args}
    for extent in _extents(args):
        tensor = extent.tensor
        whole = tensor.as_strided(((extent.end - extent.start) // tensor.element_size(),), (1,)).clone()
        made[id(tensor)] = whole.as_strided(tensor.shape, tensor.stride())
    return tuple(made[id(a)] for a in args)


def _extent(place: int, tensor: Tensor) -> Extent:
    start = tensor.data_ptr()
    steps = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return Extent(place, tensor, start, start + (steps + 1) * tensor.element_size() if tensor.numel() else start)


def _is_new(tensor: Tensor) -> bool:
    """True for a plain tensor with memory of its own that was written once."""
    if type(tensor) is not Tensor or tensor.requires_grad or tensor.is_neg() or tensor.storage_offset():
        return False
    extent = _extent(0, tensor)
    fits = tensor.untyped_storage().nbytes() == extent.end - extent.start > 0
    return fits and tensor.is_cpu and (tensor.is_inference() or tensor._version <= 1)


def _are_apart(extents: Sequence[Extent]) -> bool:
    """True where no two tensors share memory, so that each array belongs to one."""
    found = sorted((e for e in extents if e.end > e.start), key=lambda e: e.start)
    return all(a.end <= b.start for a, b in pairwise(found))


def _arrays(
    program: Program, prepared: Prepared, extents: Sequence[Extent], place: int
) -> tuple[list[Array] | None, list[int], list[Result]]:
    """The arrays of a launch as parts of tensors, their parameters, and tensors that only the launch uses.

    The latter have the places from one on. None where an array that is read is no part of any tensor.
    """
    layout = Layout.of(program.params)
    found: list[Array] = []
    places: list[int] = []
    more: list[Result] = []
    used = 0
    for k, (param, value) in enumerate(zip(program.params, prepared.arguments, strict=True)):
        if not isinstance(value, np.ndarray):
            continue
        start, size, slot = value.__array_interface__["data"][0], value.itemsize, layout.places[k].value
        steps = sum((n - 1) * s for n, s in zip(value.shape, value.strides, strict=True))
        count = steps + size if value.size else 0
        owner = [e for e in extents if count and e.start <= start and start + count <= e.end]
        if len(owner) == 1:
            found.append(Array(owner[0].place, start - owner[0].start, slot, size, count))
        elif owner or not count or param.access != "w":
            return None, [], []
        elif used + count <= MAX_SCRATCH:
            found.append(Array(SCRATCH, used, slot, size, count))
            used += -(-count // LINE) * LINE
        else:
            found.append(Array(place + len(more), 0, slot, size, count))
            more.append(Result(_number(torch.uint8), (count,), (1,), count))
        places.append(k)
    return found, places, more


def _is_all(program: Program, arrays: Sequence[Array], places: Sequence[int], made: Sequence[Extent]) -> bool:
    """True where each new tensor is written as a whole, by one array that nothing reads."""
    for extent in made:
        own = [k for k, array in enumerate(arrays) if array.source == extent.place]
        if len(own) != 1:
            return False
        array, param = arrays[own[0]], program.params[places[own[0]]]
        if array.offset or array.bytes != extent.end - extent.start or param.access != "w":
            return False
    return True


def _meetings(
    program: Program, prepared: Prepared, arrays: Sequence[Array], places: Sequence[int], arity: int
) -> tuple[Meeting, ...]:
    """Arrays of several arguments of which one is written."""
    from hologram.runtime.rules import rules_of

    allowed = rules_of(program).same_allowed
    found = []
    for j, second in enumerate(arrays):
        for i, first in enumerate(arrays[:j]):
            params = program.params[places[i]], program.params[places[j]]
            apart = first.source == second.source or not all(0 <= a.source < arity for a in (first, second))
            if apart or not any(p.is_written for p in params):
                continue
            laid = [prepared.arguments[places[k]] for k in (i, j)]
            same = (places[i], places[j]) in allowed and _alike(*laid)
            found.append(Meeting(i, j, same))
    return tuple(found)


def _alike(first: Any, second: Any) -> bool:
    alike: bool = (first.shape, first.strides, first.dtype) == (second.shape, second.strides, second.dtype)
    return alike


@cache
def _number(dtype: torch.dtype) -> int:
    return entry.number_of(torch, dtype)
