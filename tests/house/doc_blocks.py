"""The manual as a script: the fenced blocks of a page, and how each kind is run.

| block | what is done with it |
|---|---|
| ```` ```python title="NAME" ```` | written to the file NAME |
| ```` ```diff title="NAME" ```` | applied to the file NAME: its lines but the `+` ones are there once, in this order |
| ```` ```python ```` | run, in one namespace a page |
| ```` ```output ```` | what the block before it must have printed |
| ```` ```console ```` | each `$ command` is run; its output must match the lines below, where `…` stands for anything |

A console command may end in `< FILE`, its standard input, which is empty otherwise. `[exit N]` after it is its expected
exit status (0 where it is missing). Commands use the
modules under `src` where the directory has them.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_EXIT = re.compile(r"\[exit (\d+)\]\n?")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the file it names, its text and its line in the page."""

    language: str
    title: str | None
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text in order."""
    for match in _FENCE.finditer(page):
        yield Block(match[1], match[2], match[3], page.count("\n", 0, match.start()) + 1)


def run_page(page: Path, directory: Path) -> int:
    """Run every block of a page in a directory; gives how many were run. Raises AssertionError naming page and line."""
    names: dict[str, object] = {"__name__": "page"}
    printed = ""
    count = 0
    for block in blocks(page.read_text("utf-8")):
        where = f"{page.name}:{block.line}"
        if block.language == "python" and block.title:
            path = directory / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.language == "diff":
            assert block.title, f"{where}: a diff needs the file it changes as title"
            _apply(block, directory / block.title, where)
        elif block.language == "python":
            printed = _run_python(block, directory, names)
        elif block.language == "output":
            assert printed == block.text, f"{where}: the page shows\n{block.text}\nand this was printed\n{printed}"
        elif block.language == "console":
            _run_console(block, directory, where)
        else:
            continue
        count += 1
    return count


def _run_python(block: Block, directory: Path, names: dict[str, object]) -> str:
    # A real file, so that kernels defined in a block have a source to be parsed.
    path = directory / f"_block_{block.line}.py"
    path.write_text(block.text, "utf-8")
    output = io.StringIO()
    with contextlib.chdir(directory), contextlib.redirect_stdout(output):
        exec(compile(block.text, str(path), "exec"), names)
    return output.getvalue()


def _apply(block: Block, path: Path, where: str) -> None:
    text = path.read_text("utf-8")
    for hunk in re.split(r"^@@.*\n", block.text, flags=re.MULTILINE):
        lines = [(line[:1] or " ", line[1:]) for line in hunk.splitlines()]
        before = "".join(f"{line}\n" for mark, line in lines if mark in " -")
        after = "".join(f"{line}\n" for mark, line in lines if mark in " +")
        assert before and text.count(before) == 1, f"{where}: not once in {path.name}:\n{before}"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")


def _run_console(block: Block, directory: Path, where: str) -> None:
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        status = _EXIT.search(expected)
        wanted = _EXIT.sub("", expected)
        done = run_command(command, directory)
        assert done.returncode == (int(status[1]) if status else 0), f"{where}: {command}: {done.stdout}{done.stderr}"
        said = done.stdout + done.stderr
        assert matches(wanted, said), f"{where}: $ {command} printed\n{said}\nthe page shows\n{wanted}"


def run_command(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the project's commands as a user would, in this interpreter's environment and with its modules."""
    words, given = shlex.split(command), ""
    if "<" in words:
        given = (directory / words[-1]).read_text("utf-8")
        words = words[: words.index("<")]
    modules = {"hologram": "hologram.cli", "atlas-compile": "hologram.cli.atlas_compile", "pytest": "pytest"}
    entry = (
        [] if words[0] == "python" else ["-c", f"import sys; from {modules[words[0]]} import main; sys.exit(main())"]
    )
    arguments = [sys.executable, *entry, *words[1:]]
    found = os.pathsep.join(os.path.abspath(place) for place in [*directory.glob("src"), *sys.path] if place)
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": found, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        arguments, cwd=directory, env=environment, input=given, capture_output=True, text=True, check=False
    )


def matches(wanted: str, said: str) -> bool:
    """True when `said` is `wanted`, where a line `…` stands for any lines and `…` in a line for any text."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + "\n"
        for line in wanted.splitlines()
    )
    return re.fullmatch(pattern, re.sub(r"[ \t]+\n", "\n", said)) is not None
