"""One case: a program with a launch, run by the interpreter and by native code; what differs is the finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.backends.base import Argument, Backend, Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import DivisionByZeroError, HologramError
from hologram.isa import text
from hologram.isa.program import Program
from tests.differential.inputs import Array, Triple, arguments, fenced
from tests.differential.machines import machine

MAX_STEPS = 200_000
_KEYS = ("lanes", "grid", "block", "seed", "strided")


@dataclass(frozen=True)
class Launch:
    """How a program is run: lanes, grid, block, the seed of its arguments, whether 2-D arrays have gaps."""

    lanes: Triple
    grid: Triple
    block: Triple
    seed: int = 0
    strided: bool = False

    @property
    def domain(self) -> Domain:
        return Domain(self.lanes, self.grid, self.block)

    def header(self, comment: str = ";") -> str:
        """Lines that `read_launch` understands."""
        values = (" ".join(map(str, v)) if isinstance(v, tuple) else str(int(v)) for v in self._values())
        return "".join(f"{comment} {key}: {value}\n" for key, value in zip(_KEYS, values, strict=True))

    def _values(self) -> tuple[Triple | int | bool, ...]:
        return self.lanes, self.grid, self.block, self.seed, self.strided


def read_launch(source: str) -> Launch:
    """The launch written in the comments at the top of a file test."""
    found = {}
    for line in source.splitlines():
        key, colon, value = line.lstrip(";# ").partition(":")
        if line[:1] in ";#" and colon and key in _KEYS:
            found[key] = [int(v) for v in value.split()]
    lanes, grid, block = (_triple(found[k]) for k in _KEYS[:3])
    return Launch(lanes, grid, block, found["seed"][0], bool(found["strided"][0]))


def _triple(values: Sequence[int]) -> Triple:
    x, y, z = values
    return x, y, z


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
    for param, got, wanted in zip(program.params, native, expected, strict=True):
        if isinstance(got, np.ndarray) and isinstance(wanted, np.ndarray):
            wrong = np.argwhere(canonical(got) != canonical(wanted))
            if len(wrong):
                place = tuple(int(k) for k in wrong[0])
                return f"{param.name}{list(place)}: {got[place]!r}, interpreter {wanted[place]!r} ({len(wrong)} differ)"
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
