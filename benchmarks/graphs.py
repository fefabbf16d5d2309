"""Recorded graphs: a fused chain of nine operators, and many small launches in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

import hologram as hg
from benchmarks.timing import Contender

OURS = "hologram"
LAUNCHES = 100
LONG = 100_000
"""From so many elements on a peer with all threads competes, too: long launches of ours use them."""
Array = np.ndarray[Any, Any]


def chain_contenders(n: int, random: np.random.Generator, numba: Any, torch: Any) -> tuple[Contender, ...]:
    """y = max((max(x·w + b, 0)·w + x), 0)·b + w)·x: nine operators, each peer in its best form, nothing allocated."""
    x, w, b = (random.random(n, np.float32) - np.float32(0.5) for _ in range(3))
    outs = [np.empty(n, np.float32) for _ in range(5)]
    contenders = [
        Contender(OURS, "launch()", {"launch": chain_graph(x, w, b, outs[0]).launch}, outs[0]),
        Contender("numpy", "f(x, w, b, y)", {"f": numpy_chain, "x": x, "w": w, "b": b, "y": outs[1]}, outs[1]),
        Contender("numba", "f(x, w, b, y)", {"f": numba.chain, "x": x, "w": w, "b": b, "y": outs[2]}, outs[2]),
    ]
    if n >= LONG:
        names = {"f": numba.chain_parallel, "x": x, "w": w, "b": b, "y": outs[4]}
        contenders.append(Contender("numba parallel", "f(x, w, b, y)", names, outs[4]))
    if torch is not None:
        tensors = dict(zip("xwby", map(torch.from_numpy, (x, w, b, outs[3])), strict=True))
        contenders.append(Contender("torch", "f(x, w, b, y)", {"f": torch_chain(torch), **tensors}, outs[3]))
        contenders.append(inductor_chain(torch, x, w, b))
    more = (numexpr_chain(x, w, b), jax_chain(x, w, b))
    return (*contenders, *(contender for contender in more if contender is not None))


def chain_graph(x: Array, w: Array, b: Array, y: Array) -> hg.Graph:
    """The chain as nine recorded operations, which must become one program."""
    executor = hg.Executor("cpu")
    ops = executor.ops
    with executor.record() as g:
        t = ops.relu(ops.vector_add(ops.vector_mul(x, w), b))
        t = ops.relu(ops.vector_add(ops.vector_mul(t, w), x))
        ops.vector_mul(ops.vector_add(ops.vector_mul(t, b), w), x, out=y)
    g.launch()
    assert len(g.plan.steps) == 1, g.explain()
    return g


def numpy_chain(x: Array, w: Array, b: Array, y: Array) -> None:
    """Nine calls, all in the output's memory."""
    np.multiply(x, w, out=y)
    np.add(y, b, out=y)
    np.maximum(y, 0, out=y)
    np.multiply(y, w, out=y)
    np.add(y, x, out=y)
    np.maximum(y, 0, out=y)
    np.multiply(y, b, out=y)
    np.add(y, w, out=y)
    np.multiply(y, x, out=y)


def torch_chain(torch: Any) -> Any:
    """Nine eager calls, all in the output's memory."""

    def chain(x: Any, w: Any, b: Any, y: Any) -> None:
        torch.mul(x, w, out=y).add_(b).relu_().mul_(w).add_(x).relu_().mul_(b).add_(w).mul_(x)

    return chain


def inductor_chain(torch: Any, x: Array, w: Array, b: Array) -> Contender:
    """The nine operators compiled by torch.compile, which writes into memory of its own each time."""

    def chain(x: Any, w: Any, b: Any) -> Any:
        return ((((x * w + b).relu() * w + x).relu()) * b + w) * x

    tensors = dict(zip("xwb", map(torch.from_numpy, (x, w, b)), strict=True))
    compiled = torch.compile(chain)
    return Contender("inductor", "f(x, w, b)", {"f": compiled, **tensors}, compiled(*tensors.values()).numpy())


def jax_chain(x: Array, w: Array, b: Array) -> Contender | None:
    """The nine operators under jax.jit, waited for, or None where JAX is not installed."""
    try:
        import jax
    except ImportError:
        return None
    relu = jax.nn.relu
    compiled = jax.jit(lambda x, w, b: (relu(relu(x * w + b) * w + x) * b + w) * x)
    arrays = dict(zip("xwb", map(jax.numpy.asarray, (x, w, b)), strict=True))
    statement = "f(x, w, b).block_until_ready()"
    return Contender("jax", statement, {"f": compiled, **arrays}, np.asarray(compiled(*arrays.values())))


def numexpr_chain(x: Array, w: Array, b: Array) -> Contender | None:
    """One compiled expression, or None where numexpr is not installed."""
    try:
        import numexpr
    except ImportError:
        return None
    y = np.empty_like(x)
    zero = np.float32(0)
    first = "where(x*w+b > z, x*w+b, z)"
    second = f"({first})*w+x"
    expression = f"(where({second} > z, {second}, z)*b+w)*x"
    names = {"f": numexpr.evaluate, "e": expression, "d": {"x": x, "w": w, "b": b, "z": zero}, "y": y}
    return Contender("numexpr", "f(e, d, out=y)", names, y)


def launches_contenders(n: int, random: np.random.Generator, numba: Any, torch: Any) -> tuple[Contender, ...]:
    """c = a + b on a hundred small triples of arrays, one call for all."""
    sources = [(random.random(n, np.float32), random.random(n, np.float32)) for _ in range(LAUNCHES)]
    outs = [[np.zeros(n, np.float32) for _ in range(LAUNCHES)] for _ in range(4)]
    executor = hg.Executor("cpu")
    with executor.record() as g:
        for (a, b), c in zip(sources, outs[0], strict=True):
            executor.ops.vector_add(a, b, out=c)
    g.launch()
    triples = [[(a, b, c) for (a, b), c in zip(sources, made, strict=True)] for made in outs]
    contenders = [
        Contender(OURS, "launch()", {"launch": g.launch, "graph": g}, outs[0]),
        Contender("numpy", "f(t)", {"f": loop_over(np.add), "t": triples[1]}, outs[1]),
        Contender("numba", "f(t)", {"f": loop_over(numba.add), "t": triples[2]}, outs[2]),
    ]
    if torch is not None:
        tensors = [tuple(map(torch.from_numpy, triple)) for triple in triples[3]]

        def add_all(triples: Any) -> None:
            for a, b, c in triples:
                torch.add(a, b, out=c)

        contenders.append(Contender("torch", "f(t)", {"f": add_all, "t": tensors}, outs[3]))
    return tuple(contenders)


def loop_over(function: Any) -> Any:
    """A Python function that calls one on every triple."""

    def call_all(triples: Any) -> None:
        for a, b, c in triples:
            function(a, b, c)

    return call_all
