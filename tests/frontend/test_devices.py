"""Device functions: what they compute, where their errors point, and how other files are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DivisionByZeroError, KernelSyntaxError, KernelTypeError, SourceError
from hologram.frontend import compile_source, compile_tree, schema
from hologram.frontend.compiler import Unit

HEAD = "from hologram.language import *\n"
BACKENDS = [InterpreterBackend(), CpuBackend()]
N = 70
X = np.linspace(-2, 2, N).astype(np.float32)


def launch(unit: Unit, backend: Any, *arguments: Any, lanes: int = N) -> None:
    backend.compile(unit.program).launch(list(arguments), Domain((lanes, 1, 1), (1, 1, 1), (lanes, 1, 1)))


def mapped(devices: str, expression: str, kind: str = "f32", file: str = "k.py") -> np.ndarray[Any, Any]:
    """`y[i] = expression` for all x, the same from both backends and from the tree that went through JSON."""
    text = (
        f"{HEAD}{devices}\n@kernel\n"
        f"def k(x: DeviceArray[f32], y: DeviceArray[{kind}]):\n    i = get_global_id()\n    y[i] = {expression}\n"
    )
    (unit,) = compile_source(text, file)
    (tree,) = schema.loads(schema.dumps([unit.tree]))
    again = compile_tree(tree, file)
    assert again.program == unit.program
    if schema.version_of(unit.tree) == "1.1":
        assert tree == unit.tree
        assert again.program.debug == unit.program.debug
    results = []
    for backend in BACKENDS:
        y = np.zeros(N, kind.replace("f", "float").replace("i", "int"))
        launch(unit, backend, X, y)
        results.append(y)
    np.testing.assert_array_equal(*results)
    return results[0]


CLAMP = """
@device
def clamp(x: f32, lo: f32 = 0.0, hi: f32 = 1.0) -> f32:
    if x < lo:
        return lo
    elif x > hi:
        return hi
    return x
"""


def test_early_returns_defaults_and_keywords() -> None:
    np.testing.assert_array_equal(mapped(CLAMP, "clamp(x[i]) - clamp(x[i], hi=1.5)"), X.clip(0, 1) - X.clip(0, 1.5))


def test_functions_call_functions_and_have_their_own_variables() -> None:
    devices = """
@device
def square(v: f32):
    i = v
    i *= v
    return i
@device
def quartic(v: f32):
    return square(square(v))
"""
    np.testing.assert_array_equal(
        mapped(devices, "quartic(x[i]) + f32(i)"), (X * X) * (X * X) + np.arange(N, dtype=np.float32)
    )


def test_a_return_inside_a_loop_leaves_the_function_only() -> None:
    devices = """
@device
def first_above(a: DeviceArray[f32], limit: f32) -> i32:
    for j in range(a.shape[0]):
        for k in range(2):
            if a[j] > limit:
                return i32(j)
    return -1
"""
    expected = [next((j for j in range(N) if X[j] > v), -1) for v in X]
    np.testing.assert_array_equal(mapped(devices, "first_above(x, x[i])", "i32"), expected)


def test_a_call_in_a_condition_runs_only_when_reached_and_every_time() -> None:
    text = f"""{HEAD}
@device
def bump(count: DeviceArray[i32], i: i64) -> bool:
    count[i] += 1
    return count[i] < 5
@kernel
def k(count: DeviceArray[i32], out: DeviceArray[i32]):
    i = get_global_id()
    while bump(count, i):
        pass
    if i > 3 and bump(count, i):
        out[i] = 1
    out[i] += 1 if i > 5 and not bump(count, i) else 0
    out[i] += 10 if (bump(count, i) if i > 6 else True) else 20
"""
    (unit,) = compile_source(text, "k.py")
    for backend in BACKENDS:
        count, out = np.zeros(10, np.int32), np.zeros(10, np.int32)
        launch(unit, backend, count, out, lanes=10)
        np.testing.assert_array_equal(count, [5, 5, 5, 5, 6, 6, 7, 8, 8, 8])
        np.testing.assert_array_equal(out, [10, 10, 10, 10, 10, 10, 11, 21, 21, 21])


def test_a_function_without_a_value_is_a_statement() -> None:
    text = f"""{HEAD}
@device
def put(out: DeviceArray[f32], i: i64, v: f32) -> None:
    if v < 0:
        return
    out[i] = v
@kernel
def k(x: DeviceArray[f32], y: DeviceArray[f32]):
    i = get_global_id()
    put(y, i, x[i])
