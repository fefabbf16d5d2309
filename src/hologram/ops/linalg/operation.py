"""What operations of linear algebra have in common: an operation of a row of their table."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from hologram.ops.linalg.frame import Frame
from hologram.ops.operation import Call, Operation
from hologram.ops.plan import Plan
from hologram.runtime.executor import Executor

if TYPE_CHECKING:
    from hologram.ops.linalg.table import Row


class LinearOperation(Operation):
    """One operation of linear algebra; what it accepts stands in its row."""

    def __init__(self, row: Row, executor: Executor | None = None) -> None:
        super().__init__(row.name, row.form, f"{row.meaning[0].upper()}{row.meaning[1:]}.", executor)
        self.row = row

    def on(self, executor: Executor) -> LinearOperation:
        return type(self)(self.row, executor)

    def plan(self, call: Call) -> Plan:
        return self.planned(call, Frame.of(self.__name__, call, self.arrays(call)))

    def arrays(self, call: Call) -> tuple[object, ...]:
        """Everything in a call that is an array, the output apart."""
        return call.inputs

    @abstractmethod
    def planned(self, call: Call, frame: Frame) -> Plan:
        """The launches of a call."""
