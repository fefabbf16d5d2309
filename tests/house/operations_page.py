"""The tables of docs/operations.md: `python -m tests.house.operations_page` writes them.

Every operation of the library is in one of them, with what its own row says.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hologram.operators import Domain, activations, arithmetic, functions, logic
from hologram.ops import table as names
from hologram.ops.operation import REQUIRED
from tests.house.places import code, table, write

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
ELEMENTWISE = {
    "Arithmetic": arithmetic,
    "Functions": functions,
    "Activations": activations,
    "Comparison and logic": logic,
}
TYPES = {
    Domain.NUMBERS: "all",
    Domain.REALS: "floats; of integers f32",
    Domain.BITS: "integers, truth values",
}
FAMILIES = {
    "hologram.ops.memory": "Memory",
    "hologram.ops.linalg": "Linear algebra",
    "hologram.ops.drawing": "Random numbers",
    "hologram.ops.losses": "Losses",
}
ALONG = "Along axes"
"""What no other family has: reductions, scans, positions, softmax."""
PLACES = ("executor", "like")
"""Arguments of all that makes arrays."""


def family(operation: Any) -> str:
    """The title of the table that an operation is in."""
    row = getattr(operation, "row", None)
    for title, module in ELEMENTWISE.items():
        if any(row is one for one in module.ROWS):
            return title
    module = type(operation).__module__
    return next((title for start, title in FAMILIES.items() if module.startswith(start)), ALONG)


def also(name: str) -> str:
    """The other names of an operation."""
    return ", ".join(code(alias) for alias, of in names.ALIASES.items() if of == name)


def said(operation: Any, what: str) -> str:
    """What the row of an operation says, if it does, in the names that its arguments have."""
    row = getattr(operation, "row", None)
    found = getattr(row, what, "")
    if not isinstance(found, str):
        return ""
    if family(operation) in ELEMENTWISE:
        names = dict(zip(row.operands, (*operation.form.inputs, *operation.form.parameters), strict=True))
        found = re.sub(r"\b[xyz]\b", lambda letter: names[letter[0]], found)
    return found


def meaning(operation: Any) -> str:
    """What an operation computes, in a few words."""
    found = said(operation, "meaning") or said(operation, "formula")
    if not found:
        found = (operation.__doc__ or "").split("\n")[0].rstrip(".")
        found = found[:1].lower() + found[1:]
    return _plain(found)


def call(operation: Any) -> str:
    """How it is called, without the arguments that all have."""
    form = operation.form
    given = [*form.inputs]
    for name, default in (*form.parameters.items(), *form.own.items(), *form.keywords.items()):
        given.append(name if default is REQUIRED else f"{name}={default!r}")
    return f"{operation.__name__}({', '.join(given)})"


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "|<>*_" else c for c in text)


def _families() -> Iterator[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    for make in names.MAKERS.values():
        operation = make()
        found.setdefault(family(operation), []).append(operation)
    order = [*ELEMENTWISE, ALONG, *FAMILIES.values()]
    for title in order:
        if title in found:
            yield title, found[title]


def operations() -> str:
    """A table for each family."""
    parts = []
    for title, members in _families():
        header = ["operation", "also", "gives", "in NumPy", "in PyTorch"]
        rows = [
            [code(call(o)), also(o.__name__), meaning(o), code(said(o, "numpy")), code(said(o, "torch"))]
            for o in members
        ]
        if title in ELEMENTWISE:
            header.insert(3, "types")
            for row, operation in zip(rows, members, strict=True):
                row.insert(3, TYPES[operation.row.domain])
        kept = [i for i in range(len(header)) if any(row[i] for row in rows)]
        parts.append(f"\n### {title}\n\n")
        parts.append(table([header[i] for i in kept], [[row[i] for i in kept] for row in rows]))
    return "".join(parts)


MAKERS: dict[str, Callable[[], str]] = {"operations": operations}


def main() -> int:
    """Write the page."""
    write(PAGE, MAKERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
