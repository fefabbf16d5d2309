"""A compiled graph: one Python function, written for the graph, that allocates, launches regions and calls ATen."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.fx import GraphModule, Node

from hologram.types import Type
from hologram_torch.compiler.checking import compared
from hologram_torch.compiler.columns import in_launches
from hologram_torch.compiler.evaluated import Nodes
from hologram_torch.compiler.joined import joined_parts
from hologram_torch.compiler.meanings import STORED, option
from hologram_torch.compiler.partition import Partition, Unit, is_given, is_symbolic, is_view, looks_on
from hologram_torch.compiler.region_of import Launch, Row, region_of
from hologram_torch.compiler.sizes import plain, text, times, tuple_text

aten = torch.ops.aten
_NATIVE: Any = torch._C._dynamo.guards
_RESHAPES = frozenset(
    {
        *(aten.alias.default, aten.detach.default, aten.permute.default, aten.transpose.int, aten.t.default),
        *(aten.unsqueeze.default, aten.squeeze.default, aten.squeeze.dim, aten.squeeze.dims, aten.expand.default),
        *(aten.view.default, aten._unsafe_view.default, aten.slice.Tensor, aten.select.int, aten.diagonal.default),
        *(aten.split.Tensor, aten.split_with_sizes.default, aten.unbind.int, aten.as_strided.default),
        aten.unfold.default,
    }
)
"""Views that are other sizes, strides and a beginning in the same memory."""
_DTYPES = {type: dtype for dtype, type in STORED.items()} | {Type.U8: torch.uint8}


class Writer:
    """Writes the function of a graph."""

    def __init__(self, module: GraphModule, parts: Partition, *, check: bool = False) -> None:
        self.module, self.parts, self.check = module, parts, check
        self.lines: list[str] = []
        self.values: dict[str, Any] = {
            "_empty": _NATIVE._empty_strided_cpu,
            "_look": _NATIVE._reinterpret_tensor,
            "_laid": laid,
            "_compared": compared,
            "inf": math.inf,
            "nan": math.nan,
            "math": math,
            "torch": torch,
        }
        self.names: dict[Node, str] = {}
        self.launches: list[Launch] = []
        self.kernels: dict[int, str] = {}
        self._count = itertools.count()
        self._plain: dict[Node, str] = {}
        self.ends: dict[int, list[Node]] = {}
        self.joined = joined_parts(parts)

    # The function as a whole.

    def write(self) -> str:
        """The source of the function `call`; what it refers to is in `values`."""
        graph = self.module.graph
        inputs = [n for n in graph.nodes if is_given(n)]
        for node in graph.nodes:
            if node.op == "get_attr":
                self.names[node] = self._value(_attribute(self.module, str(node.target)))
        for place, node in enumerate(inputs):
            self.names[node] = f"a{place}"
        (output,) = (n for n in graph.nodes if n.op == "output")
        self._find_ends(output)
        if inputs:
            self.lines.append(f"{', '.join(self.names[n] for n in inputs)}, = args")
            self.lines.append("args.clear()")
        self._bind_symbols(inputs)
        for node in inputs:
            if str(node.target).startswith("tangents"):
                self._lay(node)
        self._free(-1)
        for place, unit in enumerate(self.parts.units):
            if unit.group is None:
                self._call(unit.nodes[0])
            else:
                self._launch(unit)
            self._free(place)
        results: Any = output.args[0]
        self.lines.append(f"return {self._tuple([self._argument(r) for r in results])}")
        body = "\n".join(f"    {line}" for line in self.lines)
        return f"def call(args):\n{body}\n"

    def _bind_symbols(self, inputs: Sequence[Node]) -> None:
        """Names for the symbols of sizes, from integers and from sizes and strides of tensors that come in."""
        bound: set[str] = set()
        for node in inputs:
            value = node.meta.get("val")
            if isinstance(value, torch.SymInt | torch.SymFloat):
                self._bind(value, self.names[node], bound)
        for node in inputs:
            value = node.meta.get("val")
            if isinstance(value, torch.Tensor):
                for axis, size in enumerate(value.shape):
                    self._bind(size, f"{self.names[node]}.size({axis})", bound)
                for axis, stride in enumerate(value.stride()):
                    self._bind(stride, f"{self.names[node]}.stride({axis})", bound)
                self._bind(value.storage_offset(), f"{self.names[node]}.storage_offset()", bound)

    def _bind(self, size: Any, source: str, bound: set[str]) -> None:
        expression = plain(size)
        if getattr(expression, "is_Symbol", False) and str(expression) not in bound:
            bound.add(str(expression))
            self.lines.append(f"{expression} = {source}")

    # When names end.

    def _find_ends(self, output: Node) -> None:
        last: dict[Node, int] = {}
        for node in self.module.graph.nodes:
            if is_given(node):
                last[node] = -1
        for place, unit in enumerate(self.parts.units):
            for node in unit.nodes:
                last.setdefault(node, place)
                for read in node.all_input_nodes:
                    for each in chain_of(read):
                        last[each] = place
        for read in output.all_input_nodes:
            for each in chain_of(read):
                last.pop(each, None)
        for node, place in last.items():
            self.ends.setdefault(place, []).append(node)

    def _free(self, place: int) -> None:
        done = [n for n in self.ends.get(place, ()) if n in self.names and n.op != "get_attr"]
        names = [*(self.names[n] for n in done), *(self._plain[n] for n in done if n in self._plain)]
        if names:
            self.lines.append(f"del {', '.join(names)}")

    # Names of values.

    def _value(self, value: Any) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return name

    def name(self, node: Node) -> str:
        """The variable of a node; a view, a constant or places are made where they are first needed."""
        if node in self.names:
            return self.names[node]
        if is_view(node):
            self._view(node)
        else:
            self._call(node)
        return self.names[node]

    def _new(self, node: Node) -> str:
        self.names[node] = f"b{next(self._count)}"
        return self.names[node]

    def _view(self, node: Node) -> None:
        source = node.args[0]
        assert isinstance(source, Node)
        base = base_of(node)
        if base is not None:
            shape = node.meta["val"]
            offset = self._offset(node, base)
            held = self.name(base)
            name = self._new(node)
            self.lines.append(
                f"{name} = _look({held}, {tuple_text(shape.shape)}, {tuple_text(shape.stride())}, {offset})"
            )
        elif node.target is operator.getitem:
            held = self.name(source)
            self.lines.append(f"{self._new(node)} = {held}[{node.args[1]}]")
            if not looks_on(source):
                self._lay(node)
        else:
            self._call(node)

    def _offset(self, node: Node, base: Node) -> str:
        ours, theirs = (plain(n.meta["val"].storage_offset()) for n in (node, base))
        return text(plain(ours - theirs))

    def _span(self, node: Node) -> str:
        """The variable whose memory begins where a value's does."""
        base = base_of(node)
        seen = node if base is None or self._offset(node, base) != "0" else base
        if is_given(seen):  # launches take no tensors that require grad, and AOTAutograd has seen to it
            if seen not in self._plain:
                self._plain[seen] = f"p{next(self._count)}"
                self.lines.append(f"{self._plain[seen]} = {self.names[seen]}.detach()")
            return self._plain[seen]
        return self.name(seen)

    def _argument(self, value: Any) -> str:
        if isinstance(value, Node):
            held = value.meta.get("val")
            if is_symbolic(value) and not isinstance(held, torch.Tensor):
                return text(held) if not isinstance(held, float | bool) else repr(held)
            return self.name(value)
        if isinstance(value, torch.SymInt | torch.SymFloat):
            return text(value)
        if value is None or isinstance(value, bool | int | float | str):
            return repr(value)
        if isinstance(value, list | tuple):
            parts = [self._argument(v) for v in value]
            return self._tuple(parts) if isinstance(value, tuple) else f"[{', '.join(parts)}]"
        return self._value(value)

    @staticmethod
    def _tuple(parts: Sequence[str]) -> str:
        return f"({', '.join(parts)},)" if parts else "()"

    # Work.

    def _call(self, node: Node) -> None:
        """A call of ATen."""
        if node in self.names:
            self._join(node)
            return
        self.lines.append(f"{self._new(node)} = {self._call_text(node)}")
        if isinstance(node.meta.get("val"), torch.Tensor):
            self._lay(node)

    def _call_text(self, node: Node) -> str:
        arguments = [self._argument(a) for a in node.args]
        arguments += [f"{k}={self._argument(v)}" for k, v in node.kwargs.items()]
        return f"{self._value(node.target)}({', '.join(arguments)})"

    def _lay(self, node: Node) -> None:
        """Where regions or views go by a tensor's strides, they are made to be what they were when compiling."""
        value = node.meta["val"]
        if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or value.dim() == 0:
            return
        if any(n in self._by_strides for n in (node, *node.users)):
            self._lay_as_said(node)

    def _lay_as_said(self, node: Node) -> None:
        name, strides = self.names[node], tuple_text(node.meta["val"].stride())
        self.lines.append(f"if {name}.stride() != {strides}: {name} = _laid({name}, {strides})")

    @property
    def _by_strides(self) -> set[Node]:
        if not hasattr(self, "_reading"):
            self._reading: set[Node] = set()
            for unit in self.parts.units:
                if unit.group is not None:
                    for read, _ in unit.group.reads:
                        self._reading.update(chain_of(read))
            self._reading.update(n for n in self.module.graph.nodes if n.op == "call_function" and is_view(n))
        return self._reading

    def _launch(self, unit: Unit) -> None:
        assert unit.group is not None
        whole = region_of(unit.group)
        rows: dict[Row, str] = {}
        for launch in in_launches(whole):
            self._one(launch, rows)
        if rows:
            self.lines.append(f"del {', '.join(rows.values())}")
        if self.check:
            self._check(unit, whole)

    def _one(self, launch: Launch, rows: dict[Row, str]) -> None:
        """One launch, with room for what it makes."""
        number = len(self.launches)
        self.launches.append(launch)
        reads = [rows[v] if isinstance(v, Row) else self._span(v) for v in launch.reads]
        for value in launch.makes:
            if isinstance(value, Row):
                lengths = tuple_text([times(*value.lengths)])
                rows[value] = name = f"b{next(self._count)}"
                self.lines.append(f"{name} = _empty({lengths}, (1,), {self._value(_DTYPES[value.type])})")
            else:
                self._room(value)
        made = [rows[v] if isinstance(v, Row) else self.names[v] for v in launch.makes]
        sizes = [text(s) for s in (*launch.lengths, *launch.strides)]
        numbers = [self._argument(n) for n in launch.numbers]
        self.lines.append(f"k{number}({', '.join((*reads, *made, *sizes, *numbers))})")

    def _room(self, node: Node) -> None:
        """Memory for a value: its own, or a part of what it is joined to."""
        held = node.meta["val"]
        place = f"{tuple_text(held.shape)}, {tuple_text(held.stride())}"
        if node in self.joined:
            whole, begin = self.joined[node]
            if whole not in self.names:
                self._room(whole)
            self.lines.append(f"{self._new(node)} = _look({self.names[whole]}, {place}, {begin})")
        else:
            self.lines.append(f"{self._new(node)} = _empty({place}, {self._value(held.dtype)})")

    def _join(self, node: Node) -> None:
        """What is left of a concatenation of which regions have made parts."""
        value, begin = node.meta["val"], 0
        dim = int(option(node, "dim")) % value.dim()
        parts: Any = node.args[0]
        for part in parts:
            shape = part.meta["val"].shape
            if self.joined.get(part, (None,))[0] is not node and part.meta["val"].numel():
                place = f"{tuple_text(shape)}, {tuple_text(value.stride())}, {begin * value.stride(dim)}"
                self.lines.append(f"_look({self.names[node]}, {place}).copy_({self.name(part)})")
            begin += shape[dim]

    def _check(self, unit: Unit, launch: Launch) -> None:
        """A comparison of what the region made with the same nodes by ATen."""
        nodes = _nodes_of(unit, [n for n in launch.makes if isinstance(n, Node)])
        made = self._tuple([self.names[n] for n in nodes.asked])
        given = self._tuple([self._argument(n) for n in nodes.given])
        self.lines.append(f"_compared({self._value(launch)}, {self._value(nodes)}, {made}, {given})")


