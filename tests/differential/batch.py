"""Many random cases in a process of their own: an abort of native code is a finding, not the end of the tests.

``python -m tests.differential.batch programs|kernels|watched|short FIRST COUNT`` prints a line a case: its seed, a tab,
and ``ok``, ``refused`` or what differs. A case that takes too long ends the process too: it has so many
seconds of CPU time, so that a busy machine is no finding, and many more on the clock for lanes that wait for ever.
"""

from __future__ import annotations

import faulthandler
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hologram.errors import KernelSyntaxError, KernelTypeError
from hologram.frontend import compile_source
from tests.differential import cases, generate, kernels, watched
from tests.differential.compare import compare, compare_plain

ROOT = Path(__file__).parents[2]
OK, REFUSED = "ok", "refused"
COMMAND = (sys.executable, "-W", "ignore", "-m", "tests.differential.batch")
CPU_SECONDS = 60
SECONDS = 1200
SHORT = 100
MINIMISED = ("programs", "kernels")


def check_program(seed: int) -> str:
    return compare(*cases.program(seed)) or OK


def check_kernel(seed: int) -> str:
    """The grammar knows little about types, and of operands that run twice: a few kernels do not compile."""
    source, launch = kernels.kernel(seed)
    try:
        (unit,) = compile_source(source, f"kernel_{seed}.py")
    except (KernelSyntaxError, KernelTypeError):
        return REFUSED
    return compare(unit.program, launch) or compare_plain(source, unit.program, launch) or OK


def check_watched(seed: int) -> str:
    """Checked code of a program, launched many times."""
    return watched.differences(*generate.program(seed), seed) or OK


def check_short(seed: int) -> str:
    """Checked code of a program that does not take long to compile."""
    short = len(generate.program(seed)[0].instructions) <= SHORT
    return check_watched(seed) if short else REFUSED


CHECKS: dict[str, Callable[[int], str]] = {
    "programs": check_program,
    "kernels": check_kernel,
    "watched": check_watched,
    "short": check_short,
}


def outcomes(kind: str, first: int, count: int) -> Iterator[tuple[int, str]]:
    """(seed, outcome) of each case; a process that ends early is started again behind the case that ended it."""
    last = first + count
    while first < last:
        command = [*COMMAND, kind, str(first), str(last - first)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        lines = [line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line]
        yield from ((int(seed), outcome) for seed, outcome in lines)
        first += len(lines)
        if first < last:
            yield first, _end(done.returncode, done.stderr)
            first += 1


def _end(code: int, said: str) -> str:
    """Why a process ended before its last case."""
    if code == -signal.SIGXCPU:
        return f"more than {CPU_SECONDS} seconds of CPU time"
    return f"the process ended with {code}: {said[-250:]}".replace("\n", " ")


def _limit_case() -> None:
    """From now on the process may run so long; Python is not asked, so it holds for native code too."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    faulthandler.dump_traceback_later(SECONDS, exit=True)


def findings(kind: str, first: int, count: int) -> tuple[list[str], int]:
    """What to report, each with how to make it smaller, and how many cases were run."""
    seen = list(outcomes(kind, first, count))
    wrong = [(seed, outcome) for seed, outcome in seen if outcome not in (OK, REFUSED)]
    smaller = (
        f"\n    python -m tests.differential.minimise {kind.removesuffix('s')} " if kind in MINIMISED else ", seed "
    )
    return [f"{outcome}{smaller} {seed}" for seed, outcome in wrong], sum(o == OK for _, o in seen)


def main(kind: str, first: str, count: str) -> None:
    for seed in range(int(first), int(first) + int(count)):
        _limit_case()
        outcome = CHECKS[kind](seed).replace("\n", " ")
        sys.stdout.write(f"{seed}\t{outcome}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
