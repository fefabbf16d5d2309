"""Scenarios for the instructions that know the Atlas: classes, neighbours, phases, resonance, linear pools.

What is expected follows from the formulas of the resonance numbering alone, not from the tables the backends read.
"""

from __future__ import annotations

import numpy as np

from hologram.isa.text import assemble
from hologram.types import Type
from tests.backends.atlas_programs import per_lane
from tests.backends.cases import Maker, Scenario, edge_values, line, of_type, stored

CLASSES = range(96)


def numbered(index: int) -> int:
    """The resonance number of a class index: 48·e1 + 24·e2 + 12·e3 + 6·e6 + 3·e7 + d45 + 1."""
    quadrant, modality, context = index // 24, index // 8 % 3, index % 8
    bits = [quadrant >> 1, quadrant & 1, context >> 2, context >> 1 & 1, context & 1]
    weights = zip((48, 24, 12, 6, 3), bits, strict=True)
    return sum(weight * bit for weight, bit in weights) + (1, 2, 0)[modality]


INDEX = {numbered(index): index for index in CLASSES}


def mirror(index: int) -> int:
    number = numbered(index)
    return INDEX[number + (3 if number % 6 < 3 else -3)]


def neighbours(index: int) -> list[int]:
    """Ascending: one of four bits flipped, or a step of the last coordinate."""
    number = numbered(index)
    flipped = [number + (-weight if number // weight % 2 else weight) for weight in (48, 24, 12, 6)]
    steps = {0: [1], 1: [-1, 1], 2: [-1]}[number % 3]
    return sorted(INDEX[n] for n in [*flipped, *(number + step for step in steps)])


_BOUND = "mov_imm.u8 r5, 2\n div.u8 r6, r3, r5\n mov_imm.u8 r7, 255\n sub.u8 r7, r7, r3\n bound.map r4, r3, r6, r7"
_GET = "mov_imm.u64 r4, 0\n mov_imm.u64 r6, 100\n" + "".join(
    f"nbr.get r5, r3, {k}\n cvt.u64.u8 r5, r5\n mad.u64 r4, r4, r6, r5\n" for k in range(5)
)
_PHASE = """
    phase.adv 700
    setlt.i64 p0, r0, 30
    bra.p0 @on
    phase.adv 100
on:
    phase.get r5
    cvt.u64.u32 r4, r5
"""


def classes(op: str, ty: Type | None) -> Scenario:
    """A number for each of the 96 classes."""
    bodies = {
        "ClsGet": ("cls.get r5\n cvt.u64.u8 r4, r5", [c // 8 for c in CLASSES]),
        "MIRROR": ("mirror r5, r3\n cvt.u64.u8 r4, r5", [mirror(c) for c in CLASSES]),
        "NbrCount": ("nbr.count r5, r3\n cvt.u64.u32 r4, r5", [len(neighbours(c)) for c in CLASSES]),
        "NbrGet": (_GET, [int("".join(f"{n:02}" for n in neighbours(c)[:5])) for c in CLASSES]),
        "BoundMap": (_BOUND, [12288 * c + 256 * (c // 2) + 255 - c for c in CLASSES]),
        "PhaseGet": (_PHASE, [700 if c < 30 else 32 for c in CLASSES]),
    }
    body, numbers = bodies["PhaseGet" if op == "PhaseAdv" else op]
    x, expected = np.array(CLASSES, np.uint8), np.array(numbers, np.uint64)
    return Scenario(per_lane(body, "u64"), [x, np.zeros(96, np.uint64)], [x, expected], line(96, block=8))


_RESONANCE = """
    unity.test p0, 0.5
    mov_imm.u64 r5, 1
    mov_imm.u64 r6, 2
    sel.u64 r5, p0, r5, r6
    mov_imm.u64 r7, 10
    ldg.u64 r4, [r2 + r9]
    mad.u64 r4, r4, r7, r5
    mov_imm.f64 r8, 0.25
    res.accum r3, r8
"""


def resonance(ty: Type | None) -> Scenario:
    """Two launches: the first sees a sum of nothing, the second what the first added."""
    x = np.array([*CLASSES, 7], np.uint8)
    sums = np.array([1.0 if c == 7 else 0.5 for c in CLASSES])
    expected = [x, np.full(97, 12, np.uint64)]
    return Scenario(per_lane(_RESONANCE, "u64"), [x, np.zeros(97, np.uint64)], expected, line(97, block=97), 2, sums)


def pools(ty: Type | None) -> Scenario:
    """Each lane's value goes through a pool of its own, which is zeros at first and is given back."""
    t = ty or Type.I32
    made = assemble(
        f".program pools\n.param x: {t.value}[1] r\n.param y: {t.value}[1] w\n.param z: {t.value}[1] w\n"
        "    mov_sreg.i64 r0, global.x\n    mov_param.u64 r1, x\n    mov_param.u64 r2, y\n    mov_param.u64 r3, z\n"
        f"    mul.i64 r4, r0, {t.size}\n    ldg.{t.value} r5, [r1 + r4]\n    mov_imm.u64 r6, 8\n"
        f"    pool.alloc r7, 16\n    pool.load.{t.value} r8, r7, r6\n    stg.{t.value} [r2 + r4], r8\n"
        f"    pool.store.{t.value} r7, r6, r5\n    pool.load.{t.value} r9, r7, r6\n    stg.{t.value} [r3 + r4], r9\n"
        "    pool.free r7\n"
    )
    x = stored(t, edge_values(t, 50))
    return Scenario(
        made, [x, x.copy(), np.zeros_like(x)], [x, np.zeros_like(x), x], line(50, block=50), on_executor=True
    )


ATLAS_SCENARIOS: dict[str, Maker] = {
    **dict.fromkeys(("ClsGet", "MIRROR", "NbrCount", "NbrGet", "BoundMap", "PhaseGet", "PhaseAdv"), classes),
    **dict.fromkeys(("UnityTest", "ResAccum"), of_type(resonance)),
    **dict.fromkeys(("PoolAlloc", "PoolFree", "PoolLoad", "PoolStore"), of_type(pools)),
}
