"""The way through Python: who must see launches sends them there, and machine code has them again afterwards.

A thread that records and a trace that is on are such reasons. While there is any, native entries are off.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from hologram.runtime.locks import fork_safe_lock

lock = fork_safe_lock()
"""Held while native entries are switched; whoever sets one takes it, too."""

_reasons: set[Hashable] = set()
_watchers: list[Callable[[bool], None]] = []


def is_active() -> bool:
    """True while calls have to go through Python."""
    return bool(_reasons)


def on_change(watcher: Callable[[bool], None]) -> None:
    """Have a function told, under the lock, when the first reason comes (True) and the last one goes (False)."""
    _watchers.append(watcher)


def begin(reason: Hashable) -> None:
    """Send calls through Python for a reason."""
    with lock:
        is_first = not _reasons
        _reasons.add(reason)
        if is_first:
            _tell(True)


def end(reason: Hashable) -> None:
    """Drop a reason; harmless where it is none."""
    with lock:
        was_active = bool(_reasons)
        _reasons.discard(reason)
        if was_active and not _reasons:
            _tell(False)


def _tell(active: bool) -> None:
    for watcher in _watchers:
        watcher(active)
