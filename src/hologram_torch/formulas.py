"""Formulas on tensors: their texts, types and shapes of results by PyTorch's rules, and the launch.

The text of a formula is the name of a row, or the formula as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hologram.errors import DivisionByZeroError
from hologram.operators import COMPARISONS, OPERANDS, Domain, Form, Formula, Operator, is_truth
from hologram.operators.row import words
from hologram.runtime import notes
from hologram.types import Type
from hologram_torch.operators import ROWS
from hologram_torch.roads import in_memory

if TYPE_CHECKING:
    from hologram.language.kernel import Kernel
    from hologram.ops.elementwise import Elementwise, Meaning
    from hologram.runtime.executor import Executor

LETTERS = OPERANDS
Number = bool | int | float
Operand = Tensor | Number
TYPES: dict[torch.dtype, Type | None] = {
    torch.bool: None,
    **{getattr(torch, type.dtype.name): type for type in Type if type is not Type.BF16},
    torch.bfloat16: Type.BF16,
}
"""Element types of tensors; None for truth values."""
TITLES = {
    torch.float32: "Float", torch.float64: "Double", torch.float16: "Half", torch.bfloat16: "BFloat16",
    torch.int64: "Long", torch.int32: "Int", torch.int16: "Short", torch.int8: "Char", torch.uint8: "Byte",
    torch.bool: "Bool", torch.uint16: "UInt16", torch.uint32: "UInt32", torch.uint64: "UInt64",
    torch.complex32: "ComplexHalf", torch.complex64: "ComplexFloat", torch.complex128: "ComplexDouble",
}  # fmt: skip
"""What PyTorch's messages call the types."""


def text_of(formula: Formula) -> str:
    """A formula as JSON, which is how operators of PyTorch carry it."""
    return json.dumps(formula, separators=(",", ":"))


@cache
def formula_of(text: str) -> Formula:
    """The formula that a text stands for."""
    return ROWS[text].formula if text in ROWS else _tuples(json.loads(text))


def _tuples(part: Any) -> Formula:
    if isinstance(part, list):
        return tuple(_tuples(p) for p in part)
    return part if isinstance(part, str) else float(part)


@cache
def row_of(text: str, count: int) -> Operator:
    """The row of a text with so many operands: one of the table's where the text names it or has its formula."""
    if text in ROWS:
        return ROWS[text]
    formula = formula_of(text)
    for row in ROWS.values():
        if row.formula == formula and row.arity == count and isinstance(formula, tuple):
            return row
    return Operator("formula", count, formula, "a derivative", ("formula",), domain=Domain.REALS)


def is_truth_of(text: str) -> bool:
    """True for formulas whose results are truth values."""
    return is_truth(formula_of(text))


_executor: ContextVar[Executor | None] = ContextVar("executor", default=None)


@contextmanager
def on_executor(executor: Executor) -> Iterator[None]:
    """Run formulas on an executor."""
    before = _executor.set(executor)
    try:
        yield
    finally:
        _executor.reset(before)


@cache
def _operation(text: str, count: int) -> Elementwise:
    from hologram.ops.elementwise import Elementwise  # the operations load with the first launch, not before

    return Elementwise(row_of(text, count))


def common_dtype(row: Operator, operands: Sequence[Operand]) -> torch.dtype:
    """The type that operands meet in, by PyTorch's rules; raises RuntimeError or TypeError where there is none."""
    deciding = [o for letter, o in zip(LETTERS, operands, strict=False) if letter not in row.tested]
    dtype = _joined(deciding)
    if row.domain is Domain.REALS and not dtype.is_floating_point and not dtype.is_complex:
        return torch.get_default_dtype()
    wrong = dtype not in TYPES or (dtype is torch.bool and Form.BOOL not in row.forms)
    if wrong or (row.domain is Domain.BITS and dtype.is_floating_point):
        raise RuntimeError(f"\"{row.name}\" not implemented for '{TITLES.get(dtype, str(dtype))}'")
    return dtype


def result_dtype(row: Operator, operands: Sequence[Operand]) -> torch.dtype:
    """The type of a result, by PyTorch's rules."""
    dtype = common_dtype(row, operands)
    return torch.bool if row.gives_truth else dtype


