"""The tree stays readable: sizes, names, documentation, no leftovers, nothing about the machine it was written on."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
FILE_LINES = 450
FUNCTION_LINES = 70
FORBIDDEN_NAMES = re.compile(r"^(utils?|helpers?|commons?|misc|managers?|new_.*|.*_v2)$")
PUBLISHED = {"src/hologram_torch/utils.py"}
"""Modules whose names users know from the original interface."""
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|not implemented yet|placeholder")
MACHINE = re.compile(r"/(?:wo" r"rk|ro" r"ot)/\w|index-u[r]l|https?://(?:\d{1,3}\.){3}\d{1,3}")
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".cfg", ".ini", ".sh", ""}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_file_is_short_named_and_documented(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= FILE_LINES
    assert not FORBIDDEN_NAMES.match(path.stem) or relative(path) in PUBLISHED
    assert ast.get_docstring(ast.parse(text)), "a module starts with a sentence that says what it is"
    found = LEFTOVERS.search(text)
    assert not found, f"{found}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_functions_fit_a_screen(path: Path) -> None:
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions(parsed(path)) if f.end_lineno is not None}
    assert not {name: lines for name, lines in long.items() if lines > FUNCTION_LINES}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_public_functions_and_classes_are_documented(path: Path) -> None:
    bare = [
        node.name
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not any(isinstance(d, ast.Name) and d.id == "overload" for d in node.decorator_list)
    ]
    assert not bare, f"without a docstring: {', '.join(bare)}"


def test_modules_have_their_tests_under_the_same_path() -> None:
    source_folders = {p.parent.relative_to(ROOT / "src/hologram") for p in SOURCES if "/hologram/" in p.as_posix()}
    source_folders.add(Path("ffi"))  # src/hologram_ffi
    package = ROOT / "src/hologram_torch"
    source_folders |= {"torch" / p.parent.relative_to(package) for p in SOURCES if package in p.parents}
    for path in (ROOT / "tests").rglob("test_*.py"):
        folder = path.parent.relative_to(ROOT / "tests")
        if folder.parts[:1] in (
            ("house",),
            ("examples",),
            ("filetests",),
            ("hostile",),
            ("properties",),
            ("differential",),
        ):
            continue
        assert folder in source_folders, f"{relative(path)} mirrors no folder of src"


def test_nothing_names_a_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix not in TEXT or not path.is_file():
            continue
        found = MACHINE.search(path.read_text("utf-8"))
        assert not found, f"{name}: {found}"
