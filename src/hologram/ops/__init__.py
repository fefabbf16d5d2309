"""The operations of the library: `hologram.ops.vector_add(a, b, out=c)`, and the same on an executor as `ex.ops`."""

from __future__ import annotations

from hologram.ops.operation import Operation
from hologram.ops.table import ALIASES, TABLE
from hologram.runtime.executor import Executor

NAMES = (*TABLE, *ALIASES)
__all__ = ["Operation", "Operations", *NAMES]  # the names of the table

_made: dict[str, Operation] = {}


def __getattr__(name: str) -> Operation:
    """The operation of that name, made when first asked for."""
    row = TABLE.get(ALIASES.get(name, name))
    if row is None:
        raise AttributeError(f"hologram.ops has no '{name}'; it has {', '.join(NAMES)}")
    made = _made.get(row.name)
    if made is None:
        made = _made.setdefault(row.name, Operation(row))
    globals()[name] = made  # asked for once
    return made


def __dir__() -> list[str]:
    return list(__all__)


class Operations:
    """The operations of the library on one executor."""

    __slots__ = ("_executor",)

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def __getattr__(self, name: str) -> Operation:
        row = TABLE.get(ALIASES.get(name, name))
        if row is None:
            raise AttributeError(f"there is no operation '{name}'; there are {', '.join(NAMES)}")
        return Operation(row, self._executor)

    def __dir__(self) -> list[str]:
        return list(NAMES)

    def __repr__(self) -> str:
        return f"Operations({self._executor!r})"
