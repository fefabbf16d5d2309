"""The names of the library: which operation each stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from hologram import operators
from hologram.ops import drawing, kernel_table, losses, memory
from hologram.ops.elementwise import Elementwise
from hologram.ops.kernel_operation import KernelOperation
from hologram.ops.linalg import table as linalg
from hologram.ops.operation import Operation

Maker = Callable[[], Operation | KernelOperation]

SCALAR_FORMS = {"scalar_add": "add", "scalar_mul": "mul"}
"""Names whose original form has the number behind the output: `scalar_add(executor, a, c, scalar, n)`."""


def _elementwise() -> dict[str, Maker]:
    found: dict[str, Maker] = {row.names[0]: partial(Elementwise, row) for row in operators.TABLE.values()}
    for name, of in SCALAR_FORMS.items():
        found[name] = partial(Elementwise, operators.TABLE[of], name, original=("scalar",))
    return found


def _kernels() -> dict[str, Maker]:
    return {name: partial(KernelOperation, row) for name, row in kernel_table.TABLE.items()}


MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        **_elementwise(),
        **_kernels(),
        **linalg.MAKERS,
        **memory.MAKERS,
        **drawing.MAKERS,
        **losses.MAKERS,
    }
)
"""What makes each operation, by its name: NumPy's where NumPy has it."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **{alias: row.names[0] for row in operators.TABLE.values() for alias in row.names[1:]},
        **kernel_table.ALIASES,
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
