"""What may take a node's place in a graph: what later nodes were told of, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.fx import Graph, Node
from torch.fx.experimental.proxy_tensor import make_fx

from hologram_torch.compiler import hologram
from hologram_torch.compiler.rewriting import Rewriter, WrongReplacement

aten = torch.ops.aten


def traced(function: Callable[..., Any], *inputs: Tensor, mode: str = "fake") -> tuple[Graph, Node]:
    """A graph with what is known of its values, and its last call."""
    graph = make_fx(function, tracing_mode=mode)(*inputs).graph
    return graph, [n for n in graph.nodes if n.op == "call_function"][-1]


def other(rewriter: Rewriter, node: Node, target: Any, *arguments: Any, **keywords: Any) -> Node:
    source = node.args[0]
    with rewriter.graph.inserting_before(node):
        return rewriter.call(target, source, *arguments, **keywords)


WRONG: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any], str]] = {
    "shape": (aten.slice.Tensor, (0, 0, 2), {}, r"shape \(2, 4\) instead of \(4, 4\)"),
    "type": (aten._to_copy.default, (), {"dtype": torch.float64}, "torch.float64 instead of torch.float32"),
    "strides": (aten.permute.default, ([1, 0],), {}, r"strides \(1, 4\) instead of \(4, 1\)"),
    "beginning": (aten.as_strided.default, ([4, 4], [4, 1], 4), {}, "beginning at 4 instead of 0"),
    "kind": (aten.split.Tensor, (2,), {}, "instead of FakeTensor"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_differs_is_not_put_in_a_place(name: str) -> None:
    target, arguments, keywords, message = WRONG[name]
    graph, node = traced(lambda x: x.exp(), torch.ones(4, 4))
    readers = list(node.users)
    assert not Rewriter(graph).replace(node, other(Rewriter(graph), node, target, *arguments, **keywords))
    assert list(node.users) == readers
    strict = Rewriter(graph, strict=True)
    with pytest.raises(WrongReplacement, match=f"cannot stand for exp = aten.exp.default: .*{message}"):
        strict.replace(node, other(strict, node, target, *arguments, **keywords))


@pytest.mark.parametrize("mode", ["fake", "symbolic"])
def test_what_is_alike_is_put_there(mode: str) -> None:
    graph, node = traced(lambda x: x.exp(), torch.ones(4, 3), mode=mode)
    rewriter = Rewriter(graph, strict=True)
    by = other(rewriter, node, aten.sin.default)
    assert rewriter.replace(node, by) and not node.users and by.users


@pytest.mark.parametrize("mode", ["fake", "symbolic"])
def test_strides_of_axes_with_one_element_decide_nothing(mode: str) -> None:
    graph, node = traced(lambda x: x.exp().unsqueeze(0).clone(), torch.ones(4, 3), mode=mode)
    rewriter = Rewriter(graph, strict=True)
    with graph.inserting_before(node):
        by = rewriter.call(aten.unsqueeze.default, node.args[0].args[0], 0)  # type: ignore[union-attr]
        by.meta["val"] = by.meta["val"].as_strided(by.meta["val"].shape, (7, *by.meta["val"].stride()[1:]))
    assert rewriter.replace(node, by)


def test_other_symbols_differ() -> None:
    graph, node = traced(lambda x, y: (x.exp(), y.sin())[0], torch.ones(4), torch.ones(5), mode="symbolic")
    with pytest.raises(WrongReplacement, match="shape"):
        Rewriter(graph, strict=True).replace(node, next(n for n in graph.nodes if n.op == "placeholder"))


def test_another_order_is_mended_where_there_is_a_copy_in_order() -> None:
    graph, node = traced(lambda x: x.exp(), torch.ones(4, 4))
    rewriter = Rewriter(graph, strict=True)
    turned = other(rewriter, node, aten.permute.default, [1, 0])
    fitted = rewriter.fitted(turned, node)
    assert fitted is not None and fitted.target is aten.clone.default and rewriter.replace(node, fitted)
    graph, node = traced(lambda x: x.exp().t().sin(), torch.ones(4, 3))
    rewriter = Rewriter(graph)
    assert (
        rewriter.fitted(other(rewriter, node, aten.clone.default, memory_format=torch.contiguous_format), node) is None
    )
    assert not rewriter.replace(node, None)


def last(x: Tensor) -> Tensor:
    return torch.nn.functional.softplus(x).transpose(-1, -2).select(0, 2)


def test_a_rewriting_in_another_order_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the copy that puts a gradient at one place in order, gradients are right all the same."""
    monkeypatch.setattr(Rewriter, "fitted", lambda self, by, node: by)
    x = torch.randn(3, 4, 4)
    gradients = []
    for function in (last, torch.compile(last, backend=hologram)):
        given = x.clone().requires_grad_()
        function(given).backward(torch.arange(16.0).reshape(4, 4))
        gradients.append(given.grad)
    torch.testing.assert_close(*gradients)
    torch._dynamo.reset()
    refused = "WrongReplacement: where_self = aten.where.self cannot stand for select_backward"
    with pytest.raises(torch._dynamo.exc.BackendCompilerFailed, match=refused):
        torch.compile(last, backend=hologram, options={"check": True})(x.requires_grad_())
