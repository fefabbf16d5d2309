"""The names of the library: which operation each stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from hologram import operators
from hologram.ops import drawing, losses, memory
from hologram.ops.elementwise import Elementwise
from hologram.ops.linalg import table as linalg
from hologram.ops.operation import Operation
from hologram.ops.position import Position
from hologram.ops.reduction import Reduce
from hologram.ops.through import Normalise, Scan
from hologram.ops.vectors import Dot, Norm

Maker = Callable[[], Operation]

SCALAR_FORMS = {"scalar_add": "add", "scalar_mul": "mul"}
"""Names whose original form has the number behind the output: `scalar_add(executor, a, c, scalar, n)`."""


def _elementwise() -> dict[str, Maker]:
    found: dict[str, Maker] = {row.names[0]: partial(Elementwise, row) for row in operators.TABLE.values()}
    for name, of in SCALAR_FORMS.items():
        found[name] = partial(Elementwise, operators.TABLE[of], name, original=("scalar",))
    return found


POSITIONS = {"argmin": "MIN", "argmax": "MAX"}


def _along_axes() -> dict[str, Maker]:
    found: dict[str, Maker] = {row.names[0]: partial(Reduce, row) for row in operators.REDUCTIONS.values()}
    found |= {row.names[0]: partial(Scan, row) for row in operators.SCANS.values()}
    found |= {row.names[0]: partial(Normalise, row) for row in operators.NORMALISATIONS.values()}
    found |= {name: partial(Position, name, op) for name, op in POSITIONS.items()}
    return {**found, "norm": Norm, "vector_dot": Dot}


def _rows() -> Iterator[operators.Operator | operators.Reduction]:
    for table in (operators.TABLE, operators.REDUCTIONS, operators.SCANS, operators.NORMALISATIONS):
        yield from table.values()


MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        **_elementwise(),
        **_along_axes(),
        **linalg.MAKERS,
        **memory.MAKERS,
        **drawing.MAKERS,
        **losses.MAKERS,
    }
)
"""What makes each operation, by its name: NumPy's where NumPy has it."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **{alias: row.names[0] for row in _rows() for alias in row.names[1:]},
        "vector_norm": "norm",
        **linalg.ALIASES,
        **memory.ALIASES,
        **drawing.ALIASES,
        **losses.ALIASES,
    }
)
"""Other names of the same operations: those of the original library, of PyTorch, of the array standard."""


def maker(name: str) -> Maker | None:
    """What makes the operation of a name, None where there is none."""
    return MAKERS.get(ALIASES.get(name, name))
