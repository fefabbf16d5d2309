"""What a kernel sees of its executor: read from the arguments block once a run, handed to the strips.

Additions to the resonance go to a copy of the accumulators, which becomes the executor's when the run ends without a
fault.
"""

from __future__ import annotations

from collections.abc import Mapping

from hologram.backends import executor_memory
from hologram.backends.llvm import layout
from hologram.backends.llvm.ir import Value, Writer
from hologram.backends.llvm.layout import Layout
from hologram.backends.llvm.slots import load_field
from hologram.isa.demands import MEMORY, Demand
from hologram.isa.operands import CLASSES, Special
from hologram.isa.program import Program

POOLS = Demand.POOLS | Demand.ALLOCATION
CLASS = Value("%class", "i64")
BOUNDARY = Value("%boundary", "ptr")
TOTAL = Value("%total", "double")
RESONANCE = Value("%resonance", "ptr")
EXECUTOR = Value("%executor", "ptr")
"""The address of the executor's memory."""
_PARAMETERS = (
    (Demand.CLASS, CLASS),
    (Demand.BOUNDARY, BOUNDARY),
    (Demand.TOTAL, TOTAL),
    (Demand.RESONANCE, RESONANCE),
    (POOLS, EXECUTOR),
)
_ACCUMULATORS = f"[{CLASSES} x double]"


def parameters(program: Program) -> list[tuple[str, str]]:
    """(type, name) of what a strip function gets for what its program asks for."""
    return [(p.type, p.ref) for demand, p in _PARAMETERS if program.demands & demand]


class ExecutorState:
    """Loads what a program asks for at the start of a run, and puts back what it changed."""

    def __init__(self, w: Writer, program: Program) -> None:
        self.w, self.demands = w, program.demands
        self._known: dict[Demand, str] = {}
        start = Layout.of(program.params).size
        if self.demands & Demand.CLASS:
            self._chosen = load_field(w, "%block", start + layout.CLASS)
        if not self.demands & MEMORY:
            return
        executor = load_field(w, "%block", start + layout.STATE, "ptr")
        self._known[POOLS] = str(executor)
        self._known[Demand.BOUNDARY] = str(load_field(w, executor.ref, executor_memory.BOUNDARY, "ptr"))
        if self.demands & (Demand.TOTAL | Demand.RESONANCE):
            self._accumulators = load_field(w, executor.ref, executor_memory.RESONANCE, "ptr")
        if self.demands & Demand.TOTAL:
            self._known[Demand.TOTAL] = str(self._sum())
        if self.demands & Demand.RESONANCE:
            self._copy = Value(w.alloca(_ACCUMULATORS), "ptr")
            self._known[Demand.RESONANCE] = str(self._copy)
            self._move(self._accumulators, self._copy)

    def _sum(self) -> Value:
        """The accumulators added from class 0 upwards."""
        w, total = self.w, Value("0.0", "double")
        for index in range(CLASSES):
            one = load_field(w, self._accumulators.ref, 8 * index, "double")
            total = w.value(f"fadd {total}, {one.ref}", "double")
        return total

    def _move(self, source: Value, target: Value) -> None:
        whole = self.w.value(f"load {_ACCUMULATORS}, {source}, align 8", _ACCUMULATORS)
        self.w.line(f"store {whole}, {target}, align 8")

    def finish(self, fault: Value) -> None:
        """End a run: what it added to the resonance counts unless it went wrong."""
        if self.demands & Demand.RESONANCE:
            fine, done = self.w.name("fine"), self.w.name("done")
            self.w.branch(self.w.value(f"icmp eq {fault}, 0", "i1"), fine, done)
            self.w.label(fine)
            self._move(self._copy, self._accumulators)
            self.w.label(done)

    def arguments(self, where: Mapping[Special, Value]) -> list[str]:
        """The values of `parameters` at a place of the launch."""
        known = self._known
        if self.demands & Demand.CLASS:
            known = {**known, Demand.CLASS: str(self._class(where[Special.BLOCK_X]))}
        return [known[demand] for demand, _ in _PARAMETERS if self.demands & demand]

    def _class(self, block: Value) -> Value:
        """The class of the launch, else that of a block."""
        w = self.w
        named = w.value(f"icmp sge {self._chosen}, 0", "i1")
        return w.value(f"select {named}, {self._chosen}, {w.value(f'urem {block}, {CLASSES}', 'i64')}", "i64")
