"""The circuit of a kernel, read off its program whatever its name and wherever it comes from."""

from __future__ import annotations

import numpy as np
import pytest

from hologram import Executor, Program
from hologram.errors import ArgumentTypeError, NoCircuitError
from hologram.frontend import schema
from hologram.language import DeviceArray, f32, f64, get_global_id, grid_sum, i32, kernel, u32
from hologram.stdlib import bundled, names


@kernel
def vector_mul(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32) -> None:
    i = get_global_id()
    if i < n:
        c[i] = a[i] - b[i]  # named after something else


@kernel
def saxpy(alpha: f64, x: DeviceArray[f64], y: DeviceArray[f64], n: u32) -> None:
    i = get_global_id()
    if i < n:
        y[i] = alpha * x[i] + y[i]


@kernel
def norm(x: DeviceArray[f32], out: DeviceArray[f32], n: u32) -> None:
    i = get_global_id()
    if i < n:
        grid_sum(x[i] * x[i], out, 0)


@kernel
def shift(x: DeviceArray[i32], y: DeviceArray[i32], n: u32) -> None:
    i = get_global_id()
    if i < n:
        y[i] = x[i] << 1


def test_a_kernel_is_judged_by_what_it_computes() -> None:
    assert vector_mul.circuit.text == "split@c00[c01,c02]"
    assert vector_mul.circuit.classes == {"a": 0, "b": 1, "c": 2}
    assert norm.circuit.text == "merge:mul@c00[c00,c02] . reduce:sum@c02->c01"


def test_scalars_become_numbers() -> None:
    assert saxpy.circuit_with(alpha=0.5).text == "merge:mul@#0.5[c00,c02] . merge@c02[c01,c01]"
    with pytest.raises(NoCircuitError, match=r"circuit_with\(alpha=…\)"):
        _ = saxpy.circuit
    with pytest.raises(ArgumentTypeError, match="no scalar 'beta'"):
        saxpy.circuit_with(beta=1)


def test_where_there_is_none_the_reason_is_given() -> None:
    with pytest.raises(NoCircuitError, match=r"circuits have no 'shl\.i32'.*test_kernel_circuit\.py"):
        _ = shift.circuit


KERNELS_THAT_SEARCH = {"quantum_search", "optimal_path", "constraint_solve", "minimize_energy"}


def test_bundled_kernels_have_circuits() -> None:
    element_wise = set(names()) - {"gemv_f32", "gemm_f32"} - KERNELS_THAT_SEARCH
    found = {name: bundled(name).circuit.text for name in element_wise}
    assert found["vector_add"] == "merge@c00[c01,c02]"
    assert found["relu"] == "merge:max@c00[#0.0,c01]"
    assert found["vector_dot"] == "merge:mul@c00[c01,c03] . reduce:sum@c03->c02"
    with pytest.raises(NoCircuitError, match="it loops"):
        _ = bundled("gemm_f32").circuit


def test_json_kernels_have_circuits_too() -> None:
    (tree,) = schema.loads(schema.dumps([norm.tree]))
    from hologram.frontend import compile_tree

    assert Program.of(compile_tree(tree).program).circuit.text == norm.circuit.text


def test_the_circuit_computes_what_the_kernel_computes() -> None:
    x = np.random.default_rng(0).standard_normal(100)
    y, z = np.ones(100), np.ones(100)
    saxpy(0.5, x, y, 100)
    with Executor("cpu") as executor:
        circuit = saxpy.circuit_with(alpha=0.5)
        executor.bind_circuit(circuit.compiled, {0: x, 1: z, 2: np.empty(100)})()
    assert np.array_equal(y, z)
