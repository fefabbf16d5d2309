"""`atlas-compile INPUT [-o OUT] [-v]`: the kernels of one Python file as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hologram.cli.boundary import guarded
from hologram.cli.forms import render
from hologram.cli.sources import load, write
from hologram.errors import UnsupportedError


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile a kernel file to JSON: 0 done, 1 refused (nothing is written), 2 misused.

    The file is parsed, never executed.
    """
    options = _parser().parse_args(arguments)
    return guarded(lambda: _compile(options.input, options.output, options.verbose), traceback=options.verbose)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="atlas-compile", description="Compile the kernels of a Python file to JSON.")
    parser.add_argument("input", type=Path, help="kernel file (.py)")
    parser.add_argument("-o", "--output", type=Path, help="where to write; default: INPUT with the suffix .json")
    parser.add_argument("-v", "--verbose", action="store_true", help="list the kernels while they are compiled")
    return parser


def _compile(source: Path, output: Path | None, verbose: bool) -> int:
    if source.suffix != ".py":
        raise UnsupportedError(f"{source}: atlas-compile reads Python files (.py)")
    if verbose:
        sys.stdout.write(f"Compiling {source}\n")
    programs = load(source)
    if verbose:
        for program in programs:
            sys.stdout.write(f"  {program.name}({', '.join(map(str, program.params))})\n")
    path = output or source.with_suffix(".json")
    write(path, render("json", programs))
    what = programs[0].name if len(programs) == 1 else f"{len(programs)} kernels"
    sys.stdout.write(f"Compiled {what} -> {path}\n")
    return 0
