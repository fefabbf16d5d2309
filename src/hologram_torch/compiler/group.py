"""A region while it grows: which nodes it has, along which axes their values lie, and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torch.fx import Node

from hologram_torch.compiler.layouts import VIEWS, Axes, Layout, NoLayout, viewed
from hologram_torch.compiler.meanings import Constant, Lowered, Places, Pointwise, Reduced
from hologram_torch.compiler.sizes import is_one, same

MOST_STEPS = 64
MOST_ARRAYS = 24


class Group:
    """Nodes that are to be one region. All go over the same axes; reductions all fold the same of them.

    `meanings` has what each node of the graph means, `layouts` where the values of this group's nodes lie, `reads` what
    comes from elsewhere, in each layout it is read in.
    """

    def __init__(self, meanings: dict[Node, Lowered]) -> None:
        self.meanings = meanings
        self.axes = Axes()
        self.nodes: list[Node] = []
        self.layouts: dict[Node, Layout] = {}
        self.reads: dict[tuple[Node, Layout], None] = {}
        self.places: dict[tuple[Node, Layout], tuple[Places, int]] = {}
        self.reduced: frozenset[int] | None = None

    def copy(self) -> Group:
        """The same group, to be changed apart."""
        made = Group(self.meanings)
        made.axes, made.nodes = self.axes.copy(), list(self.nodes)
        made.layouts, made.reads, made.reduced = dict(self.layouts), dict(self.reads), self.reduced
        made.places = dict(self.places)
        return made

    def with_nodes(self, nodes: Iterable[Node]) -> Group | None:
        """The group with further nodes, or None where they do not fit."""
        made = self.copy()
        try:
            for node in nodes:
                made._take(node)
        except NoLayout:
            return None
        return made if len(made.nodes) <= MOST_STEPS and len(made.reads) <= MOST_ARRAYS else None

    # Where values lie.

    def layout_of(self, node: Node) -> Layout | None:
        """Where a value lies that this group makes, maybe seen through views; None for one from elsewhere."""
        if node in self.layouts:
            return self.axes.layout(self.layouts[node])
        if node.target not in VIEWS:
            return None
        source = node.args[0]
        assert isinstance(source, Node)
        found = self.layout_of(source)
        return None if found is None else viewed(node, found, self.axes)

    def all_axes(self) -> frozenset[int]:
        """The axes as they are now."""
        return frozenset(a for a in self.axes.sizes if a not in self.axes.parts)

    def folded(self) -> frozenset[int]:
        """The axes that are reduced."""
        return frozenset(self.axes.now(sorted(self.reduced or ())))

    def is_of_row(self, layout: Layout) -> bool:
        """True for a value that does not differ along reduced axes."""
        return not self.folded() & _of(layout)

    def _take(self, node: Node) -> None:
        meaning = self.meanings[node]
        if isinstance(meaning, Reduced):
            self._fold(node, meaning)
        elif isinstance(meaning, Pointwise):
            operands = [a for a in meaning.arguments if isinstance(a, Node)]
            self._map(node, operands, list(node.meta["val"].shape))
        else:
            raise NoLayout("what reads nothing needs no region")
        self.nodes.append(node)

    def _map(self, node: Node, operands: Sequence[Node], shape: list[Any]) -> None:
        layout = self._common(operands, shape)
        self._check(layout)
        self.layouts[node] = layout
        self._read(operands, layout)

    def _read(self, operands: Sequence[Node], layout: Layout) -> None:
        for operand in operands:
            if self.layout_of(operand) is not None:
                continue
            free = free_of(operand, self.meanings)
            if free is None:
                self.reads[operand, aligned(operand, layout)] = None
            elif not isinstance(free, Constant):
                self.places[operand, aligned(operand, layout)] = free

    def _fold(self, node: Node, meaning: Reduced) -> None:
        source = meaning.argument
        shape = list(source.meta["val"].shape)
        whole = self._common([source], shape)
        dims = set(meaning.dims)
        folded = frozenset(a for d in dims for a in whole[d])
        for place, axes in enumerate(whole):
            if not axes and not is_one(shape[place]):
                raise NoLayout("an axis that repeats one element is folded")
        if _of(whole) != self.all_axes():
            raise NoLayout("the folded value does not go along all axes")
        if folded:
            if self.reduced is None:
                self.reduced = folded
            elif folded != self.folded():
                raise NoLayout("other axes are folded")
        kept = [() if d in dims else axes for d, axes in enumerate(whole) if meaning.keeps or d not in dims]
        layout = tuple(kept)
        self._check(layout)
        for other in self.nodes:
            found = self.layout_of(other)
            assert found is not None
            self._check(found)
        self.layouts[node] = layout
        self._read([source], whole)

    def _check(self, layout: Layout) -> None:
        """What is made must be there once for each place along the kept axes, and along all reduced ones or none."""
        axes, folded = _of(layout), self.folded()
        if not self.all_axes() - folded <= axes or (axes & folded and not folded <= axes):
            raise NoLayout("the value does not go along all axes")

    def _common(self, operands: Sequence[Node], shape: list[Any]) -> Layout:
        """The layout of a value of a shape that is computed of some operands."""
        found: list[tuple[int, ...] | None] = [() if is_one(size) else None for size in shape]
        for operand in operands:
            layout = self.layout_of(operand)
            if layout is not None:
                self._agree(found, layout)
        found = [None if axes is None else self.axes.now(axes) for axes in found]
        if any(axes is None for axes in found):
            self._settle(found, operands, shape)
        layout = tuple(self.axes.now(axes) for axes in found if axes is not None)
        if len(_of(layout)) < sum(map(len, layout)):
            raise NoLayout("two axes of a value lie along one axis of the region")
        return layout

    def _agree(self, found: list[tuple[int, ...] | None], layout: Layout) -> None:
        for place, axes in enumerate(layout, len(found) - len(layout)):
            if not axes:
                continue
            held = found[place]
            if held is not None and self.axes.now(held) != self.axes.now(axes):
                raise NoLayout("operands lie along different axes")
            found[place] = axes

    def _settle(self, found: list[tuple[int, ...] | None], operands: Sequence[Node], shape: list[Any]) -> None:
        """Give the axes that no operand of this group decides to those of the region."""
        if not self.nodes:
            for place, axes in enumerate(found):
                found[place] = (self.axes.new(shape[place]),) if axes is None else axes
            return
        for layout in self._guesses(operands, shape):
            if all(a is None or a == b for a, b in zip(found, layout, strict=True)):
                found[:] = layout
                return
        used = {a for axes in found for a in axes or ()}
        for place in reversed(range(len(found))):
            if found[place] is None:
                free = [a for a in sorted(self.all_axes() - used) if same(self.axes.sizes[a], shape[place])]
                if not free:
                    raise NoLayout("the value has another shape")
                found[place] = (free[-1],)
                used.add(free[-1])

    def _guesses(self, operands: Sequence[Node], shape: list[Any]) -> Iterable[Layout]:
        """Layouts of values of the shape: first those in which an operand is read already, then of this group's own."""
        for read, layout in self.reads:
            if read in operands and same_shape(read.meta["val"].shape, shape):
                yield self.axes.layout(layout)
        for node in self.nodes:
            if same_shape(node.meta["val"].shape, shape):
                yield self.axes.layout(self.layouts[node])


