"""Groups of nodes as regions, with what each launch gives: arrays, lengths, strides and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from hologram.isa.region import KEPT, REDUCED, WALKED, Fold, Let, Operand, Output, Region, Stride
from hologram.operators import Formula
from hologram.operators.calculus import substituted
from hologram.types import Type
from hologram_torch.compiler.arrangement import arranged, hint
from hologram_torch.compiler.group import Group, aligned, free_of
from hologram_torch.compiler.layouts import VIEWS, Layout
from hologram_torch.compiler.meanings import STORED, Constant, Places, Pointwise, Reduced
from hologram_torch.compiler.sizes import is_one, plain, same, times

LETTERS = ("x", "y", "z")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """An array between launches that is no value of the graph: its lengths, its type."""

    lengths: tuple[Any, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Launch:
    """A region and what it is launched with: values that are read and made, sizes as integers or symbols.

    `nodes` are the operators that it stands for, `names` the steps that have their values.
    """

    region: Region
    reads: tuple[Node | Row, ...]
    makes: tuple[Node | Row, ...]
    lengths: tuple[Any, ...]
    strides: tuple[Any, ...]
    numbers: tuple[Any, ...]
    nodes: tuple[Node, ...]
    names: tuple[str, ...]


def region_of(group: Group) -> Launch:
    """The region of a group; what nodes outside of the group read is stored."""
    return _Making(group).launch()


def is_read_outside(node: Node, group: Group) -> bool:
    """True for a value that somebody else reads, maybe through views."""
    for user in node.users:
        if user in group.layouts:
            continue
        if user.target not in VIEWS or is_read_outside(user, group):
            return True
    return False


class _Making:
    def __init__(self, group: Group) -> None:
        self.group = group
        self.makes = [n for n in group.nodes if is_read_outside(n, group)]
        self.reads: dict[tuple[Node, Layout], str] = {}
        self.names: dict[Node, str] = {}
        self.steps: list[Let | Fold] = []
        self.numbers: dict[str, tuple[Any, Type]] = {}
        self.fixed: set[int] = set()
        for node, layout in group.reads:
            self.reads.setdefault((node, group.axes.layout(layout)), f"x{len(self.reads)}")

    def launch(self) -> Launch:
        group = self.group
        folded = group.folded()
        spans = [self._strides(n, layout) for n, layout in self.reads]
        made = [self._strides(n, group.axes.layout(group.layouts[n])) for n in self.makes]
        for (_, layout), (_, dim) in group.places.items():
            self.fixed.update(group.axes.now(layout[dim]))
        runs = self._runs(self._order(spans, made), [*spans, *made], folded)
        walked: list[int] = []
        if not folded:
            runs, walked = arranged(runs, spans, made, group.axes.sizes)
        self._make_steps(runs)
        names: dict[Any, str] = {}
        inputs = [
            Operand(name, STORED[node.meta["val"].dtype], self._named(span, runs, names))
            for ((node, _), name), span in zip(self.reads.items(), spans, strict=True)
        ]
        outputs = [
            Output(
                self.names[node],
                Operand(f"y{place}", STORED[node.meta["val"].dtype], self._named(span, runs, names)),
            )
            for place, (node, span) in enumerate(zip(self.makes, made, strict=True))
        ]
        letters = {**dict.fromkeys(folded, REDUCED), **dict.fromkeys(walked, WALKED)}
        pattern = "".join(letters.get(run[0], KEPT) if run else KEPT for run in runs)
        region = Region(
            pattern,
            tuple(inputs),
            tuple(self.steps),
            tuple(outputs),
            tuple((name, type) for name, (_, type) in self.numbers.items()),
        )
        lengths = tuple(times(*(group.axes.sizes[a] for a in run)) for run in runs)
        return Launch(
            region,
            tuple(node for node, _ in self.reads),
            tuple(self.makes),
            lengths,
            tuple(names),
            tuple(value for value, _ in self.numbers.values()),
            tuple(group.nodes),
            tuple(self.names[node] for node in group.nodes),
        )

    # Axes.

    def _strides(self, node: Node, layout: Layout) -> dict[int, Any]:
        """The stride of a tensor along each axis of the region that it goes along."""
        value = node.meta["val"]
        found: dict[int, Any] = {}
        for axes, size, stride in zip(layout, value.shape, value.stride(), strict=True):
            if is_one(size):
                continue
            step = plain(stride)
            for axis in reversed(axes):
                found[axis] = step
                step = times(step, self.group.axes.sizes[axis])
        return found

    def _order(self, spans: Sequence[dict[int, Any]], made: Sequence[dict[int, Any]]) -> list[int]:
        """The axes from the outermost to the innermost, as what goes along most of them lies in memory."""
        first = [*spans, *made] if self.group.reduced else [*made, *spans]
        leading = max(first, key=lambda s: sum(v != 0 for v in s.values()), default={})
        axes = sorted(self.group.all_axes())
        far = float("inf")
        return sorted(axes, key=lambda a: -hint(leading[a]) if a in leading and leading[a] != 0 else -far)

    def _runs(self, order: Sequence[int], spans: Sequence[dict[int, Any]], folded: frozenset[int]) -> list[list[int]]:
        """Axes that are one for all operands, together."""
        runs: list[list[int]] = []
        sizes = self.group.axes.sizes
        for axis in order:
            if runs and (runs[-1][0] in folded) == (axis in folded) and not self.fixed & {axis, runs[-1][-1]}:
                last = runs[-1][-1]
                if all(same(s.get(last, 0), times(s.get(axis, 0), sizes[axis])) for s in spans):
                    runs[-1].append(axis)
                    continue
            runs.append([axis])
        return runs or [[]]

    def _named(self, span: dict[int, Any], runs: Sequence[Sequence[int]], names: dict[Any, str]) -> tuple[Stride, ...]:
        found: list[Stride] = []
        for run in runs:
            stride = span.get(run[-1], 0) if run else 1  # a value without axes has one place
            if isinstance(stride, int) and stride in (0, 1):
                found.append(stride)
            else:
                found.append(names.setdefault(stride, f"s{len(names)}"))
        return tuple(found)

    # Steps.

    def _make_steps(self, runs: Sequence[Sequence[int]]) -> None:
        for node in self.group.nodes:
            meaning = self.group.meanings[node]
            name = self.names[node] = f"t{len(self.steps)}"
            if isinstance(meaning, Pointwise):
                layout = self.group.axes.layout(self.group.layouts[node])
                values = {
                    letter: self._operand(a, layout, meaning.type, runs)
                    for letter, a in zip(LETTERS, meaning.arguments, strict=False)
                    if not isinstance(a, bool | int | float) and a is not None
                }
                self.steps.append(Let(name, substituted(meaning.formula, values), meaning.type))
            elif isinstance(meaning, Reduced):
                self._fold(node, name, meaning, runs)

    def _fold(self, node: Node, name: str, meaning: Reduced, runs: Sequence[Sequence[int]]) -> None:
        group = self.group
        source = meaning.argument
        dims = {d for d in meaning.dims if not is_one(source.meta["val"].shape[d])}
        whole = self._whole(node, meaning)
        value = self._operand(source, whole, meaning.type, runs)
        if meaning.asked is not None:
            self.steps.append(Let(f"{name}q", ("!=", value, 0.0), meaning.asked))
            value = f"{name}q"
        formula = substituted(meaning.formula, {"x": value})
        if not dims:
            self.steps.append(Let(name, formula, meaning.type))
            return
        self.steps.append(Fold(name, meaning.op, formula, meaning.type))
        if meaning.is_mean:
            counts = [f"n{place}" for place, run in enumerate(runs) if run and run[0] in group.folded()]
            count: Formula = counts[0]
            for further in counts[1:]:
                count = ("MUL", count, further)
            self.names[node] = f"{name}m"
            self.steps.append(Let(f"{name}m", ("DIV", name, count), meaning.type))

    def _whole(self, node: Node, meaning: Reduced) -> Layout:
        """Where the folded value lies."""
        source = meaning.argument
        inside = self.group.layout_of(source)
        if inside is not None:
            return self.group.axes.layout(inside)
        for read, layout in self.reads:
            if read is source and {a for axes in layout for a in axes} == self.group.all_axes():
                return layout
        return ()

    def _operand(self, argument: Any, layout: Layout, type: Type, runs: Sequence[Sequence[int]]) -> Formula:
        if isinstance(argument, torch.SymInt | torch.SymFloat):
            name = f"c{len(self.numbers)}"
            self.numbers[name] = argument, type
            return name
        free = free_of(argument, self.group.meanings)
        if isinstance(free, Constant):
            return free.value
        if free is not None:
            return self._place(*free, aligned(argument, layout), runs)
        source = argument
        while source not in self.names and source.target in VIEWS:
            source = source.args[0]
        if source in self.names:
            return self.names[source]
        return self.reads[argument, aligned(argument, layout)]

    def _place(self, places: Places, dim: int, layout: Layout, runs: Sequence[Sequence[int]]) -> Formula:
        place: Formula = 0.0
        for axis in layout[dim]:
            number = next(f"i{n}" for n, run in enumerate(runs) if axis in run)
            place = number if place == 0.0 else ("ADD", ("MUL", place, number.replace("i", "n")), number)
        return ("ADD", ("MUL", place, places.step), places.start)
