"""Remembered calls of functions on tensors: what a call must have been, so that a launch alone does it again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hologram.backends.llvm.layout import Layout
from hologram.errors import DivisionByZeroError
from hologram.isa.program import Program
from hologram.runtime import notes
from hologram.runtime.entry import tensors as entry
from hologram.runtime.entry.calls import Array, Meeting, Recipe, Result
from hologram.runtime.entry.making import ABSENT
from hologram.runtime.launcher import Launcher, Prepared
from hologram.runtime.remembered import Remembering, remembering_type
from hologram.runtime.rules import rules_of

Function = Callable[..., Any]
MOST_SEEN = 2048
"""Keys of calls that came once or cannot be remembered, of which a function keeps account."""


def remembering(whole: Function, signature: inspect.Signature) -> Function:
    """A function of a signature that does what `whole` does, and from its third call on the shortest way.

    `whole` gets the arguments that are given, as they are given. A leading executor may make one more of them.
    """
    parameters = [*signature.parameters.values()]
    names = [p.name for p in parameters]
    keyword = [p.kind is p.KEYWORD_ONLY for p in parameters]
    count = keyword.index(True) if True in keyword else len(keyword)
    call = remembering_type()(len(names), _Slow(whole, names[count:]))
    _slow_of(call).call = call
    heads = [n if p.default is p.empty else f"{n}=ABSENT" for n, p in zip(names, parameters, strict=True)]
    head = ", ".join((*heads[:count], "*rest", *heads[count:]))
    again = ", ".join((*names[:count], "*rest", *(f"{n}={n}" for n in names[count:])))
    text = f"def function({head}):\n    if rest:\n        return slow({again})\n    return call({', '.join(names)})\n"
    known: dict[str, Any] = {"call": call, "slow": _given(whole), "ABSENT": ABSENT, "__name__": __name__}
    exec(compile(text, __file__, "exec"), known)
    made: Function = known["function"]
    return made


def _given(whole: Function) -> Function:
    """A function that leaves out arguments that are not given."""

    def slow(*args: Any, **named: Any) -> Any:
        return whole(
            *(a for a in args if a is not ABSENT), **{k: v for k, v in named.items() if v is not ABSENT}
        )

    return slow


class _Slow:
    """The slow way of a function; it learns."""

    def __init__(self, whole: Function, named: Sequence[str]) -> None:
        self.whole, self.named = whole, tuple(named)
        self.call: Remembering
        self.seen: dict[bytes, bool] = {}

    def __call__(self, *args: Any) -> Any:
        """Do what the function does; a call that came before is looked at, to be remembered."""
        if torch.compiler.is_dynamo_compiling() or notes.is_taking():
            return self.run(args)
        key = self.call.key(*args)
        if key is None:
            return self.run(args)
        if self.seen.get(key, True):
            if key in self.seen:
                return self.learn(key, args)
            if len(self.seen) > MOST_SEEN:
                self.seen.clear()
            self.seen[key] = True
        return self.run(args)

    def run(self, args: Sequence[Any]) -> Any:
        count = len(args) - len(self.named)
        named = {k: v for k, v in zip(self.named, args[count:], strict=True) if v is not ABSENT}
        return self.whole(*[a for a in args[:count] if a is not ABSENT], **named)

    def learn(self, key: bytes, args: tuple[Any, ...]) -> Any:
        """Do it, and remember what it was, or that it is nothing to remember."""
        versions = [_version(a) for a in args]
        with notes.taken() as taken:
            result = self.run(args)
        kept = False
        if len(taken) == 1 and (note := taken[0]) is not None:
            launcher, given = note
            known = _Known(args, versions, result)
            kept = self.call.remember(
                key, launcher, given, lambda prepared: _recipe(launcher, prepared, known), _translated
            )
        if kept:
            self.seen.pop(key, None)
        else:
            self.seen[key] = False
        return result


def _slow_of(call: Remembering) -> Any:
    return call._slow


def _translated(error: Exception) -> Exception:
    return RuntimeError("ZeroDivisionError") if isinstance(error, DivisionByZeroError) else error


def _version(value: Any) -> int:
    return value._version if isinstance(value, Tensor) and not value.is_inference() else 0


@dataclass(frozen=True, slots=True)
class _Known:
    """A call: its arguments, their versions before it, and what it gave back."""

    args: tuple[Any, ...]
    versions: list[int]
    result: Any


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where a tensor lies: the bytes from its first element to behind its last."""

    place: int
    tensor: Tensor
    start: int
    end: int


