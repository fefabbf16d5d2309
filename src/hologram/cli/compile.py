"""`hologram compile` and `hologram assemble`: one file in, one file out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hologram.cli.forms import FORMS, SHIPPED_TARGETS, render
from hologram.cli.sources import Programs, load_target, split_target, write
from hologram.errors import UnsupportedError

Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", help="Where to write; - is stdout. Default: the file's name with the form's suffix."
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", help=f"CPU to include native code for, may be repeated: {', '.join(SHIPPED_TARGETS)}."),
]


def compile_file(
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A .py, .json, .atlasm or .atlas file.")],
    output: Output = None,
    emit: Annotated[str, typer.Option(help=f"What to write: {', '.join(FORMS)}.")] = "atlas",
    target: Targets = None,
) -> None:
    """Compile the kernels of a file; the file is parsed, never executed."""
    _emit(load_target(file), file, emit, output, target or [])


def assemble(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An .atlasm text.")],
    output: Output = None,
    target: Targets = None,
) -> None:
    """Turn assembly text into a program file."""
    path, _ = split_target(file)
    if path.suffix != ".atlasm":
        raise UnsupportedError(f"{file}: assemble reads .atlasm text; for other files use: hologram compile {file}")
    _emit(load_target(file), file, "atlas", output, target or [])


def _emit(programs: Programs, source: str, form: str, output: str | None, targets: list[str]) -> None:
    data = render(form, programs, targets)
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(output) if output else split_target(source)[0].with_suffix(FORMS[form].suffix)
    write(path, data)
    what = programs[0].name if len(programs) == 1 else f"{len(programs)} kernels"
    sys.stdout.write(f"Compiled {what} -> {path}\n")
