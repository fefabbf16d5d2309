"""Which array parameters may be one and the same array without the result depending on the order of lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.elements import element_index
from hologram.isa.operands import Special
from hologram.isa.program import Program, works_by_blocks
from hologram.isa.symbolic import Symbolic

if TYPE_CHECKING:
    from hologram.isa.verify import Facts

Element = tuple[Affine, ...]
MAX_FACTOR = 1 << 12
"""So that the offsets of 2**48 lanes do not wrap around to meet."""


def exact_alias_allowed(facts: Facts) -> frozenset[tuple[int, int]]:
    """Pairs (a, b), a < b, of which one at least is written, that may be the very same array.

    They may when every access of both goes to one element a lane, a different one for every lane (element-wise use), or
    when one of them is never accessed. Lanes on launch axes that the program neither reads nor has an extent for are
    not told apart: a launch with several lanes there writes each element several times.
    """
    program = facts.program
    elements = _elements(program, facts, facts.symbolic)
    arrays = [i for i, p in enumerate(program.params) if p.is_array]
    apart = {e: _tells_lanes_apart(program, e) for found in elements.values() for e in found if e is not None}
    allowed = set()
    for a, b in combinations(arrays, 2):
        first, second = program.params[a], program.params[b]
        fits = first.type is second.type and first.ndim == second.ndim
        if fits and (first.is_written or second.is_written) and _one_for_every_lane(elements[a], elements[b], apart):
            allowed.add((a, b))
    return frozenset(allowed)


def _elements(program: Program, facts: Facts, symbolic: Symbolic) -> dict[int, set[Element | None]]:
    """For every array the elements its accesses go to; None stands for one that is not known."""
    out: dict[int, set[Element | None]] = {i: set() for i, p in enumerate(program.params) if p.is_array}
    for index, slot in facts.slot_of.items():
        reduces = program.instructions[index].op.startswith("GRED_")
        known = symbolic.described and not reduces and not works_by_blocks(program)
        out[slot].add(element_index(program, symbolic, index, slot) if known else None)
    return out


def _one_for_every_lane(first: set[Element | None], second: set[Element | None], apart: Mapping[Element, bool]) -> bool:
    """True when all accesses go to one element, or one of the arrays has none; `apart` tells lanes have their own."""
    if not first or not second:
        return True
    both = first | second
    element = next(iter(both))
    return len(both) == 1 and element is not None and apart[element]


def _tells_lanes_apart(program: Program, element: Element) -> bool:
    """True when no two lanes have the same element."""
    axes = {a.axis for i in program.instructions for a in i.args if isinstance(a, Special)}
    axes |= {k for k, size in enumerate(program.extent) if size != Poly.const(1)}
    lanes = {Variable("lane", axis) for axis in axes}
    if any(v not in lanes for index in element for v, _ in index.terms):
        return False
    told = {v for index in element for v in _determined(program, index)}
    return bool(lanes) and told == lanes


def _determined(program: Program, index: Affine) -> Sequence[Variable]:
    """The lane coordinates that an index value determines.

    One with a constant factor alone; several where each factor is the product of the extents of those before, as in
    `y * width + x` with x below width.
    """
    reach = Poly.const(1)
    rest = dict(index.terms)
    found = []
    if len(rest) == 1:
        return [v for v, c in rest.items() if c.constant and abs(c.constant) <= MAX_FACTOR]
    while rest:
        variable = next((v for v, c in rest.items() if c == reach), None)
        if variable is None or variable.id >= len(program.extent):
            return []
        del rest[variable]
        found.append(variable)
        reach = reach * program.extent[variable.id]
    return found
