"""Random regions: whatever the formulas, axes, strides and types, both backends compute what NumPy does, exactly.

Numbers are small integers and stay small, so that no result is rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hologram.isa.region import Fold, Let, Operand, Output, Region, Stride
from hologram.operators import Formula, is_truth
from hologram.types import Type
from tests.isa.templates.regions.reference import BACKENDS, evaluate, launched, span, viewed

STORED = (Type.F32, Type.F16, Type.BF16, Type.F64, Type.I64, Type.I32, Type.U8)
COMPUTED = (Type.F32, Type.F32, Type.F64, Type.I64)
BINARY = ("ADD", "SUB", "MUL", "MAXP", "MINP")
TRUTHS = ("<", "<=", "==", "!=", "PAND", "POR")
PATTERNS = (
    "k",
    "kk",
    "kkk",
    "kkkk",
    "r",
    "kr",
    "rk",
    "krk",
    "rkr",
    "kkr",
    "rr",
    "krr",
    "kkkr",
    "kkrr",
    "rkkr",
    "kkkkr",
    "wk",
    "kwk",
    "wkr",
    "wrk",
)
LENGTHS = (1, 2, 3, 0, 5, 66, 130)


@st.composite
def operands(draw: Any, name: str, axes: str, kinds: tuple[Type, ...] = STORED) -> Operand:
    """An input: strides of any kind."""
    strides: list[Stride] = []
    for axis in range(len(axes)):
        choices: list[Stride] = [0, f"{name}_{axis}"]
        strides.append(draw(st.sampled_from([*choices, 1] if axis == len(axes) - 1 else choices)))
    return Operand(name, draw(st.sampled_from(kinds)), tuple(strides))


@st.composite
def formulas(draw: Any, names: list[str]) -> Formula:
    """A formula of two or three names or numbers, whose values stay small."""
    part = st.one_of(st.sampled_from(names), st.sampled_from(names), st.integers(-3, 3).map(float))
    word = draw(st.sampled_from((*BINARY, *TRUTHS, "SEL", "PNOT", "name")))
    if word == "name":
        return str(draw(st.sampled_from(names)))
    if word == "PNOT":
        return ("PNOT", draw(st.sampled_from(names)))
    if word == "SEL":
        return ("SEL", draw(st.sampled_from(names)), draw(part), draw(part))
    if word in ("PAND", "POR"):
        return (word, draw(st.sampled_from(names)), draw(st.sampled_from(names)))
    made = (word, draw(st.sampled_from(names)), draw(part))
    return made if word in TRUTHS else ("MAXP", ("MINP", made, 6.0), -6.0)


@st.composite
def regions(draw: Any) -> Region:
    axes = draw(st.sampled_from(PATTERNS))
    inputs = [draw(operands(f"x{k}", axes)) for k in range(draw(st.integers(1, 3)))]
    names = [*(i.name for i in inputs), f"i{len(axes) - 1}"]
    numbers = (("number", draw(st.sampled_from((Type.F32, Type.I64)))),)
    along = {i.name: {k for k, s in enumerate(i.strides) if s != 0} for i in inputs}
    along |= {f"i{len(axes) - 1}": {len(axes) - 1}, "number": set()}
    names.append("number")
    reduced = {k for k, letter in enumerate(axes) if letter == "r"}
    steps: list[Let | Fold] = []
    # Positions grow large; only what is made small first is multiplied again and again.
    for k in range(draw(st.integers(1, 6))):
        name, type = f"s{k}", draw(st.sampled_from(COMPUTED))
        formula = draw(formulas(names))
        read = {part for part in _parts(formula) if isinstance(part, str) and part in along}
        differs = set().union(*(along[part] for part in read)) if read else set()
        if reduced and draw(st.integers(0, 2)) == 0:
            steps.append(Fold(name, draw(st.sampled_from(("ADD", "MAXP", "MINP"))), formula, type))
            steps.append(Let(f"{name}c", ("MAXP", ("MINP", name, 6.0), -6.0), type))
            along[name] = along[f"{name}c"] = differs - reduced
            names.append(f"{name}c")
        else:
            steps.append(Let(name, formula, type))
            along[name] = differs
            names.append(name)
    outputs = []
    for k, step in enumerate(draw(st.lists(st.sampled_from(steps), min_size=1, max_size=3))):
        whole = not reduced or bool(along[step.name] & reduced)
        strides: list[Stride] = [f"o{k}_{a}" if whole or a not in reduced else 0 for a in range(len(axes))]
        if strides[-1] and draw(st.booleans()):
            strides[-1] = 1
        truth = isinstance(step, Let) and is_truth(step.formula)
        kind = Type.U8 if truth else draw(st.sampled_from((Type.F32, Type.F64, Type.I64)))
        outputs.append(Output(step.name, Operand(f"o{k}", kind, tuple(strides))))
    return Region(axes, tuple(inputs), tuple(steps), tuple(outputs), numbers)


def _parts(formula: Formula) -> list[Any]:
    return [p for part in formula for p in _parts(part)] if isinstance(formula, tuple) else [formula]


def steps_of(region: Region, lengths: tuple[int, ...]) -> dict[str, int]:
    """Strides with a gap now and then; last axes named have a stride of 2."""
    found = {}
    for operand in (*region.inputs, *(o.to for o in region.outputs)):
        step = 1 if operand.strides[-1] == 1 else 2
        for axis in reversed(range(len(lengths))):
            stride = operand.strides[axis]
            if isinstance(stride, str):
                found[stride] = step
            if stride != 0:
                step *= max(lengths[axis], 1)
                step += axis % 2
    return {name: found[name] for name in region.stride_names}


def check(region: Region, lengths: tuple[int, ...], seed: int) -> None:
    """Both backends and NumPy agree."""
    rng = np.random.default_rng(seed)
    steps = steps_of(region, lengths)
    flat = {}
    for operand in region.inputs:
        low, high = (0, 2) if operand.type is Type.U8 else (-4, 5)
        flat[operand.name] = rng.integers(low, high, span(operand, lengths, steps)).astype(operand.type.dtype)
    numbers = {"number": 2}
    seen = {i.name: viewed(flat[i.name], i, lengths, steps) for i in region.inputs}
    with np.errstate(all="ignore"):
        exact = evaluate(region, lengths, {**seen, **numbers})
    results = {b: launched("random", region, lengths, steps, {**flat, **numbers}, b) for b in BACKENDS}
    for output in (o.to for o in region.outputs):
        native, oracle = results["cpu"][output.name], results["interpreter"][output.name]
        assert native.tobytes() == oracle.tobytes(), output.name
        wanted = np.broadcast_to(exact[output.name], native.shape)
        assert np.array_equal(native.astype(wanted.dtype), wanted), output.name


def _case(data: Any) -> None:
    region = data.draw(regions())
    rank = len(region.axes)
    known = st.sampled_from(LENGTHS if rank < 3 else LENGTHS[:5])
    last = st.sampled_from(LENGTHS)
    lengths = (*(data.draw(known) for _ in range(rank - 1)), data.draw(last))
    check(region, lengths, data.draw(st.integers(0, 3)))


QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(st.data())
def test_random_regions_are_what_numpy_computes(data: Any) -> None:
    _case(data)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_many_random_regions_are_what_numpy_computes(data: Any) -> None:
    _case(data)
