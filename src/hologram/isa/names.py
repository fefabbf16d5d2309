"""What may be the name of a parameter, a label or a program."""

from __future__ import annotations


def is_identifier(name: str) -> bool:
    """True for parameter names: Python identifiers."""
    return name.isidentifier()


def is_dotted(name: str) -> bool:
    """True for label and flag names: identifiers joined by dots."""
    return all(part.isidentifier() for part in name.split("."))


def is_title(name: str) -> bool:
    """True for program names: printable text."""
    return bool(name) and name.isprintable()
