"""Programs of circuits: the same memory as one program a call, fused as far as they may be, and what the calls mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hologram as hg
from hologram.circuit import Circuit, compile_calls, compile_circuit
from hologram.circuit.generators import Call
from hologram.circuit.lower import lower
from hologram.errors import CircuitError
from hologram.isa.verify import verify
from hologram.runtime.circuits import bind_steps
from hologram.types import Type
from tests.circuit.random_calls import random_calls

LENGTH = 9


def memory_of(seed: int, places: int = 6) -> dict[int, np.ndarray]:
    """Bits of every kind: half of the seeds have ordinary numbers."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        return {p: rng.standard_normal(LENGTH).astype(np.float32) for p in range(places)}
    return {p: rng.integers(0, 2**32, LENGTH, dtype=np.uint32).view(np.float32) for p in range(places)}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.all((a.view(np.uint32) == b.view(np.uint32)) | (np.isnan(a) & np.isnan(b))))


def run_plainly(calls: list[Call], memory: dict[int, np.ndarray], executor: hg.Executor) -> None:
    for call in calls:
        bind_steps(executor, lower([call], Type.F32), memory)()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_optimised_and_fused_leave_the_memory_of_one_call_after_the_other(seed: int) -> None:
    calls = [c for c in random_calls(seed, 12) if max(_places(c), default=0) < 6]
    executor = hg.Executor("interpreter")
    plain, fused = memory_of(seed), memory_of(seed)
    run_plainly(calls, plain, executor)
    compiled = compile_calls(calls)
    executor.bind_circuit(compiled, {p: fused[p] for p in compiled.places})()
    assert all(same(plain[p], fused[p]) for p in plain)


def _places(call: Call) -> set[int]:
    from hologram.circuit.generators import reads, singles, writes

    return {p for one in singles(call) for p in reads(one) | writes(one)}


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_what_calls_mean(backend: str) -> None:
    executor = hg.Executor(backend)
    rng = np.random.default_rng(3)
    a, b = (rng.uniform(0.5, 2, 100).astype(np.float32) for _ in range(2))
    out = {k: np.zeros(100, np.float32) for k in range(2, 9)}
    circuit = (
        Circuit()
        .merge(0, 1, 2)
        .split(0, 1, 3, "div")
        .merge(0, 0.5, 4, "mul")
        .merge(2, 2, 5, "gelu")
        .reduce("sum", 2, 6)
        .reduce("max", 3, 7, n=10)
        .softmax(0, 8)
        .compile()
    )
    executor.bind_circuit(circuit, {0: a, 1: b, **out})()
    assert np.array_equal(out[2], a + b)
    assert np.array_equal(out[3], a / b)
    assert np.array_equal(out[4], a * np.float32(0.5))
    from scipy.special import erf, softmax

    np.testing.assert_allclose(out[5], (a + b) * 0.5 * (1 + erf((a + b) / np.sqrt(2))), rtol=1e-6)
    np.testing.assert_allclose(out[6][0], (a + b).astype(np.float64).sum(), rtol=1e-6)
    assert out[7][0] == (a / b)[:10].max() and not out[7][1:].any()
    np.testing.assert_allclose(out[8], softmax(a), rtol=1e-6)


def test_marks_flip_bits_wherever_the_value_goes() -> None:
    executor = hg.Executor("interpreter")
    a = np.array([1.0, np.nan, -0.0], np.float32)
    b = np.zeros(3, np.float32)
    executor.bind_circuit(compile_circuit("mark@c0 . copy@c0->c1 . mark@c0"), {0: a, 1: b})()
    assert np.array_equal(b.view(np.uint32), np.array([1.0, np.nan, -0.0], np.float32).view(np.uint32) ^ 0x80808080)
    assert same(a, np.array([1.0, np.nan, -0.0], np.float32))


def test_a_chain_is_one_program_and_one_pass() -> None:
    chain = Circuit().merge(0, 1, 2)
    for variant in ("exp", "neg", "abs", "sqrt", "sigmoid", "tanh", "relu", "square"):
        chain.merge(2, 2, 2, variant)
    compiled = chain.compile()
    (step,) = compiled.steps
    loads = [i.op for i in step.program.instructions if i.op in ("LDG", "STG")]
    assert loads == ["LDG", "LDG", "STG"]
    assert compiled.bytes_moved == (12_288 * (3 + 8 * 2), 12_288 * 3)


def test_producers_of_a_reduction_and_of_a_softmax_are_part_of_their_program() -> None:
    assert len(compile_circuit("merge@c0[c1,c2] . merge:exp@c2[c3] . reduce:sum@c3->c4 . reduce:max@c2->c5").steps) == 1
    assert len(compile_circuit("merge@c0[c1,c2] . softmax@c2->c3").steps) == 1
    assert len(compile_circuit("reduce:sum@c0->c1 . merge@c0[c1,c2]").steps) == 2


def test_segments_end_before_what_a_reduction_wrote_is_touched() -> None:
    a = np.arange(5, dtype=np.float32)
    b, c = np.ones(5, np.float32), np.zeros(5, np.float32)
    circuit = compile_circuit("reduce:sum@c0->c1 . merge@c0[c1,c2]")
    hg.Executor("interpreter").bind_circuit(circuit, {0: a, 1: b, 2: c})()
    assert c.tolist() == [10, 2, 3, 4, 5]


@pytest.mark.parametrize("dtype", ["f16", "bf16", "f32", "f64", "i8", "i32", "u64"])
def test_every_element_type(dtype: str) -> None:
    element = Type(dtype)
    compiled = compile_circuit("merge@c0[c1,c2] . mark@c2 . merge:max@c2[c0,c3] . reduce:sum@c3->c4", dtype)
    data = {k: np.arange(1, 8).astype(element.dtype) for k in range(5)}
    native = {k: v.copy() for k, v in data.items()}
    hg.Executor("interpreter").bind_circuit(compiled, data)()
    hg.Executor("cpu").bind_circuit(compiled, native)()
    assert all(data[k].tobytes() == native[k].tobytes() for k in data)
    pattern = element.pattern.dtype
    bits = (np.arange(1, 8).astype(element.dtype) * 2).view(pattern) ^ np.frombuffer(b"\x80" * element.size, pattern)
    assert data[2].tobytes() == bits.tobytes()


def test_what_a_type_does_not_have_is_refused() -> None:
    for text in ("merge:exp@c0[c1]", "softmax@c0->c1", "merge@c0[#0.5,c1]"):
        with pytest.raises(CircuitError, match="i32"):
            compile_circuit(text, "i32")
    with pytest.raises(CircuitError, match="'f8' is no element type"):
        compile_circuit("mark@c0", "f8")


def test_every_operator_has_a_program_in_f32() -> None:
    from hologram.operators import VARIANTS as TABLE

    for name, row in TABLE.items():
        operands = ",".join(["c00", "c01", "c02"][: row.arity])
        first, rest = operands.split(",", 1) if "," in operands else (operands, "")
        generator = "split" if name in ("sub", "div") else "merge"
        (step,) = compile_circuit(f"{generator}:{name}@{first}[{rest + ',' if rest else ''}c05]").steps
        verify(step.program)
