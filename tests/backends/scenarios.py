"""Small kernels for the instructions that do more than compute a value: memory, control flow, lanes together.

Each scenario names a kernel in the language or a program in assembly, its arguments, and what they are afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial, reduce

import numpy as np

from hologram.backends.base import Domain
from hologram.frontend import compile_source
from hologram.isa.operands import Special
from hologram.isa.program import Program
from hologram.isa.text import assemble
from hologram.types import Type
from tests.backends.atlas_scenarios import ATLAS_SCENARIOS
from tests.backends.cases import BLOCK, Maker, Scenario, edge_values, line, of_type, stored
from tests.backends.interpreter.conftest import Exact
from tests.backends.oracle import compute, corners


@cache
def kernel(text: str) -> Program:
    (unit,) = compile_source(f"from hologram.language import *\n\n@kernel(block={BLOCK})\n{text}", "scenario.py")
    return unit.program


def memory(ty: Type | None) -> Scenario:
    """A block backwards, through shared memory."""
    t = (ty or Type.I32).value
    made = kernel(
        f"def k(x: DeviceArray[{t}], y: DeviceArray[{t}]):\n"
        f"    s = shared({t}, 64)\n"
        "    s[lane_id()] = x[get_global_id()]\n"
        "    barrier()\n"
        "    y[get_global_id()] = s[63 - lane_id()]\n"
    )
    x = stored(ty or Type.I32, edge_values(ty or Type.I32, 128))
    return Scenario(made, [x, np.zeros_like(x)], [x, x.reshape(2, 64)[:, ::-1].ravel()], line(128))


def immediates(ty: Type | None) -> Scenario:
    """Three constants, to three places by three ways to say where."""
    assert ty is not None
    bits = edge_values(ty, 37)[::12][:3]
    made = assemble(
        f".program k\n.param y: {ty.value}[1] w\n    mov_param.u64 r0, y\n    mov_imm.i64 r1, {2 * ty.size}\n"
        + "".join(f"    mov_imm.{ty.value} r{2 + k}, {b:#x}\n" for k, b in enumerate(bits))
        + f"    stg.{ty.value} [$y + 0], r2\n    stg.{ty.value} [r0 + {ty.size}], r3\n"
        + f"    stg.{ty.value} [r0 + r1], r4\n"
    )
    return Scenario(made, [stored(ty, [0] * 3)], [stored(ty, bits)], line(1))


def parameters(ty: Type | None) -> Scenario:
    """A scalar, an array's shape and its strides."""
    assert ty is not None
    made = kernel(
        f"def k(y: DeviceArray[{ty.value}], s: {ty.value}, a: DeviceArray[u8, 2], sizes: DeviceArray[i64]):\n"
        "    y[get_global_id()] = s\n"
        "    if get_global_id() == 0:\n"
        "        sizes[0], sizes[1], sizes[2] = a.shape[0], a.shape[1], i64(a[1, 2])\n"
    )
    a, scalar = np.arange(40, dtype=np.uint8).reshape(5, 8)[:, ::2], 3
    sizes = np.array([5, 4, a[1, 2]], np.int64)
    expected = [np.full(2, scalar).astype(ty.dtype), a, sizes]
    return Scenario(made, [np.zeros(2, ty.dtype), scalar, a, sizes * 0], expected, line(2))


