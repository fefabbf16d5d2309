"""Formulas of the operator table on tensors: text, types and shapes of results, and the launch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from hologram.operators import OPERANDS, TABLE, TRUTHS, Domain, Form, Formula, Operator
from hologram.ops.elementwise import Elementwise

LETTERS = OPERANDS
"""Operands of a formula on tensors: a row's own three, its result, and the gradient that comes in."""
Number = bool | int | float
Operand = Tensor | Number


def text_of(formula: Formula) -> str:
    """A formula as JSON, which is how operators of PyTorch carry it."""
    return json.dumps(formula, separators=(",", ":"))


@cache
def formula_of(text: str) -> Formula:
    """The formula that a text stands for."""
    return _tuples(json.loads(text))


def _tuples(part: Any) -> Formula:
    if isinstance(part, list):
        return tuple(_tuples(p) for p in part)
    return part if isinstance(part, str) else float(part)


@cache
def row_of(text: str, count: int) -> Operator:
    """A row for a formula of so many operands: that of the table, where it has one."""
    formula = formula_of(text)
    for row in TABLE.values():
        if row.formula == formula and row.arity == count:
            return row
    return Operator("formula", count, formula, "a derivative", ("formula",), domain=Domain.REALS)


@cache
def _operation(text: str, count: int) -> Elementwise:
    return Elementwise(row_of(text, count))


def result_dtype(row: Operator, operands: Sequence[Operand]) -> torch.dtype:
    """The type of a result, by PyTorch's rules."""
    deciding = [o for letter, o in zip(LETTERS, operands, strict=False) if letter not in row.tested]
    dtype = _common(deciding)
    if row.gives_truth:
        return torch.bool
    if row.domain is Domain.REALS and not dtype.is_floating_point:
        return torch.get_default_dtype()
    if dtype is torch.bool and Form.BOOL not in row.forms:
        raise TypeError(f"{row.name}() has no meaning for truth values; cure: x.to(torch.int32)")
    return dtype


def _common(operands: Sequence[Operand]) -> torch.dtype:
    dtypes = {o.dtype for o in operands if isinstance(o, Tensor)}
    if len(dtypes) == 1:
        (dtype,) = dtypes
        if dtype.is_floating_point or all(isinstance(o, Tensor) or type(o) is int for o in operands):
            return dtype
    return _joined(operands)


def _joined(operands: Sequence[Operand]) -> torch.dtype:
    """PyTorch's type of several: the tensors with axes decide before those without, and those before numbers."""
    first = operands[0]
    stands: Operand = first if isinstance(first, Tensor) else torch.tensor(first)
    for other in operands[1:]:
        dtype = torch.result_type(stands, other)
        axes = max(o.dim() if isinstance(o, Tensor) else -1 for o in (stands, other))
        stands = torch.empty((1,) * max(axes, 0), dtype=dtype, device="meta")
    assert isinstance(stands, Tensor)
    return stands.dtype


def result_shape(operands: Sequence[Operand]) -> torch.Size:
    """The shape that all operands broadcast to."""
    shape: torch.Size = torch.broadcast_shapes(*(o.shape for o in operands if isinstance(o, Tensor)))
    return shape


def run(text: str, operands: Sequence[Operand], out: Tensor | None = None) -> Tensor:
    """Launch a formula on tensors in host memory."""
    row = row_of(text, len(operands))
    dtype = result_dtype(row, operands)
    made = torch.empty(result_shape(operands), dtype=dtype) if out is None else out
    given = [_plain(o, made) for o in operands]
    _operation(text, len(operands))(*given, out=made)
    return made


def _plain(operand: Operand, out: Tensor) -> Operand:
    """An operand as the operation takes it; one without axes that decides no type is a number."""
    if not isinstance(operand, Tensor):
        return operand
    plain = operand.detach()
    if not plain.dim() and out.dim() and plain.dtype.is_floating_point and plain.dtype != out.dtype:
        return float(plain)
    return plain


def is_truth(text: str) -> bool:
    """True for formulas whose results are truth values."""
    formula = formula_of(text)
    return isinstance(formula, tuple) and formula[0] in TRUTHS
