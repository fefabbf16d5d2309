"""The 96 classes: places of the boundary pool, and vertices of the Atlas graph.

A *class index* 0 … 95 names a place and is what every instruction, function and buffer takes. It has two readings:

- the *sigil numbering*: index = 24·h₂ + 8·d + ℓ with quadrant h₂ 0 … 3, modality d 0 … 2, context ℓ 0 … 7;
- the *resonance labelling*: six coordinates e1, e2, e3, e6, e7 (0 or 1) and d45 (-1, 0, +1), where e1 and e2 are the
  bits of h₂, e3, e6, e7 those of ℓ (highest first), and d45 is 0, +1, -1 for d = 0, 1, 2.

The mirror of a class flips e7. Its neighbours differ from it in one of e1, e2, e3, e6, or by one step of d45. The
*resonance number* 48·e1 + 24·e2 + 12·e3 + 6·e6 + 3·e7 + d45 + 1 counts labels in their order; nothing here takes such a
number where an index is meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace

from hologram.errors import ArgumentValueError
from hologram.isa.operands import CLASSES

PHASES = 768
"""The phase of a lane counts modulo this: 8 · 96."""

_STEP_OF_MODALITY = (0, 1, -1)
_MODALITY_OF_STEP = {step: modality for modality, step in enumerate(_STEP_OF_MODALITY)}


@dataclass(frozen=True, slots=True)
class Sigil:
    """A class in the sigil numbering.

    >>> Sigil(2, 1, 5).index, Sigil.of(61)
    (61, Sigil(quadrant=2, modality=1, context=5))
    """

    quadrant: int
    modality: int
    context: int

    def __post_init__(self) -> None:
        _check("quadrant", self.quadrant, 0, 3)
        _check("modality", self.modality, 0, 2)
        _check("context", self.context, 0, 7)

    @property
    def index(self) -> int:
        """The class index."""
        return 24 * self.quadrant + 8 * self.modality + self.context

    @classmethod
    def of(cls, index: int) -> Sigil:
        """The sigil of a class index."""
        check_index(index)
        return cls(index // 24, index // 8 % 3, index % 8)


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """A class in the resonance labelling; labels order as their resonance numbers do.

    >>> Label(1, 0, 1, 0, 1, 1).index, Label.of(61)
    (61, Label(e1=1, e2=0, e3=1, e6=0, e7=1, d45=1))
    """

    e1: int
    e2: int
    e3: int
    e6: int
    e7: int
    d45: int

    def __post_init__(self) -> None:
        for name in ("e1", "e2", "e3", "e6", "e7"):
            _check(name, getattr(self, name), 0, 1)
        _check("d45", self.d45, -1, 1)

    @property
    def sigil(self) -> Sigil:
        """The same class in the sigil numbering."""
        context = 4 * self.e3 + 2 * self.e6 + self.e7
        return Sigil(2 * self.e1 + self.e2, _MODALITY_OF_STEP[self.d45], context)

    @property
    def index(self) -> int:
        """The class index."""
        return self.sigil.index

    @property
    def number(self) -> int:
        """The resonance number, 0 … 95; it is no class index."""
        return 48 * self.e1 + 24 * self.e2 + 12 * self.e3 + 6 * self.e6 + 3 * self.e7 + self.d45 + 1

    @classmethod
    def of(cls, index: int) -> Label:
        """The label of a class index."""
        s = Sigil.of(index)
        bits = (s.quadrant >> 1, s.quadrant & 1, s.context >> 2, (s.context >> 1) & 1, s.context & 1)
        return cls(*bits, _STEP_OF_MODALITY[s.modality])

    @classmethod
    def numbered(cls, number: int) -> Label:
        """The label with a resonance number."""
        _check("a resonance number", number, 0, CLASSES - 1)
        bits, step = divmod(number, 3)
        return cls(*((bits >> place) & 1 if place >= 0 else step - 1 for place in (4, 3, 2, 1, 0, -1)))

    def mirrored(self) -> Label:
        """The label with e7 flipped."""
        return replace(self, e7=1 - self.e7)

    def adjacent(self) -> Iterator[Label]:
        """The labels one step away: a flip of e1, e2, e3 or e6, or a step of d45."""
        parts = astuple(self)
        for place in range(4):
            yield Label(*(1 - part if k == place else part for k, part in enumerate(parts)))
        for step in (self.d45 - 1, self.d45 + 1):
            if -1 <= step <= 1:
                yield replace(self, d45=step)


def check_index(index: int) -> None:
    """Raise ArgumentValueError for what is no class index."""
    _check("a class index", index, 0, CLASSES - 1)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ArgumentValueError(f"{name} must be from {low} to {high}, got {value}")


MIRRORS: tuple[int, ...] = tuple(Label.of(index).mirrored().index for index in range(CLASSES))
"""The mirror of every class index."""

NEIGHBOURS: tuple[tuple[int, ...], ...] = tuple(
    tuple(sorted(label.index for label in Label.of(index).adjacent())) for index in range(CLASSES)
)
"""The neighbours of every class index, ascending: six where the modality is 0, else five."""

UNITY: tuple[int, ...] = tuple(
    index for index in range(CLASSES) if (s := Sigil.of(index)).quadrant == s.modality == 0 and s.context < 2
)
"""The unity set: d45, e1, e2, e3 and e6 are 0."""


def mirror(index: int) -> int:
    """The mirror of a class.

    >>> mirror(20), mirror(21)
    (21, 20)
    """
    check_index(index)
    return MIRRORS[index]


def neighbours(index: int) -> tuple[int, ...]:
    """The neighbours of a class, ascending.

    >>> neighbours(0), neighbours(21)
    ((2, 4, 8, 16, 24, 48), (5, 17, 23, 45, 69))
    """
    check_index(index)
    return NEIGHBOURS[index]
