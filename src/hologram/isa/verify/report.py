"""Collects what the verifier finds, with the instruction's text and its source place."""

from __future__ import annotations

from hologram.errors import Finding, VerificationError
from hologram.isa.program import Program

MAX_FINDINGS = 1_000
PROGRAM = -1


class Report:
    """The findings about one program, in the order of the instructions.

    `origin` is set while a copy with inlined calls is looked at: findings name the original instructions.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.findings: dict[tuple[int, str], Finding] = {}
        self.origin: tuple[int, ...] = ()

    def add(self, index: int, message: str) -> None:
        """Record a finding; index PROGRAM (-1) concerns the program as a whole."""
        from hologram.isa.text.spelling import spell

        if index >= 0 and self.origin:
            index = self.origin[min(index, len(self.origin) - 1)]
        if len(self.findings) >= MAX_FINDINGS or (index, message) in self.findings:
            return
        text = spell(self.program, self.program.instructions[index]) if index >= 0 else f".program {self.program.name}"
        self.findings[index, message] = Finding(index, message, text, self.program.location(index))

    def raise_if_any(self) -> None:
        """VerificationError with all findings, or nothing."""
        if self.findings:
            raise VerificationError(self.program.name, sorted(self.findings.values(), key=lambda f: f.index))
