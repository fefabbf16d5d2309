"""Every refusal points at what is wrong, and every refusal in the source of the front end is among the tested ones."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hologram.frontend
from hologram.errors import (
    HologramError,
    KernelNotFoundError,
    KernelSyntaxError,
    KernelTypeError,
    SchemaError,
    SourceError,
)
from hologram.frontend import compile_function, compile_source, compile_tree, schema, tree
from hologram.frontend.constants import NotConstant
from hologram.frontend.names import NotImported
from tests.frontend import test_devices, test_refusals, test_schema
from tests.frontend.refusals import FILES, LINES, PARAMETERS

IMPORTS = "from hologram.language import *\nimport math\n"
KERNEL = f"{IMPORTS}@kernel\ndef k({PARAMETERS}):\n    "
TEXTS = [(f"{KERNEL}{line}\n", message) for line, message in LINES]
TEXTS += [(f"{IMPORTS}{text}", message) for text, message in FILES]


@pytest.mark.parametrize(("marked", "message"), TEXTS, ids=[m for _, m in TEXTS])
def test_the_caret_is_under_what_is_wrong(marked: str, message: str) -> None:
    before, _, rest = marked.partition("«")
    inside = rest.partition("»")[0]
    with pytest.raises(SourceError) as caught:
        compile_source(marked.replace("«", "").replace("»", ""), "k.py")
    error = caught.value
    assert message in error.message
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert (error.location.line, error.location.column) == (line, column)
    where, shown, caret = str(error).split("\n")[:3]
    assert where.startswith(f"k.py:{line}:{column}: error: ")
    assert shown[caret.index("^") :][: caret.count("^")] == inside.split("\n")[0]


def test_refusals_of_whole_texts() -> None:
    for text, line, message in [
        ("#" * 600_000, 1, "the text has 600000 bytes"),
        ("\n\nx" + ".a" * 2_000, 3, "a dotted name has more than 1000 parts"),
        (f"x = {'-' * 100_000}1", 1, "nested too deeply"),
        (f"{KERNEL}y = {'-' * 1_000}x\n", 5, "nested too deeply"),
        ("x = '\ud800'", 1, "not valid Python"),
        (f"{KERNEL}assert flag, '{'x' * 5_000}'\n", 5, "the message of an assert has at most 4096 characters"),
        (f"{KERNEL}print('{'x' * 5_000}')\n", 5, "print shows at most 4096 characters"),
    ]:
        with pytest.raises(KernelSyntaxError) as caught:
            compile_source(text, "k.py")
        assert message in caught.value.message
        assert caught.value.location.line == line


def test_refusals_of_what_grows_too_large() -> None:
    values = ", ".join(f"x * {k}.0" for k in range(300))
    wide = f"{KERNEL}{', '.join(f'y{k}' for k in range(300))} = {values}\n    a[0] = "
    with pytest.raises(KernelTypeError, match="registers") as registers:
        compile_source(f"{wide}{' + '.join(f'(y{k} - {k}.0)' for k in range(120))}\n", "k.py")
    assert registers.value.location.line >= 5
    names = tree_of = [f"v{k}" for k in range(400)]
    while len(tree_of) > 1:
        tree_of = [f"({left} + {right})" for left, right in pairwise([*tree_of, "0"])][::2]
    settling = [*(f"{left} = {right}" for left, right in pairwise(names)), "v399 = x"]
    lines = [f"{' = '.join(names)} = 0", "while flag:", f"    y = {tree_of[0]}", *(f"    {line}" for line in settling)]
    with pytest.raises(KernelTypeError, match="take too long to infer") as slow:
        compile_source(KERNEL + "\n    ".join(lines) + "\n", "k.py")
    assert slow.value.location.line == 4


def test_refusals_when_little_of_the_stack_is_left() -> None:
    def deeper(frames: int) -> None:
        if frames:
            deeper(frames - 1)
        else:
            compile_source(f"{KERNEL}y = {'-' * 100}x\n", "k.py")

    left = sys.getrecursionlimit() - len(_stack())
    with pytest.raises(KernelSyntaxError, match="nested too deeply for the stack that is left"):
        deeper(left - 120)


def test_refusals_of_functions_that_are_not_there() -> None:
    with pytest.raises(KernelNotFoundError, match=r"defines no function 'g' at its top level \(it has: f\)"):
        compile_function("def f(): pass\n", "k.py", "g")
    lost: Any = SimpleNamespace(text="x = 1\n", file="d.py", name="f", first_line=1, constants={}, devices={})
    text = f"{IMPORTS}def k(a: DeviceArray[f32]): a[0] = f(1.0)\n"
    with pytest.raises(KernelNotFoundError, match=r"d\.py defines no function 'f' at its top level"):
        compile_function(text, "k.py", "k", devices={"f": lost})


def test_refusals_of_names_from_other_files(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(
        f"{IMPORTS}from ring import C\n@device\ndef f(v: f32): return v\ndef g(): pass\n"
    )
    (tmp_path / "ring.py").write_text("from other import C\n")
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe")
    for name, used, message in [
        ("other", "f", "'f' is a function, not a value"),
        ("other", "g(1.0)", "'g' of 'other' is not decorated with @device"),
        ("other", "q", "'other' defines no device function and no numeric constant 'q'"),
        ("other", "C", "'C' comes from 'ring' and is not known here"),
        ("binary", "f", "cannot be read"),
        ("nowhere", "f", "there is no kernel file of that module"),
    ]:
        text = f"from {name} import {used.partition('(')[0]}\n{KERNEL}a[0] = {used}\n"
        with pytest.raises(KernelSyntaxError) as caught:
            compile_source(text, str(tmp_path / "k.py"))
        assert message in caught.value.message
        assert (caught.value.location.line, caught.value.location.column) == (6, 12)


ONE = tree.Literal(1, at=(7, 3, 4))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (tree.Inline("f", (), tree.Var("z"), at=(7, 3, 4)), "the type that 'f' gives cannot be told"),
        (tree.Call("f32", (ONE, ONE), at=(7, 3, 4)), "f32(…) converts one value"),
        (tree.Print("{", (), at=(7, 3, 4)), "this text cannot be printed"),
        (tree.Print("{} {}", (ONE,), at=(7, 3, 4)), "has places for 2 values, there are 1"),
        (tree.Shared("x", "f32", 4, at=(7, 3, 4)), "'x' has another meaning already"),
        (tree.Parameter("p", tree.Array(tree.Scalar("f32")), 1, at=(7, 3, 4)), "only scalar parameters"),
        (tree.UnaryOp("neg", ONE, at=(7, 3, 4)), "nested too deeply"),
    ],
)
def test_refusals_of_trees_name_the_place_they_carry(made: tree.Node, message: str) -> None:
    params: tuple[tree.Parameter, ...] = (tree.Parameter("x", tree.Array(tree.Scalar("f32"))),)
    if isinstance(made, tree.Parameter):
        params += (made,)
    if isinstance(made, tree.UnaryOp):
        for _ in range(200):
            made = tree.UnaryOp("neg", made, at=(7, 3, 4))
    body: tuple[Any, ...] = (made,) if isinstance(made, tree.Statement) else (tree.Let("y", made),)  # type: ignore[arg-type]
    with pytest.raises(SourceError) as caught:
        compile_tree(tree.Kernel("k", params, () if isinstance(made, tree.Parameter) else body), "x.json")
    assert message in caught.value.message
    assert str(caught.value).startswith("x.json:7:3: error: ")


def test_a_document_may_have_16_mebibytes() -> None:
    with pytest.raises(SchemaError, match="the document has 16777217 bytes; at most 16777216 are read"):
        schema.loads(b" " * (1 << 24) + b" ")


# Every refusal is tested

Replayed = tuple[Callable[..., None], ...]
TESTED: Replayed = (
    test_the_caret_is_under_what_is_wrong,
    test_refusals_of_whole_texts,
    test_refusals_of_what_grows_too_large,
    test_refusals_when_little_of_the_stack_is_left,
    test_refusals_of_functions_that_are_not_there,
    test_refusals_of_names_from_other_files,
    test_refusals_of_trees_name_the_place_they_carry,
    test_a_document_may_have_16_mebibytes,
    test_refusals.test_statement,
    test_refusals.test_signature,
    test_refusals.test_decorator,
    test_refusals.test_file,
    test_devices.test_errors_point_at_the_place,
    test_devices.test_what_a_module_does_not_have,
    test_devices.test_growth_and_depth_are_bounded,
    test_schema.test_documents_from_strangers,
    test_schema.test_the_same_checker_reads_json,
    test_schema.test_trees_made_by_hand_are_checked_too,
    test_schema.test_the_lowest_version_that_can_say_it,
    test_schema.test_nothing_to_write_is_an_error,
)
NEWER_PYTHON = {"cannot have type parameters"} if sys.version_info < (3, 12) else set()


def test_every_refusal_is_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: set[tuple[str, int]] = set()

    def note(error: Exception, *arguments: object) -> None:
        Exception.__init__(error, *arguments)
        reached.update(_stack())

    for kind in (HologramError, NotImported, NotConstant):
        monkeypatch.setattr(kind, "__init__", note)
    for test in TESTED:
        for number, arguments in enumerate(_parameters(test)):
            if "tmp_path" in test.__code__.co_varnames[: test.__code__.co_argcount]:
                arguments["tmp_path"] = tmp_path / f"{test.__name__}{number}"
                arguments["tmp_path"].mkdir()
            test(**arguments)
    missing = [
        f"{path.name}:{node.lineno}: {text}"
        for path, node, text in _refusals()
        if not any((str(path), line) in reached for line in range(node.lineno, (node.end_lineno or 0) + 1))
        and not any(part in text for part in NEWER_PYTHON)
    ]
    assert not missing, "no test reaches these:\n" + "\n".join(missing)


def _stack() -> list[tuple[str, int]]:
    found, frame = [], sys._getframe(1)
    while frame:
        found.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return found


def _parameters(test: Callable[..., None]) -> list[dict[str, Any]]:
    """The arguments that pytest would call a test with."""
    tables = []
    for mark in getattr(test, "pytestmark", ()):
        names, rows = mark.args[0], mark.args[1]
        tables.append([{names: row} if isinstance(names, str) else dict(zip(names, row, strict=True)) for row in rows])
    return [{k: v for row in rows for k, v in row.items()} for rows in product(*tables)]


def _refusals() -> list[tuple[Path, ast.expr | ast.stmt, str]]:
    """Every place of the front end that refuses something: file, syntax node, text."""
    found: list[tuple[Path, ast.expr | ast.stmt, str]] = []
    for path in sorted(Path(hologram.frontend.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))) if path.name != "source.py" else ():
            match node:
                case ast.Call(func=ast.Attribute(attr="syntax" | "type", value=owner)) if "source" in ast.unparse(
                    owner
                ):
                    found.append((path, node, ast.unparse(node)))
                case ast.Raise(exc=ast.Call()):
                    found.append((path, node, ast.unparse(node)))
    return found