def coordinates(ty: Type | None) -> Scenario:
    """Every launch coordinate of every lane of a launch with three axes, its last blocks not full."""
    assert ty is not None
    domain = Domain((5, 4, 3), (3, 2, 2), (2, 3, 2))
    t, code = ty.value, []
    for k, special in enumerate(Special):
        code.append(f"    mov_sreg.{t} r5, {special.value}\n    stg.{t} [r0 + r1], r5\n")
        code.append(f"    add.i64 r1, r1, {60 * ty.size}\n" if k < len(Special) - 1 else "")
    made = assemble(
        f".program k\n.param y: {t}[1] w\n    mov_param.u64 r0, y\n    mov_sreg.i64 r1, global.z\n"
        "    mul.i64 r1, r1, 4\n    mov_sreg.i64 r2, global.y\n    add.i64 r1, r1, r2\n    mul.i64 r1, r1, 5\n"
        f"    mov_sreg.i64 r2, global.x\n    add.i64 r1, r1, r2\n    mul.i64 r1, r1, {ty.size}\n" + "".join(code)
    )
    ids = np.indices((3, 4, 5))[::-1].reshape(3, 60)
    rows = []
    for special in Special:
        kind, axis = special.value.split(".")[0], special.axis
        dim = domain.block[axis]
        whole = {"block_dim": dim, "grid_dim": domain.grid[axis]}
        by_lane = {"global": ids[axis], "lane": ids[axis] % dim, "block": ids[axis] // dim}
        rows.append(by_lane[kind] if kind in by_lane else np.full(60, whole[kind]))
    expected = np.array(rows).ravel().astype(ty.dtype)
    return Scenario(made, [np.zeros_like(expected)], [expected], domain)


CONTROL = """
.program k
.param y: u32[1] w
    mov_sreg.u32 r0, global.x
    mov_param.u64 r1, y
    cvt.i64.u32 r2, r0
    mul.i64 r2, r2, 4
    mov_imm.u32 r3, 0
    mov.u32 r4, r0
again:
    add.u32 r3, r3, 10
    loop r4, @again
    setltu.u32 p0, r0, 3
    bra.p0 @small
    setltu.u32 p1, r0, 6
    bra.!p1 @large
    call @hundred
    bra @small
large:
    memfence.device
    stg.u32 [r1 + r2], r0
    exit
small:
    stg.u32 [r1 + r2], r3
    exit
hundred:
    add.u32 r3, r3, 100
    ret
"""


def control(ty: Type | None) -> Scenario:
    """A loop of lane + 1 rounds, branches both ways, a call, an early end."""
    expected = np.array([10 * (k + 1) + 100 * (k >= 3) if k < 6 else k for k in range(10)], np.uint32)
    return Scenario(assemble(CONTROL), [np.zeros(10, np.uint32)], [expected], line(10))


def predicates(op: str, ty: Type | None) -> Scenario:
    """The truth table."""
    operation = "pnot p2, p0" if op == "PNOT" else f"{op.lower()} p2, p0, p1"
    made = assemble(
        ".program k\n.param y: u32[1] w\n    mov_sreg.u32 r0, global.x\n    mov_param.u64 r1, y\n"
        "    cvt.i64.u32 r2, r0\n    mul.i64 r2, r2, 4\n    and.u32 r3, r0, 1\n    setne.u32 p0, r3, 0\n"
        "    setgeu.u32 p1, r0, 2\n"
        f"    {operation}\n    mov_imm.u32 r4, 1\n    mov_imm.u32 r5, 0\n    sel.u32 r6, p2, r4, r5\n"
        "    stg.u32 [r1 + r2], r6\n"
    )
    table = {"PAND": [0, 0, 0, 1], "POR": [0, 1, 1, 1], "PXOR": [0, 1, 1, 0], "PNOT": [1, 0, 1, 0]}
    return Scenario(made, [np.zeros(4, np.uint32)], [np.array(table[op], np.uint32)], line(4))


def _whole_numbers(ty: Type, count: int) -> list[int]:
    """Values whose sums and products are exact in any order: all integers, small whole floats."""
    rng = np.random.default_rng(count)
    if ty.is_integer:
        return [int(v) % (1 << ty.bits) for v in rng.integers(0, 1 << 63, count)]
    return [Exact.round(ty, Fraction(int(v))) for v in rng.integers(-1, 3, count)]


FOLDS = ("ADD", "MIN", "MAX", "MUL")
_LANGUAGE = {"ADD": "sum", "MUL": "prod"}


def atomic(op: str, ty: Type | None) -> Scenario:
    """Every pair of edge values in a cell of its own; then one cell for all lanes."""
    assert ty is not None
    name, t = op.removeprefix("ATOM_"), ty.value
    spelled = {"AND": "and_", "OR": "or_"}.get(name, name.lower())
    pairs = list(itertools.product(corners(ty), corners(ty)))
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    small = [Exact.round(ty, Fraction(k % 7 - 3)) for k in range(len(a))] if ty.is_float else []
    many = small or _whole_numbers(ty, len(pairs))
    call, meet = f"atomic_{spelled}(c, i, v[i])", f"        atomic_{spelled}(one, 0, w[i])\n"
    if name == "CAS":
        call, meet = "atomic_cas(c, i, v[i], w[i])", ""
        after = [w if x == v else x for (x, v), w in zip(pairs, many, strict=True)]
    elif name == "EXCH":
        after, meet = b, ""
    else:
        after = [compute(name, ty, x, y) for x, y in pairs]
    made = kernel(
        f"def k(c: DeviceArray[{t}], v: DeviceArray[{t}], w: DeviceArray[{t}], old: DeviceArray[{t}], "
        f"one: DeviceArray[{t}], n: i64):\n    i = get_global_id()\n    if i < n:\n        old[i] = {call}\n{meet}"
    )
    start = compute("MOV", ty, many[0])
    total = reduce(lambda x, y: compute(name, ty, x, y), many, start) if meet else start
    given = [stored(ty, v) for v in (a, b, many, a, [start])]
    expected = [stored(ty, v) for v in (after, b, many, a, [total])]
    return Scenario(made, [*given, len(a)], expected, line(len(a)))


def _reduced(name: str, ty: Type) -> tuple[list[int], Callable[[list[int]], int]]:
    """Bits of values whose result does not depend on the order, and what gives it."""
    bits = _whole_numbers(ty, 4 * BLOCK)
    if name in ("MIN", "MAX") and ty.is_float:
        nan = Exact.round(ty, float("nan"))
        bits = [b for b in edge_values(ty, 6 * BLOCK) if not Exact.is_nan(ty, b)][: 3 * BLOCK] + [nan] * BLOCK
    elif name == "MUL" and ty.is_float:
        bits = [Exact.round(ty, Fraction((1, -1, 1, 2)[k % 4] if k % 60 < 4 else 1)) for k in range(4 * BLOCK)]
    exact = name + "P" * (name in ("MIN", "MAX") and ty.is_float)
    return bits, lambda row: reduce(lambda x, y: compute(exact, ty, x, y), row)


def reductions(ty: Type | None, over_launch: bool) -> Scenario:
    """The four folds of a type, over each block, or stored once for the launch."""
    assert ty is not None
    text, given, expected = "", [], []
    for name in FOLDS:
        bits, total = _reduced(name, ty)
        rows = [bits] if over_launch else [bits[k : k + BLOCK] for k in range(0, len(bits), BLOCK)]
        given.append(stored(ty, bits))
        expected.append(stored(ty, [total(row) for row in rows]).repeat(1 if over_launch else BLOCK))
        call, x, y = _LANGUAGE.get(name, name.lower()), f"x{name}".lower(), f"y{name}".lower()
        text += f"    grid_{call}({x}[i], {y}, 0)\n" if over_launch else f"    {y}[i] = block_{call}({x}[i])\n"
    names = [f"{a}{n.lower()}: DeviceArray[{ty.value}]" for a in "xy" for n in FOLDS]
    made = kernel(f"def k({', '.join(names)}):\n    i = get_global_id()\n{text}")
    return Scenario(made, [*given, *(np.zeros_like(e) for e in expected)], [*given, *expected], line(4 * BLOCK))


of_block = of_type(partial(reductions, over_launch=False))
of_launch = of_type(partial(reductions, over_launch=True))


def debugging(op: str, ty: Type | None) -> Scenario:
    """A value shown and an assertion that holds change nothing."""
    t = (ty or Type.I32).value
    shown = "    print('value {}', x[get_global_id()])\n" if op == "Print" else "    assert x.shape[0] == 3, 'three'\n"
    made = kernel(f"def k(x: DeviceArray[{t}]):\n{shown}    x[get_global_id()] = {t}(1)\n")
    one = np.ones(3).astype((ty or Type.I32).dtype)
    return Scenario(made, [one * 0], [one], line(3))


SCENARIOS: dict[str, Maker] = {
    **dict.fromkeys(("LDG", "STG", "LDS", "STS", "BarSync"), of_type(memory)),
    "MOV_IMM": of_type(immediates),
    "MOV_PARAM": of_type(parameters),
    "MOV_SREG": of_type(coordinates),
    **dict.fromkeys(("BRA", "CALL", "RET", "LOOP", "EXIT", "MemFence"), of_type(control)),
    **dict.fromkeys(("PAND", "POR", "PXOR", "PNOT"), predicates),
    **dict.fromkeys([f"ATOM_{n}" for n in ("ADD", "MIN", "MAX", "AND", "OR", "XOR", "EXCH", "CAS")], atomic),
    **{f"{g}_{n}": folds for g, folds in (("BRED", of_block), ("GRED", of_launch)) for n in FOLDS},
    **dict.fromkeys(("Print", "Assert"), debugging),
    **ATLAS_SCENARIOS,
}
"""By mnemonic: what makes a scenario for a type."""
