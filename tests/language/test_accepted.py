"""What the language says it accepts compiles and gives the same on both backends, whatever it is written like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram
from hologram.frontend import compile_source
from hologram.language.program import Program
from hologram.types import Type

IMPORTS = "from hologram.language import *\nimport math\n"
Array = np.ndarray[Any, Any]


def ran(text: str, *arguments: Any, **shape: Any) -> Array:
    """The last argument after a launch of the last kernel of a text, the same bits from both backends."""
    program = compile_source(text, "accepted.py")[-1].program
    results = []
    for backend in ("interpreter", "cpu"):
        given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        Program.of(program)(*given, executor=hologram.Executor(backend), **shape)
        results.append(given[-1])
    np.testing.assert_array_equal(*results)
    return results[0]


@pytest.mark.parametrize("kind", [t for t in Type if t is not Type.BF16], ids=lambda t: t.value)
def test_numbers_and_arrays_of_every_type(kind: Type) -> None:
    text = (
        f"{IMPORTS}@kernel\ndef k(s: {kind.value}, a: DeviceArray[{kind.value}], o: DeviceArray[{kind.value}]):\n"
        "    i = get_global_id()\n    o[i] = a[i] + s\n"
    )
    a = np.arange(4).astype(kind.dtype)
    assert ran(text, 1, a, np.zeros_like(a)).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("kind", "value", "want"), [("int", -7, -7), ("float", 2.5, 2.5), ("bool", True, 1), ("usize", 2**40, 2**40)]
)
def test_numbers_of_pythons_types(kind: str, value: float, want: float) -> None:
    text = f"{IMPORTS}@kernel\ndef k(s: {kind}, o: DeviceArray[f64]):\n    o[get_global_id()] = f64(s)\n"
    assert ran(text, value, np.zeros(2)).tolist() == [want, want]


def test_bf16_travels_as_bits() -> None:
    text = f"{IMPORTS}@kernel\ndef k(a: f16, b: bf16, o: DeviceArray[f32]):\n    o[get_global_id()] = a * b\n"
    assert ran(text, 1.5, 2.0, np.zeros(2, np.float32)).tolist() == [3.0, 3.0]


@pytest.mark.parametrize("order", ["C", "F"])
def test_three_axes_with_any_strides(order: Any) -> None:
    text = (
        f"{IMPORTS}@kernel\ndef k(a: DeviceArray[f32, 3], o: DeviceArray[f32, 3]):\n    x = get_global_id(0)\n"
        "    y = get_global_id(axis=1)\n    z = get_global_id(2)\n"
        "    o[z, y, x] = a[z, y, x] * 2.0 + f32(a.shape[0] * 100 + a.shape[1] * 10 + a.shape[2])\n"
    )
    a = np.arange(24, dtype=np.float32).reshape((2, 3, 4), order=order)
    np.testing.assert_array_equal(ran(text, a, np.zeros((2, 3, 4), np.float32)), a * 2 + 234)


def test_blocks_of_three_axes() -> None:
    text = (
        f"{IMPORTS}@kernel(block=(2, 2, 2))\ndef k(o: DeviceArray[f32, 3]):\n    s = shared(f32, 8)\n"
        "    lane = lane_id(0) + 2 * lane_id(1) + 4 * lane_id(2)\n    s[lane] = f32(lane)\n    barrier()\n"
        "    o[get_global_id(2), get_global_id(1), get_global_id(0)] = s[7 - lane]\n"
    )
    assert ran(text, np.zeros((2, 2, 2), np.float32)).ravel().tolist() == [7, 6, 5, 4, 3, 2, 1, 0]


FUNCTIONS: dict[str, Any] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "expf": np.exp,
    "logf": np.log, "sinf": np.sin, "cosf": np.cos, "sqrtf": np.sqrt, "tanhf": np.tanh, "log2": np.log2,
    "log10": np.log10, "tan": np.tan, "exp2": np.exp2, "expm1": np.expm1, "log1p": np.log1p, "asin": np.arcsin,
    "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh, "floor": np.floor, "ceil": np.ceil,
    "round": np.round, "trunc": np.trunc, "abs": np.abs, "rsqrt": lambda v: 1 / np.sqrt(v),
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)), "math.exp": np.exp, "math.fabs": np.abs,
}  # fmt: skip


def test_functions_by_all_their_names() -> None:
    names = list(FUNCTIONS)
    lines = "".join(f"    o[{row}, i] = {name}(a[i])\n" for row, name in enumerate(names))
    text = (
        f"{IMPORTS}@kernel\ndef k(a: DeviceArray[f64], o: DeviceArray[f64, 2]):\n    i = get_global_id()\n"
        f"    if i < a.shape[0]:\n{lines.replace('    o', '        o')}"
    )
    a = np.array([0.25, 0.5, 0.75, 1.0])
    found = ran(text, a, np.zeros((len(names), 4)))
    for name, row in zip(names, found, strict=True):
        np.testing.assert_allclose(row, FUNCTIONS[name](a), rtol=1e-14, err_msg=name)


@pytest.mark.parametrize(
    "text",
    [
        "import hologram.language as L\n@L.kernel\ndef k(o: L.DeviceArray[L.f32]):\n"
        "    o[L.get_global_id()] = L.sqrt(4.0)\n",
        "from hologram import language as hl\n@hl.kernel\ndef k(o: hl.DeviceArray[hl.f32]):\n"
        "    o[hl.get_global_id()] = 2.0\n",
        "from hologram.language import kernel as run, DeviceArray as D, f32 as real, get_global_id as me\n"
        "@run\ndef k(o: D[real]):\n    o[me()] = 2.0\n",
        "from atlas_kernel import *\ndef k(o: DeviceArray[f32]):\n    o[get_global_id()] = 2.0\n",
        "from atlas_kernel import DeviceArray, f32, get_global_id, sqrtf\n"
        "def k(o: DeviceArray[f32]):\n    o[get_global_id()] = sqrtf(4.0)\n",
    ],
)
def test_the_language_by_any_name(text: str) -> None:
    assert ran(text, np.zeros(2, np.float32)).tolist() == [2.0, 2.0]


def test_defaults_of_every_kind() -> None:
    text = (
        f"{IMPORTS}HALF = 1 / 2\n@kernel\ndef k(o: DeviceArray[f32], s: f32 = 2.5, n: u32 = 2, b: bool = True, "
        "h: f16 = HALF):\n    i = get_global_id()\n    if i < n and b:\n        o[i] = s + h\n"
    )
    program = compile_source(text, "accepted.py")[0].program
    o = np.zeros(3, np.float32)
    Program.of(program)(o)
    assert o.tolist() == [3.0, 3.0, 0.0]


@pytest.mark.parametrize("op", ["|=", "&=", "^=", "<<=", ">>=", "%=", "//=", "+=", "-=", "*=", "**="])
def test_every_augmented_assignment(op: str) -> None:
    text = (
        f"{IMPORTS}@kernel\ndef k(o: DeviceArray[i32]):\n    i = get_global_id()\n    x = 13\n    x {op} 3\n"
        f"    o[i] {op} 3\n    o[i] += 1000 * x\n"
    )
    names: dict[str, int] = {"x": 13, "y": 5}
    exec(f"x {op} 3\ny {op} 3", names)
    assert ran(text, np.full(2, 5, np.int32)).tolist() == [names["y"] + 1000 * names["x"]] * 2


def test_integers_compare_by_value() -> None:
    text = (
        f"{IMPORTS}@kernel\ndef k(a: u64, b: i64, o: DeviceArray[i32]):\n"
        "    o[get_global_id()] = i32(a > b) + 10 * i32(b < a) + 100 * i32(a == b) + 1000 * i32(a != b)\n"
    )
    assert ran(text, 2**64 - 1, -1, np.zeros(1, np.int32)).tolist() == [1011]
