"""What a fused region computes: element-wise formulas and folds along axes of arrays, as data.

A region goes over the elements of a space of one or more axes. Each axis is kept ("k") or reduced ("r"): the pattern
"kr" has a row of elements for each place along the first axis. A kept axis that each lane goes along by itself is
walked ("w"): neighbours along it are done one after the other, as is best where an array lies along it and the lanes
along another axis. Its steps run in order:

- a `Let` names a formula. Whatever it reads that differs along the reduced axes makes it differ there as well; one
  of folds, numbers and operands without those axes has one value a row.
- a `Fold` folds a formula of the elements over the reduced axes; it has one value a row, which later steps may read.

Formulas are those of the operator table over names: of inputs, of numbers, of steps before, of places along the axes
("i0", "i1", …, of type i64) and of their lengths ("n0", "n1", …). An array is a span of memory, pointer first: the
element at (i0, i1, …) is at Σ i·stride. A stride is 0, 1, or the name of a number that comes with the launch, so one
program serves arrays of all sizes. `hologram.isa.templates.regions` makes the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hologram.operators import Formula
from hologram.types import Type

KEPT, WALKED, REDUCED = "k", "w", "r"
REREAD = "rereads"
"""The metadata entry that names outputs, separated by spaces, in which a program finds what it stored there before."""
Stride = int | str
"""0, 1 or a name."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An array that a region reads or writes: type of the elements as they are stored, a stride for each axis.

    A truth value is stored as u8, 0 or 1. An output of values a row has stride 0 along the reduced axes; with strides
    there it gets the row's value at each element. Along axes where a value differs its output has a stride.
    """

    name: str
    type: Type
    strides: tuple[Stride, ...]


@dataclass(frozen=True, slots=True)
class Let:
    """A named formula, computed in one type: what it reads of another type is converted first.

    A formula that gives a truth (a comparison, PAND, …) makes one: a truth, or a number (0 or 1), to whoever reads it.
    """

    name: str
    formula: Formula
    type: Type


@dataclass(frozen=True, slots=True)
class Fold:
    """A formula, computed in `type`, folded over the reduced axes by ADD, MUL, MINP or MAXP (these pass NaN on)."""

    name: str
    op: str
    of: Formula
    type: Type


@dataclass(frozen=True, slots=True)
class Output:
    """A step whose values are stored, converted to the operand's type."""

    of: str
    to: Operand


@dataclass(frozen=True, slots=True)
class Region:
    """A fused region; `numbers` are further scalars of the launch with their types.

    The program's parameters are, in this order: the inputs, the operands of the outputs, the lengths of the axes ("n0",
    "n1", …, i64), the strides that have names in the order in which they first come (i64), the numbers.
    """

    axes: str
    inputs: tuple[Operand, ...]
    steps: tuple[Let | Fold, ...]
    outputs: tuple[Output, ...]
    numbers: tuple[tuple[str, Type], ...] = field(default=())

    @property
    def stride_names(self) -> tuple[str, ...]:
        """The strides that come with the launch."""
        operands: Sequence[Operand] = (*self.inputs, *(o.to for o in self.outputs))
        return tuple(dict.fromkeys(s for operand in operands for s in operand.strides if isinstance(s, str)))

    @property
    def parameters(self) -> tuple[str, ...]:
        """All parameters of the program, in order."""
        lengths = (f"n{axis}" for axis in range(len(self.axes)))
        arrays = (*(i.name for i in self.inputs), *(o.to.name for o in self.outputs))
        return (*arrays, *lengths, *self.stride_names, *(name for name, _ in self.numbers))
