"""What a row of the operator table says, and the language of its formulas.

A formula is an operand ("x", "y", "z"), a number, or a tuple: a word and its operands. Words are mnemonics of the ISA,
comparisons ("<", "==", …), which give truth, and "PAND", "POR", "PNOT" between truths. "SEL" takes a truth, or a number
that is true where it is not 0. "IPOW" is the power of integers, which takes a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from hologram.types import Type

Formula = str | float | tuple["str | Formula", ...]
OPERANDS = ("x", "y", "z", "v", "g", "u", "w")
COMPARISONS: Mapping[str, str] = MappingProxyType(
    {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
)
"""Comparisons of formulas, and the conditions of the ISA that they are."""
TRUTHS = frozenset({*COMPARISONS, "PAND", "POR", "PNOT"})
"""Words that give a truth instead of a number."""
INTEGER_FORM = MappingProxyType({"MINP": "MIN", "MAXP": "MAX"})
"""What integers use where floats have a form that propagates NaN."""


class Domain(Enum):
    """The types an operator takes: integers given to one of reals become f32; bits are integers and truth values."""

    NUMBERS = "numbers"
    REALS = "reals"
    BITS = "bits"


class Form(Enum):
    """Types for which an operator has a formula of its own."""

    INTEGER = "integer"
    UNSIGNED = "unsigned"
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class Operator:
    """One element-wise operator.

    `name` is its name in circuits, `names` are those of the op library, NumPy's first. `formula` is its whole meaning:
    whoever computes it emits these instructions; `forms` has others for some types, or makes them for each (that of
    truth values is computed on 0 and 1). `commutes` where x and y may change places, bit for bit. `parameters` are the
    names of the last operands where those are numbers, `defaults` their values. `tested` operands are only asked
    whether they are 0, in a type of their own.

    `derivative` has a formula an operand (None where there is no use of one), over operands and "out"; () where it has
    none. `numpy` and `torch` are the same in those libraries, as expressions in x, y, z. `ulp` bounds the error in f32
    and f64 ((0, 0): exact), `samples` the interval from which tests take operands.
    """

    name: str
    arity: int
    formula: Formula
    meaning: str
    names: tuple[str, ...] = ()
    commutes: bool = False
    domain: Domain = Domain.NUMBERS
    forms: Mapping[Form, Formula | Callable[[Type], Formula]] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    defaults: tuple[float | None, ...] = ()
    tested: tuple[str, ...] = ()
    derivative: tuple[Formula | None, ...] = ()
    numpy: str = ""
    torch: str = ""
    ulp: tuple[float, float] = (0.0, 0.0)
    samples: tuple[float, float] = (-4.0, 4.0)
    in_circuits: bool = True

    @property
    def gives_truth(self) -> bool:
        """True where results are truth values."""
        return is_truth(self.formula)

    @property
    def is_variant(self) -> bool:
        """True where circuits can have it: a formula of numbers alone."""
        return self.in_circuits and self.domain is not Domain.BITS and not TRUTHS.intersection(words(self.formula))

    @property
    def operands(self) -> tuple[str, ...]:
        """The names its formula has for the operands."""
        return OPERANDS[: self.arity]

    def form(self, type: Type) -> Formula:
        """The formula for a type that is computed in."""
        for form, holds in ((Form.UNSIGNED, type.is_unsigned), (Form.INTEGER, type.is_integer)):
            if holds and form in self.forms:
                found = self.forms[form]
                return found(type) if callable(found) else found
        return self.formula


def is_truth(formula: Formula) -> bool:
    """True for a formula that gives a truth."""
    return isinstance(formula, tuple) and formula[0] in TRUTHS


def words(formula: Formula) -> Iterator[str]:
    """All words and operands of a formula."""
    pending: list[Formula | str] = [formula]
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            pending += part
        elif isinstance(part, str):
            yield part
