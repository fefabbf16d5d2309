"""The programs shown in docs/gallery.md and docs/from-numpy.md: `python -m tests.house.gallery_page` copies them there.

`make gallery` draws the pictures beside them.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.house.places import write

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "examples" / "gallery"
DOCS = ROOT / "docs"
NAMES = {
    "filters": "a photograph and seven filtered ones",
    "spectrogram": "two chirps that cross, and a melody",
    "logistic": "two half moons of points and the border between them; the falling loss",
    "kmeans": "seven clusters of points and the ways of their centres",
    "waves": "waves behind two gaps and the bands they make on a screen",
}
"""The programs, and what their pictures show."""
_SECTION = re.compile(r"^# (Hologram|NumPy|The )[^\n]*\n", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """The parts of a program: its head, and what follows the comments that name its two versions."""
    parts = _SECTION.split(text)
    return {"head": parts[0], **{name: part.strip() for name, part in zip(parts[1::2], parts[2::2], strict=True)}}


def head(text: str, version: str) -> str:
    """The lines of a program's head that one version needs: imports of what it names, and the constants."""
    lines = text.splitlines()
    libraries = (
        "hologram|numpy" if "np." in version and "hg." in version else "hologram" if "hg." in version else "numpy"
    )
    imports = [line for line in lines if re.match(rf"(import|from) ({libraries})\b", line)]
    constants = [line for line in lines if re.match(r"[A-Z][A-Z0-9_]*[ ,]", line)]
    return "\n".join([*imports, "", *constants])


def both(name: str) -> str:
    """The picture of a program and its two versions, in tabs."""
    parts = sections((PROGRAMS / f"{name}.py").read_text("utf-8"))
    tabs = [f"![{NAMES[name]}](gallery/{name}.png)\n"]
    for title in ("Hologram", "NumPy"):
        block = f"```python\n{head(parts['head'], parts[title])}\n\n\n{parts[title]}\n```"
        tabs.append(f'=== "{title}"\n\n{_indented(block)}')
    return "\n" + "\n".join(tabs) + "\n"


def program() -> str:
    """The whole program that is moved."""
    text = (PROGRAMS / "heat_numpy.py").read_text("utf-8")
    return f'\n```python title="heat_numpy.py"\n{text}```\n\n'


def changes() -> str:
    """The lines that change."""
    before, after = (
        (PROGRAMS / f"{name}.py").read_text("utf-8").splitlines() for name in ("heat_numpy", "heat_hologram")
    )
    skipped = re.compile(r"---|\+\+\+|@@|\+$")
    lines = [line for line in difflib.unified_diff(before, after, lineterm="", n=0) if not skipped.match(line)]
    return "\n```text\n" + "".join(f"{line}\n" for line in lines) + "```\n\n"


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "gallery.md": {name: partial(both, name) for name in NAMES},
    "from-numpy.md": {"program": program, "changes": changes},
}


def main() -> int:
    """Write the pages."""
    for name, makers in PAGES.items():
        write(DOCS / name, makers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
