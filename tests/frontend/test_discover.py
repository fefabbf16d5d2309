"""Which functions of a file are kernels, which names they see, and that nothing is ever executed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hologram.errors import KernelNotFoundError, SourceError
from hologram.frontend import compile_function, compile_source
from tests.frontend.launching import launch


def kernels(text: str) -> list[str]:
    return [u.name for u in compile_source(text, "k.py")]


def value(text: str, dtype: type = np.float64) -> float:
    """What the kernel `k(o)` of a text stores."""
    out = np.zeros(1, dtype)
    (unit,) = compile_source(text, "k.py")
    launch(unit.program, [out])
    return float(out[0])


def test_files_of_old() -> None:
    text = """
from atlas_kernel import DeviceArray, f32, u32, get_global_id, atomic_min, expf
import os

def scale(x: DeviceArray[f32], n: u32):
    idx = get_global_id()
    if idx < n:
        x[idx] = expf(cosf(x[idx]))

def helper(x: float) -> float:
    return x

def untyped(x, n):
    return open("/nonexistent")

class Thing:
    def scale(self, x: DeviceArray[f32]): ...

def also(idx: int, out: DeviceArray[int]):
    out[0] = idx
"""
    assert kernels(text) == ["scale", "also"]


def test_without_a_language_import_only_decorated_functions_are_kernels() -> None:
    text = "@kernel\ndef a(x: DeviceArray[f32]): pass\ndef b(x: DeviceArray[f32]): pass\n"
    assert kernels(text) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        "import hologram.language as hl\n@hl.kernel\ndef k(a: hl.DeviceArray[hl.f32]): a[hl.lane_id()] = hl.f32(1)\n",
        "import hologram.language\n@hologram.language.kernel\n"
        "def k(a: hologram.language.DeviceArray[hologram.language.f32]): pass\n",
        "from hologram import language as L\n@L.kernel(block=64)\ndef k(a: L.DeviceArray[L.f64]): a[0] = L.sqrt(2)\n",
        "from hologram.language import f32 as r, DeviceArray as A, kernel as knl\n@knl\ndef k(a: A[r]): a[0] = r(2)\n",
        "from atlas_kernel import *\n@atlas_kernel\ndef k(a: DeviceArray[f32]): a[0] = 1\n",
    ],
)  # fmt: skip
def test_names_of_the_language_by_any_import(text: str) -> None:
    assert kernels(text) == ["k"]


def test_a_foreign_name_is_not_the_languages() -> None:
    text = "from elsewhere import f32\n@kernel\ndef k(a: f32): pass\n"
    with pytest.raises(SourceError, match="'f32' is no type"):
        compile_source(text, "k.py")


HEAD = "from math import pi, tau as circle\nimport math as m\n"
KERNEL = "\n@kernel\ndef k(o: DeviceArray[f64]): o[0] = {}\n"


@pytest.mark.parametrize(
    ("constants", "expression", "want"),
    [
        ("A = 3", "A", 3.0),
        ("A = 3\nB = (A + 1) * 2 ** 3 // 5 - 7 % 4", "B", 3.0),
        ("A = -m.sqrt(2) * pi", "A", -(2**0.5) * np.pi),
        ("A: int = 0xff & ~3 | 1 << 4 ^ 2", "A", float(0xFF & ~3 | 1 << 4 ^ 2)),
        ("A = 1 / 3", "A", 1 / 3),
        ("A = 1e308 * 10", "A", np.inf),
        ("A = -m.inf", "A", -np.inf),
        ("A = True", "1.0 if A else 2.0", 1.0),
        ("", "circle", 2 * np.pi),
        ("", "m.e", np.e),
        ("A = 5\nA_used = A", "f64(A_used)", 5.0),
    ],
)
def test_constants_of_the_module(constants: str, expression: str, want: float) -> None:
    assert value(HEAD + constants + KERNEL.format(expression)) == want


@pytest.mark.parametrize(
    "constants",
    ["A = 1\nA = 2", "A = 1\nA += 1", "for A in range(3): pass", "A = f()", "A = [1]", "A = 9 ** 9 ** 9", "A = 1 / 0",
     "A = 'x'", "A = m.sqrt(-1)", "A = 1 << 99", "import x as A", "def f():\n    global A\n    A = 2\nA = 1",
     "if (A := 3): pass", "A, B = 1, 2", "A = B = 3\nB = 4"],
)  # fmt: skip
def test_what_is_no_constant_is_not_guessed(constants: str) -> None:
    with pytest.raises(SourceError, match=r"not defined|not known here"):
        compile_source(HEAD + constants + KERNEL.format("f64(A)"), "k.py")


def test_locals_shadow_constants_and_functions() -> None:
    assert value("A = 3\n@kernel\ndef k(o: DeviceArray[f64]):\n    A = 4.0\n    exp = A + 1\n    o[0] = exp\n") == 5.0


def test_numbers_a_live_function_closes_over() -> None:
    text = "def k(o: DeviceArray[f64]):\n    o[0] = SCALE * 2 + LIMIT\n"
    unit = compile_function(text, "k.py", "k", constants={"SCALE": 2.5, "LIMIT": 7})
    out = np.zeros(1)
    launch(unit.program, [out])
    assert out[0] == 12.0


def test_a_function_inside_a_class_or_function_keeps_its_places() -> None:
    text = "    @kernel\n    def k(o: DeviceArray[f64]):\n        o[0] = oops\n"
    with pytest.raises(SourceError) as caught:
        compile_function(text, "k.py", "k", first_line=40)
    assert (caught.value.location.line, caught.value.location.column) == (42, 16)
    assert caught.value.source_line == "        o[0] = oops"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(KernelNotFoundError, match=r"'c' at its top level .it has: a, b."):
        compile_function("def a(): pass\ndef b(): pass\n", "k.py", "c")


def test_line_ends_and_byte_order_marks() -> None:
    text = "\ufefffrom hologram.language import *\r\n@kernel\r\ndef k(o: DeviceArray[f64]):\r\n    o[0] = 1\r\n"
    assert kernels(text) == kernels(text.replace("\r\n", "\r")) == ["k"]


def test_never_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    text = f"""
from hologram.language import *
open({str(mark)!r}, "w").write("top level")
A = [open({str(mark)!r}, "w")][0]

def wrap(f):
    open({str(mark)!r}, "w")
    return f

class Meta(type):
    def __new__(cls, *args):
        open({str(mark)!r}, "w")

@kernel
def k(o: DeviceArray[f64], n: i32 = 3):
    o[0] = 1.0

raise SystemExit(3)
"""
    assert kernels(text) == ["k"]
    assert not mark.exists()


def test_timings_of_every_stage() -> None:
    (unit,) = compile_source("@kernel\ndef k(o: DeviceArray[f64]): o[0] = 1\n", "k.py")
    assert set(unit.timings) == {"parse", "check", "lower", "verify"}
    assert all(0 < seconds < 5 for seconds in unit.timings.values())
