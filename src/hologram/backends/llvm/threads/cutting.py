"""Where a launch is cut: by what it is, never by how many threads there are.

Pieces are powers of two of units (lanes, blocks, chunks of a reduction) along one axis: as small as the kernel's recipe
allows, but not more than `MAX_PIECES`. The outermost axis with enough units is cut, so that rows stay whole.
"""

from __future__ import annotations

from hologram.backends.llvm import layout
from hologram.backends.llvm.pieces import MAX_PIECES_LOG, Cut
from hologram.backends.llvm.threads.memory import JOB, get, put
from hologram.isa.reductions import CHUNK

ENOUGH_UNITS = 32
STRIP_LOG = 6
_CHUNK_LOG = CHUNK.bit_length() - 1


def _triple(name: str, offsets: tuple[int, int, int]) -> str:
    lines = []
    for axis, offset in zip("xyz", offsets, strict=True):
        lines.append(f"  %{name}.{axis}.at = getelementptr i8, ptr %block, i64 {offset}")
        lines.append(f"  %{name}.{axis} = load i64, ptr %{name}.{axis}.at, align 8")
    return "\n".join(lines)


# Of the grid or the lanes: the axis, the units on it, the lanes of each unit.
_AXIS = f"""\
lanes:
  %x = phi i64 [ %lanes.x, %entry ], [ %grid.x, %blocks ]
  %y = phi i64 [ %lanes.y, %entry ], [ %grid.y, %blocks ]
  %z = phi i64 [ %lanes.z, %entry ], [ %grid.z, %blocks ]
  %each = phi i64 [ 1, %entry ], [ %block.lanes, %blocks ]
  %strip = phi i64 [ {STRIP_LOG}, %entry ], [ 0, %blocks ]
  %y.longer = icmp sgt i64 %y, %x
  %xy = select i1 %y.longer, i64 %y, i64 %x
  %xy.axis = zext i1 %y.longer to i64
  %z.longer = icmp sgt i64 %z, %xy
  %longest = select i1 %z.longer, i64 2, i64 %xy.axis
  %y.enough = icmp sge i64 %y, {ENOUGH_UNITS}
  %inner = select i1 %y.enough, i64 1, i64 %longest
  %z.enough = icmp sge i64 %z, {ENOUGH_UNITS}
  %axis.lanes = select i1 %z.enough, i64 2, i64 %inner
  %on.x = icmp eq i64 %axis.lanes, 0
  %on.y = icmp eq i64 %axis.lanes, 1
  %units.yz = select i1 %on.y, i64 %y, i64 %z
  %units.lanes = select i1 %on.x, i64 %x, i64 %units.yz
  %other = select i1 %on.x, i64 %y, i64 %x
  %on.z = icmp eq i64 %axis.lanes, 2
  %last = select i1 %on.z, i64 %y, i64 %z
  %across.axes = mul i64 %other, %last
  %across.lanes = mul i64 %across.axes, %each
  %least.lanes = select i1 %on.x, i64 %strip, i64 0
  br label %measure
"""

_DO_PIECE = f"""
define internal void @do_piece(ptr %job, i64 %k) #0 {{
  %piece = alloca [5 x i64], align 8
{get("run", "job", JOB, "run", "ptr")}{get("block", "job", JOB, "block", "ptr")}{get("axis", "job", JOB, "axis")}\
{get("log", "job", JOB, "log")}{get("units", "job", JOB, "units")}{get("pieces", "job", JOB, "pieces")}\
{get("down", "job", JOB, "down")}{get("results", "job", JOB, "results", "ptr")}
  %from.last = sub i64 %pieces, %k
  %mirrored = sub i64 %from.last, 1
  %is.down = icmp ne i64 %down, 0
  %number = select i1 %is.down, i64 %mirrored, i64 %k
  %first = shl i64 %number, %log
  %next = add i64 %number, 1
  %end.full = shl i64 %next, %log
  %end = call i64 @llvm.umin.i64(i64 %end.full, i64 %units)
  %piece.first = getelementptr i64, ptr %piece, i64 1
  %piece.end = getelementptr i64, ptr %piece, i64 2
  %piece.number = getelementptr i64, ptr %piece, i64 3
  %piece.results = getelementptr i64, ptr %piece, i64 4
  store i64 %axis, ptr %piece, align 8
  store i64 %first, ptr %piece.first, align 8
  store i64 %end, ptr %piece.end, align 8
  store i64 %number, ptr %piece.number, align 8
  store ptr %results, ptr %piece.results, align 8
  %code = call i64 %run(ptr %block, ptr %piece)
  %fine = icmp eq i64 %code, 0
  br i1 %fine, label %done, label %faulty
faulty:
  %place = shl i64 %number, 32
  %told = or i64 %place, %code
  %fault = getelementptr i8, ptr %job, i64 {JOB["fault"][0]}
  %ignored = atomicrmw umin ptr %fault, i64 %told monotonic, align 8
  br label %done
done:
  ret void
}}
"""


