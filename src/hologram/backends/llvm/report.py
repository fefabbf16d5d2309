"""How a rule says that an instruction went wrong."""

from __future__ import annotations

from typing import Protocol

from hologram.backends.faults import Fault
from hologram.backends.llvm.ir import Value


def nothing(bad: Value, kind: Fault = Fault.OF_INSTRUCTION, *details: Value) -> None:
    """The report of code that cannot go wrong."""


class Report(Protocol):
    """Writes code that notes a fault in the lanes where `bad` holds.

    `details` are what checked code tells of it: up to two integers.
    """

    def __call__(self, bad: Value, kind: Fault = Fault.OF_INSTRUCTION, *details: Value) -> None: ...
