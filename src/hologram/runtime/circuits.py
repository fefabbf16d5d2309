"""Circuits on memory: every class a buffer, or its place in the boundary pool, every step a bound launch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hologram import events
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.runtime import recording, watched
from hologram.runtime.buffer import as_buffer
from hologram.runtime.launcher import Launcher

if TYPE_CHECKING:
    from hologram.circuit.circuit import CompiledCircuit
    from hologram.circuit.lower import Step
    from hologram.runtime.executor import Executor
    from hologram.runtime.launch import Launch


class CircuitLaunch:
    """A circuit bound to memory: calling it runs its steps in order."""

    __slots__ = ("_memory", "_steps", "executor", "launches")

    def __init__(
        self, executor: Executor, launches: tuple[Launch, ...], steps: Sequence[Step], memory: Mapping[int, Any]
    ) -> None:
        self.executor, self.launches = executor, launches
        self._steps, self._memory = tuple(steps), memory

    def __call__(self) -> None:
        """Run once. Raises an `ExecutionError` for faults found while running."""
        recorder = recording.current()
        if recorder is not None:
            recorder.take_steps(self._steps, self._memory, self.executor)
            return
        if not events.listeners:
            self._run()
            return
        with watched.together("circuit", self.executor, sum(len(step.calls) for step in self._steps)):
            self._run()

    def _run(self) -> None:
        for launch in self.launches:
            launch()

    def __repr__(self) -> str:
        return f"CircuitLaunch({', '.join(launch.name for launch in self.launches)})"


def bind_circuit(executor: Executor, circuit: CompiledCircuit, buffers: Mapping[int, Any] | None) -> CircuitLaunch:
    """Bind every class of a circuit to a buffer; classes that have none are those of the boundary pool.

    Buffers may have any length, all the same one (but the targets of reductions may be shorter).
    """
    given = {place: as_buffer(value) for place, value in (buffers or {}).items()}
    unknown = sorted(set(given) - set(circuit.places))
    if unknown:
        raise ArgumentValueError(f"the circuit does not touch class {unknown[0]}; it has {list(circuit.places)}")
    memory = {p: given[p] if p in given else executor.boundary(p, circuit.type) for p in circuit.places}
    return bind_steps(executor, circuit.steps, memory)


def bind_steps(executor: Executor, steps: Sequence[Step], memory: Mapping[int, Any]) -> CircuitLaunch:
    """Bind some steps to the memory of their places."""
    return CircuitLaunch(executor, tuple(_bind(executor, step, memory) for step in steps), steps, memory)


def _bind(executor: Executor, step: Step, memory: Mapping[int, Any]) -> Launch:
    lengths = {p: _length(memory[p]) for p in step.places}
    whole = {p: n for p, n in lengths.items() if p not in step.cells}
    if len(set(whole.values())) > 1:
        told = ", ".join(f"class {p}: {n}" for p, n in whole.items())
        raise ArgumentValueError(f"the buffers of a circuit must be equally long ({told})")
    count = next(iter(whole.values()), 0)
    if step.least > count:
        raise ArgumentValueError(f"the circuit takes {step.least} elements of a buffer that has {count}")
    launcher = Launcher(step.program)
    arguments = [memory[p] for p in step.places]
    if step.block is None:
        return launcher.bind(*arguments, count, executor=executor)
    return launcher.bind(*arguments, count, grid=1, block=step.block, executor=executor)


def _length(value: Any) -> int:
    try:
        return len(value)
    except TypeError:
        raise ArgumentTypeError(f"a class is bound to an array, not {type(value).__name__}") from None
