"""What calls came to: the launches of a call on its tensors, on new ones, and on memory that only they use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hologram.backends.llvm.layout import Layout
from hologram.isa.region import REREAD
from hologram.runtime.entry import tensors as entry
from hologram.runtime.entry.recipe import (
    MAX_SCRATCH,
    SCRATCH,
    Array,
    Expectation,
    Meeting,
    Recipe,
    Result,
    Step,
)
from hologram.runtime.notes import Expected, Launched, Note
from hologram_torch.remembered.extents import Extent, are_apart, extent, extents, version

if TYPE_CHECKING:
    from hologram.isa.program import Param, Program
    from hologram.runtime.launcher import Prepared

KINDS = frozenset({Tensor, tuple, *torch.return_types.all_return_types})
"""What calls may give back: a tensor, or a tuple of tensors, which may be one of PyTorch's named tuples."""
LINE = 64
"""Bytes at which memory that only launches use begins."""


@dataclass(frozen=True, slots=True)
class Known:
    """A call: its arguments, their versions before it, what it gave back, and its launches and looks in order."""

    args: tuple[Any, ...]
    versions: list[int]
    result: Any
    notes: Sequence[Note]


class Refused(Exception):
    """A call is more than launches that can be repeated."""


@dataclass(slots=True)
class _Piece:
    """Memory of a call: where it is found again, its bytes now, and the launch that wrote it (−1: none)."""

    source: int
    offset: int
    start: int
    end: int
    is_argument: bool
    writer: int = -1


def recipe(prepared: Sequence[Prepared], known: Known) -> Recipe | None:
    """What a call was, if it was launches on its tensors, on new ones that it gave back, and on their own memory."""
    try:
        return _recipe(prepared, known)
    except Refused:
        return None


def _recipe(prepared: Sequence[Prepared], known: Known) -> Recipe:
    arity, given = len(known.args), extents(known.args)
    made, returned = _results(known, given)
    memory = _Memory(given, made, arity)
    launches = [note for note in known.notes if isinstance(note, Launched)]
    laid = [memory.arrays(k, n.launcher.program, p) for k, (n, p) in enumerate(zip(launches, prepared, strict=True))]
    steps = [Step(tuple(a for a, _ in arrays), memory.written_by(k), ()) for k, arrays in enumerate(laid)]
    whole = [a for step in steps for a in step.arrays]
    at = -1
    for note in known.notes:
        if isinstance(note, Expected):
            steps[at] = _with(steps, at, memory.expectation(note, at, whole))
        at += isinstance(note, Launched)
    memory.check(known, whole, set(returned))
    rows = tuple(
        Result(_number(e.tensor.dtype), tuple(e.tensor.shape), e.tensor.stride(), e.end - e.start) for e in made
    )
    meetings = _meetings([n.launcher.program for n in launches], prepared, laid, arity)
    kind = None if isinstance(known.result, Tensor) else type(known.result)
    return Recipe((*rows, *memory.more), tuple(steps), meetings, tuple(returned), kind)


def _with(steps: Sequence[Step], at: int, expectation: Expectation) -> Step:
    """A launch with one more expectation. Raises Refused where something that others see was written before."""
    if at < 0 or any(step.writes for step in steps[: at + 1]):
        raise Refused
    return Step(steps[at].arrays, steps[at].writes, (*steps[at].expectations, expectation))


def _results(known: Known, given: Sequence[Extent]) -> tuple[list[Extent], list[int]]:
    """The new tensors that a call gave back, and the places of all that it gave back."""
    if type(known.result) not in KINDS:
        raise Refused
    results = [known.result] if isinstance(known.result, Tensor) else known.result
    if not all(type(r) is Tensor for r in results):
        raise Refused
    returned: list[int] = []
    made: list[Extent] = []
    for result in results:
        own = [e for e in (*given, *made) if e.tensor is result]
        if not own:
            if not _is_new(result):
                raise Refused
            own = [extent(len(known.args) + len(made), result)]
            made += own
        returned.append(own[0].place)
    if not are_apart([*given, *made]):
        raise Refused
    return made, returned


