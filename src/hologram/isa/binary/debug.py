"""The sections beside a program's content: debug places, messages, variables and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from hologram.errors import Location, ProgramFormatError
from hologram.isa.binary import layout
from hologram.isa.binary.stream import Sink, Source
from hologram.isa.names import is_dotted
from hologram.isa.operands import PREDICATES, REGISTERS, Pred, Reg
from hologram.isa.variables import Variable
from hologram.types import Type

TYPES = (None, *Type)
"""What a variable holds: a truth value or a number of a type."""


def relative_file(file: str, root: str) -> str:
    """A debug path as it is stored: relative to `root` when below it, else an absolute one's last part.

    >>> relative_file("/home/me/kernels/saxpy.py", "/home/me")
    'kernels/saxpy.py'
    >>> relative_file("/somewhere/saxpy.py", "/home/me")
    'saxpy.py'
    """
    file, root = file.replace("\\", "/"), root.replace("\\", "/").rstrip("/")
    if root and file.startswith(root + "/"):
        return file[len(root) + 1 :]
    path = PurePosixPath(file)
    return path.name if path.is_absolute() or file[1:3] == ":/" else file


def write_debug(sink: Sink, debug: tuple[Location | None, ...], root: str) -> None:
    """File names once, then a place (or 0) for each instruction; lines as differences."""
    files: dict[str, int] = {}
    for place in debug:
        if place is not None:
            files.setdefault(relative_file(place.file, root), len(files))
    sink.number(len(files), layout.MAX_FILES)
    for file in files:
        sink.text(file)
    sink.number(len(debug), layout.MAX_INSTRUCTIONS)
    line = 0
    for place in debug:
        if place is None:
            sink.data.append(0)
            continue
        if not 0 <= place.line <= layout.MAX_LINE:
            raise sink.refuse(f"line {place.line} does not exist")
        sink.number(files[relative_file(place.file, root)] + 1)
        sink.signed(place.line - line)
        sink.number(place.column, layout.MAX_LINE)
        sink.number(place.end_column, layout.MAX_LINE)
        line = place.line


def read_debug(source: Source, count: int) -> tuple[Location | None, ...]:
    """The places of `count` instructions."""
    files = [source.text("a file name") for _ in range(source.count("the number of files", layout.MAX_FILES))]
    start = source.position
    if source.count("the number of places", layout.MAX_INSTRUCTIONS) != count:
        raise ProgramFormatError(f"debug data is not for {count} instructions", start)
    debug: list[Location | None] = []
    line = 0
    for _ in range(count):
        file = source.number("a file's number", len(files))
        if not file:
            debug.append(None)
            continue
        line += source.signed("a line")
        if not 0 <= line <= layout.MAX_LINE:
            raise source.refuse(f"line {line} does not exist")
        column, end_column = (source.number(what, layout.MAX_LINE) for what in ("a column", "an end column"))
        debug.append(Location(files[file - 1], line, column, end_column))
    return tuple(debug)


def write_messages(sink: Sink, messages: tuple[str, ...]) -> None:
    """The texts in the order of their numbers."""
    sink.number(len(messages), layout.MAX_MESSAGES)
    for text in messages:
        sink.text(text)


def read_messages(source: Source) -> tuple[str, ...]:
    """The texts in the order of their numbers."""
    count = source.count("the number of messages", layout.MAX_MESSAGES)
    return tuple([source.text("a message") for _ in range(count)])


def write_variables(sink: Sink, variables: tuple[Variable, ...], end: int) -> None:
    """Name, type (0 for a truth value), register and range of each variable of a program of `end` instructions."""
    sink.number(len(variables), layout.MAX_VARIABLES)
    for variable in variables:
        truth = isinstance(variable.place, Pred) and not variable.place.negated
        if not is_dotted(variable.name) or truth != (variable.type is None):
            raise sink.refuse(f"{variable} is no variable")
        sink.text(variable.name)
        sink.data.append(TYPES.index(variable.type))
        sink.number(variable.place.index, (PREDICATES if variable.type is None else REGISTERS) - 1)
        sink.number(variable.start, variable.end)
        sink.number(variable.end, end)


def read_variables(source: Source, end: int) -> tuple[Variable, ...]:
    """The variables of a program of `end` instructions."""
    out = []
    for _ in range(source.count("the number of variables", layout.MAX_VARIABLES)):
        begin, name = source.position, source.text("a variable's name")
        if not is_dotted(name):
            raise ProgramFormatError(f"{name!r} is no variable name", begin)
        ty = TYPES[source.choice("type of a variable", len(TYPES))]
        index = source.number("a variable's register", (PREDICATES if ty is None else REGISTERS) - 1)
        start = source.number("a variable's first instruction", end)
        last = source.number("a variable's end", end)
        if start > last:
            raise source.refuse(f"variable {name!r} ends before it starts")
        out.append(Variable(name, Pred(index) if ty is None else Reg(index), ty, start, last))
    return tuple(out)


def write_metadata(sink: Sink, metadata: Mapping[str, str]) -> None:
    """Keys in order with their values."""
    sink.number(len(metadata), layout.MAX_METADATA)
    for key, value in sorted(metadata.items()):
        sink.text(key)
        sink.text(value)


def read_metadata(source: Source) -> dict[str, str]:
    """Keys in order with their values."""
    start, count = source.position, source.count("the number of metadata entries", layout.MAX_METADATA)
    pairs = [(source.text("a key"), source.text("a value")) for _ in range(count)]
    keys = [key for key, _ in pairs]
    if keys != sorted(set(keys)):
        raise ProgramFormatError("metadata keys are not in ascending order", start)
    return dict(pairs)
