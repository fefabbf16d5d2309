"""`hologram run --trace`: the lines that one lane runs, and what each of them gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hologram.cli.lines import Lines, changed, line_of, shown

if TYPE_CHECKING:
    from hologram.backends.interpreter.moment import Moment
    from hologram.backends.interpreter.state import Value


class Tracer:
    """A step hook that writes each line a lane has run, with the values it gave."""

    def __init__(self, lane: int, lines: set[int], write: Callable[[str], None]) -> None:
        self.lane, self.lines, self.write = lane, lines, write
        self._lines = Lines()
        self._open: tuple[int, str] | None = None
        self._stores: list[str] = []
        self._before: dict[str, Value] = {}
        self._after: dict[str, Value] = {}

    def __call__(self, moment: Moment) -> None:
        """Called before each instruction."""
        if not moment.runs(self.lane):
            return
        self._after = moment.variables(self.lane)
        if self._lines.begins(moment):
            self._end_line()
            line = line_of(moment.location)
            assert line is not None
            if not self.lines or line[1] in self.lines:
                self._open = line[1], moment.source_line or moment.text
        access = moment.access(self.lane)
        if access is not None and access.verb != "load":
            self._stores.append(str(access).removeprefix("store "))

    def finish(self, completed: bool) -> None:
        """Called when the launch is over."""
        self._end_line()

    def _end_line(self) -> None:
        if self._open is not None:
            number, text = self._open
            news = ", ".join(filter(None, [shown(changed(self._before, self._after)), *self._stores]))
            self.write(f"{number:5}  {text:<56}  {news}".rstrip())
        self._open, self._before = None, self._after
        self._stores.clear()
