"""Reads `.atlasm` text line by line into a program."""

from __future__ import annotations

from hologram.errors import AssemblyError, Location
from hologram.isa.names import is_dotted
from hologram.isa.program import Instruction, Program
from hologram.isa.text.directives import Declarations, read_directive
from hologram.isa.text.instruction_reader import read_instruction
from hologram.isa.text.tokens import Line


def assemble(text: str, file: str = "<text>") -> Program:
    """The program that a text describes; it is not verified.

    Without `.loc` directives each instruction's debug place is its own line in `file`.
    Raises AssemblyError with file, line, column, the line, a caret and, where there is one, a hint.
    """
    reader = _Reader()
    for number, source in enumerate(text.split("\n"), 1):
        reader.line(Line(file, number, source.removesuffix("\r")))
    return reader.program(file)


class _Reader:
    def __init__(self) -> None:
        self.declared = Declarations()
        self.code: list[Instruction] = []
        self.given: list[Location | None] = []
        self.own: list[Location | None] = []
        self.labels: dict[str, int] = {}

    def line(self, line: Line) -> None:
        """Labels, then a directive or an instruction, or nothing."""
        while line.peek.kind == "word" and line.tokens[line.position + 1].text == ":":
            self._label(line)
        if line.done:
            return
        if line.peek.kind == "word" and line.peek.text.startswith("."):
            read_directive(line, self.declared)
            return
        self.own.append(line.location(line.peek))
        self.code.append(read_instruction(line, self.declared.names))
        self.given.append(self.declared.place)

    def _label(self, line: Line) -> None:
        token = line.next()
        if not is_dotted(token.text):
            line.fail(f"'{token.text}' is no name for a label", token)
        if token.text in self.labels:
            line.fail(f"label '{token.text}' is placed twice", token)
        self.labels[token.text] = len(self.code)
        line.expect(":")

    def program(self, file: str) -> Program:
        """The finished program."""
        declared = self.declared
        for line, token in declared.names.label_uses:
            if token.text not in self.labels:
                line.unknown("label", token, self.labels)
        if not declared.name:
            raise AssemblyError("the program has no name", Location(file, 1), hint="begin with .program NAME")
        for line, variable in declared.variables:
            if variable.end > len(self.code):
                line.fail(f"variable '{variable.name}' ends behind the program's {len(self.code)} instructions")
        given = tuple(self.given) if any(self.given) else ()
        return Program(
            declared.name,
            tuple(declared.params),
            tuple(self.code),
            self.labels,
            declared.extent,
            declared.shared_bytes,
            frozenset(declared.flags),
            given if declared.placed else tuple(self.own),
            declared.metadata,
            tuple(declared.messages),
            tuple(variable for _, variable in declared.variables),
        )
