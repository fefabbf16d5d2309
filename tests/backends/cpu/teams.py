"""Running on several threads for certain: workers that are there, and launches shared however short they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from hologram.backends.cpu.pool import Pool, pool


@contextmanager
def team(threads: int) -> Iterator[Pool]:
    """The pool with that many threads, all of them started, and no launch too short to be shared."""
    shared = pool()
    before = {name: shared._get(name) for name in ("threads", "warm", "cold", "spin")}
    shared.set_threads(threads)
    shared._put("warm", 0)
    shared._put("cold", 0)
    shared._put("wanted", 1)
    shared.attend(None)
    deadline = time.monotonic() + 20
    while shared.working < threads - 1 and time.monotonic() < deadline:
        time.sleep(0.001)
    try:
        yield shared
    finally:
        shared.set_threads(before["threads"])
        for name, value in before.items():
            shared._put(name, value)
