"""What the operations of linear algebra work with: arrays and where they belong, results, memory in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import Bool
from hologram.operators import TABLE
from hologram.ops import dtypes, kinds
from hologram.ops.elementwise import Elementwise, meaning_of
from hologram.ops.linalg import workspace
from hologram.ops.operation import Call
from hologram.ops.plan import Plan, Step
from hologram.runtime import recording
from hologram.runtime.executor import Executor
from hologram.runtime.host import HostArray
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Held:
    """Elements of an array that somebody gave or will get: the view is what is meant of the owner's memory."""

    owner: Any
    view: HostArray
    name: str = ""

    def seen(self, view: HostArray) -> Held:
        """Other elements of the same memory."""
        return Held(self.owner, view, self.name)

    @property
    def argument(self) -> Any:
        """What a launch takes for the elements."""
        return kinds.kind_of(self.name, self.owner).part(self.owner, self.view)

    @property
    def type(self) -> Type:
        """The type of the elements."""
        found = Type.of_dtype(self.view.dtype)
        assert found is not None, "elements were checked"
        return found


def numeric(name: str, view: HostArray) -> Type:
    """The type of elements that are numbers; raises ArgumentTypeError for truth values and what has no type."""
    found = dtypes.element(name, view.dtype)
    if isinstance(found, Bool):
        raise ArgumentTypeError(f"{name}() has no meaning for truth values; cure: x.astype(np.int32)")
    return found


@dataclass
class Frame:
    """One call being planned: its arrays, the executor, and the launches so far."""

    name: str
    kind: kinds.Kind
    executor: Executor
    like: Any
    steps: list[Step] = field(default_factory=list)
    temporaries: int = 0

    @staticmethod
    def of(name: str, call: Call, arrays: Sequence[Any]) -> Frame:
        """The frame of a call on some arrays (None is left out).

        Raises ArgumentTypeError where they do not go together.
        """
        given = [v for v in (*arrays, call.out) if v is not None]
        for value in given:
            if kinds.is_scalar(value):
                raise ArgumentTypeError(f"{name}() takes arrays, not {type(value).__name__}; cure: np.asarray(x)")
        kind = kinds.common(name, given)
        executor = call.executor or kinds.executor_of(name, kind, given)
        return Frame(name, kind, executor, given[0])

    def held(self, value: Any) -> Held:
        """A given array of numbers."""
        view = kinds.kind_of(self.name, value).array(value)
        numeric(self.name, view)
        return Held(value, view, self.name)

    def joined(self, *given: Held) -> Type:
        """The type that elements of several arrays meet in."""
        found = dtypes.promoted(self.name, [h.type for h in given])
        assert isinstance(found, Type)
        return found

    def output(self, out: Any, shape: tuple[int, ...], result: Type) -> Held:
        """The array that was given for the result, checked, or a new one."""
        if out is None:
            made = kinds.new(self.kind, shape, result.dtype, self.like, self.executor)
            return Held(made, kinds.kind_of(self.name, made).array(made), self.name)
        held = Held(out, kinds.kind_of(self.name, out).array(out), self.name)
        dtypes.check_out(self.name, result, numeric(self.name, held.view))
        if held.view.shape != shape:
            raise ArgumentValueError(f"{self.name}(): out has shape {held.view.shape}, the result {shape}")
        if not held.view.flags.writeable:
            raise ArgumentValueError(f"{self.name}(): out is read-only; cure: out.copy()")
        return held

    def temporary(self, shape: tuple[int, ...], type: Type) -> Held:
        """Memory for something in between."""
        recorder = recording.current()
        if recorder is None and not workspace.is_lasting():
            self.temporaries += 1
            kept = workspace.piece(self.temporaries - 1, shape, type)
            return Held(kept, kept, self.name)
        made = self.executor.allocate(shape, type) if recorder is None else recorder.temporary(shape, type)
        return Held(made, made.elements(), self.name)

    def elementwise(self, operator: str, inputs: Sequence[Held], out: Held) -> None:
        """Launch an operator of the table on all elements."""
        if 0 in out.view.shape:
            return
        row = TABLE[operator]
        letters = row.operands[: len(inputs)]
        owners = {letter: held.owner for letter, held in zip(letters, inputs, strict=True)}
        views = {letter: held.view for letter, held in zip(letters, inputs, strict=True)}
        meaning = meaning_of(self.name, row, [held.type for held in inputs])
        self.steps += Elementwise(row, self.name).steps(owners, views, {}, meaning, out.owner, out.view)

    def copy(self, source: Held, target: Held) -> None:
        """Copy elements, converted to the target's type."""
        self.elementwise("positive", [source], target)

    def reshaped(self, given: Held, shape: tuple[int, ...]) -> Held:
        """The same elements in another shape: in place where strides allow it, else a copy made by a launch."""
        try:
            view = given.view.view()
            view.shape = shape
        except AttributeError:
            copied = self.temporary(given.view.shape, given.type)
            self.copy(given, copied)
            return copied.seen(copied.view.reshape(shape))
        return given.seen(view)

    def apart(self, given: Held, out: Held) -> Held:
        """An input as it is, or a copy where the output shares its memory."""
        if not np.may_share_memory(given.view, out.view):
            return given
        copied = self.temporary(given.view.shape, given.type)
        self.copy(given, copied)
        return copied

    def plan(self, out: Held, is_new: bool) -> Plan:
        """The finished plan."""
        return Plan(self.steps, self.executor, out.owner, self.kind, self.like, is_new)
