"""What the lanes of a block hold where it depends on their places alone: a number for every lane, for all time.

A value is known lane by lane, or as one unknown number of the block (a parameter, where the block lies) plus a known
distance for every lane. Arithmetic wraps, so distances are known modulo a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from hologram.isa.builder import value_of
from hologram.isa.operands import Condition, Imm, Slot, Special
from hologram.isa.program import Instruction
from hologram.types import Type

Lane = tuple[int, int, int]
UNKNOWN_SIZE = 64
MOST = 1024


@dataclass(frozen=True, slots=True)
class Held:
    """A number of each lane; with a `start` the distance from it, right modulo 2**bits."""

    numbers: tuple[int, ...]
    start: object = None
    bits: int = 64


@dataclass(frozen=True, slots=True)
class Truth:
    """Of each lane what is known (None: nothing), and labels: all lanes where it is `one_way` have one of them alike.

    `labels` are empty where no such thing is known.
    """

    lanes: tuple[bool | None, ...]
    labels: tuple[int, ...] = ()
    one_way: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """The lanes looked at: those of a block of known `size`, or some of one of two lanes or more along x.

    The first `sure` of them are in every block.
    """

    lanes: tuple[Lane, ...]
    sure: int
    size: Lane | None

    @staticmethod
    def of(block: Sequence[int] | None) -> Group:
        """The lanes of a block, x first; None is a block of any size, and so is one of very many lanes."""
        if block is None or prod(block) > MOST:
            return Group(tuple((x, 0, 0) for x in range(UNKNOWN_SIZE)), 2, None)
        nx, ny, nz = (*block, 1, 1)[:3]
        lanes = tuple((x, y, z) for z in range(nz) for y in range(ny) for x in range(nx))
        return Group(lanes, len(lanes), (nx, ny, nz))

    def alike(self, number: int) -> Held:
        """One number in all lanes."""
        return Held((number,) * len(self.lanes))

    def one(self, what: object) -> Held:
        """One unknown number, the same in all lanes."""
        return Held((0,) * len(self.lanes), what)

    def special(self, special: Special) -> Held:
        """A coordinate or size."""
        kind, axis = special.value.split(".")[0], special.axis
        along = tuple(lane[axis] for lane in self.lanes)
        if kind == "lane":
            return Held(along)
        if kind == "global":
            return Held(along, ("block", axis))
        if kind == "block_dim" and self.size is not None:
            return self.alike(self.size[axis])
        return self.one(special)

    def preloaded(self) -> dict[int, Held]:
        """The special registers: lane x, block x, block size x, the lane's number in the launch."""
        found = {252: self.special(Special.LANE_X), 253: self.special(Special.BLOCK_X)}
        found[254] = self.special(Special.BLOCK_DIM_X)
        return {**found, 255: Held(tuple(range(len(self.lanes))), "number")}


def wrap(type: Type, value: int) -> int:
    """An integer as a type holds it."""
    low = value & ((1 << type.bits) - 1)
    return low - (1 << type.bits) if type.is_signed and low >> (type.bits - 1) else low


def result(group: Group, ins: Instruction, reads: Sequence[Held | None]) -> Held | None:
    """What an instruction gives for values of its operands, or None where that is not known."""
    if ins.type is None or not ins.type.is_integer:
        return None
    if ins.op == "MOV_SREG" and isinstance(special := ins.args[1], Special):
        return group.special(special)
    if ins.op == "MOV_PARAM" and isinstance(slot := ins.args[1], Slot):
        return group.one(slot)
    known = [r for r in reads if r is not None]
    if len(known) < len(reads):
        return None
    if any(r.start is not None for r in known):
        return _moved(ins, ins.type, known)
    if ins.op in ("MOV", "MOV_IMM", "CVT"):
        whole = ins.source_type is None or ins.source_type.is_integer
        return Held(tuple(wrap(ins.type, n) for n in known[0].numbers)) if whole else None
    rule, type = _EXACT.get(ins.op), ins.type
    if rule is None:
        return None
    results = [rule(*numbers) for numbers in zip(*(r.numbers for r in known), strict=True)]
    found = [wrap(type, n) for n in results if n is not None]
    return Held(tuple(found)) if len(found) == len(results) else None


