"""A recorded sequence: generator calls on places of any number, and launches that stay as they are between them.

`shortened` drops what nobody needs: results that are there already, copies, dead temporaries. Its answer is checked:
the sequences before and after are followed symbolically and must leave equal values wherever somebody may look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hologram.circuit.generators import (
    Copy,
    Evaluate,
    Immediate,
    Merge,
    Operand,
    Quote,
    Reduce,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Single,
    Softmax,
    Split,
    Swap,
    operands,
    reads,
    writes,
)
from hologram.circuit.instance import applied
from hologram.circuit.printer import call_text
from hologram.circuit.values import Reference, Values
from hologram.errors import HologramError
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Place:
    """What a place is: so many elements of a type; `lives` where somebody may look at it after the replay."""

    type: Type
    count: int
    lives: bool

    @property
    def nbytes(self) -> int:
        return self.type.size * self.count


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """A launch that stays as it is: the places it reads and writes, and whether it does more than that."""

    name: str
    reads: frozenset[int]
    writes: frozenset[int]
    has_effects: bool = False
    reason: str = ""


Item = Single | Opaque


@dataclass(frozen=True, slots=True)
class Removed:
    """An item that is gone, by its position among those recorded, and why."""

    position: int
    text: str
    reason: str


@dataclass
class Tape:
    """The items in order, their places, and which places share some memory without being the same."""

    items: list[Item] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    overlaps: dict[int, frozenset[int]] = field(default_factory=dict)

    def around(self, places: Iterable[int]) -> set[int]:
        """The places themselves and all that share memory with one of them."""
        out = set(places)
        if self.overlaps:
            for place in tuple(out):
                out |= self.overlaps.get(place, frozenset())
        return out

    @property
    def living(self) -> set[int]:
        return {p for p, place in enumerate(self.places) if place.lives}

    def bytes_of(self, item: Item) -> int:
        """Bytes that an item reads and writes when it runs alone; of reductions the source only."""
        if isinstance(item, ReduceSum | ReduceMin | ReduceMax):
            return self.places[item.src].nbytes
        return sum(self.places[p].nbytes for p in (*reads_of(item), *writes_of(item)))


def reads_of(item: Item) -> frozenset[int]:
    """The places an item may read."""
    return item.reads if isinstance(item, Opaque) else reads(item)


def writes_of(item: Item) -> frozenset[int]:
    """The places an item may change."""
    return item.writes if isinstance(item, Opaque) else writes(item)


def text_of(item: Item) -> str:
    """An item as circuit text, or the name of the kernel."""
    return item.name if isinstance(item, Opaque) else call_text(item)


class TapeValues(Values):
    """Value numbering over launches that stay and over places that share memory."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape
        self.effects: list[tuple[object, ...]] = []

    def do(self, item: Item, held: dict[int, Reference]) -> None:
        """What one item changes."""
        before_it = {p: self._read(held, p) for p in writes_of(item)} if self.tape.overlaps else {}
        if isinstance(item, Opaque):
            touched = sorted(item.reads | item.writes)
            before = tuple(self._read(held, p) for p in touched)
            for place in sorted(item.writes):
                held[place] = 2 * self.value(("launch", item, place, before), place)
            if item.has_effects:
                self.effects.append((item, before))
        else:
            self.step(item, held)
        # Writing what is there already leaves everything around as it is.
        self._blend([p for p, old in before_it.items() if held[p] != old], held)

    def _blend(self, written: Iterable[int], held: dict[int, Reference]) -> None:
        for place in sorted(written):
            for other in sorted(self.tape.overlaps.get(place, ())):
                key = ("blend", other, self._read(held, other), place, self._read(held, place))
                held[other] = 2 * self.value(key, other)

    def known(self, held: dict[int, Reference], place: int) -> Reference:
        """What a place holds."""
        return self._read(held, place)


def shortened(tape: Tape) -> tuple[list[Item], list[Removed]]:
    """Fewer items that leave the same in every living place, and what became of the others."""
    removed: list[Removed] = []
    kept = _needed(tape, _without_repetition(tape, removed), removed)
    items = [item for _, item in kept]
    check(tape, items)
    return items, sorted(removed, key=lambda r: r.position)


def check(tape: Tape, items: Sequence[Item]) -> None:
    """Translation validation: the items leave the same values as those recorded, wherever somebody may look.

    Raises `HologramError`, which would be a defect of the optimiser.
    """
    values = TapeValues(tape)
    outcomes = []
    for sequence in (tape.items, items):
        held: dict[int, Reference] = {}
        values.effects = []
        for item in sequence:
            values.do(item, held)
        outcomes.append(([values.known(held, p) for p in sorted(tape.living)], values.effects))
    if outcomes[0] != outcomes[1]:
        raise HologramError("the optimised graph does not leave the same values: please report this graph")


# Forward: what is known already ---------------------------------------------------------------------------


