"""What the lanes of a batch hold while they run: registers, predicates, contributions to launch reductions."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from hologram.backends.interpreter.convert import STORAGE
from hologram.backends.interpreter.coordinates import Batch, width
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.launch import Launch
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.reduce import ACCUMULATORS, Contributions
from hologram.backends.interpreter.report import fail
from hologram.errors import ExecutionError, OutOfBoundsError, UninitializedReadError
from hologram.isa.operands import Special
from hologram.types import Type

Active = Array | slice
"""Lanes of a batch: ascending positions, or `ALL`."""

ALL = slice(None)
_TAGS = {ty: np.uint8(number) for number, ty in enumerate(Type, 1)}
_TYPES = dict(enumerate(Type, 1))
_PRELOADED = {252: (Special.LANE_X, Type.U32), 253: (Special.BLOCK_X, Type.U32), 254: (Special.BLOCK_DIM_X, Type.U32)}


class State:
    """Registers and predicates of the lanes of one batch; `index` is the instruction being run.

    A register is one array for each width it is used in, and a tag a lane: which type was written last, 0 for none.
    """

    def __init__(self, launch: Launch, batch: Batch) -> None:
        self.launch, self.batch, self.index = launch, batch, 0
        self.steps = np.zeros(batch.count, np.int64)
        self.contributions: dict[int, Contributions] = {}
        self._values: dict[tuple[int, Type], Array] = {}
        self._tags: dict[int, Array] = {}
        self._predicates: dict[int, Array] = {}
        self._known: dict[int, Array] = {}

    def fail(self, kind: type[ExecutionError], message: str, lane: int) -> NoReturn:
        """Raise an error at the current instruction for a lane of the batch."""
        fail(kind, self.launch.program, self.index, message, self.batch, lane)

    def count(self, active: Active) -> int:
        """How many lanes are active."""
        return self.batch.count if isinstance(active, slice) else len(active)

    def lane(self, active: Active, chosen: Array) -> int:
        """The first active lane that is chosen (a mask over the active lanes, or of shape (1,))."""
        first = int(np.argmax(chosen))
        return first if isinstance(active, slice) else int(active[first])

    # General registers

    def read(self, register: int, ty: Type, active: Active) -> Array:
        """The register's values in the active lanes, all of which must have written it as this type."""
        tags = self._tag(register)[active]
        unwritten = tags != _TAGS[ty]
        if unwritten.any():
            self._mismatch(register, ty, active, tags, unwritten)
        return self._value(register, ty)[active]

    def read_integer(self, register: int, active: Active) -> Array:
        """An i64 or u64 register as i64 (offsets beyond 2**63 come out negative: they are out of bounds anyway)."""
        first = self._tag(register)[active][0]
        ty = Type.U64 if first == _TAGS[Type.U64] else Type.I64
        return self.read(register, ty, active).view(np.int64)

    def write(self, register: int, ty: Type, active: Active, values: Array) -> None:
        """Set the register in the active lanes; values of shape (1,) go to all of them."""
        self._value(register, ty)[active] = values
        self._tag(register)[active] = _TAGS[ty]

    def _mismatch(self, register: int, ty: Type, active: Active, tags: Array, unwritten: Array) -> None:
        held = _TYPES.get(int(tags[np.argmax(unwritten)]))
        what = f"holds {held.value}, not {ty.value}" if held else "has not been written"
        self.fail(UninitializedReadError, f"read of r{register}, which {what}", self.lane(active, unwritten))

    def _value(self, register: int, ty: Type) -> Array:
        found = self._values.get((register, ty))
        if found is None:
            same_width = [t for t in Type if t.size == ty.size]
            raw = np.zeros(self.batch.count, f"u{ty.size}")
            self._values.update({(register, t): raw.view(STORAGE[t]) for t in same_width})
            found = self._values[register, ty]
        return found

    def _tag(self, register: int) -> Array:
        if register not in self._tags:
            self._tags[register] = np.zeros(self.batch.count, np.uint8)
            if register in _PRELOADED:
                special, ty = _PRELOADED[register]
                self.write(register, ty, ALL, self.batch.special(special).astype(np.uint32))
            elif register == 255:
                self.write(register, Type.U64, ALL, self.batch.global_number())
        return self._tags[register]

    # Predicates

    def read_predicate(self, predicate: int, active: Active) -> Array:
        """The predicate in the active lanes, all of which must have written it."""
        known = self._known.get(predicate)
        unwritten = np.ones(1, np.bool_) if known is None else ~known[active]
        if unwritten.any():
            message = f"read of p{predicate}, which has not been written"
            self.fail(UninitializedReadError, message, self.lane(active, unwritten))
        return self._predicates[predicate][active]

    def write_predicate(self, predicate: int, active: Active, values: Array) -> None:
        """Set the predicate in the active lanes."""
        if predicate not in self._known:
            self._known[predicate] = np.zeros(self.batch.count, np.bool_)
            self._predicates[predicate] = np.zeros(self.batch.count, np.bool_)
        self._predicates[predicate][active] = values
        self._known[predicate][active] = True

    # Memory, faults, reductions

    def check(self, region: Region, offsets: Array, ty: Type, active: Active, verb: str) -> None:
        """Refuse an access of which any lane lies outside its array, before a byte is touched."""
        outside = region.outside(offsets, ty.size)
        if outside.any():
            offset = int(offsets[np.argmax(outside)])
            size = len(region.bytes)
            message = f"{verb} of {ty.value} at byte offset {offset} of '{region.name}', which is {size} bytes long"
            message += f" (element {offset // ty.size} of {size // ty.size})" if offset % ty.size == 0 else ""
            message += "; guard the access or pass a longer array"
            self.fail(OutOfBoundsError, message, self.lane(active, outside))

    def divided_by_zero(self, active: Active, zero: Array) -> None:
        """Note a fault; the one of the earliest instruction and lowest lane is reported when the launch is complete."""
        found = (self.index, int(self.batch.number[self.lane(active, zero)]))
        self.launch.fault = found if self.launch.fault is None else min(self.launch.fault, found)

    def contribute(self, active: Active, ty: Type, values: Array) -> None:
        """Add the active lanes' values to the launch reduction that is the current instruction."""
        if self.index not in self.contributions:
            empty = Contributions.empty(ty, self.batch.chunks, width(self.batch.domain))
            self.contributions[self.index] = empty
        self.contributions[self.index].put(self.batch.cell[active], values)

    def finish(self) -> None:
        """Fold what the batch contributed to launch reductions; called once all its lanes are done."""
        for index, reduction in self.launch.reductions.items():
            if index in self.contributions:
                reduction.chunks.append(self.contributions[index].fold(reduction.operation, reduction.type))
            else:
                absent = Contributions.empty(reduction.type, self.batch.chunks, ACCUMULATORS)
                reduction.chunks.append(absent.fold(reduction.operation, reduction.type))
