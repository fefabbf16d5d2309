"""`hologram check`: parse, type-check, lower and verify files without writing anything."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hologram.cli.boundary import REFUSED, print_error
from hologram.cli.report import AsJson, print_json
from hologram.cli.sources import load
from hologram.errors import HologramError


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=".py, .json, .atlasm or .atlas files.")],
    as_json: AsJson = False,
) -> None:
    """Check files: print ok or the error of each; exit status 1 if any is refused."""
    failed = False
    results = []
    for path in files:
        try:
            names = [program.name for program in load(path)]
        except HologramError as error:
            failed = True
            results.append({"file": str(path), "ok": False, "error": str(error)})
            if not as_json:
                print_error(error)
        else:
            results.append({"file": str(path), "ok": True, "kernels": names})
            if not as_json:
                sys.stdout.write(f"{path}: ok ({', '.join(names)})\n")
    if as_json:
        print_json(results)
    if failed:
        raise typer.Exit(REFUSED)
