"""The operator `hologram::elementwise` of PyTorch: any formula of the operator table on tensors that broadcast.

It has a fake kernel, a gradient (a formula again, so there are gradients of gradients) and a rule for `vmap`. All
element-wise functions of this package are calls of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hologram.isa.region import Fold, Let
from hologram.operators import Formula
from hologram.operators.calculus import slope, substituted
from hologram.operators.row import words
from hologram_torch.formulas import (
    LETTERS,
    Number,
    Operand,
    empty_result,
    formula_of,
    result_dtype,
    result_shape,
    row_of,
    run,
    text_of,
)
from hologram_torch.nodes import Like, Node, Plan, Plans, is_plain
from hologram_torch.remembered.calls import remembering
from hologram_torch.roads import Differentiated, Road, check_devices, check_host, of_batches, road_of
from hologram_torch.rows.function import NAMES, RowFunction, builder, computed, function_of, row_function
from hologram_torch.rows.operator import apply as apply_rows
from hologram_torch.rows.operator import spread_dims, sum_to
from hologram_torch.transforms import differentiated, operator

NAME = "hologram::elementwise"


@operator(NAME)
def elementwise(formula: str, tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> Tensor:
    """A formula of tensors and of numbers, which are the operands at some places."""
    check_host(tensors)
    return run(formula, operands_of(tensors, numbers, places))


@elementwise.register_fake
def _(formula: str, tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> Tensor:
    operands = operands_of(tensors, numbers, places)
    return empty_result(operands, result_dtype(row_of(formula, len(operands)), operands))


def packed(operands: Sequence[Operand]) -> tuple[list[Tensor], list[Number], list[int]]:
    """Operands as the operator takes them: tensors, numbers, and the places of the numbers."""
    tensors: list[Tensor] = []
    numbers: list[Number] = []
    places: list[int] = []
    for place, operand in enumerate(operands):
        if isinstance(operand, Tensor):
            tensors.append(operand)
        else:
            numbers.append(operand)
            places.append(place)
    return tensors, numbers, places


def operands_of(tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> list[Operand]:
    """Tensors and numbers in the order of the formula's operands."""
    found: list[Operand] = list(tensors)
    for number, place in zip(numbers, places, strict=True):
        found.insert(place, number)
    return found


IDENTITY = text_of("x")
RESULT, GRADIENT = "out", "grad"
"""What gradient formulas read beside the operands."""


@cache
def gradient_of(formula: str, letter: str, count: int = 3) -> tuple[str, tuple[str, ...]]:
    """The formula of a gradient along an operand, and which operands (and "out", "grad") it reads; none where it is 0.

    The operands are renamed in order, so that the same gradient is one formula whatever it belongs to.
    """
    product = share_of(formula, letter, count)
    used = tuple(name for name in (*LETTERS[:count], RESULT, GRADIENT) if name in set(words(product)))
    renamed: dict[str, Formula] = dict(zip(used, LETTERS, strict=False))
    return text_of(substituted(product, renamed)), used


@cache
def share_of(formula: str, letter: str, count: int) -> Formula:
    """The slope along an operand times "grad".

    What it reads beside that is the result alone or the operands alone, so that the fewest tensors are kept.
    """
    row = row_of(formula, count)
    place = LETTERS.index(letter)
    given = row.derivative[place] if place < len(row.derivative) else None
    along = slope(row.formula, letter) if given is None else given
    if given is None and not set(words(_with_result(along, row.formula))) & set(LETTERS):
        along = _with_result(along, row.formula)
    if set(words(along)) & set(LETTERS):
        along = substituted(along, {RESULT: row.formula})
    return _times_gradient(along)


@builder
def summed(text: str, kinds: tuple[torch.dtype | None, ...], result: torch.dtype, dtype: torch.dtype) -> RowFunction:
    """The sums along rows of a formula of tensors of some types and numbers (None), computed as a type computes."""
    names = dict(zip(LETTERS, kinds, strict=False))
    steps = (Let("whole", formula_of(text), computed(result)), Fold("total", "ADD", "whole", computed(result)))
    wide, numbers = ([k for k, d in names.items() if (d is None) == number] for number in (False, True))
    return row_function(wide, steps, [("total", NAMES[dtype])], numbers=numbers)


