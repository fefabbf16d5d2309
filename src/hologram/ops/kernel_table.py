"""The operations: each a row that names its kernel, its inputs, what it computes and how its arguments are arranged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hologram.ops.arrange import Arranged, reduction


@dataclass(frozen=True, slots=True)
class Row:
    """One operation; the kernel of the same name takes inputs, output, `sizes` and then `strides`.

    A stride that is left out is that of packed rows: the size it is paired with. Matrix operations find their sizes
    in the arrays' shapes unless they are given.
    """

    name: str
    formula: str
    inputs: tuple[str, ...]
    arrange: Callable[..., Arranged]
    sizes: tuple[str, ...] = ("n",)
    strides: tuple[tuple[str, str], ...] = ()
    gives_number: bool = False

    @property
    def is_matrix(self) -> bool:
        """True where sizes and strides come from shapes."""
        return bool(self.strides)


TABLE: dict[str, Row] = {
    row.name: row
    for row in (
        Row("vector_dot", "the sum of a[i] · b[i]", ("a", "b"), reduction, gives_number=True),
        Row("vector_sum", "the sum of a[i]", ("a",), reduction, gives_number=True),
    )
}

ALIASES: dict[str, str] = {
    "sum": "vector_sum",
    "reduce_sum": "vector_sum",
}
"""Other names of the same operations: NumPy's, and those of the original library."""
