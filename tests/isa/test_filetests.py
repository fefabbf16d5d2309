"""Runs tests/filetests/isa: each file is a text, a command, and the lines it must print.

The first line names the command (`; command: verify`), the lines after `; expect:` are the output. Commands:
`verify` prints `ok` and the array behind every access, or the findings; `assemble` prints the error;
`print` prints the listing after a round trip.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hologram.errors import AssemblyError, VerificationError
from hologram.isa.binary import decode_one, encode
from hologram.isa.text import assemble, disassemble
from hologram.isa.verify import verify

FILES = sorted((Path(__file__).parents[1] / "filetests" / "isa").glob("*.atlasm"))
EXPECT = "; expect:"


def run_verify(text: str, file: str) -> str:
    """`ok` and the accesses, or the findings."""
    program = assemble(text, file)
    try:
        facts = verify(program)
    except VerificationError as error:
        return str(error)
    return "\n".join(["ok", *(f"{i}: {program.params[s].name}" for i, s in sorted(facts.slot_of.items()))])


def run_assemble(text: str, file: str) -> str:
    """The error of a text that does not assemble."""
    try:
        assemble(text, file)
    except AssemblyError as error:
        return str(error)
    return "ok"


def run_print(text: str, file: str) -> str:
    """The listing after a trip through the file form."""
    return disassemble(decode_one(encode([assemble(text, file)])))


COMMANDS: dict[str, Callable[[str, str], str]] = {"verify": run_verify, "assemble": run_assemble, "print": run_print}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_file(path: Path) -> None:
    text = path.read_text("utf-8")
    source, _, expected = text.partition(EXPECT + "\n")
    command = source.splitlines()[0].removeprefix("; command: ")
    lines = [line.removeprefix(";").removeprefix(" ").rstrip() for line in expected.splitlines()]
    got = [line.rstrip() for line in COMMANDS[command](source, path.name).rstrip().splitlines()]
    assert got == lines


def test_there_are_files() -> None:
    assert len(FILES) >= 10
