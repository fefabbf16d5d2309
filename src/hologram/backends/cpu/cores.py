"""How many threads a launch may use: what the user says, else what this process is allowed to use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hologram.errors import ArgumentValueError

VARIABLE = "HOLOGRAM_NUM_THREADS"
MAX_THREADS = 256


@dataclass(frozen=True, slots=True)
class Threads:
    """A number of threads and where it comes from; `cpus` is what the process may really use at a time."""

    number: int
    reason: str
    cpus: int


def threads_of_process() -> Threads:
    """The number to begin with: the environment variable's, else one a CPU within affinity and quota.

    Raises ArgumentValueError where the variable holds no number of threads.
    """
    cpus, reason = _cpus()
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        return Threads(checked_number(given, VARIABLE), f"set by {VARIABLE}", cpus)
    return Threads(min(cpus, MAX_THREADS), reason, cpus)


def checked_number(value: object, name: str) -> int:
    """A number of threads, from an integer or its text; ArgumentValueError for anything else."""
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MAX_THREADS:
        raise ArgumentValueError(f"{name} must be a whole number of threads from 1 to {MAX_THREADS}, got {value!r}")
    return number


def _cpus() -> tuple[int, str]:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota()
    if quota is not None and quota < allowed:
        return max(1, int(quota)), f"cgroup quota of {quota:g} CPUs"
    if allowed < (os.cpu_count() or 1):
        return allowed, f"affinity: {allowed} of {os.cpu_count()} CPUs"
    return allowed, "one a CPU"


def cgroup_quota(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float | None:
    """CPUs that the control groups of this process allow it on average (version 1 and 2), None for no limit."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    limits = []
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0":
            limits += [_quota_of_two(group) for group in _with_parents(root, path)]
        elif "cpu" in controllers.split(","):
            for mount in (controllers, "cpu"):
                limits += [_quota_of_one(group) for group in _with_parents(root / mount, path)]
    return min((limit for limit in limits if limit is not None), default=None)


def _with_parents(root: Path, path: str) -> list[Path]:
    """A group's directory and those above it: the tightest limit counts. Containers may see only the root."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    return [root.joinpath(*parts[:k]) for k in range(len(parts), -1, -1)]


def _quota_of_two(group: Path) -> float | None:
    return _ratio(*_words(group / "cpu.max", 2))


def _quota_of_one(group: Path) -> float | None:
    (quota,), (period,) = (_words(group / f"cpu.cfs_{kind}_us", 1) for kind in ("quota", "period"))
    return _ratio(quota, period)


def _words(path: Path, count: int) -> list[str]:
    try:
        return [*path.read_text().split(), *[""] * count][:count]
    except OSError:
        return [""] * count


def _ratio(quota: str, period: str) -> float | None:
    if not quota.isdecimal() or not period.isdecimal() or not int(quota) or not int(period):
        return None  # "max", -1 or nothing there
    return int(quota) / int(period)
