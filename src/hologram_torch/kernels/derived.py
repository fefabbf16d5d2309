"""The gradient of an element-wise kernel, derived from what its instructions compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from hologram.circuit.pattern import Apply, NoPattern, Number, Pattern, Result, Store, pattern_of
from hologram.isa.affine import Poly
from hologram.isa.operands import Field, Slot
from hologram.operators import VARIANTS, Formula
from hologram.operators.calculus import substituted
from hologram.operators.row import words
from hologram_torch.elementwise import GRADIENT as INCOMING
from hologram_torch.elementwise import RESULT, apply, gradient_of
from hologram_torch.formulas import LETTERS, text_of
from hologram_torch.kernels.gradients import Gradient
from hologram_torch.kernels.signatures import GRADIENT, Signature

MOST = 5
"""Operands of a formula, so that letters are left for the result and its gradient."""


def derived(signature: Signature) -> Gradient:
    """The gradient of a kernel that treats each element alike; raises ValueError with the reason where it has none."""
    pattern = _pattern(signature)
    formulas = _formulas(pattern)
    slots = sorted({int(word) for formula in formulas.values() for word in words(formula) if word.isdecimal()})
    params = signature.kernel.program.params
    if len(slots) > MOST:
        raise _refused(signature, f"it computes with {len(slots)} arrays and numbers, more than {MOST}")
    letters = {str(slot): letter for slot, letter in zip(slots, LETTERS, strict=False)}
    names = [params[slot].name for slot in slots]
    outputs = {params[k].name: text_of(substituted(f, dict(letters))) for k, f in formulas.items()}
    results = tuple(p.name for p in signature.arrays if p.type.is_float)
    gradient = _function(outputs, names, results)
    return Gradient(gradient, (*names, *outputs, *(GRADIENT + name for name in outputs)), results)


def _function(outputs: dict[str, str], names: list[str], results: tuple[str, ...]) -> Callable[..., Any]:
    letters = dict(zip(names, LETTERS, strict=False))

    def along(name: str, operands: dict[str, Any], made: Sequence[Tensor], grads: Sequence[Tensor]) -> Tensor | None:
        total = None
        for text, out, grad in zip(outputs.values(), made, grads, strict=True):
            formula, used = gradient_of(text, letters[name], len(names))
            if INCOMING in used:
                values = {**operands, RESULT: out, INCOMING: grad}
                part = apply(formula, *(values[letter] for letter in used))
                total = part if total is None else total + part
        return total

    def gradient(*given: Any) -> dict[str, Tensor | None]:
        count = len(outputs)
        operands = dict(zip(LETTERS, given[: len(names)], strict=False))
        made, grads = given[len(names) : len(names) + count], given[len(names) + count :]
        return {name: along(name, operands, made, grads) if name in letters else None for name in results}

    return gradient


def _pattern(signature: Signature) -> Pattern:
    program = signature.kernel.program
    pattern = pattern_of(program)
    if not signature.elementwise:
        raise _refused(signature, "it is not elementwise; cure: elementwise=True")
    if isinstance(pattern, NoPattern):
        raise _refused(signature, pattern.reason)
    if not pattern.type.is_float or any(not isinstance(step, Apply | Store) for step in pattern.steps):
        raise _refused(signature, "its results are no floating elements")
    lengths = {Poly.slot(Slot(k, Field.SHAPE, 0)) for k, p in enumerate(program.params) if p.is_array}
    if not set(pattern.bounds) <= lengths:
        raise _refused(signature, "its guard is not the length of an array")
    return pattern


def _formulas(pattern: Pattern) -> dict[int, Formula]:
    """What each output is, by parameter; operands go by the numbers of theirs."""
    values: list[Formula] = []
    stored: dict[int, Formula] = {}

    def of(source: Any) -> Formula:
        if isinstance(source, Number):
            return float(source.value)
        return values[source.step] if isinstance(source, Result) else str(source.slot)

    for step in pattern.steps:
        if isinstance(step, Apply):
            row = VARIANTS[step.variant]
            parts = dict(zip(LETTERS, map(of, step.sources), strict=False))
            values.append(substituted(row.formula, parts))
        elif isinstance(step, Store):
            values.append(0.0)
            stored[step.slot] = of(step.source)
    return stored


def _refused(signature: Signature, reason: str) -> ValueError:
    return ValueError(f"{signature.name}() has no derived gradient: {reason}; cure: a kernel or a function as backward")
