"""The joint graph of a step: equal nodes become one, then it is cut into forward and backward."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from hologram_torch.compiler.channels import with_channels_last
from hologram_torch.compiler.gathered import with_gathered_gradients
from hologram_torch.compiler.partition import looks_on
from hologram_torch.compiler.received import with_comparison
from hologram_torch.compiler.rewriting import Rewriter
from hologram_torch.compiler.upsampling import with_whole_upsampling


def split(module: GraphModule, inputs: Any, *, check: bool = False, **keywords: Any) -> tuple[GraphModule, GraphModule]:
    """Forward and backward graphs that keep little between them: what is cheap is computed again.

    With `check` a rewriting that does not fit raises WrongReplacement, and what leaves the graphs is compared.
    """
    from torch._functorch import config
    from torch._functorch.partitioners import min_cut_rematerialization_partition

    if check:
        with_comparison(module, keywords["num_fwd_outputs"])
    rewriter = Rewriter(module.graph, strict=check)
    join(rewriter)
    with_whole_upsampling(rewriter)
    with_gathered_gradients(rewriter)
    with_channels_last(rewriter)
    with config.patch(cse=False):  # PyTorch's own loads all of its compiler
        made: tuple[GraphModule, GraphModule] = min_cut_rematerialization_partition(module, inputs, **keywords)
    return made


def join(rewriter: Rewriter) -> None:
    """Let nodes that compute the same from the same be one; what is given out stays apart."""
    seen: dict[Hashable, Node] = {}
    for node in list(rewriter.graph.nodes):
        key = _key(node)
        if key is None:
            continue
        first = seen.setdefault(key, node)
        if first is not node and rewriter.replace(node, first):
            rewriter.graph.erase_node(node)


def _key(node: Node) -> Hashable | None:
    """What a node computes; None where another one must not stand for it."""
    target = node.target
    if not isinstance(target, torch._ops.OpOverload) or target._schema.is_mutable:
        return None
    if torch.Tag.nondeterministic_seeded in target.tags or "recompute" in node.meta or "empty" in str(target):
        return None
    if any(user.op == "output" or looks_on(user) for user in node.users):
        return None
    return target, _frozen(node.args), _frozen(node.kwargs)


def _frozen(value: Any) -> Hashable:
    """An argument as a key: numbers with their types, since 1, 1.0 and True are equal."""
    if isinstance(value, list | tuple):
        return tuple(_frozen(v) for v in value)
    if isinstance(value, dict):
        return tuple((k, _frozen(v)) for k, v in value.items())
    return value if isinstance(value, Node) else (type(value), str(value))
