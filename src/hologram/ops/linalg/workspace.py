"""Memory for what operations of linear algebra need in between: kept by each thread from call to call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hologram.runtime.buffer import aligned_zeros
from hologram.runtime.host import HostArray
from hologram.types import Type

MOST_BYTES = 1 << 26
"""Larger pieces are made anew each time."""


class _Thread(threading.local):
    def __init__(self) -> None:
        self.pieces: list[HostArray] = []
        self.lasting = False


_thread = _Thread()


@contextmanager
def lasting() -> Iterator[None]:
    """What is planned inside stays, and needs memory of its own."""
    before, _thread.lasting = _thread.lasting, True
    try:
        yield
    finally:
        _thread.lasting = before


def is_lasting() -> bool:
    """True inside `lasting`."""
    return _thread.lasting


def piece(number: int, shape: tuple[int, ...], type: Type) -> HostArray:
    """The memory of a call's temporary by its number; its elements may be anything."""
    count = int(np.prod(shape, dtype=int))
    size = count * type.size
    if size > MOST_BYTES:
        return aligned_zeros(count, type).reshape(shape)
    while len(_thread.pieces) <= number:
        _thread.pieces.append(aligned_zeros(0, Type.U8))
    if _thread.pieces[number].size < size:
        _thread.pieces[number] = aligned_zeros(size, Type.U8)
    return _thread.pieces[number][:size].view(type.dtype).reshape(shape)
