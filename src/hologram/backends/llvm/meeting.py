"""Where the lanes of a block meet: what each strip keeps at a barrier, and that all of them come to the same.

Where it is not proved that all lanes of a block come to a barrier, the code finds out: a strip looks whether all its
lanes are there, and after each strip it is compared with those before it. A block that does not meet goes no further,
and the launch fails with the barrier's index when it is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hologram.backends.llvm.flow import Place
from hologram.backends.llvm.ir import Value, Writer
from hologram.backends.llvm.lanes import any_lane
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.llvm.strip import Strip

DONE = -1
"""What a strip says that came to the end of the program."""
MISSED = -2
"""What it says when some of its lanes were at a barrier and some were not."""
_LAST = -3
_NOBODY = -(1 << 62)


@dataclass(frozen=True)
class Kept:
    """A value that outlives a barrier: where in a strip's own memory it waits, its stride, and its number if known.

    One `of_block` is the result of a block reduction, which begins the memory of the block for that. One that has a
    `source`, an instruction that gives the same at any time, waits nowhere.
    """

    offset: int
    type: Type | None
    stride: int | None
    of_block: bool = False
    source: int | None = None
    constant: int | None = None


@dataclass(frozen=True)
class Meeting:
    """A barrier: the number of the part that follows, what is kept for it, and whether surely all lanes come."""

    number: int
    kept: Mapping[Place, Kept]
    proved: bool


def last(index: int) -> int:
    """The number of a barrier that nothing follows; each has its own."""
    return _LAST - index


def announce(s: Strip, i: int, meeting: Meeting) -> None:
    """Say which barrier a strip has come to."""
    number = Value(str(meeting.number), "i64")
    if not meeting.proved and not s.mask.entry and s.mask.ref is not None:
        whole = s.whole if s.whole is not None else s.vector.raw("i1", "true")
        bad = any_lane(s.w, s.vector.binary("xor", s.mask.ref, whole))
        s.fault(i)(bad)
        number = s.scalar.select(None, bad, Value(str(MISSED), "i64"), number)
    s.w.line(f"store {number}, ptr %next")


class Agreement:
    """Compares what the strips of a block say; `status` gives the result of a launch by a barrier's number.

    One that `stops` ends the launch at once.
    """

    def __init__(self, w: Writer, following: str, fault: str, status: Mapping[int, int], stops: bool = False) -> None:
        self.w, self.next, self.fault, self.status, self.stops = w, following, fault, status, stops
        self.agreed = w.alloca("i64")

    def begin(self) -> None:
        """No strip has run yet."""
        self.w.line(f"store i64 {_NOBODY}, ptr {self.agreed}")

    def before_strip(self) -> None:
        self.w.line(f"store i64 {DONE}, ptr {self.next}")

    def after_strip(self) -> None:
        """The first strip is believed, the others have to say the same."""
        w = self.w
        said, agreed = (w.value(f"load i64, ptr {cell}", "i64") for cell in (self.next, self.agreed))
        first = w.value(f"icmp eq {agreed}, {_NOBODY}", "i1")
        same = w.value(f"or {w.value(f'icmp eq {said}, {agreed.ref}', 'i1')}, {first.ref}", "i1")
        differ, done = w.name("differ"), w.name("agreed")
        w.line(f"store {w.value(f'select {same}, {said}, i64 {MISSED}', 'i64')}, ptr {self.agreed}")
        w.branch(same, done, differ)
        w.label(differ)
        self._report(said, agreed)
        w.label(done)

    def _report(self, said: Value, agreed: Value) -> None:
        w = self.w
        ended = w.value(f"icmp eq {agreed}, {DONE}", "i1")
        barrier = w.value(f"select {ended}, {said}, {agreed}", "i64")
        status = w.value(f"load i64, ptr {self.fault}", "i64")
        unset = w.value(f"icmp eq {status}, 0", "i1")
        for number, index in self.status.items():
            here = w.value(f"and {w.value(f'icmp eq {barrier}, {number}', 'i1')}, {unset.ref}", "i1")
            status = w.value(f"select {here}, i64 {index}, {status}", "i64")
        w.line(f"store {status}, ptr {self.fault}")
        if self.stops:
            w.line(f"ret {status}")
            w.open = False

    def result(self) -> Value:
        """The number of the part that follows."""
        return self.w.value(f"load i64, ptr {self.agreed}", "i64")
