"""What a kernel sees of its executor: read from the arguments block once a run, handed to the strips."""

from __future__ import annotations

from collections.abc import Mapping

from hologram.backends.llvm import layout
from hologram.backends.llvm.ir import Value, Writer
from hologram.backends.llvm.layout import Layout
from hologram.backends.llvm.slots import load_field
from hologram.isa.demands import Demand
from hologram.isa.operands import CLASSES, Special
from hologram.isa.program import Program

Parameter = tuple[str, str]
CLASS = ("i64", "%class")


def parameters(program: Program) -> list[Parameter]:
    """(type, name) of what a strip function gets for what its program asks for."""
    wanted = [(Demand.CLASS, CLASS)]
    return [parameter for demand, parameter in wanted if program.demands & demand]


class ExecutorState:
    """Loads what a program asks for at the start of a run, and puts back what it changed."""

    def __init__(self, w: Writer, program: Program) -> None:
        self.w, self.demands = w, program.demands
        start = Layout.of(program.params).size
        if self.demands & Demand.CLASS:
            self.chosen = load_field(w, "%block", start + layout.CLASS)

    def arguments(self, where: Mapping[Special, Value]) -> list[str]:
        """The values of `parameters` at a place of the launch."""
        out = []
        if self.demands & Demand.CLASS:
            out.append(str(self._class(where[Special.BLOCK_X])))
        return out

    def _class(self, block: Value) -> Value:
        """The class of the launch, else that of a block."""
        w = self.w
        named = w.value(f"icmp sge {self.chosen}, 0", "i1")
        return w.value(f"select {named}, {self.chosen}, {w.value(f'urem {block}, {CLASSES}', 'i64')}", "i64")
