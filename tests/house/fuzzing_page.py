"""Writes the table of docs/fuzzing.md from the record of the long run: ``python -m tests.house.fuzzing_page``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tests.differential.long import WANTED, load
from tests.house.places import table, write

PAGE = Path(__file__).parents[2] / "docs/fuzzing.md"


def record() -> str:
    """How far the long run has come."""
    found = load()
    rows = []
    for kind, wanted in WANTED.items():
        entry = found[kind]
        fixed, differ = len(entry["fixed"]), len(entry["different"])
        pace = f"{entry['cpu_seconds'] / max(entry['run'] + entry['refused'], 1):.2f}"
        rows.append([kind, f"{entry['run']:,}", f"{wanted:,}", str(entry["refused"]), str(differ), str(fixed), pace])
    header = ["", "run", "of", "refused", "differed", "found and fixed", "CPU seconds a case"]
    return f"As of {found['date']}:\n\n" + table(header, rows)


MAKERS: dict[str, Callable[[], str]] = {"record": record}


def main() -> int:
    """Write the page."""
    write(PAGE, MAKERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