def cutting() -> str:
    """`i64 cut(ptr job, ptr block, i64 recipe)` and `void do_piece(ptr job, i64 k)`.

    The first fills axis, log, units and pieces of a job and gives the number of pieces, of which it may be that there
    is one; the second does the k-th piece in the order in which they are taken.
    """
    return _cut() + _DO_PIECE


def _cut() -> str:
    return f"""
declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.umin.i64(i64, i64)

define internal i64 @cut(ptr %job, ptr %block, i64 %recipe) #0 {{
entry:
  %kind = and i64 %recipe, 255
  %grain.shifted = lshr i64 %recipe, 8
  %grain = and i64 %grain.shifted, 255
{_triple("lanes", layout.LANES)}
  switch i64 %kind, label %lanes [
    i64 {Cut.BLOCKS:d}, label %blocks
    i64 {Cut.CHUNKS:d}, label %chunks
  ]
blocks:
{_triple("grid", layout.GRID)}
{_triple("block", layout.BLOCK)}
  %block.xy = mul i64 %block.x, %block.y
  %block.lanes = mul i64 %block.xy, %block.z
  br label %lanes
{_AXIS}chunks:
  %up = add i64 %lanes.x, {CHUNK - 1}
  %row = lshr i64 %up, {_CHUNK_LOG}
  %rows = mul i64 %lanes.y, %lanes.z
  %units.chunks = mul i64 %row, %rows
  br label %measure
measure:
  %axis = phi i64 [ %axis.lanes, %lanes ], [ 0, %chunks ]
  %units = phi i64 [ %units.lanes, %lanes ], [ %units.chunks, %chunks ]
  %across = phi i64 [ %across.lanes, %lanes ], [ {CHUNK}, %chunks ]
  %least = phi i64 [ %least.lanes, %lanes ], [ 0, %chunks ]
  %several = icmp sgt i64 %units, 1
  %something = icmp sgt i64 %across, 0
  %can = and i1 %several, %something
  br i1 %can, label %choose, label %one
choose:
  %zeros = call i64 @llvm.ctlz.i64(i64 %across, i1 true)
  %across.log = sub i64 63, %zeros
  %by.grain = sub i64 %grain, %across.log
  %below = sub i64 %units, 1
  %units.zeros = call i64 @llvm.ctlz.i64(i64 %below, i1 true)
  %by.count = sub i64 {64 - MAX_PIECES_LOG}, %units.zeros
  %a = call i64 @llvm.smax.i64(i64 %by.grain, i64 %least)
  %log = call i64 @llvm.smax.i64(i64 %a, i64 %by.count)
  %size = shl i64 1, %log
  %rounded = add i64 %below, %size
  %pieces = lshr i64 %rounded, %log
{put("to.axis", "job", JOB, "axis", "i64 %axis")}{put("to.log", "job", JOB, "log", "i64 %log")}\
{put("to.units", "job", JOB, "units", "i64 %units")}{put("to.pieces", "job", JOB, "pieces", "i64 %pieces")}
  ret i64 %pieces
one:
  ret i64 1
}}
"""
