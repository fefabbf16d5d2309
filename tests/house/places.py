"""Places in a page that are written by the tests: `<!-- made: NAME -->` … `<!-- /made -->`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

Makers = Mapping[str, Callable[[], str]]
_PLACE = re.compile(r"<!-- made: (\w+) -->\n(.*?)<!-- /made -->", re.DOTALL)


def filled(page: str, makers: Makers) -> str:
    """The page with what each maker gives now in the place of its name."""
    return _PLACE.sub(lambda place: f"<!-- made: {place[1]} -->\n{makers[place[1]]()}<!-- /made -->", page)


def shown(page: str) -> dict[str, str]:
    """What the page shows in each of its places."""
    return {place[1]: place[2] for place in _PLACE.finditer(page)}


def write(path: Path, makers: Makers) -> None:
    """Bring a page up to date."""
    path.write_text(filled(path.read_text("utf-8"), makers), "utf-8")


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def code(text: str) -> str:
    """A text as code in a table's cell, lines joined by a mark."""
    if not text:
        return ""
    shown = text.replace("\n", " ⏎ ").replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"
