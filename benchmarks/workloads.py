"""The workloads: for each, contenders on equal data, and how equal their answers must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import graphs, kernels
from benchmarks.peers import numba_functions, torch_module
from benchmarks.timing import Contender
from hologram import ops

OURS = "hologram"
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Workload:
    """One line of the table; `bar` is the ratio to the best peer that is asked for."""

    name: str
    contenders: tuple[Contender, ...]
    bar: float
    agree: Callable[[Array, Array], bool]


def workloads() -> list[Workload]:
    """Every workload, its data made and its functions ready to be called."""
    random = np.random.default_rng(0)
    numba, torch = numba_functions(), torch_module()
    adds = [bound_add(n, bar, random, numba, torch) for n, bar in ((100, 0.15), (1000, 0.30), (3072, 0.40))]
    products = [gemv(random, numba, "fast"), gemv(random, numba, "in order")]
    products += [gemm(n, bar, random, torch) for n, bar in ((64, 0.6), (256, 1.0), (1024, 1.05))]
    chains = [chain(n, bar, random, numba, torch) for n, bar in ((1_000, 0.5), (100_000, 0.9), (4_000_000, 0.95))]
    recorded = [*chains, launches(random, numba, torch)]
    calls = [unbound_add(100, random)]
    if torch is not None:
        calls += [unbound_tensors(100, torch, views) for views in (False, True)]
    return [*adds, *calls, *recorded, *products, mandelbrot(numba), stencil(random, numba)]


def bound_add(n: int, bar: float, random: np.random.Generator, numba: Any, torch: Any) -> Workload:
    """c = a + b with everything bound beforehand, against calls that write into an existing array."""
    a, b = random.random(n, np.float32), random.random(n, np.float32)
    outs = [np.empty(n, np.float32) for _ in range(4)]
    contenders = [
        Contender(OURS, "launch()", {"launch": kernels.add.bind(a, b, outs[0], n)}, outs[0]),
        Contender("numpy", "add(a, b, out=c)", {"add": np.add, "a": a, "b": b, "c": outs[1]}, outs[1]),
        Contender("numba", "add(a, b, c)", {"add": numba.add, "a": a, "b": b, "c": outs[2]}, outs[2]),
    ]
    if torch is not None:
        tensors = dict(zip("abc", map(torch.from_numpy, (a, b, outs[3])), strict=True))
        contenders.append(Contender("torch", "add(a, b, out=c)", {"add": torch.add, **tensors}, outs[3]))
    return Workload(f"add f32, n = {n:,}, bound", tuple(contenders), bar, np.array_equal)


def unbound_add(n: int, random: np.random.Generator) -> Workload:
    """A plain call with three NumPy arrays, all checks on."""
    a, b = random.random(n, np.float32), random.random(n, np.float32)
    ours, theirs = np.empty(n, np.float32), np.empty(n, np.float32)
    contenders = (
        Contender(OURS, "add(a, b, c, n)", {"add": kernels.add, "a": a, "b": b, "c": ours, "n": n}, ours),
        Contender("numpy", "add(a, b, out=c)", {"add": np.add, "a": a, "b": b, "c": theirs}, theirs),
    )
    return Workload(f"add f32, n = {n:,}, unbound", contenders, 0.35, np.array_equal)


def unbound_tensors(n: int, torch: Any, views: bool) -> Workload:
    """A plain call with three of PyTorch's tensors, all checks on; `views` are rows of matrices."""
    a, b = (torch.rand(2, n)[1] for _ in range(2)) if views else (torch.rand(n) for _ in range(2))
    ours, theirs = torch.empty(n), torch.empty(n)
    contenders = (
        Contender(OURS, "add(a, b, c, n)", {"add": kernels.add, "a": a, "b": b, "c": ours, "n": n}, ours.numpy()),
        Contender("torch", "add(a, b, out=c)", {"add": torch.add, "a": a, "b": b, "c": theirs}, theirs.numpy()),
    )
    what = "views of tensors" if views else "tensors"
    return Workload(f"add f32, n = {n:,}, unbound, {what}", contenders, 0.3, np.array_equal)


