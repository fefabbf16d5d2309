"""The option `check` on whole graphs: what leaves a compiled graph beside what ATen makes of the graph as it came.

Two calls are put into a graph before anything is rewritten: one takes what goes forward, one the gradients, each with
what the graph was given; they give it on as it is. Random numbers and memory without values are those of the graph.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.fx import GraphModule, Node

from hologram_torch.compiler.checking import WHOLE, differences
from hologram_torch.compiler.evaluated import Nodes
from hologram_torch.compiler.partition import is_given, is_symbolic

aten = torch.ops.aten
ATTENTION = aten._scaled_dot_product_flash_attention_for_cpu.default
DROPOUT = 3
"""The place of its share of dropped weights, without which it takes no random numbers."""


def with_comparison(module: GraphModule, forward: int | None = None) -> None:
    """Have what leaves a graph compared with the graph as it is now; of a joint graph, `forward` values go forward.

    A graph that changes memory otherwise than at its end, or that has graphs in it, stays as it is.
    """
    graph = module.graph
    (output,) = (n for n in graph.nodes if n.op == "output")
    results: Any = output.args[0]
    count = len(results) if forward is None else forward
    order = {node: place for place, node in enumerate(graph.nodes)}
    inputs = [n for n in graph.nodes if is_given(n)]
    names = {
        n: f"the gradient of {g.name}" for n, g in zip(results[count:], inputs, strict=False) if isinstance(n, Node)
    }
    for what, ends in (("forward", results[:count]), ("backward", results[count:])):
        last = next((n for n in graph.nodes if n is output or _changes(n)), output)
        written = [n for n in graph.nodes if n.target is aten.copy_.default] if what == "forward" else []
        asked = [n for n in dict.fromkeys((*ends, *(w.args[1] for w in written))) if _is_compared(n)]
        nodes = _needed(module, [n for n in asked if order[n] < order[last]], order)
        if nodes is None or not nodes.asked:
            continue
        say = [names[n] if what == "backward" else f"output {place}" for place, n in enumerate(nodes.asked)]
        _insert(module, nodes, comparison(nodes, say), (output, *written), last)


def comparison(nodes: Nodes, names: Sequence[str]) -> Callable[..., tuple[torch.Tensor, ...]]:
    """A function of what nodes were given and what was made of them, which gives on the latter.

    It raises AssertionError that names what differs.
    """

    def as_received(given: Sequence[Any], made: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        for node, name, trouble in zip(nodes.asked, names, differences(nodes, made, given, WHOLE), strict=True):
            if trouble:
                raise AssertionError(f"a graph differs from ATen in {name}, {node.name}: {trouble}")
        return tuple(made)

    as_received.compares = True  # type: ignore[attr-defined]
    return as_received


def _insert(module: GraphModule, nodes: Nodes, compare: Callable[..., Any], ends: Sequence[Node], last: Node) -> None:
    graph = module.graph
    place = max((*nodes.given, *nodes.asked), key={n: k for k, n in enumerate(graph.nodes)}.__getitem__)
    inputs = [n for n in graph.nodes if is_given(n)]
    with graph.inserting_after(inputs[-1] if place in inputs else place):
        whole = graph.call_function(compare, (nodes.given, nodes.asked))
    whole.meta = {**nodes.asked[-1].meta, "val": tuple(n.meta["val"] for n in nodes.asked)}
    previous = whole
    for number, node in enumerate(nodes.asked):
        with graph.inserting_after(previous):
            previous = graph.call_function(operator.getitem, (whole, number))
        previous.meta = dict(node.meta)
        for end in ends:
            end.replace_input_with(node, previous)


def _is_compared(node: Any) -> bool:
    """True for a tensor that the graph makes."""
    if not isinstance(node, Node) or node.op != "call_function":
        return False
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.layout is torch.strided and not value.is_complex()


def _changes(node: Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _needed(module: GraphModule, asked: Sequence[Node], order: dict[Node, int]) -> Nodes | None:
    """All that some nodes need; None where that is more than calls of ATen."""
    given: list[Node] = []
    steps: list[Node] = []
    constants: dict[Node, Any] = {}
    seen: set[Node] = set()
    waiting = list(asked)
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op == "get_attr":
            constants[node] = getattr(module, str(node.target), None)
            if not isinstance(constants[node], torch.Tensor):
                return None
        elif is_given(node) or _is_drawn(node):
            given.append(node)
        elif _is_aten(node):
            steps.append(node)
            waiting += node.all_input_nodes
        else:
            return None
    asked = [n for n in asked if n not in given]
    return Nodes.of(sorted(steps, key=order.__getitem__), sorted(given, key=order.__getitem__), asked, constants)


def _is_drawn(node: Node) -> bool:
    """True for a value that is another one each time: random numbers, and memory that nobody wrote."""
    source = next(_sources(node), node) if node.target is operator.getitem else node
    target = source.target
    if not isinstance(target, torch._ops.OpOverload):
        return False
    if target is ATTENTION:
        return len(source.args) > DROPOUT and bool(source.args[DROPOUT] != 0)
    return bool(torch.Tag.nondeterministic_seeded in target.tags or "empty" in str(target))


def _sources(node: Node) -> Iterator[Node]:
    if isinstance(node.args[0], Node):
        yield node.args[0]


def _is_aten(node: Node) -> bool:
    if node.target is operator.getitem or is_symbolic(node):
        return True
    return isinstance(node.target, torch._ops.OpOverload) and not node.target._schema.is_mutable
