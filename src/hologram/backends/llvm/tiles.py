"""Row loads: a loop in which lane l walks along row l reads whole tiles and turns them in registers.

``for j in range(n): acc += A[i, j] * x[j]`` with lanes along i would gather one element from W rows in every
round. Instead U rounds are done together: each row's next U elements are loaded in pieces of 16 bytes, and
shuffles turn the tile so that round k finds its W elements in one vector. Nothing is reassociated: every lane
still adds in order. The loop as written follows and does what is left. Where it stores, too, with lanes side by side,
this is a transposition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hologram.backends.llvm.ir import LLVM_TYPE, Value, Writer
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.cfg import Cfg
from hologram.isa.operands import Condition, Pred, Reg, RegisterIndirectComputed
from hologram.isa.program import Instruction
from hologram.isa.symbolic import Symbolic
from hologram.types import Type

PIECE_BYTES = 16
LINE_BYTES = 64


@dataclass(frozen=True)
class RowLoad:
    """A load at byte offset `rest + factor · a`, where a is the loop's counter; `rest` is affine in the lanes."""

    index: int
    rest: Affine
    factor: int


@dataclass(frozen=True)
class TiledLoop:
    """A loop to unroll: `loads` read along rows, `compare` is the header's exit test `a < b`, a grows by `step`.

    `stays` is what the comparison gives while the loop goes on: False where it is written as `a >= b`.
    """

    header: int
    loads: tuple[RowLoad, ...]
    compare: int
    step: int
    stays: bool
    type: Type

    @property
    def rounds(self) -> int:
        """Rounds done together: one cache line of a row."""
        return LINE_BYTES // self.type.size


def find(cfg: Cfg, symbolic: Symbolic, slot_of: Mapping[int, int]) -> dict[int, TiledLoop]:
    """Innermost loops whose only exit is the header's test, with loads along rows of arrays they do not write.

    Arrays whose elements depend on a loop's counter are never the same memory as others that are written: launches
    see to it. So nothing that the loop stores is among what a tile has loaded before.
    """
    out = {}
    for header, loop in cfg.loops.items():
        if any(other.parent == header for other in cfg.loops.values()):
            continue
        leaving = [b for b in loop.body if any(s not in loop.body for s in cfg.blocks[b].succs)]
        code = [pair for b in loop.body for pair in cfg.code(b)]
        if leaving != [header] or any(ins.op not in ("LDG", "STG") and ins.spec.is_memory for _, ins in code):
            continue
        written = {slot_of.get(i) for i, ins in code if ins.op == "STG"}
        test = _test(cfg, header, symbolic)
        if test is None:
            continue
        every = [b for b in loop.body if all(cfg.dominates(b, latch) for latch in loop.latches)]
        candidates = [
            (i, ins) for b in every for i, ins in cfg.code(b) if ins.op == "LDG" and slot_of.get(i) not in written
        ]
        loads = [r for i, ins in candidates if (r := _row_load(i, ins, header, test, symbolic))]
        types = {cfg.program.instructions[r.index].type for r in loads}
        if len(types) == 1 and (ty := types.pop()) in (Type.F32, Type.F64, Type.I32, Type.I64):
            assert ty is not None
            out[header] = TiledLoop(header, tuple(loads), test.index, test.step, test.stays, ty)
    return out


@dataclass(frozen=True)
class _Test:
    index: int
    step: int
    stays: bool
    counter: Affine


def _row_load(i: int, ins: Instruction, header: int, test: _Test, symbolic: Symbolic) -> RowLoad | None:
    """A load whose offset grows by one element a round and by something else from lane to lane."""
    address, counter = ins.args[1], Variable("loop", header)
    if not isinstance(address, RegisterIndirectComputed) or ins.type is None:
        return None
    offset, size = symbolic.affine(i, address.offset.index), ins.type.size
    if offset is None or offset.coefficient(counter) != Poly.const(size) or size % test.step:
        return None
    factor = size // test.step
    rest = offset - test.counter.scale(Poly.const(factor))
    along = rest.coefficient(Variable("lane", 0)).constant
    return RowLoad(i, rest, factor) if all(v.kind == "lane" for v, _ in rest.terms) and along not in (0, size) else None


