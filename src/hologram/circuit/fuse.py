"""Items of a tape as programs: calls that may run together become one pass over memory.

A call joins an earlier program where nothing in between stands against it; so chains of different lengths and launches
that stay as they are do not cut each other up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hologram.circuit.generators import Mark, Reduce, Single, Softmax, Swap, reads, writes
from hologram.circuit.lower import MAX_CALLS, MAX_PLACES, Segment, Step, check_call, step_of
from hologram.circuit.tape import Item, Opaque, Tape, check
from hologram.types import Type

LOOK_BACK = 64
"""How many programs back a call may go."""


@dataclass
class Group:
    """Calls that become one program; `reason` says why its first call did not join the program before."""

    type: Type
    segment: Segment = field(default_factory=Segment)
    read: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)
    reason: str = ""

    @property
    def calls(self) -> list[Single]:
        return self.segment.calls

    def add(self, call: Single) -> None:
        """Let a call join."""
        self.segment.add(call)
        self.read |= reads(call)
        self.written |= writes(call)

    def step(self) -> Step:
        """The program."""
        return step_of(self.segment, self.type, "fused", numbered=True)


Part = Group | Opaque


def fuse(tape: Tape, items: Sequence[Item]) -> list[Part]:
    """The programs and launches that do what the items do, in order."""
    fuser = _Fuser(tape)
    for item in items:
        fuser.add(item)
    check(tape, [one for part in fuser.parts for one in (part.calls if isinstance(part, Group) else [part])])
    _find_scratch(tape, fuser.parts)
    return fuser.parts


class _Fuser:
    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.parts: list[Part] = []
        forms: dict[tuple[Type, int], int] = {}
        self.lengths: Mapping[int, int] = {
            p: forms.setdefault((place.type, place.count), len(forms)) for p, place in enumerate(tape.places)
        }

    def add(self, item: Item) -> None:
        """Put an item into the nearest program that takes it, or behind all."""
        if isinstance(item, Opaque):
            self.parts.append(item)
            return
        reason = ""
        for part in self.parts[: -LOOK_BACK - 1 : -1]:
            refusal = self._refusal(part, item)
            if not refusal:
                assert isinstance(part, Group)
                part.add(item)
                return
            reason = reason or refusal
            if self._conflict(part, item):
                break
        element = self.tape.places[_element_place(item)]
        check_call(item, element.type)
        group = Group(element.type, reason=reason)
        group.add(item)
        self.parts.append(group)

    def _refusal(self, part: Part, call: Single) -> str:
        """Why a call cannot join a program; empty where it can."""
        if isinstance(part, Opaque):
            return f"'{part.name}' runs in between"
        places, segment = self.tape.places, part.segment
        mine, theirs = places[_element_place(call)], places[_element_place(part.calls[0])]
        if mine.type is not theirs.type:
            return f"{mine.type.value} does not go with {theirs.type.value}"
        if mine.count != theirs.count:
            return f"{mine.count} elements do not go with {theirs.count}"
        if segment.is_closed:
            return "softmax ends a program"
        touched = reads(call) | writes(call)
        if not segment.takes(call, self.lengths):
            full = len(segment.calls) >= MAX_CALLS or len(segment.lane_wise | touched) > MAX_PLACES
            return "the program is full" if full else "it needs the result of a reduction"
        seen = part.read | part.written
        if self._meets(writes(call), seen) or self._meets(part.written, touched):
            return "views of the same memory overlap"
        if not touched & seen:
            return "it has nothing in common with the program before"
        return ""

    def _meets(self, written: frozenset[int] | set[int], others: frozenset[int] | set[int]) -> bool:
        """True where a written place shares memory with another one without being it."""
        overlaps = self.tape.overlaps
        return bool(overlaps) and any(overlaps.get(w, frozenset()) & others for w in written)

    def _conflict(self, part: Part, call: Single) -> bool:
        """True where a call may not run before a part."""
        if isinstance(part, Opaque):
            read, written = set(part.reads), set(part.writes)
        else:
            read, written = part.read, part.written
        around = self.tape.around
        return bool(around(written) & (reads(call) | writes(call))) or bool(around(writes(call)) & (read | written))


def _element_place(call: Single) -> int:
    """A place that has one element for every lane."""
    return call.src if isinstance(call, Reduce | Softmax) else next(iter(writes(call)))


def _find_scratch(tape: Tape, parts: Sequence[Part]) -> None:
    """Note which values of a program nobody reads in memory."""
    alive = tape.living
    for part in reversed(parts):
        if isinstance(part, Opaque):
            alive |= tape.around(part.reads | part.writes)
            continue
        after = set(alive)
        for call in reversed(part.calls):
            if not isinstance(call, Swap):
                alive -= writes(call)
            alive |= tape.around(reads(call))
        part.segment.scratch = frozenset(p for p in _registers(part) if not tape.around((p,)) & after)


def _registers(part: Group) -> set[int]:
    """Places that a program writes before it reads them, and that it needs in no other way than as values."""
    if any(isinstance(call, Mark) for call in part.calls):
        return set()  # marked values become numbers by way of memory
    found: set[int] = set()
    seen: set[int] = set()
    for call in part.calls:
        if isinstance(call, Softmax):
            found -= {call.src, call.dst}
        elif not isinstance(call, Reduce):
            found |= writes(call) - reads(call) - seen
        seen |= reads(call) | writes(call)
    return found - part.segment.cells
