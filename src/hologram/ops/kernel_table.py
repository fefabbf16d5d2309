"""The operations: each a row that names its kernel, its inputs, what it computes and how its arguments are arranged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hologram.ops.arrange import Arranged, matrix_matrix, matrix_vector


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


_GEMM_STRIDES = (("lda", "k"), ("ldb", "n"), ("ldc", "n"))

TABLE: dict[str, Row] = {
    row.name: row
    for row in (
        Row("gemv_f32", "out = A·x", ("A", "x"), matrix_vector, ("m", "n"), (("lda", "n"),)),
        Row("gemm_f32", "out = A·B", ("A", "B"), matrix_matrix, ("m", "n", "k"), _GEMM_STRIDES),
    )
}

ALIASES: dict[str, str] = {
    "matvec": "gemv_f32",
    "gemm": "gemm_f32",
}
"""Other names of the same operations: NumPy's, and those of the original library."""
