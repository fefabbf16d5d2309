"""What a program asks of the executor it runs on, besides its arguments."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Flag, auto
from typing import TYPE_CHECKING

from hologram.isa.operands import PhiCoordinate

if TYPE_CHECKING:
    from hologram.isa.program import Instruction


class Demand(Flag):
    """The parts of an executor's state that programs see."""

    NONE = 0
    CLASS = auto()
    """the class of the lane"""
    BOUNDARY = auto()
    """the boundary pool, by coordinates"""
    TOTAL = auto()
    """the sum of the resonance accumulators when the launch begins"""
    RESONANCE = auto()
    """additions to the resonance accumulators"""
    POOLS = auto()
    """linear pools, to load and store"""
    ALLOCATION = auto()
    """linear pools, to make and free"""


_OF_INSTRUCTION = {
    "ClsGet": Demand.CLASS,
    "UnityTest": Demand.TOTAL,
    "ResAccum": Demand.RESONANCE,
    "PoolLoad": Demand.POOLS,
    "PoolStore": Demand.POOLS,
    "PoolAlloc": Demand.ALLOCATION,
    "PoolFree": Demand.ALLOCATION,
}
MEMORY = ~Demand.CLASS
"""What needs the executor's memory, not only the launch's shape."""
EXCLUSIVE = Demand.TOTAL | Demand.RESONANCE | Demand.POOLS | Demand.ALLOCATION
"""What one launch of an executor at a time may do."""
ONE_THREAD = Demand.RESONANCE | Demand.ALLOCATION
"""What has an order of lanes, or changes what all lanes use: such programs run on the caller's thread alone."""
IN_ORDER = ONE_THREAD | Demand.POOLS
"""What native code does lane after lane, not for a strip of lanes together."""


def demands_of(instructions: Iterable[Instruction]) -> Demand:
    """All that the instructions ask for."""
    found = Demand.NONE
    for instruction in instructions:
        found |= _OF_INSTRUCTION.get(instruction.op, Demand.NONE)
        if any(isinstance(operand, PhiCoordinate) for operand in instruction.args):
            found |= Demand.BOUNDARY
    return found
