"""Which instruction runs on which backend: a walk over the instruction table; `python -m` prints it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hologram.backends.base import Backend
from hologram.isa.instructions import TABLE, Category, Spec
from hologram.types import Type

Types = frozenset[Type | None]
"""Types of an instruction; an untyped one has the single "type" None."""


@dataclass(frozen=True)
class Row:
    """One instruction: the types it exists for, and those each backend (by name) implements."""

    spec: Spec
    types: Types
    implemented: Mapping[str, Types]

    @property
    def mnemonic(self) -> str:
        return self.spec.name


def table(backends: Sequence[Backend]) -> list[Row]:
    """A row an instruction, in the order of the instruction table.

    >>> from hologram.backends.interpreter import InterpreterBackend
    >>> row = table([InterpreterBackend()])[7]
    >>> row.mnemonic, row.implemented["interpreter"] == row.types
    ('ADD', True)
    """
    rows = []
    for spec in TABLE:
        types: Types = frozenset(spec.types or {None})
        here = {b.name: frozenset(t for t in types if b.implements(spec, t)) for b in backends}
        rows.append(Row(spec, types, here))
    return rows


def render(rows: Sequence[Row]) -> str:
    """The rows as text: a line an instruction under its category, then how much each backend has."""
    families = list(Category)
    rows = sorted(rows, key=lambda row: families.index(row.spec.category))
    names = list(rows[0].implemented) if rows else []
    cells = [[row.mnemonic, *(_cell(row.types, row.implemented[name]) for name in names)] for row in rows]
    widths = [max(len(line[k]) for line in [["instruction", *names], *cells]) for k in range(len(names) + 1)]
    lines = [_line(["instruction", *names], widths), _line(["-" * w for w in widths], widths)]
    category = None
    for row, cell in zip(rows, cells, strict=True):
        if row.spec.category is not category:
            category = row.spec.category
            lines.append(f"[{category.value}]")
        lines.append(_line(cell, widths))
    return "\n".join([*lines, "", *(_summary(rows, name) for name in names)]) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cell(types: Types, implemented: Types) -> str:
    """`all`, `-`, or whichever is shorter of the types there and the types missing."""
    if implemented == types:
        return "all"
    if not implemented:
        return "-"
    there, missing = _spell(implemented), f"all but {_spell(types - implemented)}"
    return min(there, missing, key=len)


def _spell(types: Types) -> str:
    return " ".join(ty.value for ty in Type if ty in types)


def _summary(rows: Sequence[Row], name: str) -> str:
    whole = sum(row.implemented[name] == row.types for row in rows)
    part = sum(bool(row.implemented[name]) for row in rows) - whole
    return f"{name}: {whole} of {len(rows)} instructions for all their types, {part} for some"


def main() -> None:
    """Print the table of the backends that come with Hologram."""
    from hologram.backends.cpu import CpuBackend
    from hologram.backends.interpreter import InterpreterBackend

    sys.stdout.write(render(table([InterpreterBackend(), CpuBackend()])))


if __name__ == "__main__":
    main()
