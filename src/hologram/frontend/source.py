"""A source text and the errors that point into it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NoReturn

from hologram.errors import KernelSyntaxError, KernelTypeError, Location
from hologram.frontend.tree import Node, Place

MAX_SOURCE_BYTES = 512 * 1024
MAX_LINE = 400
MAX_MESSAGE = 600


@dataclass(frozen=True)
class Source:
    """Lines of one file; `first_line` is the number its first line has in the file it was cut from.

    A kernel that comes from JSON has no lines: its errors show the place alone. `others` are the texts that code is
    inlined from, by `number`; all of them know each other.
    """

    file: str
    lines: tuple[str, ...] = ()
    first_line: int = 1
    indent: int = 0
    number: int = 0
    others: dict[int, Source] = field(default_factory=dict, compare=False)

    def add(self, file: str, lines: tuple[str, ...] = (), first_line: int = 1, indent: int = 0) -> Source:
        """Another text that code is inlined from; its places carry its number."""
        made = Source(file, lines, first_line, indent, len(self.others) + 1, self.others)
        self.others[made.number] = made
        return made

    def of(self, at: Place | None) -> Source:
        """The text that a place is in."""
        return self.others.get(at[3], self) if at and len(at) > 3 else self

    def line(self, number: int) -> str:
        """Text of a line by its number in the file, empty where unknown."""
        index = number - self.first_line
        return (" " * self.indent + self.lines[index])[:MAX_LINE] if 0 <= index < len(self.lines) else ""

    def place(self, node: ast.AST) -> Place:
        """Line and character columns of a parsed node (`ast` counts UTF-8 bytes)."""
        line: int = getattr(node, "lineno", 1)
        text = self.lines[line - 1].encode() if 0 < line <= len(self.lines) else b""

        def column(offset: int) -> int:
            return len(text[:offset].decode("utf-8", "replace")) + 1 + self.indent

        start: int = getattr(node, "col_offset", 0)
        end_line: int = getattr(node, "end_lineno", None) or line
        end: int = getattr(node, "end_col_offset", None) or start
        at = line + self.first_line - 1, column(start), column(end if end_line == line else len(text))
        return (*at, self.number) if self.number else at

    def text(self, node: ast.AST) -> str:
        """The source of a node as an error message shows it: its first line, shortened."""
        line, column, end = self.place(node)[:3]
        text = self.line(line)[column - 1 : end - 1]
        return text if len(text) <= 60 else text[:57] + "..."

    def location(self, at: Place | None) -> Location:
        """The place as errors and debug data carry it."""
        return Location(self.of(at).file, *at[:3]) if at else Location(self.file, self.first_line)

    def syntax(self, where: ast.AST | Node | Place | None, message: str, hint: str = "") -> NoReturn:
        """Refuse a construct."""
        at = self._at(where)
        raise KernelSyntaxError(
            _bounded(message), self.location(at), self.of(at).line(at[0]) if at else "", _bounded(hint)
        )

    def type(self, where: ast.AST | Node | Place | None, message: str, hint: str = "") -> NoReturn:
        """Refuse a combination of types."""
        at = self._at(where)
        raise KernelTypeError(
            _bounded(message), self.location(at), self.of(at).line(at[0]) if at else "", _bounded(hint)
        )

    def _at(self, where: ast.AST | Node | Place | None) -> Place | None:
        if isinstance(where, Node):
            return where.at
        return self.place(where) if isinstance(where, ast.AST) else where


def _bounded(text: str) -> str:
    """A message with names and numbers from the source, however long these are."""
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 3]}..."