def _joined(operands: Sequence[Operand]) -> torch.dtype:
    """PyTorch's type of several: the tensors with axes decide before those without, and those before numbers."""
    tensors = [o for o in operands if isinstance(o, Tensor)]
    numbers = [o for o in operands if not isinstance(o, Tensor)]
    if not tensors:
        kinds = set(map(type, numbers))
        return torch.get_default_dtype() if float in kinds else torch.bool if kinds == {bool} else torch.int64
    stands = tensors[0]
    for other in (*tensors[1:], *numbers):
        if isinstance(other, Tensor) and other.dtype == stands.dtype and other.dim() <= stands.dim():
            continue
        dtype = torch.result_type(stands, other)
        axes = max(stands.dim(), other.dim() if isinstance(other, Tensor) else 0)
        if dtype != stands.dtype or axes > stands.dim():
            stands = torch.empty((1,) * axes, dtype=dtype, device="meta")
    return stands.dtype


def result_shape(operands: Sequence[Operand]) -> torch.Size:
    """The shape that all operands broadcast to; raises RuntimeError where there is none."""
    shapes = [o.shape for o in operands if isinstance(o, Tensor)]
    shape = shapes[0]
    if all(s == shape for s in shapes):
        return shape
    try:
        found: torch.Size = torch.broadcast_shapes(*shapes)
    except RuntimeError:
        raise RuntimeError(_apart(shapes)) from None
    return found


def _apart(shapes: Sequence[torch.Size]) -> str:
    """Says which axis keeps shapes from broadcasting, as PyTorch does."""
    first, second = shapes[0], shapes[0]
    for second in shapes[1:]:
        try:
            first = torch.broadcast_shapes(first, second)
        except RuntimeError:
            break
    for back in range(1, min(len(first), len(second)) + 1):
        a, b = first[-back], second[-back]
        if a != b and 1 not in (a, b):
            axis = max(len(first), len(second)) - back
            return f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {axis}"
    return f"shapes {', '.join(str(list(s)) for s in shapes)} do not broadcast"


def placing(tensors: Sequence[Tensor]) -> Tensor:
    """The tensor that is where the result is to be: numbers in host memory go with all others."""
    return next((t for t in tensors if not t.is_cpu), tensors[0])


def empty_result(operands: Sequence[Operand], dtype: torch.dtype) -> Tensor:
    """Memory for a result: axes in the order that they have in the operands, where those agree."""
    tensors = [o for o in operands if isinstance(o, Tensor)]
    first = placing(tensors)
    if len(tensors) == 1 or all(t.shape == first.shape and t.stride() == first.stride() for t in tensors):
        return torch.empty_like(first, dtype=dtype, requires_grad=False)
    shape = result_shape(operands)
    if all(t.is_contiguous() for t in tensors):
        return first.new_empty(shape, dtype=dtype)
    from torch._prims_common import compute_elementwise_output_strides

    spread = [t.expand(shape) for t in tensors]
    return first.new_empty_strided(shape, compute_elementwise_output_strides(*spread), dtype=dtype)


@dataclass(frozen=True, slots=True)
class Flat:
    """A launch on contiguous tensors of one shape, `kernel(operands…, out, n)`, with numbers in the type `base`."""

    kernel: Kernel
    base: Type
    dtype: torch.dtype

    def held(self, number: Number) -> int | float:
        """A number as the kernel takes it."""
        return _held(number, self.base)


@cache
def flat_of(text: str, kinds: tuple[torch.dtype | type, ...], default: torch.dtype) -> Flat:
    """The launch of a formula for tensors of some types and numbers; raises as `common_dtype` does."""
    from hologram.isa.templates.formula import Mode, Source
    from hologram.ops.dtypes import stored
    from hologram.ops.elementwise import kernel_of

    row = row_of(text, len(kinds))
    samples = [torch.empty(1, dtype=k, device="meta") if isinstance(k, torch.dtype) else k(1) for k in kinds]
    base = common_dtype(row, samples)
    meaning = _meaning(row, base)
    sources = []
    for letter, kind in zip(LETTERS, kinds, strict=False):
        element = (TYPES[kind] or Type.U8) if isinstance(kind, torch.dtype) else meaning.held(letter)
        mode = Mode.EACH if isinstance(kind, torch.dtype) else Mode.NUMBER
        sources.append(Source(element, mode, letter in row.tested))
    kernel = kernel_of(row.name, meaning, sources, stored(meaning.result), 1)
    return Flat(kernel.spanning(), meaning.base, torch.bool if row.gives_truth else base)


