"""Element-wise operations: a row of the operator table, on arrays of any types, shapes and strides."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import BOOL, AnyKind, Bool, Kind
from hologram.isa.templates.formula import Mode, Source, computed_in, mapped, program_name
from hologram.language.kernel import Kernel
from hologram.operators import Form, Formula, Operator
from hologram.ops import dtypes, kinds, recall
from hologram.ops.layout import Piece, broadcast_shapes, pieces
from hologram.ops.operation import REQUIRED, Call, Operation
from hologram.ops.operation import Form as Arguments
from hologram.ops.plan import Plan, Step, is_usual, kernel_for, launch
from hologram.ops.recall import Recipe
from hologram.runtime import recording, tensors
from hologram.runtime.executor import Executor
from hologram.runtime.host import HostArray
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is computed for some types of operands: a formula in a type, from elements of a base type to a result.

    Numbers are rounded to the base type, those of `exact` operands to the type that is computed in.
    """

    formula: Formula
    computed: Type
    base: Type
    result: Kind
    exact: frozenset[str] = frozenset()

    def held(self, operand: str) -> Type:
        """The type that a number for an operand is held in."""
        return self.computed if operand in self.exact else self.base


class Elementwise(Operation):
    """An operation of the operator table."""

    def __init__(
        self, row: Operator, name: str = "", executor: Executor | None = None, original: Sequence[str] | None = None
    ) -> None:
        name = name or row.names[0]
        inputs = _inputs(row)
        defaults = (*row.defaults, *[REQUIRED] * (len(row.parameters) - len(row.defaults)))
        form = Arguments(inputs, dict(zip(row.parameters, defaults, strict=True)))
        if original is not None:  # a trailing operand that the original form has behind the output
            form = Arguments(inputs[: -len(original)], dict.fromkeys(original, REQUIRED))
        super().__init__(name, form, f"{row.meaning[0].upper()}{row.meaning[1:]}, element by element.", executor)
        self.row, self._original = row, original
        self._recipes: dict[Hashable, Recipe] = {}

    def on(self, executor: Executor) -> Elementwise:
        return Elementwise(self.row, self.__name__, executor, self._original)

    def __call__(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        if not kwargs and not recording.is_active():
            given, place = self._direct(args, out)
            values = given if given is None or place is None else (*given, place)
            arrays = None if values is None else recall.quick(values)
            if given is not None and values is not None and arrays is not None:
                recipe = self._recipes.get(recall.key_of(arrays, values))
                original = given is not args
                if recipe is not None and not (original and not recall.are_vectors(arrays)):
                    return self._run(recipe, arrays, given, place, original)
        if out is not None:
            kwargs["out"] = out
        return super().__call__(*args, **kwargs)

    def _direct(self, args: tuple[Any, ...], out: Any) -> tuple[tuple[Any, ...] | None, Any]:
        """Operands and output of a call that may have been seen before; None where it must be taken apart."""
        count = self.row.arity
        if self.executor is not None and not is_usual(self.executor):
            return None, None
        if len(args) == count and not isinstance(args[0], Executor):
            return args, out
        if len(args) != count + 2 or out is not None or not isinstance(args[0], Executor) or self.form.parameters:
            return None, None
        return (args[1:-1], args[-1]) if is_usual(args[0]) else (None, None)

    def _run(
        self, recipe: Recipe, arrays: list[HostArray | None], given: Sequence[Any], out: Any, original: bool
    ) -> Any:
        made = out
        if out is None:
            like = next(n for n, a in zip(given, arrays, strict=True) if a is not None)
            kind = kinds.NUMPY if type(like) is np.ndarray else kinds.kind_of(self.__name__, like)
            made = kind.make(recipe.shape, recipe.dtype, like)
            arrays.append(kind.array(made))
        numbers = [n if a is not None else _plain(n) for n, a in zip((*given, None), arrays, strict=True)]
        launch(Step(recipe.kernel, tuple(recipe.arguments([None if a is None else _bits(a) for a in arrays], numbers))))
        tensors.tell(out)
        if original:
            return None
        return kind.result(made, like) if out is None else made

    def plan(self, call: Call) -> Plan:
        name, row = self.__name__, self.row
        operands = dict(zip(row.operands, (*call.inputs, *call.values.values()), strict=True))
        if any(v is None for v in call.inputs):
            raise ArgumentTypeError(f"{name}() takes arrays and numbers, not None")
        arrays = [v for v in (*operands.values(), call.out) if v is not None and not kinds.is_scalar(v)]
        kind = kinds.common(name, arrays)
        executor = call.executor or kinds.executor_of(name, kind, arrays)
        views = {k: kinds.kind_of(name, v).array(v) for k, v in operands.items() if not _is_number(v)}
        meaning = meaning_of(name, row, self._kinds(operands, views))
        numbers = {k: _number(row, k, v, meaning.base) for k, v in operands.items() if k not in views}
        if call.original:
            views, target = self._original_views(call, kind, views)
            out, is_new = call.out, False
        else:
            shape = broadcast_shapes(name, [v.shape for v in views.values()])
            out, is_new = call.out, call.out is None
            like = next(iter(arrays), None)
            if out is None:
                out = kinds.new(kind, shape, dtypes.dtype_of(meaning.result), like, executor)
            target = kinds.kind_of(name, out).array(out)
            if target.shape != shape:
                raise ArgumentValueError(f"{name}(): out has shape {target.shape}, the result {shape}")
        steps = self.steps(operands, views, numbers, meaning, out, target)
        plan = Plan(steps, executor, out, kind, next(iter(arrays), None), is_new)
        self._remember(call, plan, operands, views, target)
        return plan

    def _kinds(self, operands: Mapping[str, Any], views: Mapping[str, HostArray]) -> list[AnyKind]:
        """The types that decide the type of the result."""
        found: list[AnyKind] = []
        for letter, value in operands.items():
            if letter in self.row.tested or value is None:
                continue
            found.append(dtypes.element(self.__name__, views[letter].dtype) if letter in views else dtypes.weak(value))
        return found

    def _original_views(
        self, call: Call, kind: kinds.Kind, views: dict[str, HostArray]
    ) -> tuple[dict[str, HostArray], HostArray]:
        """All arrays as their first n elements in C order; their sizes agree where n is not given."""
        name = self.__name__
        target = kinds.kind_of(name, call.out).array(call.out)
        sizes = [a.size for a in (*views.values(), target)]
        n = call.sizes.get("n")
        if n is None and len(set(sizes)) > 1:
            raise ArgumentValueError(f"{name}(): arrays of {', '.join(map(str, sizes))} elements; give n= for less")
        count = sizes[0] if n is None else element_count(name, n, sizes)
        return {k: flat(name, v)[:count] for k, v in views.items()}, flat(name, target)[:count]

    def steps(
        self,
        operands: Mapping[str, Any],
        views: Mapping[str, HostArray],
        numbers: Mapping[str, int | float],
        meaning: Meaning,
        out: Any,
        target: HostArray,
    ) -> list[Step]:
        name = self.__name__
        held = dtypes.element(name, target.dtype)
        dtypes.check_out(name, meaning.result, held)
        letters = [*views]
        owners = [*(operands[k] for k in letters), out]
        steps = []
        for piece in pieces([*map(_bits, views.values()), _bits(target)], target.shape):
            taken = [kinds.argument(name, o, piece.argument(i)) for i, o in enumerate(owners)]
            given = dict(zip(letters, taken, strict=False)) | dict(numbers)
            kernel = self._kernel(piece, letters, meaning, dtypes.stored(held))
            count = (piece.count,) if piece.rank == 1 else ()
            steps.append(Step(kernel, (*(given[k] for k in self.row.operands), taken[-1], *count)))
        return steps

    def _kernel(self, piece: Piece, letters: Sequence[str], meaning: Meaning, held: Type) -> Kernel:
        sources = []
        for letter in self.row.operands:
            tested = letter in self.row.tested
            if letter not in letters:
                sources.append(Source(meaning.held(letter), Mode.NUMBER, tested))
                continue
            place = letters.index(letter)
            element = Type.of_dtype(piece.arrays[place].dtype)
            assert element is not None, "elements were checked"
            sources.append(Source(element, Mode.FIXED if piece.is_fixed(place) else Mode.EACH, tested))
        return kernel_of(self.row.name, meaning, sources, held, piece.rank, piece.is_strided)

    def _remember(
        self, call: Call, plan: Plan, operands: Mapping[str, Any], views: Mapping[str, HostArray], target: HostArray
    ) -> None:
        """Keep how the call became a launch, for the next one like it."""
        values = (*operands.values(), *(() if plan.is_new else (plan.out,)))
        arrays = recall.quick(values)
        if (
            arrays is None
            or (call.original and (call.sizes or self.form.parameters or not recall.are_vectors(arrays)))
            or recording.is_active()
            or (plan.is_new and type(plan.out) is not type(plan.like))
        ):
            return
        recipe = recall.recipe_of(plan, [*(views.get(k) for k in operands), target], target)
        if recipe is not None and len(self._recipes) < recall.MOST:
            self._recipes[recall.key_of(arrays, values)] = recipe


def meaning_of(name: str, row: Operator, given: Sequence[AnyKind]) -> Meaning:
    """What an operator means for operands of some types; raises ArgumentTypeError where it has no meaning."""
    joined = dtypes.promoted(name, given)
    if isinstance(joined, Bool) and Form.BOOL in row.forms:
        formula = row.forms[Form.BOOL]
        assert not callable(formula)
        return Meaning(formula, Type.U8, Type.U8, BOOL)
    base = dtypes.within(name, joined, row.domain)
    if isinstance(base, Bool):
        raise ArgumentTypeError(f"{name}() has no meaning for truth values; cure: x.astype(np.int32)")
    computed = computed_in(base)
    return Meaning(row.form(computed), computed, base, BOOL if row.gives_truth else base)


def kernel_of(
    name: str, meaning: Meaning, sources: Sequence[Source], held: Type, rank: int, strided: bool = False
) -> Kernel:
    """The kernel of a formula for operands from somewhere, stored as a type."""
    key = (name, meaning.formula, tuple(sources), meaning.computed, held, rank, strided)
    stored = program_name(name, sources, held, rank)
    return kernel_for(
        key, stored, lambda: mapped(name, meaning.formula, sources, meaning.computed, held, rank), strided=strided
    )


def flat(name: str, array: HostArray) -> HostArray:
    """The elements in C order along one axis; raises ArgumentTypeError where that would be a copy."""
    if not array.flags.c_contiguous:
        raise ArgumentTypeError(f"{name}() with a leading executor takes contiguous arrays; cure: x.copy()")
    return array.reshape(-1)


def element_count(name: str, n: Any, sizes: Sequence[int]) -> int:
    """The number of elements that are meant; raises ArgumentTypeError or ArgumentValueError for what is none."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise ArgumentTypeError(f"{name}(): n is a number of elements, not {type(n).__name__}")
    if not 0 <= n <= min(sizes):
        raise ArgumentValueError(f"{name}(): n is {n}, the arrays have {', '.join(map(str, sizes))} elements")
    return int(n)


def _inputs(row: Operator) -> tuple[str, ...]:
    letters = row.operands[: row.arity - len(row.parameters)]
    return ("condition", "x", "y") if row.name == "where" else letters


def _is_number(value: Any) -> bool:
    return value is None or kinds.is_scalar(value)


def _number(row: Operator, letter: str, value: Any, base: Type) -> int | float:
    """A Python number as an operand; None is the end of the type's range on the side of its place."""
    if value is None:
        lowest = row.operands.index(letter) == row.arity - 2
        if base.is_float:
            return -math.inf if lowest else math.inf
        return base.minimum if lowest else base.maximum
    return _plain(value)


def _plain(value: Any) -> int | float:
    """A truth value as 0 or 1."""
    return int(value) if isinstance(value, bool) else value


def _bits(array: HostArray) -> HostArray:
    """Truth values as the bytes that they are."""
    return array.view(np.uint8) if array.dtype.kind == "b" else array
