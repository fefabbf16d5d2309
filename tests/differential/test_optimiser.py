"""Translation validation: random programs give the same bits, faults and errors before and after each pass."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pytest

from hologram.backends.base import Argument, Domain
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.backends.optimiser import evaluate, optimise
from hologram.errors import HologramError
from hologram.isa import optimise as passes
from hologram.isa import templates
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.types import Type
from tests.differential import generate
from tests.differential.compare import MAX_STEPS, canonical, compare
from tests.differential.inputs import arguments, fenced
from tests.differential.launches import Launch

QUICK = 80
LONG = int(os.environ.get("HOLOGRAM_RANDOM_PROGRAMS", "20000")) // 5
LONG_BATCH = 100


def outcome(program: Program, launch: Launch, given: Sequence[Argument]) -> tuple[str, list[Argument]]:
    """The error of a launch (its class), and the arguments afterwards."""
    held = [copied(value) if isinstance(value, np.ndarray) else value for value in given]
    try:
        InterpreterBackend(MAX_STEPS).compile(program).launch(held, launch.domain)
    except HologramError as error:
        return type(error).__name__, held
    return "", held


def copied(values: np.ndarray) -> np.ndarray:
    """A copy with the same strides."""
    return fenced(values, at_end=False)


def differs(before: Program, after: Program, launch: Launch) -> str | None:
    """What tells a program from what was made of it; None where nothing does."""
    verify(after)
    given: list[Argument] = arguments(before.params, launch.lanes, launch.seed, launch.strided)
    wanted, expected = outcome(before, launch, given)
    error, got = outcome(after, launch, given)
    if error != wanted:
        return f"{error or 'no error'} in place of {wanted or 'none'}"
    for param, a, b in zip(before.params, expected, got, strict=True):
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and not np.array_equal(canonical(a), canonical(b)):
            return f"{param.name} differs"
    return None


def validate(seeds: Sequence[int], chosen: Sequence[passes.Pass]) -> tuple[list[str], int]:
    """Findings, and how many instructions the passes have taken away."""
    found, removed = [], 0
    for seed in seeds:
        program, launch = generate.program(seed)
        made = passes.optimise(program, evaluate, chosen)
        removed += made.removed
        difference = differs(program, made.program, launch)
        if difference:
            found.append(f"seed {seed}: {difference}")
    return found, removed


@pytest.mark.parametrize("first", range(0, QUICK, 20))
def test_optimised_programs_do_the_same(first: int) -> None:
    found, removed = validate(range(first, first + 20), passes.PASSES)
    assert not found, "\n".join(found)
    assert removed > 200


@pytest.mark.parametrize("each", passes.PASSES, ids=lambda p: p.__name__)
def test_each_pass_alone_does_the_same(each: passes.Pass) -> None:
    found, _ = validate(range(1000, 1010), [each])
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(20_000, 20_000 + LONG, LONG_BATCH))
def test_many_optimised_programs_do_the_same(first: int) -> None:
    found, _ = validate(range(first, first + LONG_BATCH), passes.PASSES)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("each", passes.PASSES, ids=lambda p: p.__name__)
def test_each_pass_alone_does_the_same_for_many(each: passes.Pass) -> None:
    found, _ = validate(range(2000, 2200), [each])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("first", [0, pytest.param(5000, marks=pytest.mark.slow)])
def test_native_code_of_an_optimised_program_agrees_with_the_original(first: int) -> None:
    for seed in range(first, first + (200 if first else 2)):
        program, launch = generate.program(seed)
        made = optimise(program).program
        assert differs(program, made, launch) is None
        assert compare(made, launch, CpuBackend()) is None


def test_programs_that_work_by_blocks_do_the_same() -> None:
    for type in (Type.F32, Type.I8, Type.BF16):
        program = templates.gemm(type, 4)
        made = optimise(program).program
        rng = np.random.default_rng(3)
        a, b = (rng.integers(0, 9, shape).astype(type.dtype) for shape in ((7, 9), (9, 6)))
        results = []
        for each in (program, made):
            c = np.zeros((7, 6), type.dtype)
            domain = Domain((8, 8, 1), (2, 2, 1), (4, 4, 1))
            InterpreterBackend().compile(each).launch([a, b, c, 7, 6, 9], domain)
            results.append(c)
        assert np.array_equal(*results)
