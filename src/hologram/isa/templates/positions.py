"""Where the smallest or largest element is: the first place of it, or of the first NaN."""

from __future__ import annotations

from hologram.isa.builder import Builder, Value
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, Pred, Slot
from hologram.isa.program import Program
from hologram.isa.templates.folds import KEPT, Lanes, check_pattern, element_lanes
from hologram.isa.templates.formula import computed_in
from hologram.isa.templates.made import made
from hologram.types import Type

RELATION = {"MAX": "gt", "MIN": "lt"}


def position(name: str, op: str, element: Type, result: Type, pattern: str, out_rank: int) -> Program:
    """`name(x, out)`: out[k] = the first r at which x[k, r] is the smallest or largest, or NaN; `op` is MIN or MAX.

    Places count from 0 over the reduced axes, which are one.
    """
    check_pattern(pattern)
    key = ProgramKey(name, (element, result), options=(op, pattern, out_rank))
    return made(key, lambda: _position(name, op, element, result, pattern, out_rank))


def _position(name: str, op: str, element: Type, result: Type, pattern: str, out_rank: int) -> Program:
    b = Builder(name)
    x = b.array("x", element, len(pattern))
    out = b.array("out", result, max(out_rank, pattern.count(KEPT)), access="w")
    lanes = Lanes(b, x, pattern)
    source, target = b.view(x), b.view(out)
    with lanes.inside():
        first = lanes.at({axis: b.mov_imm(0, type=Type.I64) for axis in lanes.reduced})
        best = _wide(b, b.load(source, *first))
        found: Value = b.mov_imm(0, type=Type.I64)
        (axis,) = lanes.reduced
        with b.for_range(0, lanes.length(axis)) as place, b.scratch():
            value = _wide(b, b.load(source, *lanes.at({axis: place})))
            better: Pred = b.set(RELATION[op], value, best)
            if element.is_float:
                better = b.por(better, b.pand(b.set("ne", value, value), b.set("eq", best, best)))
            b.sel(better, value, best, into=best)
            b.sel(better, place, found, into=found)
        stored = found if result is Type.I64 else b.cvt(found, type=result)
        b.store(stored, target, *lanes.here, *[0] * (out_rank - len(lanes.here)))
    return b.build(lanes.extent)


def launch_position(name: str, element: Type, rank: int) -> Program:
    """`name(x, best, out)`: out[0] = the first place in C order at which x is best[0], or NaN; a launch reduction."""
    key = ProgramKey(name, (element,), options=(rank, "launch"))
    return made(key, lambda: _launch_position(name, element, rank))


def _launch_position(name: str, element: Type, rank: int) -> Program:
    b = Builder(name)
    x, best = b.array("x", element, rank), b.array("best", computed_in(element))
    out = b.array("out", Type.I64, access="w")
    source, wanted, target = b.view(x), b.view(best), b.view(out)
    with element_lanes(b, x, rank) as index:
        place = index[0]
        for axis, lane in enumerate(index[1:], 1):
            place = b.mad(place, b.mov_param(Slot(x, Field.SHAPE, axis)), lane)
        value = _wide(b, b.load(source, *index))
        here: Pred = b.set("eq", value, b.load(wanted, 0))
        if element.is_float:
            here = b.por(here, b.set("ne", value, value))
        b.gred_min(b.sel(here, place, Type.I64.maximum, type=Type.I64), b.at(target, 0))
    return b.build([Slot(x, Field.SHAPE, axis) for axis in reversed(range(rank))])


def _wide(b: Builder, value: Value) -> Value:
    type = computed_in(value.type)
    wide: Value = value if value.type is type else b.cvt(value, type=type)
    return wide