class _Holders:
    """Which places hold a value, oldest first."""

    def __init__(self, tape: Tape, values: TapeValues) -> None:
        self.tape, self.values = tape, values
        self.held: dict[int, Reference] = {}
        self.of: dict[Reference, dict[int, None]] = {}

    def find(self, reference: Reference, like: int, target: int) -> int | None:
        """The oldest place that holds a value, has type and length of another place, and is apart from a target."""
        wanted, near = self.tape.places[like], self.tape.overlaps.get(target, frozenset())
        for place in self.of.get(reference, ()):
            found = self.tape.places[place]
            if found.type is wanted.type and found.count == wanted.count and place not in near:
                return place
        return None

    def source(self, place: int, target: int) -> int:
        """The oldest place with what a place holds, for a call that writes to a target."""
        reference = self.values.known(self.held, place)
        self.of.setdefault(reference, {}).setdefault(place)
        found = self.find(reference, place, target)
        return place if found is None else found

    def do(self, item: Item) -> None:
        """Follow an item."""
        changed = self.tape.around(writes_of(item))
        before = {p: self.held.get(p) for p in changed}
        self.values.do(item, self.held)
        for place, old in before.items():
            now = self.held.get(place)
            if now != old:
                if old is not None:
                    self.of.get(old, {}).pop(place, None)
                if now is not None:
                    self.of.setdefault(now, {})[place] = None


def _without_repetition(tape: Tape, removed: list[Removed]) -> list[tuple[int, Item]]:
    """Operands become the oldest place that holds the value; what somebody holds already is copied, not computed."""
    holders = _Holders(tape, TapeValues(tape))
    out: list[tuple[int, Item]] = []
    for position, item in enumerate(tape.items):
        if isinstance(item, Quote | Evaluate):
            removed.append(Removed(position, text_of(item), "memory does not change"))
            continue
        if not isinstance(item, Opaque):
            made = _redirected(item, holders)
            known = _known_already(made, holders)
            if known is not None:
                removed.append(Removed(position, text_of(item), known[1]))
                if known[0] is None:
                    continue
                made = known[0]
            item = made
        holders.do(item)
        out.append((position, item))
    return out


def _redirected(call: Single, holders: _Holders) -> Single:
    match call:
        case Merge() | Split():
            return applied(call.variant, [_from(o, holders, call.dst) for o in operands(call)], call.dst)
        case Copy(src, dst):
            return Copy(holders.source(src, dst), dst)
        case Softmax(src, dst, n) if n is None:
            return Softmax(holders.source(src, dst), dst)
        case ReduceSum() | ReduceMin() | ReduceMax():
            return type(call)(holders.source(call.src, call.dst), call.dst, call.n)
    return call


def _from(operand: Operand, holders: _Holders, target: int) -> Operand:
    return operand if isinstance(operand, Immediate) else holders.source(operand, target)


def _known_already(call: Single, holders: _Holders) -> tuple[Copy | None, str] | None:
    """What to do instead of a call whose result is there already, and why; None where it is not."""
    if not isinstance(call, Merge | Split | Copy | Softmax | Reduce):
        return None
    trial = dict.fromkeys((*reads(call), call.dst))
    held = {p: holders.values.known(holders.held, p) for p in trial}
    before = held[call.dst]
    holders.values.step(call, held)
    if held[call.dst] == before:
        return None, "its target holds that already"
    if isinstance(call, Copy):
        return None
    found = holders.find(held[call.dst], call.dst, call.dst)
    same = found is not None and held[call.dst] == holders.held.get(found)
    return (Copy(found, call.dst), f"c{found:02} holds that already") if found is not None and same else None


# Backward: what somebody needs ----------------------------------------------------------------------------


def _needed(tape: Tape, items: Sequence[tuple[int, Item]], removed: list[Removed]) -> list[tuple[int, Item]]:
    told = {r.position for r in removed}
    alive = tape.living
    out: list[tuple[int, Item]] = []
    for position, item in reversed(items):
        kept = _alive(tape, item, alive)
        if kept is None:
            if position not in told:
                removed.append(Removed(position, text_of(item), _why_dead(item)))
            continue
        if not isinstance(kept, Opaque | Swap):
            alive -= writes_of(kept)
        alive |= tape.around(reads_of(kept))
        if isinstance(kept, Opaque):
            alive |= tape.around(kept.writes)
        out.append((position, kept))
    return out[::-1]


def _alive(tape: Tape, item: Item, alive: set[int]) -> Item | None:
    """The item, or the part of a swap that is needed; None where nobody needs it."""
    written = writes_of(item)
    if isinstance(item, Opaque) and item.has_effects:
        return item
    if isinstance(item, Swap) and item.a != item.b and not tape.overlaps and len(written & alive) == 1:
        (kept,) = written & alive
        return Copy(item.b if kept == item.a else item.a, kept)
    return item if tape.around(written) & alive else None


def _why_dead(item: Item) -> str:
    return "its readers read the original" if isinstance(item, Copy) else "nobody reads the result"


def describe_places(tape: Tape, names: Mapping[int, str]) -> list[str]:
    """One line a place: its number, type, length and name."""
    return [
        f"c{p:02}: {place.type.value}[{place.count}] {names.get(p, '' if place.lives else 'temporary')}".rstrip()
        for p, place in enumerate(tape.places)
    ]
