"""Notes of launches that a thread makes, for whoever wants to do the same again without Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import TYPE_CHECKING, Any

from hologram.runtime.entry import making

if TYPE_CHECKING:
    from hologram.runtime.launcher import Launcher


@dataclass(frozen=True, slots=True)
class Launched:
    """A launch and its arguments, which keep their memory while they are noted."""

    launcher: Launcher
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """An i64 that Python looked at in memory, and in which range the call goes on as it went."""

    value: Any
    low: int
    high: int


Note = Launched | Expected | None
"""None stands for what cannot be done again without Python."""

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
        taking[get_ident()].append(Launched(kernel.launcher, arguments))


def expected(value: Any, low: int, high: int) -> None:
    """Note a look at a tensor of one i64, after which the call goes on as it does where that is in low … high."""
    if is_taking():
        taking[get_ident()].append(Expected(value, low, high))


def unrepeatable() -> None:
    """Note something that repeated launches would leave out: a warning, another launch, a look at values."""
    if is_taking():
        taking[get_ident()].append(None)
