"""Notes of launches that a thread makes, for whoever wants to do the same again without Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any

from hologram.runtime.entry import making

if TYPE_CHECKING:
    from hologram.runtime.launcher import Launcher

Note = tuple["Launcher", tuple[Any, ...]] | None
"""A launch and its arguments; None for what cannot be done again without Python."""

taking: dict[int, list[Note]] = {}
"""The notes of each thread that takes any."""


@contextmanager
def taken() -> Iterator[list[Note]]:
    """Take notes of this thread's launches; meanwhile no remembered call is found, so that none is missed."""
    notes: list[Note] = []
    with making.watching():
        taking[get_ident()] = notes
        try:
            yield notes
        finally:
            del taking[get_ident()]


def is_taking() -> bool:
    """True while this thread takes notes."""
    return bool(taking) and get_ident() in taking


def launched(kernel: Any, arguments: tuple[Any, ...]) -> None:
    """Note a launch of a kernel, where this thread takes notes."""
    if is_taking():
        taking[get_ident()].append((kernel.launcher, arguments))


def unrepeatable() -> None:
    """Note something that a repeated launch would leave out: a warning, another launch, a look at values."""
    if is_taking():
        taking[get_ident()].append(None)
