"""The `hologram` command: the list of its subcommands and how one of them is run."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from hologram.cli.boundary import guarded
from hologram.cli.build import build
from hologram.cli.check import check
from hologram.cli.circuit import circuit
from hologram.cli.compile import assemble, compile_file
from hologram.cli.info import info
from hologram.cli.inspect import disasm, inspect
from hologram.cli.kernels import kernels
from hologram.cli.run import run
from hologram.cli.schema import schema
from hologram.cli.trace import PASS_ON, trace

app = typer.Typer(
    name="hologram",
    help="Compile numerical kernels ahead of time and run them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("compile")(compile_file)
app.command("trace", context_settings=PASS_ON)(trace)
for command in (build, run, disasm, assemble, inspect, check, circuit, kernels, schema, info):
    app.command(command.__name__)(command)


def run_app(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments (those of the process by default) and run the command they name."""
    return guarded(lambda: _invoke(arguments))


def _invoke(arguments: Sequence[str] | None) -> int:
    try:
        app(args=None if arguments is None else list(arguments), prog_name="hologram")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
