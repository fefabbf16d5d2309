"""Which nodes of a graph become regions, and in which order regions and calls of ATen run."""

from __future__ import annotations

import heapq
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch.fx import Graph, Node

from hologram_torch.compiler.group import Group
from hologram_torch.compiler.lowering import lowered
from hologram_torch.compiler.meanings import Constant, Lowered, Places, Reduced, Stays

aten = torch.ops.aten
SEVERAL = 8
"""Regions that a node tries to join."""


@dataclass(eq=False)
class Unit:
    """What runs as one: a region, or one node in ATen. `before` has a bit for each unit that must run before."""

    number: int
    nodes: list[Node]
    group: Group | None = None
    before: int = 0
    reason: str = ""


@dataclass
class Partition:
    """The units of a graph in the order they run, the constants, and what views are of."""

    units: list[Unit]
    meanings: dict[Node, Lowered]
    reasons: dict[Node, str] = field(default_factory=dict)


def is_view(node: Node) -> bool:
    """True for a node that is another look at the memory of its first argument, or a part of a tuple."""
    if node.target is operator.getitem:
        return True
    target = node.target
    return isinstance(target, torch._ops.OpOverload) and target.is_view and not target._schema.is_mutable


def is_given(node: Node) -> bool:
    """True for an argument of the graph."""
    return node.op not in ("call_function", "get_attr", "output")


def looks_on(node: Node) -> bool:
    """True for a call that only compares what leaves the graph, and gives it on."""
    return hasattr(node.target, "compares")


def source_of(node: Node) -> Node:
    """The node whose memory a view shows."""
    while node.op == "call_function" and is_view(node):
        node = node.args[0]  # type: ignore[assignment]
    return node


def is_symbolic(node: Node) -> bool:
    """True for a node that gives a size."""
    return isinstance(node.meta.get("val"), torch.SymInt | torch.SymFloat | torch.SymBool | int | float | bool)