def run(text: str, operands: Sequence[Operand], out: Tensor | None = None) -> Tensor:
    """Launch a formula on tensors in host memory; `out` has the type and shape of the result."""
    if _executor.get() is None and _are_alike(operands, out):
        return _run_flat(text, operands, out)
    count = len(operands)
    row = row_of(text, count)
    base = common_dtype(row, operands)
    made = empty_result(operands, torch.bool if row.gives_truth else base) if out is None else out
    if made.numel():
        _launch(_operation(text, count), row, operands, base, made)
    if out is not None:
        torch.autograd.graph.increment_version(out)
    return made


def _are_alike(operands: Sequence[Operand], out: Tensor | None) -> bool:
    """True for contiguous tensors of one shape."""
    shape = None if out is None else out.shape
    for tensor in (*operands, *(() if out is None else (out,))):
        if not isinstance(tensor, Tensor):
            continue
        if shape is None:
            shape = tensor.shape
        if tensor.shape != shape or not tensor.is_contiguous() or tensor.is_neg() or not tensor.dim():
            return False
    return True


def _run_flat(text: str, operands: Sequence[Operand], out: Tensor | None) -> Tensor:
    kinds = tuple([o.dtype if isinstance(o, Tensor) else type(o) for o in operands])
    flat = flat_of(text, kinds, torch.get_default_dtype())
    given = [_bare(o) if isinstance(o, Tensor) else flat.held(o) for o in operands]
    first = next(o for o in given if isinstance(o, Tensor))
    made = torch.empty_like(first, dtype=flat.dtype) if out is None else out.detach()
    count = made.numel()
    if count:
        try:
            flat.kernel(*given, made, count)
            notes.launched(flat.kernel, (*given, made, count))
        except DivisionByZeroError:
            raise RuntimeError("ZeroDivisionError") from None
    return made if out is None else out


def _bare(tensor: Tensor) -> Tensor:
    special = tensor.requires_grad or tensor._is_zerotensor() or type(tensor) is not Tensor
    return in_memory(tensor) if special else tensor


def _launch(
    operation: Elementwise, row: Operator, operands: Sequence[Operand], base: torch.dtype, made: Tensor
) -> None:
    from hologram.ops.kinds import TorchKind

    read = TorchKind().array
    meaning = _meaning(row, base)
    letters = LETTERS[: len(operands)]
    views = {k: read(in_memory(o)) for k, o in zip(letters, operands, strict=True) if isinstance(o, Tensor)}
    numbers = {k: _held(o, meaning.base) for k, o in zip(letters, operands, strict=True) if not isinstance(o, Tensor)}
    given = dict(zip(letters, operands, strict=True))
    executor = _executor.get()
    try:
        for step in operation.steps(given, views, numbers, meaning, made, read(made.detach())):
            if executor is None:
                step.kernel(*step.arguments)
                notes.launched(step.kernel, step.arguments)
            else:
                step.kernel(*step.arguments, executor=executor)
    except DivisionByZeroError:
        raise RuntimeError("ZeroDivisionError") from None


def _meaning(row: Operator, base: torch.dtype) -> Meaning:
    from hologram.frontend.promote import BOOL
    from hologram.isa.templates.formula import computed_in
    from hologram.ops.elementwise import Meaning

    type = TYPES[base]
    if type is None:
        formula = row.forms[Form.BOOL]
        assert not callable(formula)
        return Meaning(formula, Type.U8, Type.U8, BOOL)
    computed = computed_in(type)
    formula = row.form(computed)
    exact = frozenset(row.operands) - _compared(formula) if computed is not type else frozenset()
    return Meaning(formula, computed, type, BOOL if row.gives_truth else type, exact)


@cache
def _compared(formula: Formula) -> frozenset[str]:
    """The operands that comparisons read: a number is compared with elements as one of them."""
    if not isinstance(formula, tuple):
        return frozenset()
    if formula[0] in COMPARISONS:
        return frozenset(words(formula)) & frozenset(LETTERS)
    return frozenset().union(*(_compared(part) for part in formula[1:]))


def _held(number: Number, type: Type) -> int | float:
    """A number in a type: integers keep the bits that fit."""
    if type.is_float:
        return float(number)
    whole = int(number)
    return (whole - type.minimum) % (1 << type.bits) + type.minimum
