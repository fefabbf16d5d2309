"""The operations of the library: `hologram.ops.add(a, b, out=c)`, and the same on an executor as `ex.ops`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from hologram.ops.operation import Operation
from hologram.ops.table import ALIASES, MAKERS, maker
from hologram.runtime.executor import Executor

NAMES = (*MAKERS, *ALIASES)
__all__ = ["Operation", "Operations", *NAMES]  # the names of the table

_made: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    """The operation of that name, made when first asked for."""
    make = maker(name)
    if make is None:
        raise AttributeError(f"hologram.ops has no '{name}'{_near(name)}")
    own = ALIASES.get(name, name)
    made = _made.get(own) or _made.setdefault(own, make())
    globals()[name] = made  # asked for once
    return made


def _near(name: str) -> str:
    near = get_close_matches(name, NAMES)
    return f"; did you mean {' or '.join(near)}?" if near else "; dir(hologram.ops) lists what it has"


def __dir__() -> list[str]:
    return list(__all__)


class Operations:
    """The operations of the library on one executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def __getattr__(self, name: str) -> Any:
        make = None if name.startswith("_") else maker(name)
        if make is None:
            raise AttributeError(f"there is no operation '{name}'{_near(name)}")
        made = make().on(self._executor)
        self.__dict__[name] = made  # asked for once
        return made

    def __dir__(self) -> list[str]:
        return list(NAMES)

    def __repr__(self) -> str:
        return f"Operations({self._executor!r})"
