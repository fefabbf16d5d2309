"""The derivatives of the operator table against PyTorch's, and those that rules give of any formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram.isa.instructions import BY_NAME
from hologram.isa.templates.formula import Source, mapped
from hologram.language.program import Program
from hologram.operators import TABLE, TRUTHS, Formula, Operator
from hologram.operators.calculus import slope, substituted
from hologram.operators.row import words
from hologram.types import Type
from tests.ops.references import operands, types_of

torch = pytest.importorskip("torch")
LETTERS = ("x", "y", "z", "out")
ROWS = [row for row in TABLE.values() if row.derivative and Type.F64 in types_of(row)]
COUNT = 64


def evaluate(formula: Formula, values: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """A formula on vectors of f64, by the program that it is."""
    program = mapped("formula", formula, [Source(Type.F64)] * len(values), Type.F64, Type.F64, 1, tuple(values))
    out = np.empty(COUNT)
    Program.of(program)(*values.values(), out, COUNT, executor=hg.Executor("cpu"))
    return out


def by_torch(row: Operator, given: list[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any] | None]:
    tensors = [torch.from_numpy(x).requires_grad_() for x in given]
    names = {"torch": torch, "F": torch.nn.functional}
    out = eval(row.torch, names, dict(zip(LETTERS, tensors, strict=False)))
    found = torch.autograd.grad(out.sum(), tensors, allow_unused=True)
    return [None if g is None else g.numpy() for g in found]


SCALAR_PARAMETERS = {row.name for row in ROWS if row.parameters and row.name != "clamp"}


@pytest.mark.parametrize("row", [r for r in ROWS if r.torch and r.name not in SCALAR_PARAMETERS], ids=lambda r: r.name)
def test_the_table_agrees_with_torch(row: Operator) -> None:
    given = operands(row, Type.F64, (COUNT,), 5)
    values = dict(zip(LETTERS, given, strict=False)) | {"out": getattr(hg.ops, row.names[0])(*given)}
    for formula, expected in zip(row.derivative, by_torch(row, given), strict=True):
        if formula is not None and expected is not None:
            np.testing.assert_allclose(evaluate(formula, values), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_rules_agree_with_the_table(row: Operator) -> None:
    given = operands(row, Type.F64, (COUNT,), 6)
    values = dict(zip(LETTERS, given, strict=False))
    with_out = values | {"out": getattr(hg.ops, row.names[0])(*given)}
    for letter, formula in zip(row.operands, row.derivative, strict=True):
        if formula is not None:
            by_rules = evaluate(slope(row.formula, letter), values)
            np.testing.assert_allclose(by_rules, evaluate(formula, with_out), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("row", [r for r in ROWS if r.arity == 1], ids=lambda r: r.name)
def test_second_derivatives_are_slopes_of_the_first(row: Operator) -> None:
    (x,) = operands(row, Type.F64, (COUNT,), 7)
    x = x[np.abs(x - np.round(x)) > 1e-3][: COUNT // 2]
    x = np.resize(x, COUNT)
    (formula,) = row.derivative
    assert formula is not None
    first = substituted(formula, {"out": row.formula})
    step = 1e-5
    ahead, behind = (evaluate(first, {"x": x + d}) for d in (step, -step))
    np.testing.assert_allclose(
        evaluate(slope(first, "x"), {"x": x}), (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-4
    )


def test_every_word_of_real_formulas_has_a_rule() -> None:
    for row in ROWS:
        for letter in row.operands:
            found = set(words(slope(row.formula, letter)))
            assert found <= {*BY_NAME, *TRUTHS, *row.operands, "SEL"}, row.name