def chain(n: int, bar: float, random: np.random.Generator, numba: Any, torch: Any) -> Workload:
    """Nine recorded element-wise operators, replayed as one program."""
    return Workload(
        f"graph of nine operators, n = {n:,}", graphs.chain_contenders(n, random, numba, torch), bar, _close
    )


def launches(random: np.random.Generator, numba: Any, torch: Any, n: int = 100) -> Workload:
    """A hundred small additions that have nothing to do with each other, in one replay."""
    contenders = graphs.launches_contenders(n, random, numba, torch)
    return Workload(f"graph of {graphs.LAUNCHES} additions, n = {n}", contenders, 0.1, np.array_equal)


def gemv(random: np.random.Generator, numba: Any, order: str, n: int = 1024) -> Workload:
    """Matrix times vector, with sums reassociated ("fast", as Numba's fastmath does) or "in order"."""
    kernel = kernels.gemv if order == "fast" else kernels.gemv_in_order
    a, x = random.random((n, n), np.float32), random.random(n, np.float32)
    ours, theirs = np.empty(n, np.float32), np.empty(n, np.float32)
    contenders = (
        Contender(OURS, "launch()", {"launch": kernel.bind(a, x, ours)}, ours),
        Contender("numba", "gemv(a, x, y)", {"gemv": numba.gemv, "a": a, "x": x, "y": theirs}, theirs),
    )
    return Workload(f"gemv f32, {n:,}², {order}", contenders, 1.0, _close)


def gemm(n: int, bar: float, random: np.random.Generator, torch: Any) -> Workload:
    """The product of two square matrices."""
    a, b = random.random((n, n), np.float32), random.random((n, n), np.float32)
    outs = [np.empty((n, n), np.float32) for _ in range(3)]
    contenders = [
        Contender(OURS, "launch()", {"launch": ops.matmul.bind(a, b, out=outs[0])}, outs[0]),
        Contender("numpy", "matmul(a, b, out=c)", {"matmul": np.matmul, "a": a, "b": b, "c": outs[1]}, outs[1]),
    ]
    if torch is not None:
        tensors = dict(zip("abc", map(torch.from_numpy, (a, b, outs[2])), strict=True))
        contenders.append(Contender("torch", "mm(a, b, out=c)", {"mm": torch.mm, **tensors}, outs[2]))
    return Workload(f"gemm f32, {n:,}²", tuple(contenders), bar, _close)


def mandelbrot(numba: Any, width: int = 800, height: int = 600, limit: int = 100) -> Workload:
    """A loop that ends at a different step in every lane."""
    ours, theirs = np.empty((height, width), np.int32), np.empty((height, width), np.int32)
    left, top, step = np.float32(-2.2), np.float32(-1.2), np.float32(2.4 / height)
    launch = kernels.mandelbrot.bind(ours, float(left), float(top), float(step), limit)
    names = {"f": numba.mandelbrot, "out": theirs, "left": left, "top": top, "step": step, "limit": np.int32(limit)}
    contenders = (
        Contender(OURS, "launch()", {"launch": launch}, ours),
        Contender("numba", "f(out, left, top, step, limit)", names, theirs),
    )
    return Workload(f"Mandelbrot, {width}×{height}, {limit} steps", contenders, 1.0, _nearly_all_equal)


def stencil(random: np.random.Generator, numba: Any, n: int = 1024) -> Workload:
    """Five-point stencil: one step of the heat equation."""
    u = random.random((n, n), np.float32)
    ours, theirs = np.zeros((n, n), np.float32), np.zeros((n, n), np.float32)
    weight = np.float32(0.2)
    contenders = (
        Contender(OURS, "launch()", {"launch": kernels.stencil.bind(u, ours, float(weight))}, ours),
        Contender("numba", "f(u, out, w)", {"f": numba.stencil, "u": u, "out": theirs, "w": weight}, theirs),
    )
    return Workload(f"5-point stencil f32, {n:,}²", contenders, 1.0, _close)


def _close(ours: Array, theirs: Array) -> bool:
    return bool(np.allclose(ours, theirs, rtol=1e-4, atol=1e-6))


def _nearly_all_equal(ours: Array, theirs: Array) -> bool:
    # Fast-math rounds differently, which moves the escape of a few points next to the boundary.
    return float(np.mean(ours != theirs)) < 0.005
