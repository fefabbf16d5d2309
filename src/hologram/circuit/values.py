"""Value numbering: what each class holds after some calls, as a value and the parity of its marks.

A value is an input, a number, or an operator on references; equal ones are one. A reference is a value's number
doubled, plus one where it is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from hologram.circuit.generators import (
    Copy,
    Evaluate,
    Immediate,
    Mark,
    Merge,
    Operand,
    Quote,
    Reduce,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Single,
    Softmax,
    Split,
    Swap,
    operands,
)
from hologram.operators import VARIANTS

Key = tuple[object, ...]
Reference = int
IDEMPOTENT = frozenset({"abs", "relu", "floor", "ceil", "round", "trunc"})
INVOLUTIONS = frozenset({"neg"})
SELECTS = frozenset({"min", "max"})
"""Laws that hold for every bit pattern: f(f(x)) = f(x), f(f(x)) = x; the last, f(x, x) = x, up to the bits of a NaN."""


class Values:
    """All values of one or more call sequences; `keys[v]` says what value v is.

    Keys: ("input", place), ("number", type, text), (variant, references…), ("reduce", kind, n, source, old target),
    ("softmax", n, source[, old target]).

    A mark makes a number of a NaN, so that which NaN it was is seen: with `marks`, laws that may give another one (the
    order of operands is such) are not used.
    """

    def __init__(self, marks: bool = False) -> None:
        self.marks = marks
        self.keys: list[Key] = []
        self.place_of: list[int] = []
        self._number: dict[Key, int] = {}

    def value(self, key: Key, place: int) -> int:
        """The number of a value, which a call to `place` makes if it is new."""
        number = self._number.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
            self.place_of.append(place)
        return number

    def input(self, place: int) -> Reference:
        """What a class holds at the start."""
        return 2 * self.value(("input", place), place)

    def follow(self, ones: Iterable[Single]) -> dict[int, Reference]:
        """What every class that the calls touch holds after them."""
        held: dict[int, Reference] = {}
        for one in ones:
            self.step(one, held)
        return held

    def _read(self, held: dict[int, Reference], place: int) -> Reference:
        found = held.get(place)
        if found is None:
            found = held[place] = self.input(place)
        return found

    def step(self, call: Single, held: dict[int, Reference]) -> None:
        """What one more call changes."""
        _STEPS[type(call)](self, call, held)

    def _mark(self, call: Mark, held: dict[int, Reference]) -> None:
        held[call.place] = self._read(held, call.place) ^ 1

    def _copy(self, call: Copy, held: dict[int, Reference]) -> None:
        self._read(held, call.dst)
        held[call.dst] = self._read(held, call.src)

    def _swap(self, call: Swap, held: dict[int, Reference]) -> None:
        held[call.a], held[call.b] = self._read(held, call.b), self._read(held, call.a)

    def _nothing(self, call: Quote | Evaluate, held: dict[int, Reference]) -> None:
        pass

    def _apply(self, call: Merge | Split, held: dict[int, Reference]) -> None:
        references = tuple([self._operand(held, o, call.dst) for o in operands(call)])
        self._read(held, call.dst)
        held[call.dst] = self._applied(call.variant, references, call.dst)

    def _softmax(self, call: Softmax, held: dict[int, Reference]) -> None:
        before = self._read(held, call.dst)
        old = () if call.n is None else (before,)
        held[call.dst] = 2 * self.value(("softmax", call.n, self._read(held, call.src), *old), call.dst)

    def _reduce(self, call: Reduce, held: dict[int, Reference]) -> None:
        key = ("reduce", type(call), call.n, self._read(held, call.src), self._read(held, call.dst))
        held[call.dst] = 2 * self.value(key, call.dst)

    def _operand(self, held: dict[int, Reference], operand: Operand, place: int) -> Reference:
        if isinstance(operand, Immediate):
            number = operand.value
            return 2 * self.value(("number", type(number).__name__, repr(number), operand), place)
        return self._read(held, operand)

    def _applied(self, variant: str, references: tuple[Reference, ...], place: int) -> Reference:
        first = references[0]
        if VARIANTS[variant].commutes and not self.marks:
            references = tuple(sorted(references))
        if variant in SELECTS and not self.marks and references[0] == references[1] and self.number(first >> 1) is None:
            return first
        inner = self.keys[first >> 1]
        if not first & 1 and inner[0] == variant:
            if variant in IDEMPOTENT:
                return first
            if variant in INVOLUTIONS:
                operand = inner[1]
                assert isinstance(operand, int)
                if self.number(operand >> 1) is None:
                    return operand
        return 2 * self.value((variant, *references), place)

    def reads(self, value: int) -> tuple[Reference, ...]:
        """The references a value is made of."""
        key = self.keys[value]
        match key[0]:
            case "input" | "number":
                return ()
            case "reduce":
                return _references(key[3:])
            case "softmax":
                return _references(key[2:])
        return _references(key[1:])

    def number(self, value: int) -> Immediate | None:
        """The number a value is, if it is one."""
        key = self.keys[value]
        return key[3] if key[0] == "number" and isinstance(key[3], Immediate) else None


_STEPS: dict[type, Callable[..., None]] = {
    Mark: Values._mark,
    Copy: Values._copy,
    Swap: Values._swap,
    Quote: Values._nothing,
    Evaluate: Values._nothing,
    Merge: Values._apply,
    Split: Values._apply,
    Softmax: Values._softmax,
    ReduceSum: Values._reduce,
    ReduceMin: Values._reduce,
    ReduceMax: Values._reduce,
}


def _references(parts: Sequence[object]) -> tuple[Reference, ...]:
    return tuple(part for part in parts if isinstance(part, int))
