"""Rules about a program's declarations: parameters, labels, extent, flags, debug data."""

from __future__ import annotations

from collections import Counter

from hologram.isa.affine import Poly
from hologram.isa.names import is_dotted, is_identifier, is_title
from hologram.isa.operands import Field, Slot, Special
from hologram.isa.program import FLAG_FAST, FLAG_QUICK, FLAG_ROWS, ROW, Param, Program
from hologram.isa.verify.report import PROGRAM, Report

KNOWN_FLAGS = frozenset({FLAG_FAST, FLAG_QUICK, FLAG_ROWS})
MAX_NDIM = 3
AXES = 3


def check_declarations(program: Program, report: Report) -> None:
    """Everything outside the instructions."""

    def bad(message: str) -> None:
        report.add(PROGRAM, message)

    if not is_title(program.name):
        bad(f"the program's name {program.name!r} is empty or not printable")
    for name in (n for n, times in Counter(p.name for p in program.params).items() if times > 1):
        bad(f"two parameters are named '{name}'")
    for param in program.params:
        for message in _param(param):
            bad(f"parameter '{param.name}' {message}")
    for name, target in program.labels.items():
        if not is_dotted(name):
            bad(f"'{name}' is no label name")
        if not 0 <= target <= len(program.instructions):
            bad(f"label @{name} points to instruction {target}, the program ends at {len(program.instructions)}")
    for flag in sorted(program.flags - KNOWN_FLAGS):
        bad(f"flag '{flag}' is unknown; known: {', '.join(sorted(KNOWN_FLAGS))}")
    if FLAG_ROWS in program.flags:
        for message in _rows(program):
            bad(f"flag '{FLAG_ROWS}' {message}")
    if program.shared_bytes < 0:
        bad(f"shared memory of {program.shared_bytes} bytes")
    if len(program.debug) not in (0, len(program.instructions)):
        bad(f"debug data for {len(program.debug)} of {len(program.instructions)} instructions")
    if len(program.extent) > AXES:
        bad(f"an extent on {len(program.extent)} axes; a launch has {AXES}")
    for axis, poly in enumerate(program.extent):
        for message in _extent(program, poly):
            bad(f"the extent on axis {'xyz'[axis % AXES]} {message}")


def _rows(program: Program) -> list[str]:
    """What a program does that works by rows, but only whole blocks can."""
    fits = bool(program.extent) and program.extent[0] == Poly.const(ROW)
    out = [] if fits else [f"asks for an extent of {ROW} lanes on axis x"]
    if program.shared_bytes or any(i.op == "BarSync" for i in program.instructions):
        out.append("leaves block reductions alone to meet in, no shared memory and no barriers")
    special = {a for i in program.instructions for a in i.args if isinstance(a, Special)}
    if any(not s.value.startswith("global") for s in special):
        out.append("leaves global coordinates alone")
    return out


def _param(p: Param) -> list[str]:
    out = [] if is_identifier(p.name) else ["has a name that is no identifier"]
    if p.kind == "array":
        out += [] if 1 <= p.ndim <= MAX_NDIM else [f"has {p.ndim} dimensions; an array has 1 to {MAX_NDIM}"]
        out += [] if p.access in ("r", "w", "rw") else [f"has access {p.access!r}; an array has r, w or rw"]
        out += [] if p.default is None else ["is an array and cannot have a default"]
    elif p.kind == "scalar":
        out += [] if (p.ndim, p.access) == (0, "r") else ["is a scalar, it has no dimensions and is only read"]
        out += _default(p)
    else:
        out.append(f"is of kind {p.kind!r}; a parameter is an array or a scalar")
    return out


def _default(p: Param) -> list[str]:
    if p.default is None or p.type.is_float:
        return []
    if isinstance(p.default, float):
        return [f"is {p.type.value}, its default {p.default!r} is not an integer"]
    if not p.type.minimum <= p.default <= p.type.maximum:
        return [f"is {p.type.value}, its default {p.default} does not fit"]
    return []


def _extent(program: Program, poly: Poly) -> list[str]:
    return [message for slot in poly.slots() if (message := _extent_slot(program, slot))]


def _extent_slot(program: Program, slot: Slot) -> str:
    if not 0 <= slot.index < len(program.params):
        return f"uses parameter slot {slot.index}, which does not exist"
    param = program.params[slot.index]
    if slot.field is Field.VALUE:
        integer = not param.is_array and param.type.is_integer
        return "" if integer else f"uses '{param.name}', which is no integer scalar"
    if not param.is_array or not 0 <= slot.axis < param.ndim:
        return f"uses axis {slot.axis} of '{param.name}', which has {param.ndim}"
    return ""
