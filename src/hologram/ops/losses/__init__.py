"""Losses: how far predictions are from targets, each of them, their mean or their sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from hologram.operators.losses import LOSSES, Loss
from hologram.ops.losses import classes
from hologram.ops.losses.classes import ClassLoss
from hologram.ops.losses.elementwise import ElementLoss
from hologram.ops.operation import Operation

__all__ = ["ALIASES", "LOSSES", "MAKERS", "Loss"]

MAKERS: Mapping[str, Callable[[], Operation]] = MappingProxyType(
    {
        **{row.name: partial(ElementLoss, row) for row in LOSSES},
        **{row.name: partial(ClassLoss, row) for row in classes.ROWS},
    }
)
"""What makes each operation, by its name."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **{alias: row.name for row in LOSSES for alias in row.aliases},
        **{alias: row.name for row in classes.ROWS for alias in row.aliases},
    }
)
"""Other names: PyTorch's, and those of the original library."""
