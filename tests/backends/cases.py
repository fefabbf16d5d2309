"""What a scenario is, how it is run, and how arrays of edge values are made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from hologram.backends.base import Backend, Domain
from hologram.backends.cpu import CpuBackend
from hologram.isa.program import Program
from hologram.language.program import Program as Loaded
from hologram.runtime.executor import Executor
from hologram.types import Type
from tests.backends.oracle import grid

Array = np.ndarray[Any, Any]
BLOCK = 64


@dataclass(frozen=True, eq=False)
class Scenario:
    """A program, its arguments, and the arrays that have to be there afterwards, in order.

    What needs the memory of an executor is launched on one of its own: `launches` times, after which its accumulators
    have to be `resonance`.
    """

    program: Program
    arguments: Sequence[Any]
    expected: Sequence[Array]
    domain: Domain
    launches: int = 1
    resonance: Array | None = None
    on_executor: bool = False


Maker = Callable[[str, Type | None], Scenario]


def of_type(make: Callable[[Type | None], Scenario]) -> Maker:
    """One scenario for several instructions."""
    made = cache(make)
    return lambda op, ty: made(ty)


@cache
def outcome(case: Scenario, backend: Backend) -> list[Array]:
    """The arrays afterwards, and the accumulators."""
    arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in case.arguments]
    after = []
    if case.on_executor or case.resonance is not None:
        executor = Executor(backend.name, checked=isinstance(backend, CpuBackend) and backend.checks is not None)
        with executor:
            for _ in range(case.launches):
                Loaded.of(case.program)(*arguments, grid=case.domain.grid, block=case.domain.block, executor=executor)
            after = [executor.resonance] if case.resonance is not None else []
    else:
        backend.compile(case.program).launch(arguments, case.domain)
    return [*(a for a in arguments if isinstance(a, np.ndarray)), *after]


def line(lanes: int, block: int = BLOCK) -> Domain:
    """Lanes on the x axis alone."""
    return Domain((lanes, 1, 1), (-(-lanes // block), 1, 1), (block, 1, 1))


def stored(ty: Type, bits: Sequence[int]) -> Array:
    """An array of values given by their bits."""
    return np.array(bits, np.uint64).astype(f"u{ty.size}").view(ty.dtype)


def edge_values(ty: Type, count: int) -> list[int]:
    """The edge values of a type, again and again."""
    return list(itertools.islice(itertools.cycle(grid(ty)), count))
