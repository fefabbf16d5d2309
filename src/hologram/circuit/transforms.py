"""The transforms R, D, T and ~ of a class, composed as affine maps of its three coordinates."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.classes import Sigil

QUADRANTS, MODALITIES, SLOTS = 4, 3, 8


@dataclass(frozen=True, slots=True)
class Transform:
    """h₂ ↦ h₂ + q mod 4, ℓ ↦ ℓ + k mod 8, d ↦ ±d + δ mod 3 (minus where it mirrors).

    >>> Transform(quadrant=1)(21)
    45
    >>> (Transform(modality=1) @ Transform(mirror=True))(8)  # the mirror first
    0
    """

    quadrant: int = 0
    modality: int = 0
    slot: int = 0
    mirror: bool = False

    def __call__(self, index: int) -> int:
        """Where a class goes."""
        sigil = Sigil.of(index)
        turned = (-sigil.modality if self.mirror else sigil.modality) + self.modality
        return Sigil(
            (sigil.quadrant + self.quadrant) % QUADRANTS, turned % MODALITIES, (sigil.context + self.slot) % SLOTS
        ).index

    def __matmul__(self, first: Transform) -> Transform:
        """This transform after another."""
        before = -first.modality if self.mirror else first.modality
        return Transform(
            (self.quadrant + first.quadrant) % QUADRANTS,
            (self.modality + before) % MODALITIES,
            (self.slot + first.slot) % SLOTS,
            self.mirror != first.mirror,
        )

    @property
    def inverse(self) -> Transform:
        """The transform that takes every class back."""
        back = self.modality if self.mirror else -self.modality
        return Transform(-self.quadrant % QUADRANTS, back % MODALITIES, -self.slot % SLOTS, self.mirror)


IDENTITY = Transform()


@dataclass(frozen=True, slots=True)
class Turn:
    """One transform as it is written: R, D or T with its amount, or ~ (amount 0)."""

    letter: str
    amount: int = 0

    def __str__(self) -> str:
        return "~" if self.letter == "~" else f"{self.letter}{self.amount:+d}"

    @property
    def transform(self) -> Transform:
        """What it does to a class."""
        return {
            "R": Transform(quadrant=self.amount % QUADRANTS),
            "D": Transform(modality=self.amount % MODALITIES),
            "T": Transform(slot=self.amount % SLOTS),
            "~": Transform(mirror=True),
        }[self.letter]


def compose(turns: tuple[Turn, ...]) -> Transform:
    """The transform of some turns, the first applied first.

    >>> compose((Turn("T", 3), Turn("~")))(42)
    37
    """
    whole = IDENTITY
    for turn in turns:
        whole = turn.transform @ whole
    return whole
