"""The Atlas ISA: instruction table, programs, text and binary forms, verifier.

```python
from hologram.isa import Builder, Type
from hologram.isa.verify import verify

b = Builder("answer")
out = b.view(b.array("out", Type.I32, access="w"))
b.store(42, out, 0)
verify(b.build())
```
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hologram.isa import templates
    from hologram.isa.binary import decode, decode_one, encode
    from hologram.isa.builder import Builder, Value, immediate, value_of
    from hologram.isa.cache import CacheStatistics, ProgramCache, ProgramKey
    from hologram.isa.instructions import TABLE, Spec
    from hologram.isa.operands import Condition, Field, Scope, Slot, Special
    from hologram.isa.program import Instruction, Param, Program
    from hologram.isa.text import assemble, disassemble
    from hologram.isa.verify import Facts
    from hologram.types import Type

_HOMES = {
    "binary": ("decode", "decode_one", "encode"),
    "builder": ("Builder", "Value", "immediate", "value_of"),
    "cache": ("CacheStatistics", "ProgramCache", "ProgramKey"),
    "instructions": ("Spec", "TABLE"),
    "operands": ("Condition", "Field", "Scope", "Slot", "Special"),
    "program": ("Instruction", "Param", "Program"),
    "text": ("assemble", "disassemble"),
    "verify": ("Facts",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "TABLE",
    "Builder",
    "CacheStatistics",
    "Condition",
    "Facts",
    "Field",
    "Instruction",
    "Param",
    "Program",
    "ProgramCache",
    "ProgramKey",
    "Scope",
    "Slot",
    "Spec",
    "Special",
    "Type",
    "Value",
    "assemble",
    "decode",
    "decode_one",
    "disassemble",
    "encode",
    "immediate",
    "templates",
    "value_of",
]


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that no part of the package waits for another."""
    if name == "Type":
        return import_module("hologram.types").Type
    if name == "templates":
        return import_module("hologram.isa.templates")
    if name not in _HOME:
        raise AttributeError(f"module 'hologram.isa' has no attribute '{name}'")
    value = getattr(import_module(f"hologram.isa.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
