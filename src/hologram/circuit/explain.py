"""What the optimiser did with every call, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hologram.circuit.generators import (
    Call,
    Copy,
    Evaluate,
    Mark,
    Merge,
    Quote,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Single,
    Softmax,
    Split,
    Swap,
    singles,
    writes,
)
from hologram.circuit.printer import call_text
from hologram.circuit.values import Values


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A call that is gone or changed: its number (from 1) among the calls as written, its text, and why."""

    number: int
    call: str
    reason: str

    def __str__(self) -> str:
        return f"{self.number}: {self.call}: {self.reason}"


def explain(before: Sequence[Call], after: Sequence[Call]) -> tuple[Rewrite, ...]:
    """Why each call of `before` that is not in `after` is not there.

    >>> for rewrite in explain([Mark(21), Mark(21), Mark(21)], [Mark(21)]): print(rewrite)
    2: mark@c21: marks cancel in pairs
    3: mark@c21: marks cancel in pairs
    """
    kept = Counter(one for call in after for one in singles(call))
    values = Values(marks=any(isinstance(one, Mark) for call in before for one in singles(call)))
    held: dict[int, int] = {}
    maker: dict[int, int] = {}
    out = []
    for number, call in enumerate(before, 1):
        for one in singles(call):
            touched = writes(one)
            old = {p: held.get(p) for p in touched}
            known = len(values.keys)
            values.step(one, held)
            made = held[one.dst] >> 1 if isinstance(one, _COMPUTING) else -1
            if kept[one] > 0:
                kept[one] -= 1
            else:
                same = all(old[p] in (held[p], None) and held[p] == (old[p] or values.input(p)) for p in touched)
                out.append(Rewrite(number, call_text(one), _reason(one, same, made, known, maker)))
            maker.setdefault(made, number)
    return tuple(out)


_COMPUTING = (Merge, Split, Softmax, ReduceSum, ReduceMin, ReduceMax)


def _reason(one: Single, same: bool, made: int, known: int, maker: dict[int, int]) -> str:
    match one:
        case Quote() | Evaluate():
            return "memory does not change"
        case Mark():
            return "marks cancel in pairs"
        case Swap():
            return "changes nothing" if same else "the classes are renamed instead"
        case Copy():
            return "changes nothing" if same else "its readers read the original, or nobody reads it"
    if made < known and made in maker:
        return f"call {maker[made]} computed it already"
    return "changes nothing" if same else "nobody reads the result there"
