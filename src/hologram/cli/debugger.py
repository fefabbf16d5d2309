"""`hologram run --debug`: stops one lane of a launch at source lines, shows its variables, takes commands."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from typer import style

from hologram.backends import faults
from hologram.cli.lines import Lines, around, changed, shown
from hologram.errors import ArgumentValueError

if TYPE_CHECKING:
    from hologram.backends.interpreter.moment import Moment
    from hologram.backends.interpreter.state import Value

PROMPT = "(debug) "
NEAR = 5
_ELEMENT = re.compile(r"(\w+)\s*\[([^\[\]]+)\]")
HELP = """\
n, next           run to the next line of the lane; an empty line says the last command again
c, continue       run to the next breakpoint, or to the end
b [LINE]          stop at a line, or list the breakpoints;  d LINE  deletes one
p [NAME]          a variable, a register (r0, p0), an array or an element (x[i], x[3]); alone: all variables
l, list           the source around this line
lanes             which lanes are at this line with this one
lane N            follow lane N from here on
i, instruction    the instruction about to run and what it does to memory
q, quit           end the launch here
h, help           this text"""


class Debugger:
    """A step hook that follows one lane. Commands come from stdin; where that ends the launch runs to its end."""

    def __init__(self, lane: int, breakpoints: set[int], write: Callable[[str], None]) -> None:
        self.lane, self.breakpoints, self.write = lane, breakpoints, write
        self._lines = Lines()
        self._stepping = not breakpoints
        self._last = "n"
        self._before: dict[str, Value] = {}
        self._commands: dict[str, Callable[[Moment, str], bool]] = {}
        for names, command in _COMMANDS:
            self._commands.update(dict.fromkeys(names, command.__get__(self)))

    def __call__(self, moment: Moment) -> None:
        """Called before each instruction."""
        if not moment.runs(self.lane) or not self._lines.begins(moment):
            return
        location = moment.location
        assert location is not None
        if self._stepping or location.line in self.breakpoints:
            self._stop(moment)

    def _stop(self, moment: Moment) -> None:
        self._show(moment)
        while True:
            said = self._read()
            word, _, rest = (said or self._last).strip().partition(" ")
            self._last = said or self._last
            command = self._commands.get(word)
            if command is None:
                self.write(f"there is no command '{word}'; h lists them")
            else:
                try:
                    if command(moment, rest.strip()):
                        break
                except ArgumentValueError as error:
                    self.write(str(error))

    def _read(self) -> str:
        """A command; the end of the input is `q` at a terminal and `c` without stops in a script."""
        if sys.stdin.isatty():
            try:
                return input(PROMPT)
            except (EOFError, KeyboardInterrupt):
                return "q"
        line = sys.stdin.readline()
        if not line:
            self.breakpoints.clear()
            return "c"
        self.write(f"{PROMPT}{line.strip()}")
        return line.strip()

    def _show(self, moment: Moment) -> None:
        location = moment.location
        assert location is not None
        values = moment.variables(self.lane)
        self.write(f"{location.file}:{location.line}, {moment.kernel}, lane {self.lane}")
        self.write(style(f"-> {location.line:4}  {moment.source_line or moment.text}", bold=True))
        news = changed(self._before, values)
        if news:
            self.write(f"         {shown(news)}")
        self._before = values

    def finish(self, completed: bool) -> None:
        """Called when the launch is over."""
        if completed:
            self.write(f"lane {self.lane} has run to its end")

    # Commands; one that gives True lets the lanes run on

    def next(self, moment: Moment, rest: str) -> bool:
        """To the next line."""
        self._stepping = True
        return True

    def go_on(self, moment: Moment, rest: str) -> bool:
        """To a breakpoint or the end."""
        self._stepping = False
        return True

    def break_at(self, moment: Moment, rest: str) -> bool:
        """Set or list breakpoints."""
        if rest:
            self.breakpoints.add(_number(rest, "b LINE"))
        lines = ", ".join(map(str, sorted(self.breakpoints)))
        self.write(f"breakpoints: {lines or 'none; b LINE sets one'}")
        return False

    def delete(self, moment: Moment, rest: str) -> bool:
        """Delete a breakpoint."""
        self.breakpoints.discard(_number(rest, "d LINE"))
        return self.break_at(moment, "")

    def print(self, moment: Moment, rest: str) -> bool:
        """Values."""
        if not rest:
            for name, value in moment.variables(self.lane).items():
                self.write(f"{name} = {value}")
            return False
        self.write(f"{rest} = {self._value(moment, rest)}")
        return False

    def _value(self, moment: Moment, text: str) -> str:
        element = _ELEMENT.fullmatch(text)
        if element is not None:
            array = moment.array(element[1])
            index = tuple(self._index(moment, part.strip()) for part in element[2].split(","))
            if len(index) != array.ndim or any(not 0 <= i < n for i, n in zip(index, array.shape, strict=False)):
                raise ArgumentValueError(f"{element[1]} has shape {'×'.join(map(str, array.shape))}")
            return str(array[index])
        if text in moment.arrays:
            array = moment.array(text)
            return f"{array.dtype}, {'×'.join(map(str, array.shape))}: {np.array2string(array, threshold=16)}"
        value = moment.value(text, self.lane)
        return "has no value here" if value is None else str(value)

    def _index(self, moment: Moment, text: str) -> int:
        if text.removeprefix("-").isdecimal():
            return int(text)
        value = moment.value(text, self.lane)
        if not isinstance(value, np.integer):
            raise ArgumentValueError(f"'{text}' is no index: it is {value}")
        return int(value)

    def list(self, moment: Moment, rest: str) -> bool:
        """The source."""
        location = moment.location
        assert location is not None
        for number, text in around(location, NEAR):
            mark = "->" if number == location.line else "b " if number in self.breakpoints else "  "
            self.write(f"{mark} {number:4}  {text}")
        return False

    def lanes(self, moment: Moment, rest: str) -> bool:
        """Who is here."""
        here, group = moment.lanes, moment.group
        self.write(f"{len(here)} of {len(group)} lanes are here: {_ranges(sorted(here.tolist()))}")
        return False

    def follow(self, moment: Moment, rest: str) -> bool:
        """Another lane."""
        lane = _number(rest, "lane N")
        if lane >= moment.domain.total:
            raise ArgumentValueError(f"the launch has the lanes 0 to {moment.domain.total - 1}")
        self.lane, self._before = lane, {}
        if moment.runs(lane):
            self._show(moment)
            return False
        self.write(f"lane {lane} is not at this line; stopping where it comes to one")
        self._stepping, self._lines = True, Lines()
        return True

    def instruction(self, moment: Moment, rest: str) -> bool:
        """The machine's view."""
        access = moment.access(self.lane)
        self.write(f"instruction {moment.index}: {moment.text}" + (f"    ; {access}" if access else ""))
        return False

    def quit(self, moment: Moment, rest: str) -> bool:
        """The end."""
        moment.stop()

    def help(self, moment: Moment, rest: str) -> bool:
        """What there is."""
        self.write(HELP)
        return False


_COMMANDS: tuple[tuple[tuple[str, ...], Callable[[Debugger, Moment, str], bool]], ...] = (
    (("n", "next", "s", "step"), Debugger.next),
    (("c", "continue"), Debugger.go_on),
    (("b", "break"), Debugger.break_at),
    (("d", "delete"), Debugger.delete),
    (("p", "print"), Debugger.print),
    (("l", "list"), Debugger.list),
    (("lanes",), Debugger.lanes),
    (("lane",), Debugger.follow),
    (("i", "instruction"), Debugger.instruction),
    (("q", "quit"), Debugger.quit),
    (("h", "help", "?"), Debugger.help),
)


def _number(text: str, form: str) -> int:
    if not text.isdecimal():
        raise ArgumentValueError(f"write {form}")
    return int(text)


def _ranges(numbers: list[int]) -> str:
    """`0-7, 9` for ascending numbers."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in parts]
    return ", ".join(texts[: faults.SHOWN_LANES]) + (", ..." if len(texts) > faults.SHOWN_LANES else "")
