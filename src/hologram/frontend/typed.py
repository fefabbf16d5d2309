"""The typed tree: what checking gives and lowering reads.

Every expression knows its type; every conversion is a node; names are resolved to variables or parameter slots.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hologram.frontend.promote import BOOL, AnyKind, Kind
from hologram.frontend.tree import Place
from hologram.isa.operands import Condition, Slot, Special
from hologram.isa.program import Param
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Expr:
    """Base of expressions: `kind` is the type of the value (weak only while checking)."""

    kind: AnyKind
    at: Place | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Const(Expr):
    """A number of a type, or a truth value."""

    value: bool | int | float


@dataclass(frozen=True, slots=True)
class Local(Expr):
    """A local variable."""

    name: str


@dataclass(frozen=True, slots=True)
class SlotValue(Expr):
    """A scalar parameter or a shape: the same in all lanes."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Coordinate(Expr):
    """A launch coordinate (i64)."""

    special: Special


@dataclass(frozen=True, slots=True)
class Element(Expr):
    """An element of the array in a parameter slot; every index is i64."""

    slot: int
    index: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Convert(Expr):
    """A conversion to `kind`; from bool it gives 0 or 1."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Operation(Expr):
    """One operation on numbers: an ISA mnemonic, or FLOORDIV, FLOORMOD and POWI, which lowering expands."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Compare(Expr):
    """A comparison of two numbers of one type, or of i64 with u64 by value; gives bool."""

    condition: Condition
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Logic(Expr):
    """`and` or `or`, short-circuit; `xor` and `not` on truth values."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Select(Expr):
    """`then_value if condition else else_value`; both have the type of the whole."""

    condition: Expr
    then_value: Expr
    else_value: Expr


@dataclass(frozen=True, slots=True)
class Atomic(Expr):
    """An atomic (ATOM_*) on an element; its value is what the element held before."""

    op: str
    target: Element
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class AtlasValue(Expr):
    """An Atlas or pool instruction for its value; `numbers` are operands that are part of it."""

    op: str
    args: tuple[Expr, ...]
    numbers: tuple[int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class Inlined(Expr):
    """The value that a local has when the statements are done; `Leave("finish")` ends them early."""

    body: tuple[Step, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """Base of statements."""

    at: Place | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class SetLocal(Step):
    """Assignment to a local variable; the value has the variable's type."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Store(Step):
    """Store to an array element."""

    target: Element
    value: Expr


@dataclass(frozen=True, slots=True)
class Reduce(Step):
    """A launch reduction (GRED_*) of `value` into one element."""

    op: str
    value: Expr
    target: Element


@dataclass(frozen=True, slots=True)
class Perform(Step):
    """An expression for its effect; the value is dropped."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Barrier(Step):
    """All lanes of the block meet."""


@dataclass(frozen=True, slots=True)
class AtlasStep(Step):
    """An Atlas or pool instruction for its effect; `kind` is its type where it has one."""

    op: str
    kind: Type | None
    args: tuple[Expr, ...]
    numbers: tuple[int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch(Step):
    """`if`."""

    condition: Expr
    then_body: tuple[Step, ...]
    else_body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CountedLoop(Step):
    """`for name in range(start, stop, step)`; all i64."""

    name: str
    start: Expr
    stop: Expr
    step: Expr
    body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ConditionLoop(Step):
    """`while`."""

    condition: Expr
    body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Leave(Step):
    """`break`, `continue`, `return`, or `finish` for the end of inlined statements."""

    how: str


@dataclass(frozen=True, slots=True)
class Enclosed(Step):
    """Inlined statements without a value."""

    body: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Claim(Step):
    """`assert`."""

    condition: Expr
    message: str


@dataclass(frozen=True, slots=True)
class Show(Step):
    """`print`: a template, and values for its places."""

    template: str
    values: tuple[Expr, ...]


@dataclass(frozen=True)
class SharedArray:
    """An array of the block, from byte `offset` of its memory on."""

    param: Param
    size: int
    offset: int


@dataclass(frozen=True)
class TypedKernel:
    """A kernel whose every value has a type."""

    name: str
    params: tuple[Param, ...]
    variables: dict[str, Kind]
    body: tuple[Step, ...]
    at: Place | None = None
    shared: tuple[SharedArray, ...] = ()

    def array(self, slot: int) -> Param:
        """The array parameter in a slot; slots beyond the parameters are the shared arrays."""
        return self.params[slot] if slot < len(self.params) else self.shared[slot - len(self.params)].param

    def is_shared(self, slot: int) -> bool:
        return slot >= len(self.params)


def is_bool(expr: Expr) -> bool:
    """True for conditions."""
    return expr.kind is BOOL


def is_block_reduction(item: Expr | Step) -> bool:
    """True for what all lanes of a block work out together."""
    return isinstance(item, Operation) and item.op.startswith("BRED_")


def reads_machine(item: Expr | Step) -> bool:
    """True for what may give another value the next time."""
    return isinstance(item, (Element, Inlined, AtlasValue)) or is_block_reduction(item)


def number_type(expr: Expr) -> Type:
    """The ISA type of a numeric expression."""
    assert isinstance(expr.kind, Type)
    return expr.kind
