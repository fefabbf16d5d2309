"""Locks that a forked child can still take."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager


def fork_safe_lock() -> AbstractContextManager[bool]:
    """A re-entrant lock for module-level state: `fork` waits for it, so a child never inherits it half-way.

    Re-entrant because the garbage collector may drop a launch while the lock is held. `fork` takes the locks in the
    reverse of the order in which they were made, so a lock made later may be held while an earlier one is taken,
    never the other way round.
    """
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock
