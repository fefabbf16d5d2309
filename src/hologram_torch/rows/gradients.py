"""Derivatives of functions over rows, as functions over rows again: there is no second body of any gradient.

Backwards, a value that differs along a row and was made from one that does not gives that one the sum along the row of
its shares. Forwards, folds fold what their elements move by.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hologram.isa.region import Fold, Let
from hologram.operators import Formula
from hologram.operators.calculus import slope
from hologram.types import Type
from hologram_torch.rows.function import COUNT, RowFunction, function_of


@cache
def backward(function: RowFunction, given: tuple[bool, ...], wanted: tuple[tuple[str, str], ...]) -> RowFunction:
    """Gradients of `wanted` inputs (with the type each becomes), from those of the outputs that are `given` ones.

    It reads what the function reads, the function's outputs by their names, and the gradients, "g", a mark and the
    place of the output.
    """
    return _Backward(function, given).of(wanted)


@cache
def mark_of(function: RowFunction) -> str:
    """What no name of a function begins with, but those that are made of its derivatives do."""
    taken = (*function.inputs, *function.numbers, *(s.name for s in function.steps))
    mark = "d"
    while any(name.startswith(mark) for name in taken):
        mark += "d"
    return mark


class _Steps:
    """Steps behind those of a function, with names of their own."""

    def __init__(self, function: RowFunction) -> None:
        self.function = function
        self.made: list[Let | Fold] = []
        self.wide = set(function.wide_names)
        self._mark = mark_of(function)
        self.known: dict[str, dict[str, Formula]] = {}
        for step, name, along in function.slopes:
            self.known.setdefault(step, {})[name] = along

    def let(self, formula: Formula, type: Type, wide: bool) -> str:
        name = f"{self._mark}{len(self.made)}"
        self.made.append(Let(name, formula, type))
        if wide:
            self.wide.add(name)
        return name

    def fold(self, op: str, of: Formula, type: Type) -> str:
        name = f"{self._mark}{len(self.made)}"
        self.made.append(Fold(name, op, of, type))
        return name


class _Backward(_Steps):
    """Goes through the steps of a function backwards."""

    def __init__(self, function: RowFunction, given: tuple[bool, ...]) -> None:
        super().__init__(function)
        self.shares: dict[str, list[Formula]] = {}
        self.gradients: list[str] = []
        self.wide_gradients: list[str] = []
        for number, ((name, _), is_given) in enumerate(zip(function.outputs, given, strict=True)):
            if is_given:
                gradient = f"g{self._mark}{number}"
                self.shares.setdefault(name, []).append(gradient)
                (self.wide_gradients if name in self.wide else self.gradients).append(gradient)
        self.wide |= set(self.wide_gradients)

    def of(self, wanted: tuple[tuple[str, str], ...]) -> RowFunction:
        function = self.function
        moving = _moving(function, {name for name, _ in wanted})
        for step in reversed(function.steps):
            if step.name in self.shares and step.name in moving:
                self._through(step, self._total(step.name, step.type), moving)
        outputs = []
        for name, dtype in wanted:
            type = _type_of(dtype)
            found = self._total(name, type) if name in self.shares else 0.0
            outputs.append((self.let(found, type, name in self.wide), dtype))
        known = [name for name, _ in function.outputs]
        whole = RowFunction(
            (*function.wide, *(k for k in known if k in self.wide), *self.wide_gradients),
            (*(s for s in function.steps if s.name not in known), *self.made),
            tuple(outputs),
            (*function.narrow, *(k for k in known if k not in self.wide), *self.gradients),
            function.numbers,
            function.still,
            (),
            function.slopes,
        )
        return function_of(whole.needed().text)

    def _total(self, name: str, type: Type) -> Formula:
        """The gradient of a value: its shares together."""
        first, *others = self.shares[name]
        total = first
        for other in others:
            total = ("ADD", total, other)
        return total if isinstance(total, str) else self.let(total, type, name in self.wide)

    def _through(self, step: Let | Fold, gradient: Formula, moving: set[str]) -> None:
        """Hand a step's gradient on to what it reads, or to the inputs along which its slope is known."""
        known = self.known.get(step.name)
        if known is not None:
            for name in sorted(known.keys() & moving):
                self._add(name, known[name], gradient, step.type, name in self.wide or step.name in self.wide)
            return
        if isinstance(step, Let):
            self._share(step.formula, step.name, gradient, step.type, step.name in self.wide, moving)
            return
        if step.op in ("MINP", "MAXP"):  # shared by all that are the extreme
            even: Formula = ("SEL", ("==", step.of, step.name), 1.0, 0.0)
            count = self.fold("ADD", even, step.type)
            gradient = ("MUL", even, ("DIV", gradient, count))
        elif step.op != "ADD":
            raise RuntimeError(f"a fold by {step.op} has no gradient of this form")
        self._share(step.of, "", gradient, step.type, True, moving)

    def _share(self, formula: Formula, value: str, gradient: Formula, type: Type, wide: bool, moving: set[str]) -> None:
        for name in sorted(_read(formula) & moving):
            self._add(name, _with_value(slope(formula, name), formula, value), gradient, type, wide)

    def _add(self, name: str, along: Formula, gradient: Formula, type: Type, wide: bool) -> None:
        """Add a share to a name's gradient: that of what was made from it, along it."""
        if along == 0.0:
            return
        part: Formula = gradient if along == 1.0 else ("MUL", gradient, along)
        if wide and name not in self.wide:
            is_even = not (_read(part) & self.wide)
            part = self.let(("MUL", part, COUNT), type, False) if is_even else self.fold("ADD", part, type)
        elif part != gradient:
            part = self.let(part, type, wide)
        self.shares.setdefault(name, []).append(part)


def _moving(function: RowFunction, sources: set[str]) -> set[str]:
    """What depends on some inputs, those included."""
    found = set(sources)
    for step in function.steps:
        held = step.name in function.still or step.name in function.flat
        if function.reads[step.name] & found and not held and _is_smooth(step):
            found.add(step.name)
    return found


def _is_smooth(step: Let | Fold) -> bool:
    return step.type.is_float


def _read(formula: Formula) -> set[str]:
    if isinstance(formula, str):
        return {formula}
    return set().union(*(_read(p) for p in formula[1:])) if isinstance(formula, tuple) else set()


def _with_value(formula: Formula, whole: Formula, value: str) -> Formula:
    """A formula that reads a step's value instead of computing it again."""
    if value and formula == whole:
        return value
    if not isinstance(formula, tuple):
        return formula
    return (formula[0], *(_with_value(part, whole, value) for part in formula[1:]))


def _type_of(dtype: str) -> Type:
    return Type.F32 if dtype in ("f16", "bf16") else Type(dtype)


@cache
def added_up(function: RowFunction) -> RowFunction | None:
    """A function without folds with each of its results added up along the rows instead, all inputs wide.

    None where that would not be the same: it folds, or asks for the length of a row.
    """
    if function.has_folds or any(COUNT in read for read in function.reads.values()):
        return None
    types = {step.name: step.type for step in function.steps}
    mark = mark_of(function)
    sums = tuple(Fold(f"{mark}{k}", "ADD", name, types[name]) for k, (name, _) in enumerate(function.outputs))
    outputs = tuple((total.name, dtype) for total, (_, dtype) in zip(sums, function.outputs, strict=True))
    whole = RowFunction(function.inputs, (*function.steps, *sums), outputs, (), function.numbers)
    return function_of(whole.text)


@cache
def forward(function: RowFunction, moving: tuple[str, ...]) -> RowFunction:
    """What the outputs move by when some inputs move by "t", a mark and their place: a function of both."""
    return _Forward(function, moving).function_of_moves()


class _Forward(_Steps):
    def __init__(self, function: RowFunction, moving: tuple[str, ...]) -> None:
        super().__init__(function)
        self.moves: dict[str, Formula] = {name: f"t{self._mark}{k}" for k, name in enumerate(moving)}
        self.inputs = [(str(self.moves[name]), name in self.wide) for name in moving]

    def function_of_moves(self) -> RowFunction:
        function = self.function
        for step in function.steps:
            if step.name not in (*function.still, *function.flat) and _is_smooth(step):
                self._step(step)
        outputs = []
        for name, dtype in function.outputs:
            found = self.moves.get(name, 0.0)
            outputs.append((self.let(found, _type_of(dtype), name in self.wide), dtype))
        whole = RowFunction(
            (*function.wide, *(name for name, wide in self.inputs if wide)),
            (*function.steps, *self.made),
            tuple(outputs),
            (*function.narrow, *(name for name, wide in self.inputs if not wide)),
            function.numbers,
            function.still,
            (),
            function.slopes,
        )
        return function_of(whole.needed().text)

    def _step(self, step: Let | Fold) -> None:
        formula = step.formula if isinstance(step, Let) else step.of
        value = step.name if isinstance(step, Let) else ""
        known = self.known.get(step.name)
        slopes = known or {n: _with_value(slope(formula, n), formula, value) for n in _read(formula)}
        shares: list[Formula] = []
        for name in sorted(slopes.keys() & self.moves.keys()):
            if (along := slopes[name]) != 0.0:
                move = self.moves[name]
                shares.append(move if along == 1.0 else ("MUL", move, along))
        if not shares:
            return
        total = _sum(shares)
        if known and step.name not in self.wide and _read(total) & self.wide:
            self.moves[step.name] = self.fold("ADD", total, step.type)
        elif isinstance(step, Let):
            self.moves[step.name] = self.let(total, step.type, step.name in self.wide)
        elif step.op == "ADD":
            self.moves[step.name] = self.fold("ADD", total, step.type)
        else:
            even: Formula = ("SEL", ("==", step.of, step.name), 1.0, 0.0)
            count = self.fold("ADD", even, step.type)
            share = self.fold("ADD", ("MUL", even, total), step.type)
            self.moves[step.name] = self.let(("DIV", share, count), step.type, False)


def _sum(parts: Sequence[Formula]) -> Formula:
    total = parts[0]
    for part in parts[1:]:
        total = ("ADD", total, part)
    return total
