"""`hologram trace`: run a Python script, say what it launched, compiled and copied, and write that as a trace file."""

from __future__ import annotations

import contextlib
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hologram.cli.report import AsJson, Column, duration, print_json, show
from hologram.errors import KernelFileError

if TYPE_CHECKING:
    from hologram.runtime.tracing.trace import Trace

PASS_ON = {"ignore_unknown_options": True}
"""Options that this command does not have are the script's; after `--` all are."""


def size(count: float) -> str:
    """Bytes with the unit that suits them: `12.3 kB`."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count:.0f} B"


_KERNELS = (
    Column("name", "name"),
    Column("kind", "kind"),
    Column("launches", "launches", "{:,}".format, right=True),
    Column("lanes", "lanes", "{:,}".format, right=True),
    Column("bytes_moved", "moved", size, right=True),
    Column("seconds", "time", duration, right=True),
    Column("bandwidth", "GB/s", "{:.3g}".format, right=True),
)
_TOTALS = (Column("what", ""), Column("count", "count", "{:,}".format, right=True), Column("amount", "", right=True))


def trace(
    script: Annotated[
        Path, typer.Argument(metavar="SCRIPT.py", help="The script to run, as `python SCRIPT.py` would.")
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[ARGUMENTS]", help="The script's arguments.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write the trace (Chrome's format).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a script and show what it launched, compiled and copied; -o writes a trace for Perfetto.

    With --json what the script prints goes to stderr.
    """
    from hologram.runtime.tracing.trace import trace as begin

    if not script.is_file():
        raise KernelFileError(f"cannot read {script}: there is no such file")
    with begin(output) as taken:
        status = _run(script, arguments or [], as_json)
    report(taken, as_json)
    if status:
        raise typer.Exit(status)


def _run(script: Path, arguments: Sequence[str], quietly: bool) -> int:
    """Run a script as the main program; gives its exit status. Its exception is printed as Python would."""
    with _as_main(script, arguments), contextlib.redirect_stdout(sys.stderr if quietly else sys.stdout):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            return _status(end.code)
        except Exception as error:
            _print_traceback(error, script)
            return 1
    return 0


def _status(code: Any) -> int:
    """What Python makes of `sys.exit(code)`."""
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


def _print_traceback(error: Exception, script: Path) -> None:
    """The traceback from the script's own frame on; none where it did not come to that (a SyntaxError)."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != str(script):
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames)


@contextlib.contextmanager
def _as_main(script: Path, arguments: Sequence[str]) -> Iterator[None]:
    argv, path = sys.argv, list(sys.path)
    sys.argv, sys.path[:0] = [str(script), *arguments], [str(script.absolute().parent)]
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path


def report(taken: Trace, as_json: bool) -> None:
    """Print the totals of a trace: a row for every kernel, then counts and amounts."""
    from dataclasses import asdict

    kernels = [{**asdict(row), "bandwidth": row.bandwidth} for row in taken.kernels]
    totals = asdict(taken.totals)
    if as_json:
        file = None if taken.path is None else str(taken.path)
        print_json({"file": file, "kernels": kernels, "totals": totals, "dropped": taken.dropped})
        return
    if kernels:
        show("launches", _KERNELS, kernels, as_json=False)
    show("totals", _TOTALS, list(_amounts(totals)), as_json=False)
    if taken.path is not None:
        note = f" ({taken.dropped:,} later events were counted and not kept)" if taken.dropped else ""
        sys.stdout.write(f"Wrote {taken.path}{note}; open it in https://ui.perfetto.dev or chrome://tracing\n")


def _amounts(totals: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for what, count, amount in (
        ("launches", "launches", f"{duration(totals['launch_seconds'])}, {size(totals['bytes_moved'])} moved"),
        ("compilations", "compiles", duration(totals["compile_seconds"])),
        ("programs found in memory", "memory_hits", ""),
        ("objects found on disk", "disk_hits", ""),
        ("copies", "copies", size(totals["bytes_copied"])),
        ("allocations", "allocations", size(totals["bytes_allocated"])),
    ):
        yield {"what": what, "count": totals[count], "amount": amount}
