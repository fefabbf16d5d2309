"""Operations that move elements: copies, arrangements, indexing, selection, and new arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from hologram.ops.memory import arranging, creating, indexing, selecting, sorting
from hologram.ops.memory.creating import Creation, Fill, Like, Maker
from hologram.ops.memory.row import Moved, Row
from hologram.ops.operation import Operation

ROWS: tuple[Row, ...] = (*arranging.ROWS, *indexing.ROWS, *selecting.ROWS, selecting.NON_ZERO, *sorting.ROWS)
NEW: tuple[Maker, ...] = (*creating.ROWS, *creating.LIKE)
MAKERS: Mapping[str, Callable[[], Operation]] = MappingProxyType(
    {
        **{row.name: partial(Moved, row) for row in ROWS},
        **{row.name: partial(Creation, row) for row in creating.ROWS},
        **{row.name: partial(Like, row) for row in creating.LIKE},
        "nonzero": partial(selecting.NonZero, selecting.NON_ZERO),
        "fill": Fill,
    }
)
"""What makes each operation, by its name."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **{alias: row.name for row in ROWS for alias in row.aliases},
        **{alias: row.name for row in NEW for alias in row.aliases},
    }
)
"""Other names: PyTorch's, and those of the array standard."""
