"""The manual is true: its examples run and print what it shows, its generated pages are current."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.house.doc_blocks import matches, run_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUNNABLE = (
    "index.md",
    "install.md",
    "ffi.md",
    "first-kernel.md",
    "cli.md",
    "errors.md",
    "kernel-language.md",
    "debugging.md",
    "builder.md",
    "checked.md",
    "circuits.md",
    "graphs.md",
    "tracing.md",
    "from-numpy.md",
    "operations.md",
    "tensors.md",
    "moving-elements.md",
    "random.md",
    "losses.md",
    "threads.md",
    "pytorch.md",
    "torch-compile.md",
    "pytorch-functions.md",
)


@pytest.mark.parametrize("page", [*(DOCS / name for name in RUNNABLE), ROOT / "README.md"], ids=lambda page: page.name)
def test_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert run_page(page, tmp_path) > 0
    finally:
        for name in set(sys.modules) - loaded:
            if (tmp_path / f"{name}.py").exists():
                del sys.modules[name]


def test_the_matcher_tells_outputs_apart() -> None:
    assert matches("a …\n…\nend\n", "a 12 ms\nx\ny\nend\n")
    assert not matches("a …\nend\n", "a 12 ms\nx\nend\n")
    assert not matches("a\n", "b\n")


def test_isa_manual_is_current() -> None:
    from hologram.isa.manual import manual

    assert (DOCS / "isa.md").read_text("utf-8") == manual(), "docs/isa.md is out of date: run make pages"


def test_every_page_is_in_the_navigation() -> None:
    configuration = (ROOT / "mkdocs.yml").read_text("utf-8")
    for page in DOCS.rglob("*.md"):
        assert f": {page.relative_to(DOCS).as_posix()}\n" in configuration, f"{page.name} is not in mkdocs.yml"


def test_readme_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    mentioned = set(re.findall(r"\bmake ([a-z]+)", (ROOT / "README.md").read_text("utf-8")))
    assert mentioned
    assert mentioned <= targets, f"README names make targets that do not exist: {mentioned - targets}"


def test_manual_names_only_commands_that_exist() -> None:
    from hologram.cli.app import app

    commands = {command.name for command in app.registered_commands}
    for page in (ROOT / "README.md", *DOCS.glob("*.md")):
        used = set(re.findall(r"\bhologram (\w+) (?:FILE|[\w./-]+\.(?:py|atlas|json|atlasm))", page.read_text("utf-8")))
        assert used <= commands, f"{page.name}: {used - commands}"