"""
    (unit,) = compile_source(text, "k.py")
    for backend in BACKENDS:
        y = np.full(N, 9, np.float32)
        launch(unit, backend, X, y)
        np.testing.assert_array_equal(y, np.where(X < 0, 9, X))


def test_result_types_are_the_join_of_the_returns_or_the_annotation() -> None:
    devices = "@device\ndef f(v: f32):\n    if v > 0:\n        return 1\n    return v\n"
    np.testing.assert_array_equal(mapped(devices, "f(x[i])"), np.where(X > 0, 1, X).astype(np.float32))
    devices = "@device\ndef f(v: i64) -> f64:\n    return v / 2\n"
    np.testing.assert_array_equal(mapped(devices, "f(i)", "f64"), np.arange(N) / 2)


def test_many_calls_fit_the_registers() -> None:
    calls = " + ".join(f"clamp(x[i] * {k})" for k in range(60))
    assert mapped(CLAMP, calls).shape == (N,)


def test_a_guard_may_be_a_device_function() -> None:
    text = f"""{HEAD}
@device
def inside(i: i64, n: u32) -> bool:
    return i < n
@kernel
def k(y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if inside(i, n):
        y[i] = 1.0
"""
    (unit,) = compile_source(text, "k.py")
    assert [str(s.index) for p in unit.program.extent for s in p.slots()] == ["1"]


def test_faults_inside_a_device_function_name_its_line() -> None:
    text = f"""{HEAD}
@device
def ratio(a: i32, b: i32) -> i32:
    return a // b
@kernel
def k(x: DeviceArray[i32]):
    i = get_global_id()
    x[i] = ratio(7, x[i])
"""
    (unit,) = compile_source(text, "k.py")
    for backend in BACKENDS:
        with pytest.raises(DivisionByZeroError) as caught:
            launch(unit, backend, np.zeros(4, np.int32), lanes=4)
        assert caught.value.location is not None
        assert caught.value.location.line == 5


ERRORS: list[tuple[str, str, str, tuple[int, int], type[SourceError]]] = [
    ("", "f(x[i])", "no function of the kernel language", (6, 12), KernelSyntaxError),
    ("@device\ndef f(v: f32):\n    return f(v)", "f(x[i])", "recursion: f calls f", (4, 12), KernelSyntaxError),
    ("@device\ndef f(v: f32):\n    return v", "f(x[i], 2)", "f takes 1 argument(s), got 2", (8, 12), KernelTypeError),
    ("@device\ndef f(v: f32):\n    return v", "f()", "f needs its argument 'v'", (8, 12), KernelTypeError),
    ("@device\ndef f(v: f32):\n    return v", "f(u=1)", "f has no parameter 'u'", (8, 14), KernelTypeError),
    ("@device\ndef f(v: f32):\n    return v", "f(f64(x[i]))", "f64 does not become f32", (8, 14), KernelTypeError),
    ("@device\ndef f(v: i32):\n    return v", "f(x[i])", "f32 does not become i32", (8, 14), KernelTypeError),
    ("@device\ndef f(v: f32):\n    w = v", "f(x[i])", "gives no value", (8, 12), KernelTypeError),
    ("@device\ndef f(v: f32):\n    if v > 0:\n        return v", "f(x[i])", "every path", (3, 1), KernelTypeError),
    ("@device\ndef f(v: f32):\n    return w", "f(x[i])", "'w' is not defined", (4, 12), KernelSyntaxError),
    ("@device\ndef f(v):\n    return v", "f(x[i])", "has no type", (3, 7), KernelSyntaxError),
    ("@device\ndef f(v: f32, *a):\n    return v", "f(x[i])", "device function cannot take", (3, 16), KernelSyntaxError),
    ("@device\ndef f(v: f32) -> i32:\n    return v", "f(x[i])", "f32 does not become i32", (4, 12), KernelTypeError),
    ("@device\ndef f(a: DeviceArray[f64]):\n    return 1", "f(x)", "takes DeviceArray[f64]", (8, 14), KernelTypeError),
    ("@device\ndef f(a: DeviceArray[f32]):\n    return 1", "f(i)", "takes an array for 'a'", (8, 14), KernelTypeError),
    ("@device\ndef f(v: f32):\n    break\n    return v", "f(x[i])", "'break' outside", (4, 5), KernelSyntaxError),
    (
        "@device\ndef f(v: f32):\n    return v",
        "1 if 0 < f(1) < 2 else 0",
        "would run twice",
        (8, 21),
        KernelSyntaxError,
    ),
    ("def f(v: f32):\n    return v", "f(x[i])", "no function of the kernel language", (7, 12), KernelSyntaxError),
    ("@device\ndef f(v: f32):\n    return v", "f", "'f' is not defined", (8, 12), KernelSyntaxError),
    ("@device\ndef f(v: f32):\n    x: i32 = v\n    return x", "f(1)", "f32 does not", (4, 14), KernelTypeError),
]


@pytest.mark.parametrize(("devices", "expression", "message", "place", "kind"), ERRORS)
def test_errors_point_at_the_place(
    devices: str, expression: str, message: str, place: tuple[int, int], kind: type[SourceError]
) -> None:
    with pytest.raises(kind) as caught:
        mapped(devices, expression)
    assert message in caught.value.message
    assert (caught.value.location.line, caught.value.location.column) == place


def test_growth_and_depth_are_bounded() -> None:
    doubling = (
        "".join(f"@device\ndef f{k}(v: f32):\n    return f{k + 1}(v) + f{k + 1}(v)\n" for k in range(30))
        + "@device\ndef f30(v: f32):\n    return v\n"
    )
    with pytest.raises(KernelSyntaxError, match="make too much code"):
        mapped(doubling, "f0(x[i])")
    chain = "".join(f"@device\ndef g{k}(v: f32):\n    return g{k + 1}(v)\n" for k in range(60))
    with pytest.raises(KernelSyntaxError, match="more than 32 deep"):
        mapped(chain + "@device\ndef g60(v: f32):\n    return v\n", "g0(x[i])")
    guards = "".join(f"    if v > {k}:\n        return {k}\n" for k in range(100))
    assert mapped(f"@device\ndef f(v: f32):\n{guards}    return v\n", "f(x[i])").shape == (N,)


# Other files


def test_imported_functions_and_constants(tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_text(
        HEAD + "from numbers_ import SCALE, offset\n@device\ndef area(r: f32):\n    return offset(r * SCALE)\n"
    )
    (tmp_path / "numbers_.py").write_text(
        HEAD + "SCALE = 3 * 2\nraise SystemExit\n@device\ndef offset(v: f32):\n    return v + 1\n"
    )
    y = mapped("from shapes import area as a\nfrom numbers_ import SCALE\n", "a(x[i]) + SCALE", file=f"{tmp_path}/k.py")
    np.testing.assert_array_equal(y, (X * 6 + 1) + 6)


@pytest.mark.parametrize(
    "devices",
    ["import shapes", "import shapes as shapes", "import pack.shapes as shapes", "from pack import shapes"],
)
def test_imported_modules(tmp_path: Path, devices: str) -> None:
    text = HEAD + "from hologram.language import *\nSCALE = 3\n@device\ndef area(r: f32):\n    return r * SCALE\n"
    (tmp_path / "pack").mkdir()
    for path in (tmp_path / "shapes.py", tmp_path / "pack" / "shapes.py"):
        path.write_text(text)
    y = mapped(
        f"{devices}\nTWICE = 2 * shapes.SCALE\n", "shapes.area(x[i]) + shapes.SCALE - TWICE", file=f"{tmp_path}/k.py"
    )
    np.testing.assert_array_equal(y, X * 3 + 3 - 6)


def test_a_module_by_its_whole_name_and_relative(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "far.py").write_text("FAR = 5\n")
    assert mapped("import pack.far\n", "x[i] * 0 + pack.far.FAR", file=f"{tmp_path}/k.py")[0] == 5
    assert mapped("from . import far\n", "x[i] * 0 + far.FAR", file=f"{tmp_path}/pack/k.py")[0] == 5


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("shapes.plain(x[i])", "'plain' of 'shapes' is not decorated with @device"),
        ("shapes.nothing(x[i])", "'shapes' defines no device function and no numeric constant 'nothing'"),
        ("shapes.nothing", "'shapes' defines no device function and no numeric constant 'nothing'"),
        ("shapes.area", "'area' is a function, not a value"),
        ("shapes.LOOP", "'LOOP' comes from 'circle' and is not known here"),
    ],
)
def test_what_a_module_does_not_have(tmp_path: Path, expression: str, message: str) -> None:
    text = (
        HEAD
        + "from circle import C as LOOP\n@device\ndef area(r: f32):\n    return r\ndef plain(v: f32):\n    return v\n"
    )
    (tmp_path / "shapes.py").write_text(text)
    (tmp_path / "circle.py").write_text("from shapes import LOOP as C\n")
    with pytest.raises(KernelSyntaxError) as caught:
        mapped("import shapes\n", expression, file=f"{tmp_path}/k.py")
    assert message in caught.value.message
    assert (caught.value.location.line, caught.value.location.column) == (7, 12)


def test_files_are_never_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    (tmp_path / "loud.py").write_text(
        f"{HEAD}open({str(mark)!r}, 'w').write('x')\nassert False\nC = 2\n@device\ndef f(v: f32):\n    return v * C\n"
    )
    mapped("from loud import f\n", "f(x[i])", file=f"{tmp_path}/k.py")
    assert not mark.exists()


def test_errors_and_debug_places_name_the_other_file(tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(HEAD + "@device\ndef f(v: f32):\n    return v + flaw\n")
    with pytest.raises(KernelSyntaxError, match="'flaw' is not defined") as caught:
        mapped("from other import f\n", "f(x[i])", file=f"{tmp_path}/k.py")
    assert (caught.value.location.file, caught.value.location.line) == (str(other), 4)
    other.write_text(HEAD + "@device\ndef f(v: f32) -> i32:\n    return v\n")
    with pytest.raises(KernelTypeError) as typed:
        mapped("from other import f\n", "f(x[i])", file=f"{tmp_path}/k.py")
    assert (typed.value.location.file, typed.value.location.line, typed.value.source_line) == (
        str(other), 4, "    return v"
    )  # fmt: skip
    other.write_text(HEAD + "@device\ndef f(v: f32):\n    return v +\n")
    with pytest.raises(KernelSyntaxError, match="not valid Python") as syntax:
        mapped("from other import f\n", "f(x[i])", file=f"{tmp_path}/k.py")
    assert syntax.value.location.file == str(other)


def test_files_may_import_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HEAD + "from b import g\nA = 2\n@device\ndef f(v: f32):\n    return g(v)\n")
    (tmp_path / "b.py").write_text(HEAD + "from a import A, f\n@device\ndef g(v: f32):\n    return v * A\n")
    np.testing.assert_array_equal(mapped("from a import f\n", "f(x[i])", file=f"{tmp_path}/k.py"), X * 2)
    (tmp_path / "b.py").write_text(HEAD + "from a import f\n@device\ndef g(v: f32):\n    return f(v)\n")
    with pytest.raises(KernelSyntaxError, match="recursion: f calls g calls f"):
        mapped("from a import f\n", "f(x[i])", file=f"{tmp_path}/k.py")
    (tmp_path / "a.py").write_text("from b import C\n")
    (tmp_path / "b.py").write_text("from a import C\n")
    with pytest.raises(KernelSyntaxError, match="is not known here"):
        mapped("from a import C\n", "x[i] * C", file=f"{tmp_path}/k.py")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("from nowhere import f", "it comes from 'nowhere', and there is no kernel file"),
        ("from numpy import f", "it comes from 'numpy', and there is no"),
        ("from other import f", "'other' defines no device function and no numeric constant 'f'"),
        ("from other import plain as f", "'plain' of 'other' is not decorated with @device"),
        ("from ....... import f", "there is no kernel file"),
        ("from binary import f", "cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_refused_where_it_is_used(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "other.py").write_text(HEAD + "def plain(v: f32):\n    return v\n")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    mapped(line + "\n", "x[i]", file=f"{tmp_path}/k.py")  # not used: no error
    with pytest.raises(KernelSyntaxError) as caught:
        mapped(line + "\n", "f(x[i])", file=f"{tmp_path}/k.py")
    assert message in caught.value.message
    assert (caught.value.location.line, caught.value.location.column) == (7, 12)


def test_packages_and_relative_imports(tmp_path: Path) -> None:
    inner = tmp_path / "pack" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").write_text("")
    (inner / "near.py").write_text(HEAD + "@device\ndef near(v: f32):\n    return v + 1\n")
    (inner.parent / "far.py").write_text(HEAD + "FAR = 5\n")
    devices = "from .near import near\nfrom ..far import FAR\nfrom pack.far import FAR as SAME\n"
    np.testing.assert_array_equal(mapped(devices, "near(x[i]) * FAR - SAME", file=f"{inner}/k.py"), (X + 1) * 5 - 5)
