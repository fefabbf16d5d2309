"""Checked native code against the interpreter: the same faults for arrays that are too short, steps and NaN.

A program is compiled once a way of checking and launched often, each time on other arguments.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hologram.backends.base import Argument, Checks, Executable
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import ExecutionError
from hologram.isa.program import Program
from tests.differential.compare import MAX_STEPS, Launch, canonical
from tests.differential.inputs import arguments, fenced

CUTS = 24
FEW_STEPS = (3, 40, 150)


@dataclass(frozen=True)
class Watched:
    """How a launch is watched, and which arguments it gets: whole arrays (0), or cut short in some way."""

    checks: Checks
    cut: int = 0


def cases(seed: int) -> Iterator[Watched]:
    """All launches of a program: every other one also on few steps, or looking for NaN and infinity."""
    yield from (Watched(Checks(), cut) for cut in range(CUTS))
    if seed % 4 == 1:
        yield from (Watched(Checks(max_steps=steps)) for steps in FEW_STEPS)
    if seed % 4 == 3:
        yield Watched(Checks(nan=True))


def differences(program: Program, launch: Launch, seed: int) -> str | None:
    """None when checked native code finds what the interpreter finds in all launches, else what differs."""
    executables: dict[Checks, Executable] = {}
    given = arguments(program.params, launch.lanes, launch.seed, launch.strided)
    for case in cases(seed):
        if case.checks not in executables:
            executables[case.checks] = CpuBackend(checks=case.checks).compile(program)
        found = _difference(executables[case.checks], launch, _cut(given, case), case)
        if found is not None:
            return f"{case}: {found}"
    return None


def _difference(native: Executable, launch: Launch, given: list[Argument], case: Watched) -> str | None:
    program = native.program
    theirs, mine = ([_copy(a, case.cut % 2 == 0) for a in given] for _ in range(2))
    oracle = InterpreterBackend(case.checks.max_steps or MAX_STEPS, nan=case.checks.nan, races=False)
    wanted = _error(oracle.compile(program), launch, theirs)
    got = _error(native, launch, mine)
    if type(got) is not type(wanted):
        return f"native code: {got!r}, interpreter: {wanted!r}"
    if got is not None and wanted is not None:
        wanted.variables.clear()  # only the interpreter knows them
        # Lanes run in another order here and there, so another fault may come first; the same one has the same words.
        same = (got.index, got.lane) == (wanted.index, wanted.lane)
        return f"native code says {got}, the interpreter {wanted}" if same and str(got) != str(wanted) else None
    for param, a, b in zip(program.params, mine, theirs, strict=True):
        if not np.array_equal(canonical(np.asarray(a)), canonical(np.asarray(b))):
            return f"'{param.name}' is not the same"
    return None


def _copy(value: Argument, at_end: bool) -> Argument:
    return fenced(value, at_end) if isinstance(value, np.ndarray) else value


def _cut(given: list[Argument], case: Watched) -> list[Argument]:
    rng = random.Random(case.cut)
    return [_first_part(a, rng) if case.cut and isinstance(a, np.ndarray) else a for a in given]


def _first_part(values: np.ndarray, rng: random.Random) -> np.ndarray:
    """Perhaps the first part of an array: often only a little is missing."""
    if not len(values) or rng.random() < 0.6:
        return values
    return values[: rng.choice((len(values) - 1, rng.randrange(len(values))))]


def _error(executable: Executable, launch: Launch, given: list[Argument]) -> ExecutionError | None:
    try:
        executable.launch(given, launch.domain)
    except ExecutionError as error:
        return error
    return None