class Partitioner:
    """Takes the nodes in order; each joins a region of those it reads, or begins one."""

    def __init__(self, graph: Graph, fuses: bool = True) -> None:
        self.graph, self.fuses = graph, fuses
        self._places = {node: place for place, node in enumerate(graph.nodes)}
        self.meanings: dict[Node, Lowered] = {}
        self.reasons: dict[Node, str] = {}
        self.units: dict[int, Unit] = {}
        self.unit_of: dict[Node, Unit] = {}
        self.readers: dict[Node, list[Unit]] = {}
        self.count = 0
        self.ordered: Unit | None = None
        self.barrier: Unit | None = None

    def run(self) -> Partition:
        """Units in the order they run."""
        for node in self.graph.nodes:
            if node.op == "call_function" and not is_view(node) and not is_symbolic(node):
                self._place(node)
        return Partition(list(self._order()), self.meanings, self.reasons)

    def _place(self, node: Node) -> None:
        try:
            if not self.fuses:
                raise Stays("nothing is fused")
            self.meanings[node] = meaning = lowered(node)
        except Stays as stays:
            self.reasons[node] = str(stays)
            self._alone(node)
            return
        if not isinstance(meaning, Constant | Places):
            self._join(node)

    def _alone(self, node: Node) -> None:
        unit = self._new(node, None)
        unit.reason = self.reasons[node]
        for source in self._sources(node):
            self._after(unit, source)
        schema = getattr(node.target, "_schema", None)
        if (schema is None and not looks_on(node)) or (schema is not None and schema.is_mutable):
            for other in self.units.values():
                if other is not unit:
                    self._after(unit, other)
            self.barrier = unit
        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            if self.ordered is not None:
                self._after(unit, self.ordered)
            self.ordered = unit

    def _new(self, node: Node, group: Group | None) -> Unit:
        unit = Unit(self.count, [node], group)
        self.count += 1
        self.units[unit.number] = unit
        self.unit_of[node] = unit
        if self.barrier is not None:
            self._after(unit, self.barrier)
        return unit

    def _join(self, node: Node) -> None:
        sources = self._sources(node)
        joined = next((u for u in self._candidates(node, sources) if self._joins(node, u, sources)), None)
        if joined is None:
            group = Group(self.meanings).with_nodes([node])
            if group is None:
                self.reasons[node] = "its values repeat along an axis that is folded"
                self._alone(node)
                return
            joined = self._new(node, group)
            for source in sources:
                self._after(joined, source)
        for other in sorted(sources, key=lambda u: -u.number):
            if other is not joined and other.number in self.units and other.group is not None:
                self._merge(joined, other)
        for read in node.all_input_nodes:
            self.readers.setdefault(read, []).append(joined)

    def _sources(self, node: Node) -> list[Unit]:
        found: dict[int, Unit] = {}
        for read in node.all_input_nodes:
            unit = self.unit_of.get(source_of(read))
            if unit is not None:
                found[unit.number] = unit
        return list(found.values())

    def _candidates(self, node: Node, sources: Sequence[Unit]) -> Iterator[Unit]:
        """Regions a node may join: those it reads, the last first; then those that read the same."""
        found: dict[int, Unit] = {}
        for unit in sorted(sources, key=lambda u: -u.number):
            if unit.group is not None:
                found[unit.number] = unit
        for read in node.all_input_nodes:
            for unit in self.readers.get(read, ())[-4:]:
                if unit.number in self.units and unit.group is not None and not is_small(read):
                    found[unit.number] = unit
        yield from list(found.values())[:SEVERAL]

    def _joins(self, node: Node, unit: Unit, sources: Sequence[Unit]) -> bool:
        """Put a node into a region where nothing between them would run both before and after it."""
        bit = 1 << unit.number
        if any(s is not unit and s.before & bit for s in sources):
            return False
        if self.barrier is not None and self.barrier.before & bit:
            return False
        assert unit.group is not None
        group = unit.group.with_nodes([node])
        if group is None or self._is_better_apart(node, group):
            return False
        unit.group = group
        unit.nodes.append(node)
        self.unit_of[node] = unit
        for source in sources:
            if source is not unit:
                self._after(unit, source)
        return True

    def _is_better_apart(self, node: Node, group: Group) -> bool:
        """True where a value is only folded, and along other axes than the region folds: that fold may compute it."""
        if len(node.users) != 1 or isinstance(self.meanings[node], Reduced) or group.reduced is None:
            return False
        (user,) = node.users
        try:
            self.meanings[user] = meaning = lowered(user)
        except Stays:
            return False
        return isinstance(meaning, Reduced) and group.with_nodes([user]) is None

    def _merge(self, unit: Unit, other: Unit) -> None:
        """Make one region of two where nothing must run between them."""
        own, bit = 1 << unit.number, 1 << other.number
        if any(unit.before >> n & 1 and u.before & bit for n, u in self.units.items()) or other.before & own:
            return
        assert unit.group is not None and other.group is not None
        nodes = sorted((*other.nodes, *unit.nodes), key=self._places.__getitem__)
        group = Group(self.meanings).with_nodes(nodes)
        if group is None:
            return
        unit.group, unit.nodes = group, nodes
        unit.before = (unit.before | other.before) & ~(bit | own)
        del self.units[other.number]
        for node in other.nodes:
            self.unit_of[node] = unit
        for each in self.units.values():
            if each.before & (bit | own):
                each.before = each.before & ~bit | own | unit.before

    def _after(self, unit: Unit, source: Unit) -> None:
        """A unit runs after another, and so does whatever runs after it."""
        gained = source.before | 1 << source.number
        if unit.before | gained == unit.before:
            return
        unit.before |= gained
        if unit.number == self.count - 1:
            return  # nothing can run after the newest
        own = 1 << unit.number
        for other in self.units.values():
            if other.before & own:
                other.before |= gained

    def _order(self) -> Iterator[Unit]:
        """The units with each behind those it reads, else as the graph has them."""
        last = {u.number: max(self._places[n] for n in u.nodes) for u in self.units.values()}
        waiting = sorted(self.units.values(), key=lambda u: last[u.number])
        done = 0
        ready: list[tuple[int, int]] = []
        while waiting or ready:
            for unit in waiting:
                if not unit.before & ~done:
                    heapq.heappush(ready, (last[unit.number], unit.number))
            waiting = [unit for unit in waiting if unit.before & ~done]
            _, number = heapq.heappop(ready)
            done |= 1 << number
            yield self.units[number]


def is_small(node: Node) -> bool:
    """True for what is read in no time: reading it twice costs nothing."""
    value = node.meta["val"]
    return not isinstance(value, torch.Tensor) or value.dim() == 0


def partition(graph: Graph, fuses: bool = True) -> Partition:
    """The units of a graph."""
    return Partitioner(graph, fuses).run()
