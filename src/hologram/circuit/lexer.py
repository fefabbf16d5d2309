"""Circuit text as tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from hologram.errors import CircuitError, Location

MAX_DIGITS = 9
NUMBER = r"[+-]?(?:inf|nan|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
_TOKEN = re.compile(
    rf"(?P<space>[ \t\r\n]+|//[^\n]*)|(?P<immediate>\#{NUMBER})|(?P<class>c(?=\[)|c\d+(?!\w))|(?P<turn>[RDT](?=[+-]))"
    r"|(?P<int>\d+(?!\w))|(?P<word>[A-Za-z_]\w*)|(?P<mark>\|\||\.\.|<->|->|[.@^~+\-()\[\],:])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text: `kind` is the mark itself for marks, else class, turn, int, word, immediate or end."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"


class Source:
    """A text that knows its lines, for errors."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def location(self, start: int, end: int) -> Location:
        """Line and columns of a piece of the text."""
        line = bisect_right(self.starts, start)
        line_start = self.starts[line - 1]
        return Location(self.file, line, start - line_start + 1, end - line_start + 1)

    def error(self, message: str, start: int, end: int, hint: str = "") -> CircuitError:
        """An error that shows the piece with a caret."""
        place = self.location(start, max(end, start + 1))
        return CircuitError(message, place, self.line(start), hint)

    def line(self, start: int) -> str:
        """The line a place is in."""
        line_start = self.starts[bisect_right(self.starts, start) - 1]
        line_end = self.text.find("\n", start)
        return self.text[line_start : len(self.text) if line_end < 0 else line_end]


def tokens(source: Source) -> Iterator[Token]:
    """The tokens of a text, `end` last; anything that is none is refused."""
    text, at = source.text, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise source.error(*_stranger(text, at))
        kind = found.lastgroup or ""
        if (kind == "int" and found.end() - at > MAX_DIGITS) or (kind == "class" and found.end() - at > MAX_DIGITS + 1):
            raise source.error("the number is too large", at, found.end())
        if kind != "space":
            piece = found.group()
            yield Token(piece if kind == "mark" else kind, piece, at)
        at = found.end()
    yield Token("end", "", len(text))


def _stranger(text: str, at: int) -> tuple[str, int, int, str]:
    if text[at] == "|":
        return "a single '|' is no operator", at, at + 1, "branches side by side are joined by '||'"
    if text[at] == "#":
        return "'#' begins an immediate and a number must follow", at, at + 1, "for example #0.5"
    run = re.compile(r"\w+").match(text, at)
    if run:
        return f"'{run.group()}' is neither a class nor a number", at, run.end(), ""
    return f"unexpected {text[at]!r}", at, at + 1, ""
