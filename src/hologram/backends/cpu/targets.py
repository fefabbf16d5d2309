"""The CPUs that native code is made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hologram.backends.llvm.jit import Target, host_target
from hologram.errors import UnsupportedError

_V3 = "avx avx2 bmi bmi2 f16c fma lzcnt movbe popcnt sse3 sse4.1 sse4.2 ssse3 cx16 sahf xsave crc32"
_V4 = f"{_V3} avx512f avx512bw avx512cd avx512dq avx512vl"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A named family of CPUs: `needs` are the features a CPU must have to run its code."""

    name: str
    triple: str
    cpu: str
    needs: tuple[str, ...]


BASELINES: dict[str, Baseline] = {
    b.name: b
    for b in (
        Baseline("x86-64-v4", "x86_64-unknown-linux-gnu", "x86-64-v4", tuple(_V4.split())),
        Baseline("x86-64-v3", "x86_64-unknown-linux-gnu", "x86-64-v3", tuple(_V3.split())),
        Baseline("aarch64", "aarch64-unknown-linux-gnu", "generic", ("neon",)),
    )
}
"""Best first: the first baseline a CPU can run is the one to take."""


def target(name: str) -> Target:
    """What LLVM is asked to make code for: "host" or a baseline's name."""
    if name == "host":
        return host_target()
    if name not in BASELINES:
        raise UnsupportedError(f"no CPU target '{name}'; known are host, {', '.join(BASELINES)}")
    baseline = BASELINES[name]
    return Target(baseline.triple, baseline.cpu, "")


def runnable(baseline: Baseline, host: Target) -> bool:
    """True when the host can execute a baseline's code."""
    have = {f[1:] for f in host.features.split(",") if f.startswith("+")}
    return host.triple.split("-")[0] == baseline.triple.split("-")[0] and have.issuperset(baseline.needs)


def best(sections: Sequence[str], host: Target) -> str | None:
    """The best of the named baselines that this machine can run."""
    return next((b.name for b in BASELINES.values() if b.name in sections and runnable(b, host)), None)


def vector_registers(t: Target) -> tuple[int, int]:
    """(bytes of a vector register, how many there are)."""
    if t.arch == "x86_64":
        if "+avx512bw" in t.features or t.cpu == "x86-64-v4":
            return 64, 32
        return (32, 16) if "+avx2" in t.features or t.cpu == "x86-64-v3" else (16, 16)
    return 16, 32
