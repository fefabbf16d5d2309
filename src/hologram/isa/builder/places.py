"""An element of an array or of shared memory: its address and its type."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.operands import Address
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element lies, and its type."""

    address: Address
    type: Type
