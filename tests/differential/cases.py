"""The random programs of the tests: lanes on their own in most of them, lanes of a block together in the rest."""

from __future__ import annotations

from hologram.isa.program import Program
from tests.differential import blocks, generate
from tests.differential.launches import Launch

TOGETHER = 4
"""Every so many seeds the lanes of a block work together."""


def program(seed: int) -> tuple[Program, Launch]:
    """The random program of a seed and a launch for it."""
    return blocks.program(seed) if seed % TOGETHER == TOGETHER - 1 else generate.program(seed)
