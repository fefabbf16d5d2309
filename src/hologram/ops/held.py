"""Elements together with whose they are: what launches take of an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.isa.templates.formula import Mode, Source
from hologram.operators import OPERANDS, Formula, words
from hologram.ops import kinds
from hologram.ops.elementwise import Meaning, kernel_of
from hologram.ops.layout import pieces
from hologram.ops.plan import Step
from hologram.runtime.executor import Executor
from hologram.runtime.host import HostArray
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Held:
    """Elements of an array: its owner's, or a view of them. Truth values are the bytes that they are."""

    owner: Any
    view: HostArray

    @property
    def type(self) -> Type:
        """The type that the elements are stored as."""
        found = Type.of_dtype(self.view.dtype)
        assert found is not None, "elements were checked"
        return found

    def part(self, view: HostArray) -> Any:
        """What a launch takes for a view of the elements."""
        return kinds.kind_of("array", self.owner).part(self.owner, view)

    def seen(self, view: HostArray) -> Held:
        """The same memory seen another way."""
        return Held(self.owner, view)


def held(name: str, value: Any) -> Held:
    """The elements of an array; raises ArgumentTypeError for what is none."""
    return Held(value, as_bits(kinds.kind_of(name, value).array(value)))


def as_bits(array: HostArray) -> HostArray:
    """Truth values as the bytes that they are."""
    return array.view(np.uint8) if array.dtype.kind == "b" else array


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes arrays of the kind that a call works on."""

    kind: kinds.Kind
    like: Any
    executor: Executor

    def new(self, shape: Sequence[int], type: Type) -> Held:
        """An array for what is needed on the way to a result."""
        made = kinds.new(self.kind, shape, type.dtype, self.like, self.executor)
        return held("array", made)


def formula_steps(
    name: str, formula: Formula, operands: dict[str, Held | int | float], computed: Type, out: Held
) -> list[Step]:
    """Launches of an element-wise formula of operands by name, which are broadcast to the output."""
    used = [k for k in operands if k in set(words(formula))]
    letters = dict(zip(used, OPERANDS, strict=False))
    meaning = Meaning(_renamed(formula, letters), computed, computed, computed)
    arrays = {k: v for k in used if isinstance(v := operands[k], Held)}
    steps = []
    for piece in pieces([*(a.view for a in arrays.values()), out.view], out.view.shape):
        places = {k: i for i, k in enumerate(arrays)}
        sources = []
        for k in used:
            if k not in arrays:
                sources.append(Source(computed, Mode.NUMBER))
            else:
                sources.append(Source(arrays[k].type, Mode.FIXED if piece.is_fixed(places[k]) else Mode.EACH))
        given = [arrays[k].part(piece.argument(places[k])) if k in arrays else operands[k] for k in used]
        count = (piece.count,) if piece.rank == 1 else ()
        kernel = kernel_of(name, meaning, sources, out.type, piece.rank)
        steps.append(Step(kernel, (*given, out.part(piece.argument(len(arrays))), *count)))
    return steps


def _renamed(formula: Formula, names: dict[str, str]) -> Formula:
    if isinstance(formula, tuple):
        return (formula[0], *(_renamed(part, names) for part in formula[1:]))
    return names.get(formula, formula) if isinstance(formula, str) else formula


def copied(source: Held, axes: Sequence[int], maker: Maker) -> tuple[Held, list[Step]]:
    """A copy in which the elements along `axes` follow each other, and the launches that make it."""
    order = [k for k in range(source.view.ndim) if k not in axes] + sorted(axes)
    moved = source.view.transpose(order)
    target = maker.new(moved.shape, source.type)
    steps = formula_steps("positive", "x", {"x": source.seen(moved)}, source.type, target)
    back = np.argsort(order)
    return target.seen(target.view.transpose(back)), steps
