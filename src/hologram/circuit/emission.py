"""Calls that leave given values in given classes: each value is made once, near where it is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hologram.circuit.compile import coalesce, runs
from hologram.circuit.generators import (
    SPLIT_VARIANTS,
    Call,
    Copy,
    Mark,
    MarkRange,
    Merge,
    Operand,
    Softmax,
    Split,
    Swap,
)
from hologram.circuit.values import Reference, Values


class NoRoomError(Exception):
    """Every class holds something that is still needed."""


class Emitter:
    """Writes calls and keeps track of what each class holds."""

    def __init__(self, values: Values, wanted: Mapping[int, Reference], places: Iterable[int]) -> None:
        self.values, self.wanted = values, wanted
        self.calls: list[Call] = []
        self.held: dict[int, Reference] = {p: values.input(p) for p in places}
        self.holders: dict[int, set[int]] = {}
        for place, reference in self.held.items():
            self.holders.setdefault(reference >> 1, set()).add(place)
        self.needed = _needed(values, wanted.values())
        self.uses: Counter[int] = Counter(r >> 1 for r in wanted.values())
        for value in self.needed:
            self.uses.update(r >> 1 for r in values.reads(value))
        self.homes: dict[int, list[int]] = {}
        for place, reference in wanted.items():
            self.homes.setdefault(reference >> 1, []).append(place)
        self.spare = list(self.held)

    # What classes hold ------------------------------------------------------------------------------------

    def is_free(self, place: int) -> bool:
        """True when nobody needs what is in a class, or another class has it, too."""
        value = self.held[place] >> 1
        return self.uses[value] == 0 or len(self.holders[value]) > 1

    def put(self, place: int, reference: Reference) -> None:
        """Note that a class holds something else now."""
        old = self.held[place] >> 1
        self.holders[old].discard(place)
        self.held[place] = reference
        new = self.holders.setdefault(reference >> 1, set())
        new.add(place)
        if len(new) > 1:
            self.spare += new

    def spent(self, value: int) -> None:
        """One use of a value is over."""
        self.uses[value] -= 1
        if self.uses[value] == 0:
            self.spare += self.holders.get(value, ())

    def room(self, taken: Iterable[int] = ()) -> int:
        """A class that may be overwritten."""
        passed = []
        found = None
        while self.spare and found is None:
            place = self.spare.pop()
            if place in taken:
                passed.append(place)
            elif self.is_free(place) and not self._at_home(place):
                found = place
        self.spare += passed
        if found is None:
            raise NoRoomError
        return found

    def _at_home(self, place: int) -> bool:
        """True where a class already holds what it shall hold in the end."""
        return self.uses[self.held[place] >> 1] > 0 and self.wanted.get(place) == self.held[place]

    def mark(self, place: int) -> None:
        self.calls.append(Mark(place))
        self.held[place] ^= 1

    def copy(self, src: int, dst: int) -> None:
        self.calls.append(Copy(src, dst))
        self.put(dst, self.held[src])

    # Values -----------------------------------------------------------------------------------------------

    def find(self, reference: Reference, taken: set[int]) -> int:
        """A class that holds a reference exactly, made so by a mark or a copy where none does."""
        holders = self.holders[reference >> 1]
        exact = [p for p in holders if self.held[p] == reference]
        if exact:
            return min(exact)
        homes = [p for p in self.homes.get(reference >> 1, ()) if self.wanted[p] == reference and p not in taken]
        for place in homes:
            if place in holders:
                self.mark(place)
                return place
        source = min(holders)
        for place in homes:
            if self.is_free(place):
                self.copy(source, place)
                self.mark(place)
                return place
        if source in taken:
            place = self.room(taken)
            self.copy(source, place)
            source = place
        self.mark(source)
        return source

    def make(self, value: int) -> None:
        """Compute a value somewhere."""
        key = self.values.keys[value]
        references = self.values.reads(value)
        taken: set[int] = set()
        found: dict[Reference, int] = {}
        for reference in references:
            if self.values.number(reference >> 1) is None and reference not in found:
                found[reference] = self.find(reference, taken)
                taken.add(found[reference])
        for reference in references:
            self.spent(reference >> 1)
        if key[0] == "reduce" or (key[0] == "softmax" and key[1] is not None):
            target = self._onto(value, references[-1], found)
        else:
            target = self._target(value, found)
        self.calls.append(_call(self.values, value, found, target))
        self.put(target, 2 * value)

    def _target(self, value: int, found: Mapping[Reference, int]) -> int:
        """Where a value goes: home if it can, else to the place its call named, an operand's, or any."""
        preferred: list[int] = [*self.homes.get(value, ()), self.values.place_of[value], *found.values()]
        for place in preferred:
            if place in self.held and self.is_free(place) and not self._at_home(place):
                return place
        return self.room()

    def _onto(self, value: int, old: Reference, found: dict[Reference, int]) -> int:
        """Where a value goes that keeps part of what the place held before."""
        place = found[old]
        if self.is_free(place) and (self.uses[old >> 1] == 0 or not self._at_home(place)):
            return place
        homes = [p for p in self.homes.get(value, ()) if self.is_free(p) and p not in found.values()]
        target = homes[0] if homes else self.room(set(found.values()))
        self.copy(place, target)
        return target

    # The end ----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring everything home: copies first, then swaps where classes wait for each other, then marks."""
        pending = {p: r for p, r in self.wanted.items() if self.held[p] >> 1 != r >> 1}
        flips = [p for p, r in self.wanted.items() if p not in pending and self.held[p] != r]
        sources = {r >> 1 for r in pending.values()}
        for place in flips:  # a mark before the copies marks them, too
            if self.held[place] >> 1 in sources:
                self.mark(place)
        wanting: Counter[int] = Counter(r >> 1 for r in pending.values())
        ready = [p for p in pending if self._may_go(p, wanting)]
        while pending:
            while ready:
                place = ready.pop()
                if place not in pending or not self._may_go(place, wanting):
                    continue
                reference = pending.pop(place)
                value = reference >> 1
                before = self.held[place] >> 1
                self.copy(self._source(reference, wanting), place)
                wanting[value] -= 1
                ready += [p for v in (value, before) for p in self.holders.get(v, ()) if p in pending]
            if pending:
                place, reference = next(iter(pending.items()))
                other = min(self.holders[reference >> 1])
                self.calls.append(Swap(place, other))
                ours, theirs = self.held[place], self.held[other]
                self.put(place, theirs)
                self.put(other, ours)
                for p in (place, other):
                    if p in pending and self.held[p] >> 1 == pending[p] >> 1:
                        wanting[pending.pop(p) >> 1] -= 1
                ready = [p for p in (place, other) if p in pending]
        for place, reference in self.wanted.items():
            if self.held[place] != reference:
                self.mark(place)

    def _source(self, reference: Reference, wanting: Counter[int]) -> int:
        """The class to copy from: one that has the right parity, or one that is of no other use and gets it."""
        holders = self.holders[reference >> 1]
        exact = [p for p in holders if self.held[p] == reference]
        if exact:
            return min(exact)
        idle = [p for p in holders if p not in self.wanted or self.wanted[p] >> 1 != reference >> 1]
        if idle and wanting[reference >> 1] > 1:
            self.mark(min(idle))
            return min(idle)
        return min(holders)

    def _may_go(self, place: int, wanting: Counter[int]) -> bool:
        """True when a class waits for something else and nobody waits for what it has."""
        value = self.held[place] >> 1
        return wanting[value] == 0 or len(self.holders[value]) > 1


