"""Along which axis of an element-wise region the lanes lie, and along which each lane goes by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LANES = 16
"""About as many lanes as work side by side."""
PAGE = 1024
"""Elements whose distance is a page: what lies so far apart gets in each other's way in the cache."""
BESIDE, REPEATED, READ, WRITTEN, FAR = 1.0, 0.3, 3.0, 3.5, 6.0
"""What an element costs: beside the one before it, the same, elsewhere, and where it is a page away."""

Span = Mapping[int, Any]
"""The stride of an array along each axis that it goes along."""


def arranged(
    runs: Sequence[Sequence[int]], reads: Sequence[Span], made: Sequence[Span], sizes: Mapping[int, Any]
) -> tuple[list[list[int]], list[int]]:
    """Runs of axes with the lanes' last, and the axes that are walked.

    Lanes lie where arrays lie side by side, and where there are enough of them. Where some arrays do so along
    another axis, each lane walks along that, so that the part of memory it is in stays near.
    """
    order = [list(run) for run in runs]
    if len(order) < 2:
        return order, []
    beside = [r for r in order if any(s.get(r[-1]) == 1 for s in (*reads, *made))]
    if len(beside) == 1 and order[-1] is beside[0] and _length(order[-1], sizes) >= LANES:
        return order, []
    best = min(reversed(order), key=lambda run: _cost(run, reads, made, sizes))
    others = [run for run in order if run is not best]
    walked = [
        r for r in beside if r is not best and any(s.get(r[-1]) == 1 and s.get(best[-1], 0) for s in (*reads, *made))
    ]
    return [*(r for r in others if r not in walked), *walked, best], [a for r in walked for a in r]


def _cost(run: Sequence[int], reads: Sequence[Span], made: Sequence[Span], sizes: Mapping[int, Any]) -> float:
    length = _length(run, sizes)
    waste = -(-length // LANES) * LANES / max(length, 1)
    places = [_access(s.get(run[-1], 0), READ) for s in reads] + [_access(s.get(run[-1], 0), WRITTEN) for s in made]
    return waste * sum(places)


def _access(stride: Any, elsewhere: float) -> float:
    if stride == 0 or stride == 1:
        return BESIDE if stride == 1 else REPEATED
    return FAR if hint(stride) % PAGE == 0 else elsewhere


def _length(run: Sequence[int], sizes: Mapping[int, Any]) -> int:
    length = 1
    for axis in run:
        length *= hint(sizes[axis])
    return length


def hint(size: Any) -> int:
    """About how large a size may be."""
    return size if isinstance(size, int) else int(size.subs(dict.fromkeys(size.free_symbols, 64)))