def _nodes_of(unit: Unit, asked: Sequence[Node]) -> Nodes:
    """The nodes of a region with the views between them, and what they read."""
    inside = set(unit.nodes)
    steps: dict[Node, None] = {}
    given: dict[Node, None] = {}

    def take(node: Node) -> None:
        for read in node.all_input_nodes:
            if read in steps or read in given:
                continue
            if inside & set(chain_of(read)):
                take(read)
            else:
                given[read] = None
        steps[node] = None

    for node in unit.nodes:
        if node not in steps:
            take(node)
    return Nodes.of(list(steps), list(given), asked)


def chain_of(node: Node) -> list[Node]:
    """A node, and the nodes that it is a view of."""
    found = [node]
    while node.op == "call_function" and is_view(node):
        node = node.args[0]  # type: ignore[assignment]
        found.append(node)
    return found


def base_of(node: Node) -> Node | None:
    """The tensor in whose memory a view lies, where sizes, strides and a beginning say all of it."""
    if node.op != "call_function" or not is_view(node):
        return None
    view = node
    while node.op == "call_function" and is_view(node):
        above = node.args[0]
        assert isinstance(above, Node)
        if node.target is operator.getitem:
            if above.target not in _RESHAPES:
                break  # one of several results
        elif node.target not in _RESHAPES:
            return None
        node = above
    value = node.meta.get("val")
    return node if node is not view and isinstance(value, torch.Tensor) and value.layout is torch.strided else None


def _attribute(module: GraphModule, path: str) -> Any:
    found: Any = module
    for part in path.split("."):
        found = getattr(found, part)
    return found


def laid(tensor: torch.Tensor, strides: tuple[int, ...]) -> torch.Tensor:
    """A tensor with certain strides: itself where only axes of one element differ, else a copy."""
    alike = all(n == 1 or a == b for n, a, b in zip(tensor.shape, tensor.stride(), strides, strict=True))
    if alike or not tensor.numel():
        return tensor.as_strided(tensor.shape, strides)
    made = torch.empty_strided(tensor.shape, strides, dtype=tensor.dtype)
    return made.copy_(tensor)


def function_of(source: str, values: dict[str, Any]) -> Callable[..., Any]:
    """The function that some source defines."""
    exec(compile(source, "<hologram graph>", "exec"), values)
    made: Callable[..., Any] = values["call"]
    return made