def _test(cfg: Cfg, header: int, symbolic: Symbolic) -> _Test | None:
    """The test of a header that leaves its loop unless `a < b`, a growing by a constant, b fixed."""
    block, code = cfg.blocks[header], cfg.program.instructions
    branch = code[block.end - 1]
    if branch.op != "BRA" or not isinstance(guard := branch.args[1], Pred):
        return None
    found = [
        i
        for i, ins in cfg.code(header)
        if ins.op == "SETcc" and isinstance(ins.args[1], Pred) and ins.args[1].index == guard.index
    ]
    if len(found) != 1 or code[found[0]].type is not Type.I64:
        return None
    index = found[0]
    condition, _, a, b = code[index].args
    stays = block.succs[0] in cfg.loops[header].body
    wanted = Condition.LT if stays != guard.negated else Condition.GE
    if condition is not wanted or not isinstance(a, Reg) or not isinstance(b, Reg):
        return None
    left, right = symbolic.affine(index, a.index), symbolic.affine(index, b.index)
    counter = Variable("loop", header)
    if left is None or right is None or right.coefficient(counter).terms:
        return None
    step = left.coefficient(counter).constant
    return _Test(index, step, condition is Condition.LT, left) if step and step > 0 else None


def load_tile(w: Writer, type: Type, rows: Sequence[Value], rounds: int) -> list[Value]:
    """Columns of a tile: element l of column k is `rows[l][k]`; rows are pointers.

    Every row is read in halves of a vector, one right after the other: rows that lie a power of two apart fall into
    the same few places of the cache and would push each other out between two visits. The halves of two rows make
    one vector, which is the first exchange of the transposition.
    """
    if len(rows) > rounds:
        # More lanes than rounds: square tiles side by side, so that no row is read beyond the tile.
        squares = [load_tile(w, type, rows[k : k + rounds], rounds) for k in range(0, len(rows), rounds)]
        return [_side_by_side(w, [square[column] for square in squares]) for column in range(rounds)]
    element, piece, lanes = LLVM_TYPE[type], PIECE_BYTES // type.size, len(rows)
    half = lanes // 2
    columns = []
    for first in range(0, rounds, lanes):
        low: list[Value] = []
        high: list[Value] = []
        for upper, lower in zip(rows[:half], rows[half:], strict=True):
            for start, side in ((first, low), (first + half, high)):
                parts = []
                for row in (upper, lower):
                    cell = w.value(f"getelementptr {element}, {row}, i64 {start}", "ptr")
                    parts.append(w.value(f"load <{half} x {element}>, {cell}, align {type.size}", element, half))
                side.append(_shuffle(w, parts[0], parts[1], range(lanes)))
        whole = low + high
        turned = [_turn_blocks(w, whole[r::piece], piece) for r in range(piece)]
        for column in range(lanes // piece):
            columns += _turn(w, [blocks[column] for blocks in turned], piece)
    return columns


def _side_by_side(w: Writer, parts: Sequence[Value]) -> Value:
    """Vectors of one length, a power of two of them, as one long vector."""
    while len(parts) > 1:
        parts = [_shuffle(w, a, b, range(2 * a.lanes)) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _shuffle(w: Writer, a: Value, b: Value, picks: Sequence[int]) -> Value:
    mask = ", ".join(f"i32 {p}" for p in picks)
    return w.value(f"shufflevector {a}, {b}, <{len(picks)} x i32> <{mask}>", a.element, len(picks))


def _turn_blocks(w: Writer, rows: Sequence[Value], piece: int) -> list[Value]:
    """Transpose a square of 16-byte blocks whose halves are exchanged already (Eklundh's method), one row a vector."""
    blocks, out = len(rows), list(rows)
    step = blocks // 4
    while step:
        for i in (k for k in range(blocks) if not k & step):
            a, b = out[i], out[i + step]
            low = [j if not j & step else blocks + j - step for j in range(blocks)]
            high = [j + step if not j & step else blocks + j for j in range(blocks)]
            spread = [[block * piece + e for block in side for e in range(piece)] for side in (low, high)]
            out[i], out[i + step] = _shuffle(w, a, b, spread[0]), _shuffle(w, a, b, spread[1])
        step //= 2
    return out


def _turn(w: Writer, bands: Sequence[Value], piece: int) -> list[Value]:
    """Transpose inside every group of `piece` lanes: band r holds, in group g, a piece of row g·piece + r."""
    lanes = bands[0].lanes

    def interleave(a: Value, b: Value, picks: Sequence[int]) -> Value:
        """The same picks in every group; picks from `piece` on come from b."""
        out = []
        for group in range(0, lanes, piece):
            out += [group + p if p < piece else lanes + group + p - piece for p in picks]
        return _shuffle(w, a, b, out)

    if piece == 2:
        return [interleave(bands[0], bands[1], p) for p in ((0, 2), (1, 3))]
    low = [interleave(bands[k], bands[k + 1], (0, 4, 1, 5)) for k in (0, 2)]
    high = [interleave(bands[k], bands[k + 1], (2, 6, 3, 7)) for k in (0, 2)]
    return [interleave(a, b, p) for a, b in (low, high) for p in ((0, 1, 4, 5), (2, 3, 6, 7))]
