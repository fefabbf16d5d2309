"""How many threads long launches run on."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.backends.cpu.cores import VARIABLE
from hologram.backends.cpu.pool import pool, refusal


@dataclass(frozen=True, slots=True)
class ThreadReport:
    """The number of threads of a launch, the caller's among them, and why it is that number."""

    number: int
    reason: str


def get_num_threads() -> int:
    """Threads that a long launch on the CPU may run on, the calling one among them.

    At first one for every CPU that affinity and control groups leave to this process, or what the environment variable
    HOLOGRAM_NUM_THREADS says.
    """
    return report().number


def set_num_threads(number: int) -> None:
    """Let launches on the CPU run on so many threads, in the whole process and at once; 1 keeps them on the caller's.

    The results of a kernel have the same bits whatever the number. Raises ArgumentValueError outside 1 … 256.
    """
    pool().set_threads(number)


def report() -> ThreadReport:
    """The number of threads and where it comes from."""
    reason = refusal()
    if reason:
        return ThreadReport(1, reason)
    threads = pool()
    unless = "" if threads.reason.startswith("set by") else f"; {VARIABLE} or set_num_threads change it"
    return ThreadReport(threads.threads, threads.reason + unless)
