"""Loading fields at known offsets: what most of the entry functions' code is."""

from __future__ import annotations

from collections.abc import Mapping

from hologram.runtime.entry.calls import (
    ARRAY_FIELDS,
    CALL_FIELDS,
    EXPECTATION_FIELDS,
    MEETING_FIELDS,
    RESULT_FIELDS,
    STEP_FIELDS,
)
from hologram.runtime.entry.context import CONTEXT_FIELDS, PAIR_FIELDS, PARAMETER_FIELDS, offsets
from hologram.runtime.entry.making import MAKING_FIELDS
from hologram.runtime.entry.tensors import TENSOR_FIELDS

CONTEXT = offsets(CONTEXT_FIELDS)
PARAMETER = offsets(PARAMETER_FIELDS)
ARRAY = {
    **PARAMETER,
    "other_dtype": PARAMETER["low"],
    "element": PARAMETER["high"],
    "other_element": PARAMETER["high"] + 4,
}
"""The fields of a row of an array."""
PAIR = offsets(PAIR_FIELDS)
TENSOR = offsets(TENSOR_FIELDS)
MAKING = offsets(MAKING_FIELDS)
CALL, RESULT, PLACED, MEETING = map(offsets, (CALL_FIELDS, RESULT_FIELDS, ARRAY_FIELDS, MEETING_FIELDS))
STEP, EXPECTATION = offsets(STEP_FIELDS), offsets(EXPECTATION_FIELDS)


def field(name: str, base: str, offset: int, kind: str = "ptr") -> str:
    """`%name` = the field of type `kind` at a constant offset from `%base`."""
    return f"  %{name}.at = getelementptr i8, ptr %{base}, i64 {offset}\n  %{name} = load {kind}, ptr %{name}.at\n"


def fields(base: str, table: Mapping[str, int], **kinds: str) -> str:
    """Each named field of a table loaded under its own name."""
    return "".join(field(name, base, table[name], kind) for name, kind in kinds.items())
