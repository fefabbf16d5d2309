"""Row loads: a tile turned in registers is the transposed tile, and only loops that may be unrolled are."""

import ctypes
import re

import numpy as np
import pytest

from hologram.backends.cpu.source import source
from hologram.backends.llvm import jit, tiles
from hologram.backends.llvm.ir import LLVM_TYPE, Module, Writer
from hologram.frontend import compile_source
from hologram.isa.program import Program
from hologram.isa.text import assemble
from hologram.isa.verify import verify
from hologram.language.kernel import Kernel
from hologram.language.program import Program as Loaded
from hologram.types import Type
from tests.differential.inputs import fenced

TYPES = (Type.F32, Type.F64, Type.I32, Type.I64)
WIDTHS = {4: (8, 16, 64), 8: (4, 8, 64)}
HEADS = """.program p
.param n: i64
.param a: f32[2] rw
.param y: f32[1] rw
    mov_sreg.i64 r0, global.x
    mov_param.i64 r1, n
    mov_param.u64 r2, a
    mov_param.u64 r3, y
    mov_param.i64 r4, a.stride[0]
    mul.i64 r4, r4, r0
    mov_imm.i64 r5, 0
    mov_imm.f32 r6, 0.0
"""
BODY = """    shl.i64 r7, r5, 2
    add.i64 r7, r7, r4
    ldg.f32 r8, [r2 + r7]
    add.f32 r6, r6, r8
"""
TAIL = "out: shl.i64 r7, r0, 2\n    stg.f32 [r3 + r7], r6\n"


def turn(type: Type, lanes: int) -> np.ndarray:
    """The columns that `load_tile` makes of rows whose last elements end where memory ends."""
    module, rounds = Module(), tiles.LINE_BYTES // type.size
    w = Writer(module)
    rows = []
    for lane in range(lanes):
        cell = w.value(f"getelementptr i8, ptr %rows, i64 {lane * rounds * type.size}", "ptr")
        rows.append(cell)
    for k, column in enumerate(tiles.load_tile(w, type, rows, rounds)):
        assert column.lanes == lanes
        cell = w.value(f"getelementptr {LLVM_TYPE[type]}, ptr %out, i64 {k * lanes}", "ptr")
        w.line(f"store {column}, {cell}, align {type.size}")
    w.line("ret void")
    module.functions.append(w.text("define void @turn(ptr %rows, ptr %out)"))
    host = jit.host_target()
    loaded = jit.load_object(jit.compile_object(module.text(), host, 2), ["turn"])
    tile = fenced(np.arange(lanes * rounds).astype(type.dtype).reshape(lanes, rounds), at_end=True)
    out = np.zeros((rounds, lanes), type.dtype)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(loaded["turn"])(tile.ctypes.data, out.ctypes.data)
    return out


@pytest.mark.parametrize("type", TYPES)
def test_a_tile_is_transposed_and_nothing_beyond_it_is_read(type: Type) -> None:
    rounds = tiles.LINE_BYTES // type.size
    for lanes in WIDTHS[type.size]:
        wanted = np.arange(lanes * rounds).reshape(lanes, rounds).T
        np.testing.assert_array_equal(turn(type, lanes), wanted, err_msg=f"{lanes} lanes")


def found(program: Program) -> dict[int, tiles.TiledLoop]:
    facts = verify(program)
    return tiles.find(facts.symbolic.cfg, facts.symbolic, facts.slot_of)


@pytest.mark.parametrize(
    ("test", "stays"),
    [("setge.i64 p0, r5, r1\n bra.p0 @out", False), ("setlt.i64 p0, r5, r1\n bra.!p0 @out", True)],
)
def test_a_walk_along_rows_is_found_with_either_test(test: str, stays: bool) -> None:
    program = assemble(f"{HEADS}again: {test}\n{BODY} add.i64 r5, r5, 1\n bra @again\n{TAIL}")
    (loop,) = found(program).values()
    assert (loop.step, loop.stays, loop.type, loop.rounds) == (1, stays, Type.F32, 16)
    assert [program.instructions[r.index].op for r in loop.loads] == ["LDG"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (BODY + "stg.f32 [r2 + r7], r6\n", "a store to what it reads"),
        (BODY + "setlt.f32 p1, r6, 9.0\n bra.p1 @out\n", "a second way out"),
        (
            BODY.replace("r4", "r9").replace("shl.i64 r7", "mul.i64 r9, r0, 4\nshl.i64 r7"),
            "consecutive lanes: a vector",
        ),
    ],
)
def test_other_loops_are_left_alone(body: str, why: str) -> None:
    text = f"{HEADS}again: setge.i64 p0, r5, r1\n bra.p0 @out\n{body} add.i64 r5, r5, 1\n bra @again\n{TAIL}"
    assert not found(assemble(text)), why


def test_rows_that_are_stored_in_columns_are_turned_in_registers() -> None:
    text = """from hologram.language import *
@kernel
def turn(a: DeviceArray[f32, 2], y: DeviceArray[f32, 2], m: i64, n: i64):
    i = get_global_id()
    if i < m:
        for j in range(n):
            y[j, i] = 2.0 * a[i, j]
"""
    (unit,) = compile_source(text, "turn.py")
    assert re.search(r"^tile\d+:$", source(unit.program, jit.host_target()).text, flags=re.MULTILINE)
    turned = Kernel(program=Loaded.of(unit.program))
    for m, n in ((40, 50), (16, 16), (7, 33), (33, 7)):
        a, y = np.random.default_rng(1).random((m, n), np.float32), np.zeros((n, m), np.float32)
        turned(a, y, m, n)
        np.testing.assert_array_equal(y, 2 * a.T)


def test_a_row_kernel_has_no_gather_but_in_its_rest() -> None:
    text = """from hologram.language import *
@kernel
def rows(a: DeviceArray[f32, 2], x: DeviceArray[f32], y: DeviceArray[f32], m: i64, n: i64):
    i = get_global_id()
    if i < m:
        total = 0.0
        for j in range(n):
            total = total + a[i, j] * x[j]
        y[i] = total
"""
    (unit,) = compile_source(text, "rows.py")
    machine = jit.Target("x86_64-unknown-linux-gnu", "x86-64-v4")
    full = source(unit.program, machine).text.split("@strip_rest")[0]
    tile = re.split(r"^(?:tile|single)\d+:$", full, flags=re.MULTILINE)[1]
    assert "gather" not in tile
    assert tile.count("load <8 x float>") == 2 * 16