@builder
def tangent_of(formula: str, count: int, moving: tuple[str, ...], numbers: tuple[str, ...], dtype: torch.dtype) -> Any:
    """How much a formula's result moves with operands that move by "t" and their letter."""
    shares = [share_of(formula, letter, count) for letter in moving]
    parts = [substituted(share, {GRADIENT: f"t{k}"}) for share, k in zip(shares, moving, strict=True) if share != 0.0]
    total: Formula = parts[0] if parts else 0.0
    for part in parts[1:]:
        total = ("ADD", total, part)
    read = set(words(total))
    known = [k for k in (*LETTERS[:count], RESULT) if k in read]
    return row_function(
        [*(k for k in known if k not in numbers), *(f"t{k}" for k in moving if f"t{k}" in read)],
        [Let("moved", total, computed(dtype))],
        [("moved", NAMES[dtype])],
        numbers=[k for k in known if k in numbers],
    )


def _times_gradient(formula: Formula) -> Formula:
    """A slope times the incoming gradient; what is chosen by a condition is chosen, never multiplied by 0 and 1."""
    if isinstance(formula, tuple) and formula[0] == "SEL":
        return ("SEL", formula[1], *(_times_gradient(part) for part in formula[2:]))
    if formula == 0.0:
        return 0.0
    return GRADIENT if formula == 1.0 else ("NEG", GRADIENT) if formula == -1.0 else ("MUL", GRADIENT, formula)