class _Memory:
    """The memory of a call, as launches come to it one after the other."""

    def __init__(self, given: Sequence[Extent], made: Sequence[Extent], arity: int) -> None:
        self.pieces = [_Piece(e.place, 0, e.start, e.end, e.place < arity) for e in (*given, *made)]
        self.more: list[Result] = []
        """Tensors that only launches use."""
        self._arity, self._place, self._used = arity, arity + len(made), 0

    def arrays(self, k: int, program: Program, prepared: Prepared) -> list[tuple[Array, int]]:
        """The arrays of a launch as parts of the memory, and their parameters.

        Raises Refused where one is read that no launch before wrote as a whole, or memory is written more than once.
        """
        layout = Layout.of(program.params)
        found = []
        for i, (param, value) in enumerate(zip(program.params, prepared.arguments, strict=True)):
            if isinstance(value, np.ndarray):
                start, count = _span(value)
                is_whole = _is_overwritten(program, param) and value.size * value.itemsize == count
                piece = self._piece(k, param, start, count, is_whole)
                offset = piece.offset + start - piece.start
                found.append((Array(piece.source, offset, layout.places[i].value, value.itemsize, count), i))
        return found

    def _piece(self, k: int, param: Param, start: int, count: int, is_whole: bool) -> _Piece:
        meeting = [p for p in self.pieces if start < p.end and p.start < start + count]
        if not count or len(meeting) > 1:
            raise Refused
        if not meeting:
            if not is_whole:
                raise Refused
            meeting = [self._new(start, count)]
        piece = meeting[0]
        if not piece.start <= start <= start + count <= piece.end:
            raise Refused
        if piece.is_argument:
            if piece.writer not in (-1, k):  # a launch before wrote it
                raise Refused
            piece.writer = k if param.is_written else piece.writer
        elif param.is_written:
            if not is_whole or piece.writer >= 0 or count != piece.end - piece.start:
                raise Refused
            piece.writer = k
        elif not 0 <= piece.writer < k:
            raise Refused
        return piece

    def _new(self, start: int, count: int) -> _Piece:
        """Memory that only launches use: on the stack where there is room, else a tensor."""
        if self._used + count <= MAX_SCRATCH:
            piece = _Piece(SCRATCH, self._used, start, start + count, False)
            self._used += -(-count // LINE) * LINE
        else:
            piece = _Piece(self._place + len(self.more), 0, start, start + count, False)
            self.more.append(Result(_number(torch.uint8), (count,), (1,), count))
        self.pieces.append(piece)
        return piece

    def written_by(self, k: int) -> tuple[int, ...]:
        """The places of arguments that a launch wrote."""
        return tuple(p.source for p in self.pieces if p.is_argument and p.writer == k)

    def expectation(self, note: Expected, at: int, arrays: Sequence[Array]) -> Expectation:
        """What is expected of a value that a launch up to the place `at` wrote."""
        start, size = note.value.data_ptr(), 8
        if note.value.dtype is not torch.int64 or note.value.numel() != 1:
            raise Refused
        for piece in self.pieces:
            if 0 <= piece.writer <= at and not piece.is_argument and piece.start <= start <= piece.end - size:
                offset = piece.offset + start - piece.start
                whole = piece.source, piece.offset, piece.end - piece.start
                array = next(i for i, a in enumerate(arrays) if (a.source, a.offset, a.bytes) == whole)
                return Expectation(array, offset - piece.offset, note.low, note.high)
        raise Refused

    def check(self, known: Known, arrays: Sequence[Array], returned: set[int]) -> None:
        """Raise Refused unless all that was given back was written, and all that was written is known."""
        written = {p.source for p in self.pieces if p.writer >= 0}
        if not returned <= written:
            raise Refused
        taken = {array.source for array in arrays}
        for piece in self.pieces:
            if piece.is_argument and piece.source not in taken:  # it was taken for its value
                raise Refused
            if piece.is_argument and not self._is_counted(known, piece):
                raise Refused
        for note in known.notes:
            for value in getattr(note, "arguments", ()):
                if isinstance(value, Tensor) and version(value) > 1 and not self._is_given(value):
                    raise Refused

    def _is_counted(self, known: Known, piece: _Piece) -> bool:
        """True where the writes of an argument are those of launches; views of one memory count them together."""
        tensor = known.args[piece.source]
        storage = tensor.untyped_storage().data_ptr()
        alike = [p for p in self.pieces if p.is_argument and p.writer >= 0]
        most = sum(known.args[p.source].untyped_storage().data_ptr() == storage for p in alike)
        rise = version(tensor) - known.versions[piece.source]
        return tensor.is_inference() or (piece.writer >= 0) <= rise <= most

    def _is_given(self, value: Tensor) -> bool:
        start = value.data_ptr()
        return any(p.is_argument and p.start <= start < p.end for p in self.pieces)


def _is_overwritten(program: Program, param: Param) -> bool:
    """True for an array of which a program reads nothing but what it wrote there."""
    return param.access == "w" or param.name in program.metadata.get(REREAD, "").split()


def _span(array: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Where an array begins, and the bytes up to behind its last element."""
    steps = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True))
    return array.__array_interface__["data"][0], steps + array.itemsize if array.size else 0


def _is_new(tensor: Tensor) -> bool:
    """True for a plain tensor with memory of its own that was written once."""
    if type(tensor) is not Tensor or tensor.requires_grad or tensor.is_neg() or tensor.storage_offset():
        return False
    own = extent(0, tensor)
    fits = tensor.untyped_storage().nbytes() == own.end - own.start > 0
    return fits and tensor.is_cpu and (tensor.is_inference() or tensor._version <= 1)


def _meetings(
    programs: Sequence[Program], prepared: Sequence[Prepared], laid: Sequence[list[tuple[Array, int]]], arity: int
) -> tuple[Meeting, ...]:
    """Arrays of several arguments of which one is written, by whatever launch."""
    whole = [(k, array, i) for k, arrays in enumerate(laid) for array, i in arrays]
    found: dict[tuple[Any, ...], Meeting] = {}
    for y, (later, second, j) in enumerate(whole):
        for x, (sooner, first, i) in enumerate(whole[:y]):
            is_written = programs[sooner].params[i].is_written or programs[later].params[j].is_written
            are_arguments = 0 <= first.source < arity and 0 <= second.source < arity
            if first.source == second.source or not are_arguments or not is_written:
                continue
            same = sooner == later and _may_be_same(programs[later], prepared[later], i, j)
            parts = (first.source, first.offset, first.bytes), (second.source, second.offset, second.bytes)
            found.setdefault((*parts, same), Meeting(x, y, same))
    return tuple(found.values())


def _may_be_same(program: Program, prepared: Prepared, i: int, j: int) -> bool:
    """True where two parameters of a launch may be the very same elements, as they lie."""
    from hologram.runtime.rules import rules_of

    if (i, j) not in rules_of(program).same_allowed:
        return False
    first, second = prepared.arguments[i], prepared.arguments[j]
    assert isinstance(first, np.ndarray) and isinstance(second, np.ndarray)
    return (first.shape, first.strides, first.dtype) == (second.shape, second.strides, second.dtype)


@cache
def _number(dtype: torch.dtype) -> int:
    return entry.number_of(torch, dtype)
