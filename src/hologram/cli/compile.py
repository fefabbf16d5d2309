"""`hologram compile` and `hologram assemble`: one file in, one file out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hologram.cli.forms import FORMS, SHIPPED_TARGETS, render
from hologram.cli.sources import CIRCUIT, Programs, load_target, read_circuit, split_target, write
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
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A .py, .json, .atlasm, .atlas or .sigil file.")],
    output: Output = None,
    emit: Annotated[str, typer.Option(help=f"What to write: {', '.join(FORMS)}.")] = "atlas",
    target: Targets = None,
) -> None:
    """Compile the kernels of a file, or a circuit as one program file; the file is parsed, never executed."""
    from hologram.runtime.graph.program import circuit_program

    if Path(file).suffix == CIRCUIT and emit == "atlas":
        if target:
            raise UnsupportedError("a circuit's program file is portable: leave --target out")
        path = Path(file)
        _write(circuit_program(read_circuit(path)).to_bytes(), path, emit, output, path.stem)
        return
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
    what = programs[0].name if len(programs) == 1 else f"{len(programs)} kernels"
    _write(render(form, programs, targets), split_target(source)[0], form, output, what)


def _write(data: bytes, source: Path, form: str, output: str | None, what: str) -> None:
    if output == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(output) if output else source.with_suffix(FORMS[form].suffix)
    write(path, data)
    sys.stdout.write(f"Compiled {what} -> {path}\n")
