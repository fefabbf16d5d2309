"""Shapes that must be equal: a kernel without a guard runs over the shape of its arrays, which must then agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hologram.errors import ArgumentValueError
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program

KEY = "agree"
"""The metadata entry: pairs such as ``b.shape[0] = a.shape[0]``, separated by commas."""
_PAIR = re.compile(r"\s*(\w+)\.shape\[(\d)\] = (\w+)\.shape\[(\d)\]\s*")


def pairs(program: Program) -> Iterator[tuple[Slot, Slot]]:
    """The pairs of shapes a program says must be equal; what names no array of it is passed over."""
    places = {p.name: (i, p.ndim) for i, p in enumerate(program.params) if p.is_array}
    for text in program.metadata.get(KEY, "").split(","):
        if not (match := _PAIR.fullmatch(text)):
            continue
        left, left_axis, right, right_axis = match.groups()
        sides = [(left, int(left_axis)), (right, int(right_axis))]
        if all(name in places and axis < places[name][1] for name, axis in sides):
            a, b = (Slot(places[name][0], Field.SHAPE, axis) for name, axis in sides)
            yield a, b


def check(program: Program, values: Mapping[Slot, int]) -> None:
    """Raise ArgumentValueError where shapes that must be equal differ."""
    for a, b in pairs(program):
        if values[a] != values[b]:
            names = [program.params[s.index].name for s in (a, b)]
            raise ArgumentValueError(
                f"{program.name}(): arrays '{names[0]}' and '{names[1]}' must agree: the kernel runs over their shape, "
                f"and axis {a.axis} of '{names[0]}' has length {values[a]}, axis {b.axis} of '{names[1]}' {values[b]}; "
                "pass slices of one length, or guard the work with `if i < n:`"
            )
