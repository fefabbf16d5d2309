"""The texts that Print and Assert show: templates with places for values, as in Python's `str.format`.

`{}` is a value, `{:.3f}` a value in a format, `{?}` a truth value; `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_MESSAGE = 4_096
"""Most characters of one message."""
TRUTH = "?"
_PIECE = re.compile(r"\{\{|\}\}|\{(?:(\?)|:([^{}]*))?\}|[^{}]+|.", re.DOTALL)
_SPEC = re.compile(r"[-+ ]?0?[0-9]{0,2}(?:\.[0-9]{1,2})?(?P<kind>[bdoxXeEfFgG]?)")
_INTEGER_KINDS = frozenset("bdoxX")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes, and its format: `""` is the shortest text that says the value, "?" a truth value."""

    spec: str

    @property
    def wants_integer(self) -> bool:
        """True for formats that numbers with a fraction do not have."""
        return self.spec[-1:] in _INTEGER_KINDS

    @property
    def wants_digits(self) -> bool:
        """True for formats with a precision, which integers need a kind for."""
        return "." in self.spec and self.spec[-1:].isdigit()


@lru_cache(maxsize=512)
def pieces(template: str) -> tuple[str | Place, ...]:
    """The texts and places of a template in order; raises ValueError for braces that do not match and odd formats.

    >>> pieces("x[{}] = {:.3f}")
    ('x[', Place(spec=''), '] = ', Place(spec='.3f'))
    """
    if len(template) > MAX_MESSAGE:
        raise ValueError(f"it has {len(template)} characters; at most {MAX_MESSAGE} are shown")
    out: list[str | Place] = []
    for found in _PIECE.finditer(template):
        text = found[0]
        if text in ("{{", "}}"):
            out.append(text[0])
        elif text in ("{", "}"):
            raise ValueError(f"'{text}' stands alone; write '{text}{text}' for the character")
        elif text.startswith("{"):
            spec = found[1] or found[2] or ""
            if spec != TRUTH and not is_format(spec):
                raise ValueError(f"'{spec}' is no format of a number")
            out.append(Place(spec))
        else:
            out.append(text)
    return tuple(out)


def is_format(spec: str) -> bool:
    """True for `[sign][0][width][.precision][kind]` with a kind of `b d o x X e E f F g G`; no precision for integers.

    >>> is_format(".3f"), is_format("+8d"), is_format(".3d"), is_format("s")
    (True, True, False, False)
    """
    found = _SPEC.fullmatch(spec)
    return found is not None and not ("." in spec and found["kind"] in _INTEGER_KINDS and found["kind"] != "")


def places(template: str) -> tuple[Place, ...]:
    """The places of a template."""
    return tuple(piece for piece in pieces(template) if isinstance(piece, Place))


def escaped(text: str) -> str:
    """A text as a template that shows it."""
    return text.replace("{", "{{").replace("}", "}}")


def split(template: str) -> tuple[str, ...]:
    """A template cut behind each place but the last, whose part has all the rest.

    >>> split("{} of {{{:d}}}!")
    ('{}', ' of {{{:d}}}!')
    """
    parts: list[str] = []
    current, total = "", len(places(template))
    for piece in pieces(template):
        if isinstance(piece, Place):
            current += "{?}" if piece.spec == TRUTH else f"{{:{piece.spec}}}" if piece.spec else "{}"
            if len(parts) + 1 < total:
                parts.append(current)
                current = ""
        else:
            current += escaped(piece)
    return (*parts, current)


def filled(template: str, value: int | float, shortest: str) -> str:
    """A template with one value in its places; `shortest` is what `{}` shows."""
    out = ""
    for piece in pieces(template):
        if isinstance(piece, str):
            out += piece
        elif piece.spec == TRUTH:
            out += str(bool(value))
        else:
            out += format(value, piece.spec) if piece.spec else shortest
    return out
