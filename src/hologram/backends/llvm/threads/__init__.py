"""The launch driver and its pool of threads, as one LLVM module for all kernels.

Work is claimed, never assigned: one 64-bit ticket {epoch, pieces, next piece} is taken by compare-and-swap. The caller
and the workers take pieces; the caller does what nobody took and waits only for pieces that somebody is doing. A pool
that is busy with another launch is left alone: that caller does everything itself. So neither a stuck worker, nor a
fork, nor many callers at once can make a launch hang.

`memory` is the layout of what they share, `cutting` decides on pieces, `driver` is the caller's side, `worker` the
workers', `waiting` how a thread sleeps on this system.
"""

from __future__ import annotations

from hologram.backends.llvm.threads.cutting import cutting
from hologram.backends.llvm.threads.driver import driver
from hologram.backends.llvm.threads.waiting import clock, waiting
from hologram.backends.llvm.threads.worker import worker


def pool_ir(system: str, arch: str) -> str:
    """The module for an operating system and architecture; UnsupportedError where it cannot be made."""
    return "\n".join(
        (clock(arch), waiting(system, arch), cutting(), driver(), worker(), "attributes #0 = { nounwind }")
    )