def free_of(node: Node, meanings: dict[Node, Lowered]) -> Constant | tuple[Places, int] | None:
    """What a value is that reads nothing: a number, or places along one of its axes; None for other values."""
    source = node
    while source.op == "call_function" and source.target in VIEWS:
        source = source.args[0]  # type: ignore[assignment]
    meaning = meanings.get(source)
    if isinstance(meaning, Constant):
        return meaning
    if not isinstance(meaning, Places):
        return None
    axes = Axes()
    try:
        layout = _through(node, source, axes)
    except NoLayout:
        return None
    along = [d for d, a in enumerate(layout) if a]
    return (meaning, along[0]) if len(along) == 1 else None


def _through(node: Node, source: Node, axes: Axes) -> Layout:
    if node is source:
        return ((axes.new(source.meta["val"].shape[0]),),)
    above = node.args[0]
    assert isinstance(above, Node)
    return viewed(node, _through(above, source, axes), axes)


def _of(layout: Layout) -> frozenset[int]:
    return frozenset(a for axes in layout for a in axes)


def aligned(operand: Node, layout: Layout) -> Layout:
    """The layout of an operand that is broadcast to a layout."""
    shape = operand.meta["val"].shape
    ends = layout[len(layout) - len(shape) :]
    return tuple(() if is_one(size) else axes for size, axes in zip(shape, ends, strict=True))


def same_shape(a: Sequence[Any], b: Sequence[Any]) -> bool:
    """True for shapes that are equal whatever the symbols are."""
    return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
