"""What the backend made of graphs: regions, programs, what stayed in ATen and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hologram.isa.region import REDUCED
from hologram_torch.compiler.region_of import Launch


@dataclass(frozen=True, slots=True)
class RegionReport:
    """A fused region: its operators, its program's name, the pattern and lengths of its axes, arrays read and made."""

    operators: tuple[str, ...]
    program: str
    axes: str
    lengths: tuple[Any, ...]
    reads: int
    makes: int

    def __str__(self) -> str:
        sizes = " × ".join(
            f"{n}{' folded' if kind == REDUCED else ''}" for kind, n in zip(self.axes, self.lengths, strict=True)
        )
        names = ", ".join(f"{n} {c}×" if c > 1 else n for n, c in Counter(self.operators).items())
        return f"{self.program}: {names}; over {sizes}; {self.reads} read, {self.makes} made"


@dataclass(frozen=True, slots=True)
class CallReport:
    """Calls of an operator that stayed in ATen, and why."""

    operator: str
    count: int
    reason: str

    def __str__(self) -> str:
        times = f" {self.count}×" if self.count > 1 else ""
        return f"{self.operator}{times}: {self.reason}"


@dataclass(frozen=True, slots=True)
class GraphReport:
    """One graph: "forward", "backward" or "inference"."""

    kind: str
    regions: tuple[RegionReport, ...]
    calls: tuple[CallReport, ...]
    source: str
    seconds: float

    @property
    def fused(self) -> int:
        """Operators in regions."""
        return sum(len(r.operators) for r in self.regions)

    @property
    def kept(self) -> int:
        """Operators in ATen, views not counted."""
        return sum(c.count for c in self.calls)

    def __str__(self) -> str:
        whole = self.fused + self.kept
        share = f"{100 * self.fused / whole:.0f} %" if whole else "none"
        lines = [f"{self.kind} graph: {share} of {whole} operators fused, into {len(self.regions)} regions"]
        lines += [f"  region {r}" for r in self.regions]
        lines += [f"  ATen {c}" for c in self.calls]
        return "\n".join(lines)


@dataclass(slots=True)
class Report:
    """All graphs that were compiled for a call, and the places where Python was in between ("breaks")."""

    graphs: list[GraphReport] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)

    @property
    def fused(self) -> int:
        """Operators in regions."""
        return sum(g.fused for g in self.graphs)

    @property
    def kept(self) -> int:
        """Operators in ATen, views not counted."""
        return sum(g.kept for g in self.graphs)

    @property
    def share(self) -> float:
        """The share of operators that were fused, from 0 to 1."""
        whole = self.fused + self.kept
        return self.fused / whole if whole else 0.0

    def __str__(self) -> str:
        found = [str(g) for g in self.graphs]
        if self.graphs:
            found.append(f"in all: {100 * self.share:.0f} % of {self.fused + self.kept} operators fused")
        found += [f"break: {b}" for b in self.breaks]
        return "\n".join(found) or "nothing was compiled"

    __repr__ = __str__


def region_report(launch: Launch, program: str) -> RegionReport:
    """What is said of a region."""
    names = tuple(str(n.target).removeprefix("aten.") for n in launch.nodes)
    return RegionReport(names, program, launch.region.axes, launch.lengths, len(launch.reads), len(launch.makes))
