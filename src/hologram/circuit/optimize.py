"""The optimiser of circuits: the same memory afterwards, bit for bit, with fewer calls.

Every rewriting is checked: the calls before and after are followed symbolically and must leave equal values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hologram.circuit.emission import NoRoomError, emit, tidy
from hologram.circuit.generators import (
    Call,
    Copy,
    Mark,
    MarkRange,
    Single,
    Swap,
    reads,
    relabelled,
    singles,
    traffic,
    writes,
)
from hologram.circuit.values import Values
from hologram.isa.operands import BYTES_PER_CLASS


@dataclass(frozen=True, slots=True)
class Optimized:
    """The calls that remain; `changed` is False where they are those given."""

    calls: tuple[Call, ...]
    before: int
    bytes_before: int
    bytes_after: int
    changed: bool

    @property
    def after(self) -> int:
        """How many calls remain."""
        return len(self.calls)

    @property
    def reduction(self) -> float:
        """Calls saved, in percent."""
        return 100 * (1 - self.after / self.before) if self.before else 0.0


def bytes_moved(calls: Iterable[Call]) -> int:
    """Bytes that calls read and write, each on its own."""
    return BYTES_PER_CLASS * sum(sum(traffic(call)) for call in calls)


def optimize(calls: Sequence[Call], live_out: Iterable[int] | None = None) -> Optimized:
    """Fewer calls that leave the same bytes in the classes of `live_out` (all where it is None).

    >>> from hologram.circuit.compile import calls_of
    >>> optimize(calls_of("copy@c05->c06 . mark@c21 . copy@c05->c06 . mark@c21")).calls
    (Copy(src=5, dst=6),)
    """
    given = tuple(calls)
    live = None if live_out is None else frozenset(live_out)
    ones = [one for call in given for one in singles(call)]
    values = Values(marks=any(type(one) is Mark for one in ones))
    held = values.follow(ones)
    wanted = {p: r for p, r in held.items() if live is None or p in live}
    cost = _cost(given)
    priced = sorted(((_cost(made), made) for made in _candidates(values, wanted, ones, held)), key=lambda pair: pair[0])
    for price, made in priced:
        if price < cost and _agrees(values, made, wanted, live):
            return Optimized(made, len(given), cost[1], price[1], True)
    return Optimized(given, len(given), cost[1], cost[1], False)


def _cost(calls: Sequence[Call]) -> tuple[int, int, int]:
    """Calls, bytes moved, calls that compute: what comes first counts most."""
    return len(calls), bytes_moved(calls), sum(type(call) not in _MOVING for call in calls)


_MOVING = frozenset({Mark, MarkRange, Copy, Swap})


def _candidates(
    values: Values, wanted: dict[int, int], ones: Sequence[Single], held: dict[int, int]
) -> Iterable[tuple[Call, ...]]:
    yield tuple(tidy(pruned(ones, wanted)))
    try:
        yield emit(values, wanted, held)
    except NoRoomError:
        return


def pruned(ones: Sequence[Single], live: Iterable[int]) -> list[Single]:
    """The calls whose results somebody reads, where they stand.

    >>> pruned([Copy(0, 1), Copy(2, 1)], live=[1])
    [Copy(src=2, dst=1)]
    """
    alive = set(live)
    out = []
    for one in reversed(ones):
        written = writes(one)
        if isinstance(one, Swap) and one.a != one.b and len(written & alive) == 1:
            (kept,) = written & alive
            one = Copy(one.b if kept == one.a else one.a, kept)
            written = frozenset({kept})
        if not written & alive or _is_idle(one):
            continue
        if not isinstance(one, Swap):
            alive -= written
            alive |= reads(one)
        out.append(one)
    return out[::-1]


def without_swaps(calls: Iterable[Call]) -> tuple[tuple[Call, ...], dict[int, int]]:
    """The calls with their swaps done by renaming, and the classes that then hold what others would have held.

    >>> without_swaps([Swap(1, 2), Copy(1, 3)])
    ((Copy(src=2, dst=3),), {1: 2, 2: 1})
    """
    homes: dict[int, int] = {}
    out: list[Single] = []
    for call in calls:
        for one in singles(call):
            if isinstance(one, Swap):
                homes[one.a], homes[one.b] = homes.get(one.b, one.b), homes.get(one.a, one.a)
            else:
                out.append(relabelled(one, homes))
    return tuple(tidy(out)), {name: place for name, place in homes.items() if name != place}


def _is_idle(one: Single) -> bool:
    return (isinstance(one, Copy) and one.src == one.dst) or (isinstance(one, Swap) and one.a == one.b)


def _agrees(values: Values, made: Sequence[Call], wanted: dict[int, int], live: frozenset[int] | None) -> bool:
    """Translation validation: the new calls leave the same values, and touch nothing else that is seen."""
    found = values.follow(one for call in made for one in singles(call))
    others = {p for p in found if p not in wanted and (live is None or p in live)}
    return all(found.get(p, values.input(p)) == r for p, r in wanted.items()) and all(
        found[p] == values.input(p) for p in others
    )
