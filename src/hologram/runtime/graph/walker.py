"""The native function that replays a graph: it walks a table of steps and calls each one's code.

Its arguments block begins like a kernel's (`backends.llvm.layout`): lanes, fault information. Behind the header stand
the number of steps, the address of the table, and the address of the pool of threads. A row of the table:

| offset | holds                                                                 |
|--------|-----------------------------------------------------------------------|
| 0      | address of the step's `i64 run(ptr block, ptr piece)`                 |
| 8      | address of the step's arguments block                                 |
| 16     | address of its recipe where it is shared with other threads, else 0   |
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from hologram.backends.llvm.layout import FAULT, HEADER_BYTES, header
from hologram.backends.llvm.threads.memory import POOL

WALK = "hologram_walk"
ROW = struct.Struct("<3Q")
_TAIL = struct.Struct("<3Q")
COUNT, TABLE, TEAM = (HEADER_BYTES + 8 * k for k in range(3))


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the table."""

    run: int
    block: int
    recipe: int = 0


def table(rows: Sequence[Row]) -> bytes:
    """The rows as memory."""
    return b"".join(ROW.pack(row.run, row.block, row.recipe) for row in rows)


def block(count: int, table_address: int, pool_address: int) -> bytes:
    """The arguments block of a replay."""
    return header((1, 1, 1)) + _TAIL.pack(count, table_address, pool_address)


def walker_ir() -> str:
    """The function as LLVM IR; it stops at the first step with a fault and leaves its number as fault information."""
    return f"""
define i64 @{WALK}(ptr %block, ptr %piece) nounwind {{
entry:
  %count.at = getelementptr i8, ptr %block, i64 {COUNT}
  %count = load i64, ptr %count.at
  %table.at = getelementptr i8, ptr %block, i64 {TABLE}
  %table = load ptr, ptr %table.at
  %size = mul i64 %count, {ROW.size}
  %end = getelementptr i8, ptr %table, i64 %size
  br label %next
next:
  %row = phi ptr [ %table, %entry ], [ %following, %done ]
  %more = icmp ult ptr %row, %end
  br i1 %more, label %step, label %finished
step:
  %run = load ptr, ptr %row
  %arguments.at = getelementptr i8, ptr %row, i64 8
  %arguments = load ptr, ptr %arguments.at
  %recipe.at = getelementptr i8, ptr %row, i64 16
  %recipe = load ptr, ptr %recipe.at
  %alone = icmp eq ptr %recipe, null
  br i1 %alone, label %single, label %team
single:
  %own = call i64 %run(ptr %arguments, ptr null)
  br label %done.with
team:
  %pool.at = getelementptr i8, ptr %block, i64 {TEAM}
  %pool = load ptr, ptr %pool.at
  %drive.at = getelementptr i8, ptr %pool, i64 {POOL["drive"][0]}
  %drive = load ptr, ptr %drive.at
  %shared = call i64 %drive(ptr %pool, ptr %recipe, ptr %arguments)
  br label %done.with
done.with:
  %code = phi i64 [ %own, %single ], [ %shared, %team ]
  %fine = icmp eq i64 %code, 0
  br i1 %fine, label %done, label %fault
done:
  %following = getelementptr i8, ptr %row, i64 {ROW.size}
  br label %next
finished:
  ret i64 0
fault:
  %row.number = ptrtoint ptr %row to i64
  %table.number = ptrtoint ptr %table to i64
  %distance = sub i64 %row.number, %table.number
  %which = udiv i64 %distance, {ROW.size}
  %information = getelementptr i8, ptr %block, i64 {FAULT}
  store i64 %which, ptr %information
  ret i64 %code
}}
"""


@cache
def walker_address() -> int:
    """The function in this process: from the cache, else compiled."""
    from hologram.backends.llvm import jit
    from hologram.backends.objects import object_of
    from hologram.runtime.cache import DiskStore

    target, store = jit.Target(jit.host_target().triple), DiskStore()
    text = walker_ir()
    key = f"walker/{jit.llvm_version()}/{target.triple}/{text}"
    data = object_of(store, key, "graph walker", lambda: (jit.compile_object(text, target), {}))
    return jit.load_object(data, (WALK,))[WALK]
