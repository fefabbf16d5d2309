"""A recorded multi-layer perceptron: products stay, bias, gelu and softmax fuse; other inputs, other processes."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hologram import GraphProgram, Program, load_library, ops
from hologram.circuit import compile_circuit
from hologram.errors import KernelNotFoundError
from hologram.frontend import compile_source
from hologram.runtime.executor import Executor
from hologram.runtime.graph import Graph
from hologram.runtime.launcher import Launcher

SIZES = (32, 48, 10)
GELU = """
import hologram.language as hl
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32

@kernel
def gelu(x: DeviceArray[f32], y: DeviceArray[f32], n: u32) -> None:
    i = get_global_id()
    if i < n:
        y[i] = x[i] * 0.5 * (1.0 + hl.erf(x[i] * 0.70710678))
"""
gelu = Launcher(compile_source(GELU, "gelu.py")[0].program)


BATCH = """
from hologram.language import (
    DeviceArray, block_id, block_max, block_sum, exp, f32, get_global_id, kernel, lane_id
)

@kernel
def add_bias(x: DeviceArray[f32, 2], b: DeviceArray[f32], y: DeviceArray[f32, 2]) -> None:
    j = get_global_id(0)
    i = get_global_id(1)
    if i < y.shape[0] and j < y.shape[1]:
        y[i, j] = x[i, j] + b[j]

@kernel(block=32)
def softmax_rows(x: DeviceArray[f32, 2], y: DeviceArray[f32, 2]) -> None:
    row = block_id()
    j = lane_id()
    value = -3.0e38
    if j < x.shape[1]:
        value = x[row, j]
    largest = block_max(value)
    power = 0.0
    if j < x.shape[1]:
        power = exp(value - largest)
    total = block_sum(power)
    if j < x.shape[1]:
        y[row, j] = power / total
"""
add_bias, softmax_rows = (Launcher(unit.program) for unit in compile_source(BATCH, "batch.py"))


def weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    d, h, o = SIZES
    made = {"w1": (d, h), "b1": (h,), "w2": (h, o), "b2": (o,)}
    return {name: (random.standard_normal(shape) / 4).astype(np.float32) for name, shape in made.items()}


def expected(x: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    h = x @ w["w1"] + w["b1"]
    h = 0.5 * h * (1 + np.vectorize(math.erf)(h / math.sqrt(2)))
    z = h @ w["w2"] + w["b2"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def recorded(executor: Executor, w: dict[str, np.ndarray], x: np.ndarray) -> tuple[Graph, Any, Any]:
    softmax = compile_circuit("softmax@c00->c01")
    b = {name: executor.array(value) for name, value in w.items()}
    given, y = executor.array(x), executor.allocate(SIZES[-1])
    z = executor.allocate(SIZES[-1])
    finish = executor.bind_circuit(softmax, {0: z, 1: y})
    with executor.record() as g:
        for name, buffer in {"x": given, "y": y, "z": z, **b}.items():
            g.input(name, buffer)
        h = ops.vector_add(ops.gemm_f32(given, b["w1"]).reshape(-1), b["b1"])
        h = h.reshape(-1)
        gelu.call(h, h, SIZES[1])
        ops.vector_add(ops.gemm_f32(h.reshape(1, -1), b["w2"]).reshape(-1), b["b2"], out=z)
        finish()
    return g, given, y


def inputs(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((1, SIZES[0])).astype(np.float32)


def test_it_equals_numpy_with_any_input(executor: Executor) -> None:
    w = weights()
    g, x, y = recorded(executor, w, inputs(2))
    assert not y.to_numpy().any()
    g.launch()
    assert np.allclose(y.to_numpy(), expected(inputs(2), w), atol=1e-6)
    x.from_numpy(inputs(3))
    g.launch()
    assert np.allclose(y.to_numpy(), expected(inputs(3), w), atol=1e-6)
    g.bind(x=executor.array(inputs(4))).launch()
    assert np.allclose(y.to_numpy(), expected(inputs(4), w), atol=1e-6)


def test_bias_and_gelu_are_one_program_and_so_are_bias_and_softmax() -> None:
    with Executor("cpu") as executor:
        g, _, _ = recorded(executor, weights(), inputs(2))
        kinds = [len(step.calls) for step in g.plan.steps]
        assert len(kinds) == 4 and kinds[0] == kinds[2] == 0 and kinds[1] >= 5 and kinds[3] == 2, g.explain()
        g.launch()
        assert g.launch.is_native


def test_it_runs_in_another_process(tmp_path: Path) -> None:
    w, x = weights(), inputs(7)
    with Executor("cpu") as executor:
        recorded(executor, w, x)[0].program.save(tmp_path / "mlp.atlas")
    np.savez(tmp_path / "in.npz", x=x, **w)
    code = f"""
import numpy as np, hologram as hg
given = dict(np.load({str(tmp_path / "in.npz")!r}))
y, z = np.empty({SIZES[-1]}, np.float32), np.empty({SIZES[-1]}, np.float32)
launch = hg.GraphProgram.load({str(tmp_path / "mlp.atlas")!r}, trust=True).bind(y=y, z=z, **given)
launch(); launch()
assert launch.is_native
np.save({str(tmp_path / "y.npy")!r}, y)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert np.allclose(np.load(tmp_path / "y.npy"), expected(x, w), atol=1e-6)


def batch_recorded(executor: Executor, w: dict[str, np.ndarray], x: np.ndarray) -> tuple[Graph, Any]:
    """The same for several rows: the kernels that touch rows stay as they are, steps of the same replay."""
    b = {name: executor.array(value) for name, value in w.items()}
    given, y = executor.array(x), executor.array(np.zeros((len(x), SIZES[-1]), np.float32))
    with executor.record() as g:
        for name, buffer in {"x": given, "y": y, **b}.items():
            g.input(name, buffer)
        h = ops.gemm_f32(given, b["w1"])
        add_bias.call(h, b["b1"], h)
        flat = h.reshape(-1)
        gelu.call(flat, flat, flat.size)
        z = ops.gemm_f32(h, b["w2"])
        add_bias.call(z, b["b2"], z)
        softmax_rows.call(z, y, grid=len(x), block=32)
    return g, y


def test_a_batch_equals_numpy_with_any_input(executor: Executor, tmp_path: Path) -> None:
    w = weights()
    x, other = (np.random.default_rng(k).standard_normal((6, SIZES[0])).astype(np.float32) for k in (8, 9))
    g, y = batch_recorded(executor, w, x)
    g.launch()
    assert np.allclose(y.to_numpy(), expected(x, w), atol=1e-6)
    g.bind(x=executor.array(other)).launch()
    assert np.allclose(y.to_numpy(), expected(other, w), atol=1e-6)
    g.program.save(tmp_path / "batch.atlas")
    out = np.zeros((6, SIZES[-1]), np.float32)
    GraphProgram.load(tmp_path / "batch.atlas", trust=True)(x=x, y=out, **w)
    assert np.allclose(out, expected(x, w), atol=1e-6)


def test_its_programs_can_be_loaded_one_by_one(tmp_path: Path) -> None:
    with Executor("cpu") as executor:
        recorded(executor, weights(), inputs(2))[0].program.save(tmp_path / "mlp.atlas")
    assert any(name.startswith("product_f32") for name in load_library(tmp_path / "mlp.atlas"))
    with pytest.raises(KernelNotFoundError, match=r"GraphProgram\.load"):
        Program.load(tmp_path / "mlp.atlas")
