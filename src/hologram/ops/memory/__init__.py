"""Operations that move elements: copies, arrangements, indexing, selection, and new arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from hologram.ops.memory import arranging, indexing, selecting
from hologram.ops.memory.row import Moved, Row
from hologram.ops.operation import Operation

ROWS: tuple[Row, ...] = (*arranging.ROWS, *indexing.ROWS, *selecting.ROWS)
MAKERS: Mapping[str, Callable[[], Operation]] = MappingProxyType(
    {
        **{row.name: partial(Moved, row) for row in ROWS},
        selecting.NON_ZERO.name: partial(selecting.NonZero, selecting.NON_ZERO),
    }
)
"""What makes each operation, by its name."""
ALIASES: Mapping[str, str] = MappingProxyType({alias: row.name for row in ROWS for alias in row.aliases})
"""Other names: PyTorch's, and those of the array standard."""
