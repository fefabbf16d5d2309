"""`hologram disasm` and `hologram inspect`: look at a kernel in one of its forms."""

from __future__ import annotations

import reprlib
import sys
from typing import Annotated

import typer

from hologram.cli.forms import render
from hologram.cli.sources import load_target
from hologram.errors import UnsupportedError

INSPECTED = ("tree", "atlasm", "optimised", "llvm", "asm")


def disasm(
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A .atlas, .py, .json or .atlasm file.")],
    optimised: Annotated[
        bool, typer.Option("--optimised", help="As the optimiser leaves them, with what it changed as comments.")
    ] = False,
) -> None:
    """Print the kernels of a file as assembly text."""
    _print_each(file, "optimised" if optimised else "atlasm")


def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A .py, .json, .atlasm or .atlas file.")],
    form: Annotated[str, typer.Option(help=f"One of {', '.join(INSPECTED)}.")] = "atlasm",
) -> None:
    """Print the kernels of a file at one stage: typed tree, Atlas ISA, optimised Atlas ISA, LLVM IR or machine code."""
    if form not in INSPECTED:
        raise UnsupportedError(f"unknown form {reprlib.repr(form)}: choose one of {', '.join(INSPECTED)}")
    _print_each(file, form)


def _print_each(file: str, form: str) -> None:
    for program in load_target(file):
        sys.stdout.write(render(form, (program,)).decode().rstrip("\n") + "\n")
