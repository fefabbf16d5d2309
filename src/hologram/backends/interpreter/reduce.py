"""Launch and block reductions: one fixed tree, whatever the number of lanes run at a time.

Lanes of one row come in chunks of 4096, a chunk in sections of 512. In a section lane x goes to accumulator x mod 64
in ascending order; the sections of a chunk fold pairwise, accumulator by accumulator; then the 64 fold pairwise with
strides 32, 16 … 1; chunk results fold pairwise, neighbours first, in the order (z, y, chunk); sums and products of
floats from the fold of the 64 on in f64, rounded once at the end. A lane that did not contribute is absent: of an
absent and a present value the present one is taken as it is. A block is one chunk.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hologram.backends.interpreter.convert import STORAGE, convert
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Place
from hologram.backends.interpreter.semantics import FUNCTIONS, identity
from hologram.isa.reductions import ACCUMULATORS, SECTION, folding_type
from hologram.types import Type


@dataclass
class Partial:
    """Values and which of them are present; both of one shape."""

    values: Array
    present: Array

    def join(self, other: Partial, operation: str, ty: Type) -> Partial:
        """Element by element: the operation where both are present, else the one that is."""
        both = FUNCTIONS[operation](ty, self.values, other.values)
        values = np.where(self.present & other.present, both, np.where(self.present, self.values, other.values))
        return Partial(values, self.present | other.present)

    def converted(self, target: Type, source: Type) -> Partial:
        values = self.values if target is source else convert(target, source, self.values)
        return Partial(values, self.present)

    def __getitem__(self, index: slice | tuple[slice, int | slice]) -> Partial:
        return Partial(self.values[index], self.present[index])


@dataclass
class Contributions:
    """What the lanes of some chunks contribute: arrays of shape (chunks, width), width a multiple of 64."""

    partial: Partial
    width: int

    @classmethod
    def empty(cls, ty: Type, chunks: int, width: int) -> Contributions:
        shape = (chunks, width)
        return cls(Partial(np.zeros(shape, STORAGE[ty]), np.zeros(shape, np.bool_)), width)

    def put(self, positions: Array, values: Array) -> None:
        """Record the values of lanes at flat positions chunk · width + x mod 4096."""
        self.partial.values.reshape(-1)[positions] = values
        self.partial.present.reshape(-1)[positions] = True

    def fold(self, operation: str, ty: Type) -> Partial:
        """One value a chunk, in the type in which chunks fold."""
        chunks = len(self.partial.values)
        columns = Partial(
            self.partial.values.reshape(chunks, -1, ACCUMULATORS),
            self.partial.present.reshape(chunks, -1, ACCUMULATORS),
        )
        rounds = self.width // ACCUMULATORS
        sections = []
        for first in range(0, rounds, SECTION // ACCUMULATORS):
            total = columns[:, first]
            for step in range(first + 1, min(first + SECTION // ACCUMULATORS, rounds)):
                total = total.join(columns[:, step], operation, ty)
            sections.append(total)
        while len(sections) > 1:
            pairs = [a.join(b, operation, ty) for a, b in zip(sections[::2], sections[1::2], strict=False)]
            sections = pairs + sections[2 * len(pairs) :]
        wide = folding_type(operation, ty)
        total = sections[0].converted(wide, ty)
        stride = ACCUMULATORS // 2
        while stride:
            total = total[:, :stride].join(total[:, stride : 2 * stride], operation, wide)
            stride //= 2
        return total[:, 0]


def fold_lanes(values: Array, operation: str, ty: Type) -> Array:
    """What the lanes of a block come to, shape (1,): one chunk, lanes in their order in the block."""
    lanes = len(values)
    contributions = Contributions.empty(ty, 1, -(-lanes // ACCUMULATORS) * ACCUMULATORS)
    contributions.put(np.arange(lanes), values)
    return contributions.fold(operation, ty).converted(ty, folding_type(operation, ty)).values


def fold_pairwise(partial: Partial, operation: str, ty: Type) -> Partial:
    """Level by level, neighbours (0, 1), (2, 3) …; an odd last one moves up unchanged. Gives shape (1,) or (0,)."""
    while len(partial.values) > 1:
        even = len(partial.values) & ~1
        paired = partial[0:even:2].join(partial[1:even:2], operation, ty)
        rest = partial[even:]
        partial = Partial(np.concatenate([paired.values, rest.values]), np.concatenate([paired.present, rest.present]))
    return partial


@dataclass
class Reduction:
    """One GRED instruction during a launch: what it has so far, and where the result goes."""

    operation: str
    type: Type
    place: Place | None = None
    chunks: list[Partial] = field(default_factory=list)

    def result(self) -> Array:
        """The final value, shape (1,); the identity where no lane contributed."""
        if self.chunks:
            values = np.concatenate([c.values for c in self.chunks])
            present = np.concatenate([c.present for c in self.chunks])
            wide = folding_type(self.operation, self.type)
            total = fold_pairwise(Partial(values, present), self.operation, wide)
            if total.present.any():
                return total.converted(self.type, wide).values
        return identity(self.operation, self.type)
