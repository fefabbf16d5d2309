"""Which registers hold the variables of the source that a program was made from: debug data."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.operands import Pred, Reg
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable and its register: what instructions from `start` up to (not including) `end` write there is its value.

    `start` is the first instruction that writes it. `type` is None for a truth value, which a predicate holds.
    Variables of device functions are named `function.name`.

    >>> str(Variable("total", Reg(7), Type.F32, 2, 9))
    'total: f32 in r7'
    """

    name: str
    place: Reg | Pred
    type: Type | None
    start: int
    end: int

    @property
    def simple_name(self) -> str:
        """The name as the source has it."""
        return self.name.rpartition(".")[2]

    def owns(self, index: int) -> bool:
        """True where the register is this variable's."""
        return self.start <= index < self.end

    def __str__(self) -> str:
        return f"{self.name}: {self.type.value if self.type else 'bool'} in {self.place}"