def _moved(ins: Instruction, type: Type, known: Sequence[Held]) -> Held | None:
    """Arithmetic on values of which the start is not known: moves, sums, differences."""
    bits = min(type.bits, *(r.bits for r in known))
    if ins.op in ("MOV", "CVT"):
        whole = ins.source_type is None or ins.source_type.is_integer
        return Held(known[0].numbers, known[0].start, bits) if whole else None
    if ins.op in ("ADD", "SUB"):
        a, b = known
        sign = 1 if ins.op == "ADD" else -1
        numbers = tuple(x + sign * y for x, y in zip(a.numbers, b.numbers, strict=True))
        return Held(numbers, (ins.op, a.start, b.start), bits)
    alike = all(len(set(r.numbers)) == 1 for r in known)
    return Held((0,) * len(known[0].numbers), (ins.op, *known), type.bits) if alike and ins.op in _EXACT else None


def _shifted(a: int, amount: int, way: int) -> int | None:
    if not 0 <= amount < 8:
        return None
    return a << amount if way > 0 else a >> amount


_EXACT: Mapping[str, Callable[..., int | None]] = {
    "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b,
    "MUL": lambda a, b: a * b,
    "MAD": lambda a, b, c: a * b + c,
    "NEG": lambda a: -a,
    "MIN": min,
    "MAX": max,
    "AND": lambda a, b: a & b,
    "OR": lambda a, b: a | b,
    "XOR": lambda a, b: a ^ b,
    "SHL": lambda a, n: _shifted(a, n, 1),
    "SHR": lambda a, n: _shifted(a, n, -1) if a >= 0 else None,
    "DIV": lambda a, b: a // b if a >= 0 and b > 0 else None,
    "REM": lambda a, b: a % b if a >= 0 and b > 0 else None,
}


def immediate(type: Type, imm: Imm) -> int | None:
    """An immediate's value where it is an integer."""
    return int(value_of(type, imm)) if type.is_integer else None


def compared(condition: Condition, type: Type, a: Held | None, b: Held | None) -> Truth | None:
    """The truth of a comparison."""
    if a is None or b is None or not type.is_integer:
        return None
    if a.start is None and b.start is None:
        test = _TESTS[condition]
        return Truth(tuple(test(x, y) for x, y in zip(a.numbers, b.numbers, strict=True)))
    if condition not in (Condition.EQ, Condition.NE):
        return None
    size = 1 << min(a.bits, b.bits, type.bits)
    labels = tuple((x - y) % size for x, y in zip(a.numbers, b.numbers, strict=True))
    return Truth((None,) * len(labels), labels, condition is Condition.EQ)


_TESTS: Mapping[Condition, Callable[[int, int], bool]] = {
    Condition.EQ: lambda a, b: a == b,
    Condition.NE: lambda a, b: a != b,
    Condition.LT: lambda a, b: a < b,
    Condition.LE: lambda a, b: a <= b,
    Condition.GT: lambda a, b: a > b,
    Condition.GE: lambda a, b: a >= b,
    Condition.LTU: lambda a, b: a < b,
    Condition.LEU: lambda a, b: a <= b,
    Condition.GTU: lambda a, b: a > b,
    Condition.GEU: lambda a, b: a >= b,
}


def negated(truth: Truth | None) -> Truth | None:
    """PNOT."""
    if truth is None:
        return None
    return Truth(tuple(None if t is None else not t for t in truth.lanes), truth.labels, not truth.one_way)


def both(a: Truth | None, b: Truth | None, size: int) -> Truth | None:
    """PAND: true where both are, so what bounds the lanes of one bounds them here."""
    if a is None and b is None:
        return None
    x, y = (t.lanes if t else (None,) * size for t in (a, b))
    lanes = tuple(_and(p, q) for p, q in zip(x, y, strict=True))
    labels = next((t.labels for t in (a, b) if t and t.labels and t.one_way), ())
    return Truth(lanes, labels)


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return True if a and b else None


def excluded(group: Group, truth: Truth) -> int | None:
    """A lane that surely is not there where some others may be; `sure` lanes that are never together count, too."""
    if all(t is False for t in truth.lanes):
        return None
    for lane in range(group.sure):
        if truth.lanes[lane] is False:
            return lane
    sure = truth.labels[: group.sure]
    return 0 if truth.one_way and len(set(sure)) > 1 else None
