"""f16 and bf16 in kernels: what NumPy and ml_dtypes give when they compute in f32 and round once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from tests.frontend.launching import body, program

Array = np.ndarray[Any, np.dtype[Any]]
TYPES = {"f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16)}
CASES: dict[str, Callable[[Array, Array], Any]] = {
    "a[i] + b[i]": lambda a, b: a + b,
    "a[i] - b[i]": lambda a, b: a - b,
    "a[i] * b[i]": lambda a, b: a * b,
    "a[i] / b[i]": lambda a, b: a / b,
    "a[i] % b[i]": np.remainder,
    "a[i] // b[i]": np.floor_divide,
    "-a[i]": lambda a, b: -a,
    "abs(a[i])": lambda a, b: np.abs(a),
    "a[i] ** 3": lambda a, b: a * a * a,
    "a[i] * 0.1": None,  # type: ignore[dict-item]
    "min(a[i], b[i])": np.minimum,
    "max(a[i], b[i])": np.maximum,
    "fma(a[i], b[i], a[i])": lambda a, b: (a.astype(np.float64) * b + a).astype(np.float32),
    "sqrt(a[i])": lambda a, b: np.sqrt(a),
    "floor(a[i])": lambda a, b: np.floor(a),
    "a[i] if a[i] < b[i] else b[i]": lambda a, b: np.where(a < b, a, b),
}


def operands(kind: str) -> list[Array]:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(2, 1000)) * np.exp2(rng.integers(-12, 8, (2, 1000)))
    values[:, :8] = [[0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, 5.0, -5.0], [0.0, 1.0, 2.0, np.inf, 1.0, 0.0, -3.0, 3.0]]
    return [x.astype(np.float32).astype(TYPES[kind]) for x in values]


def run(text: str, arguments: list[Array]) -> None:
    """Run on both backends, which must agree; the last argument is written."""
    made, lanes = program(text), len(arguments[0])
    domain = Domain((lanes, 1, 1), (1, 1, 1), (lanes, 1, 1))
    other = [*arguments[:-1], arguments[-1].copy()]
    InterpreterBackend().compile(made).launch(other, domain)
    CpuBackend().compile(made).launch(arguments, domain)
    assert_equal(arguments[-1], other[-1])


def assert_equal(got: Array, wanted: Array) -> None:
    assert got.dtype == wanted.dtype
    a, b = got.astype(np.float64), wanted.astype(np.float64)
    wrong = ~((a == b) & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b))
    assert not wrong.any(), (got[wrong][:3], wanted[wrong][:3])


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("text", CASES)
def test_operators_are_f32_s_rounded_once(text: str, kind: str) -> None:
    a, b = operands(kind)
    out = np.zeros_like(a)
    parameters = f"a: DeviceArray[{kind}], b: DeviceArray[{kind}], o: DeviceArray[{kind}]"
    run(body(parameters, "i = get_global_id()", "if i < o.shape[0]:", f"    o[i] = {text}"), [a, b, out])
    tenth = np.float32(TYPES[kind].type(0.1))
    with np.errstate(all="ignore"):
        wide = (CASES[text] or (lambda a, b: a * tenth))(a.astype(np.float32), b.astype(np.float32))
        assert_equal(out, np.asarray(wide, np.float32).astype(TYPES[kind]))


def test_f16_with_bf16_is_f32() -> None:
    a, b = operands("f16")[0], operands("bf16")[1]
    out = np.zeros(len(a), np.float32)
    parameters = "a: DeviceArray[f16], b: DeviceArray[bf16], o: DeviceArray[f32]"
    run(body(parameters, "i = get_global_id()", "if i < o.shape[0]:", "    o[i] = a[i] * b[i]"), [a, b, out])
    with np.errstate(all="ignore"):
        assert_equal(out, a.astype(np.float32) * b.astype(np.float32))


@pytest.mark.parametrize("kind", TYPES)
def test_an_accumulator_has_the_type_of_its_terms(kind: str) -> None:
    """Each step rounds: a sum of ones stops where the format has no odd numbers."""
    ones, out = np.ones(4096, TYPES[kind]), np.zeros(64, TYPES[kind])
    lines = ["i = get_global_id()", "if i < o.shape[0]:", "    total = 0.0", "    for k in range(4096):",
             "        total += a[k]", "    o[i] = total"]  # fmt: skip
    made = program(body(f"a: DeviceArray[{kind}], o: DeviceArray[{kind}]", *lines))
    CpuBackend().compile(made).launch([ones, out], Domain((64, 1, 1), (1, 1, 1), (64, 1, 1)))
    assert set(out.astype(float)) == {2048.0 if kind == "f16" else 256.0}


def test_a_scalar_parameter_may_be_a_half() -> None:
    x, out = np.linspace(-3, 3, 100).astype(np.float16), np.zeros(100, np.float16)
    text = body("s: f16, x: DeviceArray[f16], o: DeviceArray[f16]",
                "i = get_global_id()", "if i < o.shape[0]:", "    o[i] = exp(s * x[i])")  # fmt: skip
    results = []
    for backend in (CpuBackend(), InterpreterBackend()):
        backend.compile(program(text)).launch([0.3, x, out], Domain((100, 1, 1), (1, 1, 1), (100, 1, 1)))
        results.append(out.copy())
    assert_equal(*results)
    product = (np.float32(np.float16(0.3)) * x.astype(np.float32)).astype(np.float16)
    assert_equal(out, np.exp(product.astype(np.float64)).astype(np.float16))