def _recipe(launcher: Launcher, prepared: Prepared, known: _Known) -> Recipe | None:
    """What a call was, if it was one launch on its tensors and on new ones that it gave back; else None."""
    arity = len(known.args)
    given = [_extent(k, a) for k, a in enumerate(known.args) if isinstance(a, Tensor)]
    alone = isinstance(known.result, Tensor)
    results: Sequence[Any] = [known.result] if alone else known.result
    if not alone and (type(known.result) is not tuple or not all(type(r) is Tensor for r in results)):
        return None
    returned: list[int] = []
    made: list[_Extent] = []
    for result in results:
        own = [e for e in given if e.tensor is result]
        if not own:
            if not _is_new(result):
                return None
            own = [_extent(arity + len(made), result)]
            made += own
        returned.append(own[0].place)
    if not _are_apart([*given, *made]):
        return None
    program = launcher.program
    arrays, places = _arrays(program, prepared, [*given, *made])
    if arrays is None:
        return None
    written = {arrays[k].source for k, i in enumerate(places) if program.params[i].is_written}
    if not _is_all(program, arrays, places, made) or not written >= set(returned):
        return None
    for place, (value, before) in enumerate(zip(known.args, known.versions, strict=True)):
        if isinstance(value, Tensor) and place not in written and _version(value) != before:
            return None
    rows = tuple(
        Result(_number(e.tensor.dtype), tuple(e.tensor.shape), e.tensor.stride(), e.end - e.start) for e in made
    )
    meetings = _meetings(program, prepared, arrays, places, arity)
    return Recipe(rows, tuple(arrays), meetings, tuple(w for w in sorted(written) if w < arity), tuple(returned), alone)


def _extent(place: int, tensor: Tensor) -> _Extent:
    start = tensor.data_ptr()
    steps = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return _Extent(place, tensor, start, start + (steps + 1) * tensor.element_size() if tensor.numel() else start)


def _is_new(tensor: Tensor) -> bool:
    """True for a plain tensor with memory of its own that was written once."""
    if type(tensor) is not Tensor or tensor.requires_grad or tensor.is_neg() or tensor.storage_offset():
        return False
    extent = _extent(0, tensor)
    fits = tensor.untyped_storage().nbytes() == extent.end - extent.start > 0
    return fits and tensor.is_cpu and (tensor.is_inference() or tensor._version <= 1)


def _are_apart(extents: Sequence[_Extent]) -> bool:
    """True where no two tensors share memory, so that each array belongs to one."""
    found = sorted((e for e in extents if e.end > e.start), key=lambda e: e.start)
    return all(a.end <= b.start for a, b in zip(found, found[1:], strict=False))


def _arrays(
    program: Program, prepared: Prepared, extents: Sequence[_Extent]
) -> tuple[list[Array] | None, list[int]]:
    """The arrays of a launch as parts of tensors, and their parameters; None where one is no part of any."""
    layout = Layout.of(program.params)
    found, places = [], []
    for k, (param, value) in enumerate(zip(program.params, prepared.arguments, strict=True)):
        if not isinstance(value, np.ndarray):
            continue
        start = value.__array_interface__["data"][0]
        steps = sum((n - 1) * s for n, s in zip(value.shape, value.strides, strict=True))
        count = steps + value.itemsize if value.size else 0
        owner = [e for e in extents if count and e.start <= start and start + count <= e.end]
        if len(owner) != 1:
            return None, []
        found.append(
            Array(owner[0].place, start - owner[0].start, layout.places[k].value, param.type.dtype.itemsize, count)
        )
        places.append(k)
    return found, places


def _is_all(program: Program, arrays: Sequence[Array], places: Sequence[int], made: Sequence[_Extent]) -> bool:
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
    allowed = rules_of(program).same_allowed
    found = []
    for j, second in enumerate(arrays):
        for i, first in enumerate(arrays[:j]):
            params = program.params[places[i]], program.params[places[j]]
            apart = first.source == second.source or max(first.source, second.source) >= arity
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
