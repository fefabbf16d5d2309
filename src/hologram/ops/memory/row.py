"""One operation that moves elements: a row with its arguments, and what puts its launches together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hologram.errors import ArgumentTypeError
from hologram.ops import kinds
from hologram.ops.operation import REQUIRED, Call, Form, Operation
from hologram.ops.plan import Plan
from hologram.ops.work import Work
from hologram.runtime.executor import Executor


@dataclass(frozen=True, slots=True)
class Row:
    """An operation: `build` adds its steps to the work. `reads_values` where the host has to look at arrays.

    `inputs` are arrays, one of them perhaps a sequence of arrays; `numpy` is the same in NumPy.
    """

    name: str
    inputs: tuple[str, ...]
    build: Callable[[Work, Call], None]
    meaning: str
    parameters: Mapping[str, Any]
    aliases: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    numpy: str = ""
    reads_values: bool = False


class Moved(Operation):
    """An operation of a row."""

    def __init__(self, row: Row, name: str = "", executor: Executor | None = None) -> None:
        form = Form(row.inputs, row.parameters, sizes=row.sizes)
        super().__init__(name or row.name, form, f"{row.meaning[0].upper()}{row.meaning[1:]}.", executor)
        self.row = row

    def on(self, executor: Executor) -> Moved:
        return type(self)(self.row, self.__name__, executor)

    def plan(self, call: Call) -> Plan:
        work = Work(self.__name__, call, list(_arrays(call.inputs)))
        self.row.build(work, call)
        return work.plan()

    def bind(self, *args: Any, **kwargs: Any) -> Any:
        if self.row.reads_values and kwargs.get("mode", "raise") == "raise":
            raise ArgumentTypeError(f"{self.__name__}() looks at values and cannot be bound; call it{self._cure()}")
        return super().bind(*args, **kwargs)

    def _cure(self) -> str:
        return ', or give mode="clip"' if "mode" in self.form.parameters else ""


def _arrays(inputs: Sequence[Any]) -> Any:
    for value in inputs:
        if isinstance(value, list | tuple) and not kinds.is_scalar(value):
            yield from value
        else:
            yield value


__all__ = ["REQUIRED", "Moved", "Row"]
