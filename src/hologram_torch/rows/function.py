"""What a function over rows computes, as data that an operator of PyTorch carries as text.

Its steps are those of a fused region (`isa/region.py`): formulas of elements, and folds of them along some
axes. An input or a value is wide where it has an element for each place of the rows, narrow where it has one a row.
"n" is the number of elements of a row, "at" the place of an element in it where one axis is folded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, ParamSpec

import torch

from hologram.isa.region import Fold, Let
from hologram.operators import Formula, words
from hologram.types import Type

P = ParamSpec("P")
COUNT, PLACE = "n", "at"
NAMES = {
    torch.float16: "f16",
    torch.bfloat16: "bf16",
    torch.float32: "f32",
    torch.float64: "f64",
    torch.int8: "i8",
    torch.int16: "i16",
    torch.int32: "i32",
    torch.int64: "i64",
    torch.uint8: "u8",
    torch.uint16: "u16",
    torch.uint32: "u32",
    torch.uint64: "u64",
    torch.bool: "bool",
}
"""The types of tensors by the names that texts have for them."""
DTYPES = {name: dtype for dtype, name in NAMES.items()}


def stored(dtype: torch.dtype) -> Type:
    """The type of the elements as they lie in memory; a truth value is a byte.

    Raises TypeError for complex and quantised tensors.
    """
    if dtype not in NAMES:
        raise TypeError(f"hologram_torch has no elements of {dtype}; it has {', '.join(map(str, NAMES))}")
    return Type.U8 if dtype is torch.bool else Type(NAMES[dtype])


def computed(dtype: torch.dtype) -> Type:
    """The type in which elements are computed with: f32 for f16 and bf16."""
    return Type.F32 if dtype in (torch.float16, torch.bfloat16) else stored(dtype)


@dataclass(frozen=True, eq=False)
class RowFunction:
    """A function over rows.

    `wide` and `narrow` are its inputs, wide ones first; `numbers` come with a call. `outputs` are names of steps with
    the type of tensor that each becomes.

    Derivatives follow from the steps. `slopes` has shorter forms: of a step, along an input, as a formula; such a step
    hands nothing on to others. `still` are folds that only keep numbers in range: results do not depend on them, and no
    gradient goes through. `flat` are those that results depend on, but not to the first order.
    """

    wide: tuple[str, ...]
    steps: tuple[Let | Fold, ...]
    outputs: tuple[tuple[str, str], ...]
    narrow: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    still: tuple[str, ...] = ()
    flat: tuple[str, ...] = ()
    slopes: tuple[tuple[str, str, Formula], ...] = ()

    @cached_property
    def ways(self) -> dict[Any, Any]:
        """How calls became launches."""
        return {}

    @cached_property
    def typed_numbers(self) -> tuple[tuple[str, Type], ...]:
        """All numbers that the steps read, with their types: the widest real one that is computed in."""
        read = frozenset().union(*self.reads.values())
        type = Type.F64 if any(s.type is Type.F64 for s in self.steps) else Type.F32
        return tuple((name, type) for name in (COUNT, *self.numbers) if name in read)

    def scalars(self, numbers: Sequence[int | float]) -> list[tuple[str, int | float]]:
        """The numbers of a launch by their names; the count is filled in by whoever knows it."""
        given: dict[str, int | float] = {COUNT: 0, **dict(zip(self.numbers, numbers, strict=True))}
        return [(name, given[name]) for name, _ in self.typed_numbers]

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """All tensors."""
        return (*self.wide, *self.narrow)

    @cached_property
    def reads(self) -> Mapping[str, frozenset[str]]:
        """What each step reads."""
        return {step.name: names_of(step) for step in self.steps}

    @cached_property
    def wide_names(self) -> frozenset[str]:
        """Inputs and steps that have a value for each element."""
        found = {*self.wide, PLACE}
        for step in self.steps:
            if isinstance(step, Let) and self.reads[step.name] & found:
                found.add(step.name)
        return frozenset(found)

    @cached_property
    def has_folds(self) -> bool:
        """False for formulas of elements alone."""
        return any(isinstance(step, Fold) for step in self.steps)

    @cached_property
    def text(self) -> str:
        """The function as a text."""
        steps = [
            [s.name, s.type.value, s.formula] if isinstance(s, Let) else [s.name, s.type.value, s.op, s.of]
            for s in self.steps
        ]
        parts = [self.wide, self.narrow, self.numbers, steps, self.outputs, self.still, self.flat, self.slopes]
        return json.dumps(parts, separators=(",", ":"))

    def needed(self) -> RowFunction:
        """The same without steps and inputs that no output depends on; what is left keeps its order."""
        wanted = {name for name, _ in self.outputs}
        kept = []
        for step in reversed(self.steps):
            if step.name in wanted:
                wanted |= self.reads[step.name]
                kept.append(step)
        return replace(
            self,
            wide=tuple(k for k in self.wide if k in wanted),
            narrow=tuple(k for k in self.narrow if k in wanted),
            numbers=tuple(k for k in self.numbers if k in wanted),
            steps=tuple(reversed(kept)),
            still=tuple(k for k in self.still if k in wanted),
            flat=tuple(k for k in self.flat if k in wanted),
            slopes=tuple(s for s in self.slopes if s[0] in {k.name for k in kept}),
        )


def names_of(step: Let | Fold) -> frozenset[str]:
    """The names that a step reads (and words of formulas, which are none of them)."""
    return frozenset(words(step.formula if isinstance(step, Let) else step.of))


def row_function(
    wide: Sequence[str],
    steps: Sequence[Let | Fold],
    outputs: Sequence[tuple[str, str]],
    narrow: Sequence[str] = (),
    numbers: Sequence[str] = (),
    still: Sequence[str] = (),
    flat: Sequence[str] = (),
    slopes: Sequence[tuple[str, str, Formula]] = (),
) -> RowFunction:
    """The one function that has these parts."""
    made = RowFunction(
        tuple(wide),
        tuple(steps),
        tuple(outputs),
        tuple(narrow),
        tuple(numbers),
        tuple(still),
        tuple(flat),
        tuple(slopes),
    )
    return function_of(made.text)


def builder(make: Callable[P, RowFunction]) -> Callable[P, str]:
    """What makes functions over rows, to be asked for their texts: each is made once, and a constant to Dynamo."""

    known: dict[Any, str] = {}

    def text(*args: P.args, **kwargs: P.kwargs) -> str:
        key = (args, *kwargs.items())
        if key not in known:
            known[key] = make(*args, **kwargs).text
        return known[key]

    text.__name__, text.__doc__ = make.__name__, make.__doc__
    text._dynamo_marked_constant = True  # type: ignore[attr-defined]  # by its function, PyTorch would load Dynamo now
    return text


@cache
def function_of(text: str) -> RowFunction:
    """The function that a text stands for."""
    wide, narrow, numbers, steps, outputs, still, flat, slopes = json.loads(text)
    return RowFunction(
        tuple(wide),
        tuple(_step(step) for step in steps),
        tuple((name, dtype) for name, dtype in outputs),
        tuple(narrow),
        tuple(numbers),
        tuple(still),
        tuple(flat),
        tuple((step, name, _formula(slope)) for step, name, slope in slopes),
    )


def _step(parts: Sequence[Any]) -> Let | Fold:
    name, type, *rest = parts
    if len(rest) == 1:
        return Let(name, _formula(rest[0]), Type(type))
    return Fold(name, rest[0], _formula(rest[1]), Type(type))


def _formula(part: Any) -> Formula:
    if isinstance(part, list):
        return (str(part[0]), *(_formula(p) for p in part[1:]))
    return part if isinstance(part, str) else float(part)
