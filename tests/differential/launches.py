"""How a case is run: the launch, and how a file test tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hologram.backends.base import Domain
from tests.differential.inputs import Triple

_KEYS = ("lanes", "grid", "block", "seed", "strided")


@dataclass(frozen=True)
class Launch:
    """How a program is run: lanes, grid, block, the seed of its arguments, whether 2-D arrays have gaps."""

    lanes: Triple
    grid: Triple
    block: Triple
    seed: int = 0
    strided: bool = False

    @property
    def domain(self) -> Domain:
        return Domain(self.lanes, self.grid, self.block)

    def header(self, comment: str = ";") -> str:
        """Lines that `read_launch` understands."""
        values = (" ".join(map(str, v)) if isinstance(v, tuple) else str(int(v)) for v in self._values())
        return "".join(f"{comment} {key}: {value}\n" for key, value in zip(_KEYS, values, strict=True))

    def _values(self) -> tuple[Triple | int | bool, ...]:
        return self.lanes, self.grid, self.block, self.seed, self.strided


def read_launch(source: str) -> Launch:
    """The launch written in the comments at the top of a file test."""
    found = {}
    for line in source.splitlines():
        key, colon, value = line.lstrip(";# ").partition(":")
        if line[:1] in ";#" and colon and key in _KEYS:
            found[key] = [int(v) for v in value.split()]
    lanes, grid, block = (_triple(found[k]) for k in _KEYS[:3])
    return Launch(lanes, grid, block, found["seed"][0], bool(found["strided"][0]))


def _triple(values: Sequence[int]) -> Triple:
    x, y, z = values
    return x, y, z
