"""Where values lie in a region: for each axis of a tensor, the axes of the region that it goes along.

A tensor's axis goes along none where it has size 1 or repeats one element, along one, or along several that it merges.
Views that only rename, repeat, merge or split axes make another layout of the same value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import Node

from hologram_torch.compiler.sizes import is_one, plain, quotient, same, times

Layout = tuple[tuple[int, ...], ...]
aten = torch.ops.aten


class NoLayout(Exception):
    """A value has no place in a region; the text says why."""


class Axes:
    """The axes of a region by number, with their sizes; an axis may be split into several."""

    def __init__(self) -> None:
        self.sizes: dict[int, Any] = {}
        self.parts: dict[int, tuple[int, ...]] = {}

    def copy(self) -> Axes:
        """The same axes, to be changed apart."""
        made = Axes()
        made.sizes, made.parts = dict(self.sizes), dict(self.parts)
        return made

    def new(self, size: Any) -> int:
        """A further axis."""
        number = len(self.sizes)
        self.sizes[number] = plain(size)
        return number

    def split(self, axis: int, inner: Any, outer: Any) -> tuple[int, int]:
        """Two axes in the place of one."""
        made = self.new(outer), self.new(inner)
        self.parts[axis] = made
        return made

    def now(self, axes: Sequence[int]) -> tuple[int, ...]:
        """Axes with those that were split replaced by their parts."""
        found: list[int] = []
        for axis in axes:
            parts = self.parts.get(axis)
            found += (axis,) if parts is None else self.now(parts)
        return tuple(found)

    def layout(self, layout: Layout) -> Layout:
        """A layout with the axes that were split replaced."""
        return tuple(self.now(axes) for axes in layout) if self.parts else layout


def viewed(node: Node, layout: Layout, axes: Axes) -> Layout:
    """The layout of a view of a value; raises NoLayout for one that is no renaming of axes."""
    make = VIEWS.get(node.target)
    if make is None:
        raise NoLayout(f"{node.target} takes a part")
    made: Layout = make(node, layout, axes)
    return made


def _rank(node: Node) -> int:
    source: Any = node.args[0]
    return len(source.meta["val"].shape)


def _same_value(node: Node, layout: Layout, axes: Axes) -> Layout:
    return layout


def _permute(node: Node, layout: Layout, axes: Axes) -> Layout:
    order: Any = node.args[1]
    return tuple(layout[d % len(layout)] for d in order)


def _transpose(node: Node, layout: Layout, axes: Axes) -> Layout:
    if len(layout) < 2:
        return layout
    a, b = (int(d) % len(layout) for d in node.args[1:3]) if len(node.args) > 1 else (0, 1)  # type: ignore[arg-type]
    turned = list(layout)
    turned[a], turned[b] = turned[b], turned[a]
    return tuple(turned)


def _unsqueeze(node: Node, layout: Layout, axes: Axes) -> Layout:
    place: Any = node.args[1]
    place %= len(layout) + 1
    return (*layout[:place], (), *layout[place:])


def _squeeze(node: Node, layout: Layout, axes: Axes) -> Layout:
    source: Any = node.args[0]
    shape = source.meta["val"].shape
    asked: Any = node.args[1] if len(node.args) > 1 else range(len(shape))
    places = {d % max(len(shape), 1) for d in ([asked] if isinstance(asked, int) else asked)}
    return tuple(a for d, a in enumerate(layout) if not (d in places and is_one(shape[d])))


def _expand(node: Node, layout: Layout, axes: Axes) -> Layout:
    return ((),) * (len(node.meta["val"].shape) - len(layout)) + layout


def _view(node: Node, layout: Layout, axes: Axes) -> Layout:
    source: Any = node.args[0]
    return regrouped(layout, source.meta["val"].shape, node.meta["val"].shape, axes)


def regrouped(layout: Layout, old: Sequence[Any], new: Sequence[Any], axes: Axes) -> Layout:
    """A layout for another shape of the same elements in the same order."""
    made: list[tuple[int, ...]] = []
    at = 0
    for taken, sizes in _chunks(old, new):
        chunk, at = layout[at : at + taken], at + taken
        given = old[at - taken : at]
        if len(sizes) == 1 == sum(not is_one(s) for s in given) or not sizes:
            made += [axes.now(sum(chunk, ()))] * len(sizes)
        elif all(not a for a in chunk):
            made += [()] * len(sizes)
        elif any(not a and not is_one(s) for a, s in zip(chunk, given, strict=True)):
            raise NoLayout("a view merges an axis that repeats one element")
        else:
            made += _dealt(list(axes.now(sum(chunk, ()))), sizes, axes)
    return tuple(made)


def _dealt(pending: list[int], sizes: Sequence[Any], axes: Axes) -> list[tuple[int, ...]]:
    """Axes dealt out to sizes from the last to the first, and split where one has elements of two."""
    dealt: list[tuple[int, ...]] = []
    for size in reversed(sizes):
        left, taken = plain(size), []
        while not same(left, 1):
            if not pending:
                raise NoLayout("a view splits axes in another way")
            axis = pending.pop()
            rest = quotient(left, axes.sizes[axis])
            if rest is None:
                outer = quotient(axes.sizes[axis], left)
                if outer is None:
                    raise NoLayout("a view splits axes in another way")
                above, axis = axes.split(axis, left, outer)
                pending.append(above)
                rest = 1
            taken.append(axis)
            left = rest
        dealt.append(tuple(reversed(taken)))
    if pending:
        raise NoLayout("a view splits axes in another way")
    return dealt[::-1]


def _chunks(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[int, list[Any]]]:
    """Runs of axes of two shapes that hold the same elements: how many of the old, and the sizes of the new."""
    found: list[tuple[int, list[Any]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        first, second = 1, 1
        begin, start = i, j
        if i < len(old):
            first, i = plain(old[i]), i + 1
        if j < len(new):
            second, j = plain(new[j]), j + 1
        while not same(first, second):
            if _goes_into(second, first) and j < len(new):
                second, j = times(second, new[j]), j + 1
            elif i < len(old):
                first, i = times(first, old[i]), i + 1
            elif j < len(new):
                second, j = times(second, new[j]), j + 1
            else:
                raise NoLayout("a view of sizes that are not known to agree")
        found.append((i - begin, list(new[start:j])))
    return found


def _goes_into(part: Any, whole: Any) -> bool:
    if isinstance(part, int) and isinstance(whole, int):
        return part < whole
    return quotient(whole, part) is not None


VIEWS: dict[Any, Any] = {
    aten.alias.default: _same_value,
    aten.detach.default: _same_value,
    aten.permute.default: _permute,
    aten.transpose.int: _transpose,
    aten.t.default: _transpose,
    aten.unsqueeze.default: _unsqueeze,
    aten.squeeze.default: _squeeze,
    aten.squeeze.dim: _squeeze,
    aten.squeeze.dims: _squeeze,
    aten.expand.default: _expand,
    aten.view.default: _view,
    aten._unsafe_view.default: _view,
}
"""Views that only rename, repeat, merge or split axes."""
