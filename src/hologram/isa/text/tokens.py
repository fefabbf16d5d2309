"""One line of `.atlasm` as tokens, and the cursor that reads them with good errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from hologram.errors import AssemblyError, Location

SHOWN = 400
LISTED = 12
MAX_INTEGER = (1 << 63) - 1
TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>;.*|//.*)
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>0x[0-9a-fA-F]{1,32}(?!\w)|[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,4})?(?!\w))
    |(?P<word>[^\W\d][^\s,;:()\[\]{}+\-*/=@!$"'<>|&^%~`?\\#]*|\.[a-z]+)
    |(?P<mark>[\[\](),:+\-*@!$=])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line; columns count from 1."""

    kind: str
    text: str
    column: int

    @property
    def end(self) -> int:
        return self.column + len(self.text)


class Line:
    """A cursor over one line's tokens."""

    def __init__(self, file: str, number: int, text: str) -> None:
        self.file, self.row, self.text = file, number, text
        self.position = 0
        self.tokens = self._tokens()

    def _tokens(self) -> list[Token]:
        out, at = [], 0
        while at < len(self.text):
            found = TOKEN.match(self.text, at)
            if found is None or found.lastgroup is None:
                self.fail(f"{self.text[at]!r} begins nothing that is known here", Token("", self.text[at], at + 1))
            if found.lastgroup not in ("space", "comment"):
                out.append(Token(found.lastgroup, found.group(), at + 1))
            at = found.end()
        out.append(Token("end", "", len(self.text.rstrip()) + 1))
        return out

    def location(self, token: Token) -> Location:
        """The place of a token."""
        return Location(self.file, self.row, token.column, max(token.end, token.column + 1))

    def fail(self, message: str, token: Token | None = None, hint: str = "") -> NoReturn:
        """Raise AssemblyError at a token (the current one when none is given)."""
        token = token or self.peek
        shown = self.text if len(self.text) <= SHOWN else ""
        raise AssemblyError(message, self.location(token), shown, hint)

    def unknown(self, what: str, token: Token, choices: Iterable[str], word: str | None = None) -> NoReturn:
        """Raise for a word that is none of the choices, with the nearest as a hint."""
        word = token.text if word is None else word
        known = list(choices)[:2000]
        near = get_close_matches(word[:40], known, 1)
        listed = f"known: {', '.join(known)}" if 0 < len(known) <= LISTED else ""
        self.fail(f"there is no {what} '{word[:80]}'", token, f"did you mean '{near[0]}'?" if near else listed)

    @property
    def peek(self) -> Token:
        return self.tokens[self.position]

    @property
    def done(self) -> bool:
        return self.peek.kind == "end"

    def next(self) -> Token:
        """The current token; moves on (never beyond the end)."""
        token = self.peek
        self.position += token.kind != "end"
        return token

    def accept(self, text: str) -> bool:
        """Pass over a mark if it stands here."""
        found = self.peek.text == text and self.peek.kind in ("mark", "word")
        self.position += found
        return found

    def expect(self, text: str) -> None:
        """Pass over a mark that has to stand here."""
        if not self.accept(text):
            self.fail(f"'{text}' is missing here")

    def word(self, what: str) -> Token:
        """A word that has to stand here."""
        if self.peek.kind != "word":
            self.fail(f"{what} is missing here")
        return self.next()

    def integer(self, what: str, limit: int = MAX_INTEGER) -> int:
        """An unsigned decimal number up to a limit."""
        token = self.peek
        if token.kind != "number" or not token.text.isdigit() or int(token.text) > limit:
            self.fail(f"{what} must be an integer from 0 to {limit}")
        self.next()
        return int(token.text)

    def number(self, what: str) -> tuple[Token, str]:
        """A number with an optional sign; gives its token and its text."""
        negative = self.accept("-")
        token = self.peek
        if token.kind != "number" or (negative and token.text.startswith("0x")):
            self.fail(f"{what} must be a number")
        self.next()
        return token, ("-" if negative else "") + token.text

    def string(self, what: str) -> str:
        """A text in double quotes."""
        token = self.peek
        if token.kind != "string":
            self.fail(f"{what} must be a text in double quotes")
        try:
            value = json.loads(token.text)
        except ValueError:
            self.fail(f"{what} is no text as JSON writes it")
        self.next()
        return str(value)

    def finish(self) -> None:
        """Nothing may follow."""
        if not self.done:
            self.fail(f"'{self.peek.text[:80]}' is too much here")
