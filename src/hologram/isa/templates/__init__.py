"""Ready programs of the usual shapes, for any type an instruction has; each is verified and made once."""

from hologram.isa.templates.elementwise import (
    binary,
    compare,
    convert,
    copy,
    elementwise,
    fill,
    select,
    ternary,
    unary,
)
from hologram.isa.templates.matrices import gemm
from hologram.isa.templates.reductions import reduction

__all__ = [
    "binary",
    "compare",
    "convert",
    "copy",
    "elementwise",
    "fill",
    "gemm",
    "reduction",
    "select",
    "ternary",
    "unary",
]