def emit(values: Values, wanted: Mapping[int, Reference], places: Iterable[int]) -> tuple[Call, ...]:
    """Calls after which every class of `wanted` holds what it says; other classes of `places` may hold anything.

    Raises `NoRoomError` where they are too few.
    """
    emitter = Emitter(values, wanted, places)
    for value in emitter.needed:
        if emitter.values.keys[value][0] not in ("input", "number"):
            emitter.make(value)
    emitter.settle()
    return tuple(tidy(emitter.calls))


def tidy(calls: Sequence[Call]) -> list[Call]:
    """Marks and merges that stand side by side as ranges."""
    out: list[Call] = []
    k = 0
    while k < len(calls):
        end = k
        while end < len(calls) and type(calls[end]) is type(calls[k]) and isinstance(calls[k], Mark | Merge):
            end += 1
        group = calls[k:end]
        if isinstance(calls[k], Mark):
            odd = Counter(c.place for c in group if isinstance(c, Mark))
            found = runs([p for p, times in odd.items() if times % 2])
            out += [Mark(first) if first == last else MarkRange(first, last) for first, last in found]
        elif group:
            out += coalesce([c for c in group if isinstance(c, Merge)])
        else:
            out.append(calls[k])
            end = k + 1
        k = end
    return out


def _needed(values: Values, wanted: Iterable[Reference]) -> list[int]:
    """The values to make, those they are made of first."""
    seen: set[int] = set()
    stack = [r >> 1 for r in wanted]
    while stack:
        value = stack.pop()
        if value not in seen:
            seen.add(value)
            stack += [r >> 1 for r in values.reads(value)]
    return sorted(seen)


def _call(values: Values, value: int, found: Mapping[Reference, int], target: int) -> Call:
    key = values.keys[value]
    references = values.reads(value)
    if key[0] == "reduce":
        kind = key[1]
        assert isinstance(kind, type)
        made: Call = kind(found[references[0]], target, key[2])
        return made
    if key[0] == "softmax":
        n = key[1]
        assert n is None or isinstance(n, int)
        return Softmax(found[references[0]], target, n)
    variant = str(key[0])
    read: list[Operand] = [values.number(r >> 1) or found[r] for r in references]
    context = read[1] if len(read) > 1 else read[0]
    if variant in SPLIT_VARIANTS:
        return Split(read[0], context, target, variant)
    return Merge(read[0], context, target, variant, read[2] if len(read) > 2 else None)
