"""A pattern on places: the generator calls of one launch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from hologram.circuit.generators import REDUCE_OF, SPLIT_VARIANTS, Copy, Immediate, Merge, Operand, Single, Split
from hologram.circuit.pattern import Apply, Element, Fold, Number, Pattern, Result, Scalar, Source, Store


def calls_of_pattern(
    pattern: Pattern,
    places: Mapping[int, int],
    cells: Mapping[int, int],
    scalars: Mapping[int, int | float],
    fresh: Callable[[], int],
) -> tuple[Single, ...] | None:
    """The calls that do what the pattern does, with its arrays at `places` and the targets of its folds at `cells`.

    `fresh` gives places for values in between. None where two parameters are one place and the order of loads and
    stores between them matters.
    """
    if _order_matters(pattern, places):
        return None
    writer = _Writer(pattern, places, cells, scalars, fresh)
    for position in range(len(pattern.steps)):
        writer.step(position)
    return tuple(writer.calls)


def _order_matters(pattern: Pattern, places: Mapping[int, int]) -> bool:
    stored: set[int] = set()
    for step in pattern.steps:
        sources = step.sources if isinstance(step, Apply) else (step.source,)
        read = {s.slot for s in sources if isinstance(s, Element)}
        if any(places[r] == places[s] and r != s for r in read for s in stored):
            return True
        if isinstance(step, Store):
            stored.add(step.slot)
    return False


class _Writer:
    def __init__(
        self,
        pattern: Pattern,
        places: Mapping[int, int],
        cells: Mapping[int, int],
        scalars: Mapping[int, int | float],
        fresh: Callable[[], int],
    ) -> None:
        self.pattern, self.places, self.cells, self.scalars, self.fresh = pattern, places, cells, scalars, fresh
        self.calls: list[Single] = []
        self.made: dict[int, int] = {}
        self.uses = Counter(
            s.step
            for step in pattern.steps
            for s in (step.sources if isinstance(step, Apply) else (step.source,))
            if isinstance(s, Result)
        )

    def step(self, position: int) -> None:
        """The calls of one step."""
        step = self.pattern.steps[position]
        if isinstance(step, Apply):
            read = [self._operand(s) for s in step.sources]
            self.made[position] = target = self._target(position)
            self.calls.append(applied(step.variant, read, target))
        elif isinstance(step, Store):
            target, source = self.places[step.slot], self._place(step.source, self.places[step.slot])
            if source != target:
                self.calls.append(Copy(source, target))
        elif isinstance(step, Fold):
            self.calls.append(REDUCE_OF[step.kind](self._place(step.source, None), self.cells[step.slot]))

    def _target(self, position: int) -> int:
        """Straight to where the next step stores it, if that is all that becomes of it."""
        following = self.pattern.steps[position + 1 : position + 2]
        for step in following:
            if isinstance(step, Store) and step.source == Result(position) and self.uses[position] == 1:
                return self.places[step.slot]
        return self.fresh()

    def _operand(self, source: Source) -> Operand:
        match source:
            case Element(slot):
                return self.places[slot]
            case Result(step):
                return self.made[step]
            case Scalar(slot):
                return Immediate(self.scalars[slot])
            case Number(value):
                return Immediate(value)

    def _place(self, source: Source, target: int | None) -> int:
        """A place that holds a source; numbers are laid into `target`, or a fresh place."""
        found = self._operand(source)
        if not isinstance(found, Immediate):
            return found
        place = self.fresh() if target is None else target
        self.calls.append(Merge(Immediate(1), found, place, "where", found))
        return place


def applied(variant: str, read: list[Operand], target: int) -> Merge | Split:
    """The call of an operator."""
    context = read[1] if len(read) > 1 else read[0]
    if variant in SPLIT_VARIANTS:
        return Split(read[0], context, target, variant)
    return Merge(read[0], context, target, variant, read[2] if len(read) > 2 else None)
