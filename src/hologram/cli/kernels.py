"""`hologram kernels`: what kernels a file holds, or which ones come with Hologram."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hologram.cli.report import AsJson, Column, show
from hologram.cli.sources import Programs, load
from hologram.isa.program import Program

_COLUMNS = (
    Column("kernel", "kernel"),
    Column("parameters", "parameters"),
    Column("instructions", "instructions", right=True),
    Column("digest", "digest", lambda digest: digest[:12]),
)


def kernels(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A kernel file; left out: the standard library.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List kernels with their parameters and size."""
    found = load(file) if file else load_bundled()
    show(str(file or "standard library"), _COLUMNS, [_row(program) for program in found], as_json)


def load_bundled() -> Programs:
    """The programs of the standard library that ships with Hologram."""
    from hologram.stdlib import BUNDLE

    return load(BUNDLE)


def _row(program: Program) -> dict[str, Any]:
    return {
        "kernel": program.name,
        "parameters": ", ".join(map(str, program.params)),
        "instructions": len(program.instructions),
        "digest": program.digest,
    }
