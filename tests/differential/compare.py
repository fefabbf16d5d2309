"""One case: a program with a launch, run by the interpreter and by native code; what differs is the finding."""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.backends.base import Argument, Backend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DivisionByZeroError, HologramError
from hologram.isa import text
from hologram.isa.program import Program
from tests.differential.inputs import Array, arguments, fenced
from tests.differential.launches import Launch
from tests.differential.machines import machine
from tests.differential.plain import evaluate

MAX_STEPS = 200_000


class InvalidCaseError(Exception):
    """The interpreter refuses to run a case to its end: it reads or writes outside of an array, or does not end."""


def compare(program: Program, launch: Launch, cpu: Backend | None = None) -> str | None:
    """None when both backends give the same bits and faults, else what differs; raises `InvalidCaseError`."""

    def given() -> list[Argument]:
        return arguments(program.params, launch.lanes, launch.seed, launch.strided)

    try:
        fault, expected = _outcome(InterpreterBackend(MAX_STEPS), program, launch, given())
    except HologramError as error:
        raise InvalidCaseError(str(error)) from error
    inside = [fenced(a, launch.seed % 4 != 0) if isinstance(a, np.ndarray) else a for a in given()]
    native_fault, native = _outcome(cpu or machine(launch.seed), program, launch, inside)
    if native_fault != fault:
        return f"native code: {native_fault}, interpreter: {fault}"
    return _difference(program, native, expected, "interpreter")


def compare_plain(source: str, program: Program, launch: Launch) -> str | None:
    """None when the interpreter gives what the kernel's text gives as plain Python, else what differs."""
    given, expected = (arguments(program.params, launch.lanes, launch.seed, launch.strided) for _ in range(2))
    fault, given = _outcome(InterpreterBackend(MAX_STEPS), program, launch, given)
    divided = evaluate(source, launch, expected)
    if divided != (fault is not None):
        return f"interpreter: {fault}, plain Python: {'divides by zero' if divided else None}"
    return _difference(program, given, expected, "plain Python")


def _difference(program: Program, given: list[Argument], expected: list[Argument], other: str) -> str | None:
    for param, got, wanted in zip(program.params, given, expected, strict=True):
        if isinstance(got, np.ndarray) and isinstance(wanted, np.ndarray):
            wrong = np.argwhere(canonical(got) != canonical(wanted))
            if len(wrong):
                place = tuple(int(k) for k in wrong[0])
                return f"{param.name}{list(place)}: {got[place]!r}, {other} {wanted[place]!r} ({len(wrong)} differ)"
    return None


def _outcome(
    backend: Backend, program: Program, launch: Launch, given: list[Argument]
) -> tuple[str | None, list[Argument]]:
    """The fault of a launch, and its arguments afterwards."""
    fault = None
    try:
        backend.compile(program).launch(given, launch.domain)
    except DivisionByZeroError as error:
        fault = type(error).__name__
    return fault, given


def canonical(values: Array) -> np.ndarray[Any, Any]:
    """The bits of an array with one NaN."""
    bits = np.ascontiguousarray(values).view(f"u{values.itemsize}").reshape(values.shape)
    if values.dtype.kind not in "fV":
        return bits
    with np.errstate(invalid="ignore"):
        nan = np.isnan(values.astype(np.float64))
    return np.where(nan, bits.dtype.type(-1 & (2 ** (8 * bits.itemsize) - 1)), bits)


def file_test(program: Program, launch: Launch, why: str) -> str:
    """A file test: the launch in comments, then the program."""
    return f"; {why}\n{launch.header()}\n{text.disassemble(program)}"
