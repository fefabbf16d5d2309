"""Writes the table of docs/ffi.md from the flat functions themselves: ``python -m tests.house.ffi_page``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import hologram_ffi
from hologram_ffi.exported import SIGNATURES
from tests.house.places import table, write

PAGE = Path(__file__).parents[2] / "docs/ffi.md"
FAMILIES = {
    "executors": "Executors",
    "buffers": "Buffers",
    "transfers": "In and out of buffers",
    "canonical": "Canonical form",
    "arithmetic": "Arithmetic",
    "activations": "Activations",
    "reductions": "Reductions",
    "losses": "Losses",
    "tensors": "Tensors",
    "matrices": "Matrices",
    "registry": "The whole",
}


def functions() -> str:
    """Every function, family by family."""
    assert {row.family for row in SIGNATURES.values()} <= FAMILIES.keys()
    assert {*SIGNATURES, "InternalError"} == set(hologram_ffi.__all__)
    parts = []
    for family, title in FAMILIES.items():
        rows = [[f"`{row}`", row.summary] for row in SIGNATURES.values() if row.family == family]
        if rows:
            parts.append(f"### {title}\n\n" + table(["function", ""], rows))
    return "".join(parts)


MAKERS: dict[str, Callable[[], str]] = {"functions": functions}


def main() -> int:
    """Write the page."""
    write(PAGE, MAKERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
