"""Tables: the same rows for people (rich) and, with --json, for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of its value in a row, its heading, how the value is written."""

    key: str
    heading: str
    text: Callable[[Any], str] = str
    right: bool = False


def show(title: str, columns: Sequence[Column], rows: Sequence[Row], as_json: bool) -> None:
    """Print rows to stdout as a table, or as a JSON array of objects holding the raw values."""
    if as_json:
        print_json([dict(row) for row in rows])
        return
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column.heading, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(column.text(row[column.key])) for column in columns))
    Console().print(table)


def print_json(value: Any) -> None:
    """Print any JSON value to stdout, indented."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def duration(seconds: float) -> str:
    """A time with the unit that suits it: `12.3 ms`, `45 ns`."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if abs(seconds) >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _plain(text: str) -> str:
    # A `[f32]` in a signature is not markup.
    return text.replace("[", r"\[")
