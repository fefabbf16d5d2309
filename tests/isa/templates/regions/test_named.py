"""Programs of well-known regions, on the interpreter and natively, against NumPy in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from hologram.isa.region import Operand, Region
from hologram.types import Type
from tests import tolerance
from tests.isa.templates.regions import named
from tests.isa.templates.regions.reference import BACKENDS, evaluate, launched, span, viewed

RNG = np.random.default_rng(7)
STEPS = {"sx": 150, "so": 145, "sm": 150, "a": 450, "b": 150}
CASES: Mapping[str, tuple[Region, tuple[int, ...]]] = {
    "softmax": (named.SOFTMAX, (5, 143)),
    "reused": (named.REUSED, (3, 70)),
    "one_column": (named.SOFTMAX, (3, 1)),
    "log_softmax": (named.LOG_SOFTMAX, (2, 3, 37)),
    "layer_norm": (named.LAYER_NORM, (4, 130)),
    "layer_norm_backward": (named.LAYER_NORM_BACKWARD, (4, 64)),
    "batch_norm": (named.BATCH_NORM, (3, 2, 65)),
    "column_sum": (named.COLUMN_SUM, (300, 21)),
    "variance": (named.VARIANCE, (3, 3, 70)),
    "cross_entropy": (named.CROSS_ENTROPY, (6, 100)),
    "dropout": (named.DROPOUT, (3, 100)),
    "masked_fill": (named.MASKED_FILL, (2, 3, 70)),
    "full_sum": (named.FULL_SUM, (9000,)),
    "sum_of_nothing": (named.COLUMN_SUM, (0, 5)),
    "no_columns": (named.COLUMN_SUM, (5, 0)),
}
NUMBERS = {"eps": 1e-5, "scale": 1.25, "value": -3.0}


def array(operand: Operand, lengths: tuple[int, ...]) -> np.ndarray[Any, Any]:
    size = span(operand, lengths, STEPS)
    if operand.name == "r":
        return RNG.uniform(0.5, 2, size).astype(np.float32)
    if operand.type.is_float:
        return RNG.standard_normal(size).astype(operand.type.dtype)
    return RNG.integers(0, 2 if operand.type is Type.U8 else 100, size).astype(operand.type.dtype)


@pytest.mark.parametrize("name", CASES)
def test_well_known_regions_are_what_numpy_computes(name: str) -> None:
    region, lengths = CASES[name]
    flat = {i.name: array(i, lengths) for i in region.inputs}
    numbers = {k: NUMBERS[k] for k, _ in region.numbers}
    seen = {i.name: viewed(flat[i.name], i, lengths, STEPS) for i in region.inputs}
    exact = evaluate(region, lengths, {**seen, **numbers})
    steps = {k: STEPS[k] for k in region.stride_names}
    results = {b: launched(f"t_{name}", region, lengths, steps, {**flat, **numbers}, b) for b in BACKENDS}
    for output in (o.to for o in region.outputs):
        got = {b: results[b][output.name] for b in BACKENDS}
        assert got["interpreter"].tobytes() == got["cpu"].tobytes()
        wanted = np.broadcast_to(exact[output.name], got["cpu"].shape)
        slack = tolerance.of_region(output.type, math.prod(lengths))
        np.testing.assert_allclose(got["cpu"].astype(np.float64), wanted, rtol=slack, atol=slack)
