"""The circuit of a kernel: generator calls on classes, one for each array parameter in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from hologram.circuit.circuit import CompiledCircuit, compile_calls
from hologram.circuit.generators import Call
from hologram.circuit.instance import calls_of_pattern
from hologram.circuit.pattern import Apply, Fold, NoPattern, Pattern, Scalar, Store, pattern_of
from hologram.errors import ArgumentTypeError, NoCircuitError
from hologram.isa.program import Program
from hologram.runtime.arguments import convert
from hologram.types import Type


@dataclass(frozen=True)
class KernelCircuit:
    """A kernel as a circuit. `classes` says which class stands for which array; values in between take those behind.

    It speaks of all elements of a class, as the kernel does of the elements below its bound.
    """

    compiled: CompiledCircuit
    classes: Mapping[str, int]

    @property
    def text(self) -> str:
        """The calls as circuit text."""
        return self.compiled.text

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls, optimised."""
        return self.compiled.calls

    @property
    def type(self) -> Type:
        """The element type."""
        return self.compiled.type

    def __str__(self) -> str:
        return self.text


def circuit_of(program: Program, scalars: Mapping[str, int | float]) -> KernelCircuit:
    """The circuit of an element-wise or reduction program; its scalars become numbers of the circuit.

    Judged by what the instructions compute, never by the name. Raises NoCircuitError with the reason where there is
    none, ArgumentTypeError for a scalar that it does not have.
    """
    pattern = pattern_of(program)
    if isinstance(pattern, NoPattern):
        raise NoCircuitError(program.name, pattern.reason, pattern.location)
    values = _scalars(program, pattern, scalars)
    arrays = [k for k, p in enumerate(program.params) if p.is_array]
    place = {slot: k for k, slot in enumerate(arrays)}
    fresh = count(len(arrays))
    calls = calls_of_pattern(pattern, place, place, values, lambda: next(fresh))
    assert calls is not None, "every array has its own class"
    written = {place[s.slot] for s in pattern.steps if isinstance(s, Store | Fold)}
    compiled = compile_calls(calls, pattern.type.value, written)
    return KernelCircuit(compiled, {program.params[slot].name: k for slot, k in place.items()})


def _scalars(program: Program, pattern: Pattern, given: Mapping[str, int | float]) -> dict[int, int | float]:
    sources = [x for s in pattern.steps for x in (s.sources if isinstance(s, Apply) else (s.source,))]
    needed = {program.params[s.slot].name: s.slot for s in sources if isinstance(s, Scalar)}
    scalars = {p.name for p in program.params if not p.is_array}
    for name in given:
        if name not in scalars:
            raise ArgumentTypeError(f"kernel '{program.name}' has no scalar '{name}'")
    missing = [name for name in needed if name not in given]
    if missing:
        wanted = ", ".join(f"{name}=…" for name in missing)
        raise NoCircuitError(
            program.name, f"the value of its scalar '{missing[0]}' is not known; use circuit_with({wanted})"
        )
    out: dict[int, int | float] = {}
    for name, slot in needed.items():
        value = convert(program.name, program.params[slot], given[name])
        assert isinstance(value, int | float)
        out[slot] = value
    return out
