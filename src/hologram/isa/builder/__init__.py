"""Writing programs by hand: the `Builder`, and numbers as immediates."""

from hologram.isa.builder.builder import Builder, Shared, View
from hologram.isa.builder.core import GENERAL_REGISTERS, Value
from hologram.isa.builder.immediates import immediate, value_of
from hologram.isa.builder.places import Place

__all__ = ["GENERAL_REGISTERS", "Builder", "Place", "Shared", "Value", "View", "immediate", "value_of"]