def _with_result(formula: Formula, whole: Formula) -> Formula:
    """A formula that reads the result wherever it computes the whole again."""
    if formula == whole:
        return RESULT
    if not isinstance(formula, tuple):
        return formula
    return (formula[0], *(_with_result(part, whole) for part in formula[1:]))


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as its gradients know it: shapes and types of its tensors (None for numbers), and the numbers they read.

    `names` are the operands and the result whose values are kept.
    """

    formula: str
    kinds: Sequence[tuple[torch.Size, torch.dtype] | None]
    numbers: Mapping[str, Number]
    names: tuple[str, ...]


def _call(formula: str, operands: Sequence[Any], wanted: Sequence[bool]) -> tuple[_Call, tuple[int, ...]]:
    """A call whose gradients along some tensors are wanted, and the places of what is kept among tensors and result.

    The operands are numbers and tensors, or what has shapes and types like these.
    """
    letters = dict(zip(LETTERS, operands, strict=False))
    kinds = [(o.shape, o.dtype) if isinstance(o, Tensor | Like) else None for o in operands]
    moving = iter(wanted)
    needed: set[str] = set()
    for letter, kind in zip(LETTERS, kinds, strict=False):
        if kind is not None and next(moving, True) and kind[1].is_floating_point:
            needed.update(gradient_of(formula, letter, len(operands))[1])
    numbers = {k: o for k, o in letters.items() if k in needed and not isinstance(o, Tensor | Like)}
    held = [k for k, kind in zip(letters, kinds, strict=False) if kind is not None]
    places = {k: place for place, k in enumerate((*held, RESULT))}
    names = tuple(k for k in places if k in needed)
    return _Call(formula, kinds, numbers, names), tuple(places[k] for k in names)


def _keep(ctx: Any, formula: str, operands: Sequence[Operand], result: Tensor, wanted: Sequence[bool]) -> None:
    """Save what the gradients that are wanted read, and no more."""
    ctx.call, places = _call(formula, operands, wanted)
    values = [*(o for o in operands if isinstance(o, Tensor)), result]
    ctx.save_for_backward(*(values[k] for k in places))


def _gradients(call: _Call, kept: Sequence[Tensor], g: Tensor, wanted: Sequence[bool]) -> list[Tensor | None]:
    """The gradients along the tensors among the operands, None where none is wanted."""
    values = {**call.numbers, **dict(zip(call.names, kept, strict=True)), GRADIENT: g}
    found: list[Tensor | None] = []
    for letter, kind in zip(LETTERS, call.kinds, strict=False):
        if kind is None:
            continue
        moves = kind[1].is_floating_point and wanted[len(found)]
        found.append(_gradient(call.formula, letter, len(call.kinds), values, *kind) if moves else None)
    return found


def _gradient(
    formula: str, letter: str, count: int, values: dict[str, Operand], shape: torch.Size, dtype: torch.dtype
) -> Tensor | None:
    text, used = gradient_of(formula, letter, count)
    if GRADIENT not in used:  # the slope is 0
        g = values[GRADIENT]
        assert isinstance(g, Tensor)
        return g.new_zeros(shape, dtype=dtype)
    operands = [values[name] for name in used]
    whole = result_shape(operands)
    dims = spread_dims(whole, shape)
    if not dims or text == IDENTITY:
        found = sum_to(apply(text, *operands), shape)
        return found if found.dtype is dtype else found.to(dtype)
    tensors, numbers, _ = packed(operands)
    g = values[GRADIENT]
    assert isinstance(g, Tensor)
    kinds = tuple(o.dtype if isinstance(o, Tensor) else None for o in operands)
    (total,) = apply_rows(summed(text, kinds, g.dtype, dtype), tensors, [float(n) for n in numbers], whole, dims)
    return total.reshape(shape)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    formula, tensors, numbers, places = inputs
    ctx.numbers = len(numbers)
    _keep(ctx, formula, operands_of(tensors, numbers, places), output, [t.requires_grad for t in tensors])


def _backward(ctx: Any, g: Tensor) -> tuple[Any, ...]:
    none: list[Tensor] | None = None if ctx.numbers else []  # PyTorch takes empty lists for lists of tensors
    return None, _gradients(ctx.call, ctx.saved_tensors, g, ctx.needs_input_grad[1]), none, none


elementwise.register_autograd(_backward, setup_context=_setup)


def lined_up(tensors: Sequence[Tensor], dims: Sequence[int | None]) -> list[Tensor]:
    """Tensors with the batch first and the other axes lined up at the end, as they are without it."""
    rank = max(t.dim() - (d is not None) for t, d in zip(tensors, dims, strict=True))
    lined = []
    for tensor, dim in zip(tensors, dims, strict=True):
        if dim is None:
            lined.append(tensor)
            continue
        moved = tensor.movedim(dim, 0)
        lined.append(moved.reshape(moved.shape[0], *(1,) * (rank + 1 - moved.dim()), *moved.shape[1:]))
    return lined


class _Plan(Plan):
    """A formula as a node."""

    def __init__(self, formula: str, given: Sequence[Like], numbers: Any, places: Any) -> None:
        super().__init__(False)
        self._formula, self._given, self._numbers, self._places = formula, given, numbers, places
        self._calls: dict[tuple[bool, ...], tuple[_Call, tuple[int, ...]]] = {}

    def run(self, *tensors: Tensor) -> Any:
        return run(self._formula, operands_of(tensors, self._numbers, self._places))

    def kept(self, wanted: Sequence[bool]) -> Sequence[int]:
        return self._call(tuple(wanted))[1]

    def hands_on(self, asked: Sequence[bool]) -> bool:
        if len(set(self._given)) > 1 or not self._given[0].dtype.is_floating_point:
            return False
        count = len(self._given) + len(self._numbers)
        letters = [k for place, k in enumerate(LETTERS[:count]) if place not in self._places]
        along = [k for k, is_asked in zip(letters, asked, strict=True) if is_asked]
        return all(gradient_of(self._formula, k, count) == (IDENTITY, (GRADIENT,)) for k in along)

    def gradients(
        self, wanted: Sequence[bool], kept: Sequence[Tensor], given: Sequence[Any], asked: Sequence[bool]
    ) -> Sequence[Tensor | None]:
        return _gradients(self._call(tuple(wanted))[0], kept, given[0], asked)

    def _call(self, wanted: tuple[bool, ...]) -> tuple[_Call, tuple[int, ...]]:
        if wanted not in self._calls:
            operands = operands_of(self._given, self._numbers, self._places)  # type: ignore[arg-type]
            self._calls[wanted] = _call(self._formula, operands, wanted)
        return self._calls[wanted]


_plans: Plans[_Plan] = Plans()


def _plan(formula: str, tensors: Sequence[Tensor], numbers: Sequence[Number], places: Sequence[int]) -> _Plan:
    """The plan of a call on tensors like these."""
    parts = formula, tuple(Like(t.shape, t.dtype) for t in tensors), tuple(numbers), tuple(places)
    return _plans.of((*parts[:2], repr(parts[2]), parts[3]), lambda: _Plan(*parts))


class _Elementwise(Differentiated):
    """The same for `torch.func` and in forward mode."""

    @staticmethod
    def forward(formula: str, numbers: Any, places: Any, *tensors: Tensor) -> Tensor:
        if road_of(tensors) is Road.OPERATOR:
            return elementwise(formula, tensors, numbers, places)
        return run(formula, operands_of(tensors, numbers, places))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        formula, numbers, places, *tensors = inputs
        operands = operands_of(tensors, numbers, places)
        _keep(ctx, formula, operands, output, ctx.needs_input_grad[3:])
        if forward_ad._current_level >= 0 or torch._C._functorch.peek_interpreter_stack() is not None:
            ctx.places = numbers, places
            ctx.save_for_forward(*tensors, output)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, None, *_gradients(ctx.call, ctx.saved_tensors, g, ctx.needs_input_grad[3:])

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        *tensors, value = ctx.saved_tensors
        operands = operands_of(tensors, *ctx.places)
        letters = LETTERS[: len(operands)]
        along = iter(tangents[3:])
        moved = {f"t{k}": next(along) for k, o in zip(letters, operands, strict=True) if isinstance(o, Tensor)}
        moves: dict[str, Operand] = {k: t for k, t in moved.items() if t is not None}
        held = tuple(k for k, o in zip(letters, operands, strict=True) if not isinstance(o, Tensor))
        moving = tuple(k for k in letters if f"t{k}" in moves)
        text = tangent_of(ctx.call.formula, len(operands), moving, held, value.dtype)
        meant = function_of(text)
        if not meant.inputs:
            return torch.zeros_like(value)
        values = {**dict(zip(letters, operands, strict=True)), RESULT: value, **moves}
        given, _, _ = packed([values[name] for name in meant.inputs])
        numbers = [float(values[name]) for name in meant.numbers]
        return apply_rows(text, given, numbers, value.shape, [])[0]

    @staticmethod
    def vmap(info: Any, in_dims: Any, formula: str, numbers: Any, places: Any, *tensors: Tensor) -> tuple[Tensor, int]:
        made: Tensor = _Elementwise.apply(formula, numbers, places, *lined_up(tensors, in_dims[3:]))
        return made, 0


differentiated(
    elementwise,
    lambda formula, tensors, numbers, places: _Elementwise.apply(formula, tuple(numbers), tuple(places), *tensors),
)


def _apply(formula: str, *operands: Operand, out: Tensor | None = None) -> Tensor:
    """A formula on tensors and numbers: straight to the launch where nobody differentiates, traces or transforms.

    `out` has the type and shape of the result. Raises RuntimeError for tensors that are not in host memory.
    """
    tensors = [o for o in operands if isinstance(o, Tensor)]
    road = road_of(tensors)
    if road is Road.OPERATOR:
        check_devices(tensors)
        return elementwise(formula, *packed(operands))
    if road is Road.DIRECT:
        check_host(tensors)
        return run(formula, operands, out)
    if out is not None:
        raise RuntimeError("out= does not support gradients, tracing and transforms; cure: out.copy_(…)")
    given, numbers, places = packed(operands)
    if road is Road.FUNCTION and is_plain():
        found: Tensor = Node.apply(_plan(formula, given, numbers, places), *given)
        return found
    function: Any = partial(_Elementwise.apply, formula, tuple(numbers), tuple(places))
    made: Tensor = of_batches(function, *given) if road is Road.BATCHES else function(*given)
    return made


apply = remembering(_apply)
