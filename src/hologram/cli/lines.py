"""Source lines as a lane comes to them, for `hologram run --debug` and `--trace`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hologram.errors import Location

if TYPE_CHECKING:
    from hologram.backends.interpreter.moment import Moment
    from hologram.backends.interpreter.state import Value

Line = tuple[str, int]
"""A file and the number of a line in it."""
PARAMETERS = frozenset({"MOV_PARAM", "CVT"})


class Lines:
    """Says which moments begin a source line for a lane: where the line changes, and where a loop comes round on one.

    What reads the parameters, before the first line of the kernel's body, is passed over, and so is the rest of a line
    after a device function that it calls.
    """

    def __init__(self) -> None:
        self._line: Line | None = None
        self._first: Line | None = None
        self._index = -1
        self._callers: list[Line] = []

    def begins(self, moment: Moment) -> bool:
        """True where the lane is about to run the first instruction of a line."""
        line = line_of(moment.location)
        if moment.index == 0 and self._first is None and moment.operation in PARAMETERS:
            self._first = line
        if line is None or (line == self._first and moment.operation in PARAMETERS):
            return False
        if line == self._line and moment.index != self._index:
            return False
        depth = len(moment.functions)
        returned = len(self._callers) > depth + 1 and self._callers[depth] == line
        self._callers = [*self._callers[:depth], *[line] * (depth + 1 - len(self._callers[:depth]))]
        self._line, self._index = line, moment.index
        return not returned


def line_of(location: Location | None) -> Line | None:
    """The line of a place."""
    return None if location is None else (location.file, location.line)


def shown(variables: Mapping[str, Value]) -> str:
    """`i = 3, total = 4.5`."""
    return ", ".join(f"{name} = {value}" for name, value in variables.items())


def changed(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, Value]:
    """What is new, or another value than it was (a NaN is the same as a NaN)."""
    return {name: value for name, value in after.items() if name not in before or str(before[name]) != str(value)}


def around(location: Location, count: int) -> Iterator[tuple[int, str]]:
    """Numbers and texts of the source lines up to `count` lines from a place, as far as they can be read."""
    from hologram.backends.faults import source_line

    for number in range(max(1, location.line - count), location.line + count + 1):
        text = source_line(Location(location.file, number))
        if text or number == location.line:
            yield number, text
