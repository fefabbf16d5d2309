"""The life of a worker: look for a piece, do it, look again for a while, sleep until something is signalled."""

from __future__ import annotations

from hologram.backends.llvm.threads.memory import POOL, WAKE, WORK, at, get, look

LOOKS = 32
"""Looks between two glances at the clock."""


_LEAVING = f"""
define internal i1 @unwanted(ptr %pool, i64 %number) #0 {{
{look("stop", "pool", "stop", "seq_cst")}{look("threads", "pool", "threads", "seq_cst")}
  %stopped = icmp ne i64 %stop, 0
  %place = add i64 %number, 1
  %surplus = icmp sge i64 %place, %threads
  %leave = or i1 %stopped, %surplus
  ret i1 %leave
}}
"""

# `done` is counted before `waiting` is read, the caller does it the other way round: one of them sees the other.
_WORK = f"""
define void @{WORK}(ptr %pool, i64 %number) #0 {{
{at("workers", "pool", POOL, "workers")}{at("awake", "pool", POOL, "awake")}{at("ticket", "pool", POOL, "ticket")}
{at("done", "pool", POOL, "done")}{at("waiting", "pool", POOL, "waiting")}
  %workers.before = atomicrmw add ptr %workers, i64 1 seq_cst, align 8
  %awake.before = atomicrmw add ptr %awake, i64 1 seq_cst, align 8
  br label %fresh
fresh:
  %since = call i64 @now()
  br label %look
look:
  %tries = phi i64 [ 0, %fresh ], [ %tries.next, %idle ], [ 0, %clock ], [ %tries, %claim ]
  %seen = load atomic i64, ptr %ticket acquire, align 8
  %next = and i64 %seen, 255
  %shifted = lshr i64 %seen, 8
  %pieces = and i64 %shifted, 255
  %open = icmp ult i64 %next, %pieces
  br i1 %open, label %claim, label %idle
claim:
  %taken = add i64 %seen, 1
  %pair = cmpxchg ptr %ticket, i64 %seen, i64 %taken acq_rel monotonic, align 8
  %got = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %got, label %do, label %look
do:
{get("job", "pool", POOL, "job", "ptr")}
  call void @do_piece(ptr %job, i64 %next)
  %before = atomicrmw add ptr %done, i32 1 seq_cst, align 4
  %waits = load atomic i32, ptr %waiting seq_cst, align 4
  %somebody = icmp ne i32 %waits, 0
  br i1 %somebody, label %tell, label %fresh
tell:
  call void @wake_some(ptr %done, i64 1)
  br label %fresh
idle:
  call void @rest()
  %tries.next = add i64 %tries, 1
  %long = icmp uge i64 %tries.next, {LOOKS}
  br i1 %long, label %clock, label %look
clock:
{get("spin", "pool", POOL, "spin")}
  %time = call i64 @now()
  %spent = sub i64 %time, %since
  %patient = icmp slt i64 %spent, %spin
  br i1 %patient, label %look, label %tired
tired:
  call void @rest_a_while(ptr %pool, i64 %number)
  %leave = call i1 @unwanted(ptr %pool, i64 %number)
  br i1 %leave, label %end, label %fresh
end:
  %awake.end = atomicrmw sub ptr %awake, i64 1 seq_cst, align 8
  %workers.end = atomicrmw sub ptr %workers, i64 1 seq_cst, align 8
  ret void
}}
"""

# The signal is read before the ticket, a caller writes them the other way round: one of them shows the launch.
_REST_A_WHILE = f"""
define internal void @rest_a_while(ptr %pool, i64 %number) #0 {{
{at("awake", "pool", POOL, "awake")}{at("sleepers", "pool", POOL, "sleepers")}
  %fewer = atomicrmw sub ptr %awake, i64 1 seq_cst, align 8
  %more = atomicrmw add ptr %sleepers, i64 1 seq_cst, align 8
{look("signal", "pool", "signal", "seq_cst", "i32")}{look("ticket", "pool", "ticket", "seq_cst")}
  %next = and i64 %ticket, 255
  %shifted = lshr i64 %ticket, 8
  %pieces = and i64 %shifted, 255
  %open = icmp ult i64 %next, %pieces
  %leave = call i1 @unwanted(ptr %pool, i64 %number)
  %stay = or i1 %open, %leave
  br i1 %stay, label %up, label %sleep
sleep:
  call void @sleep_while(ptr %signal.at, i32 %signal)
  br label %up
up:
  %sleepers.now = atomicrmw sub ptr %sleepers, i64 1 seq_cst, align 8
  %awake.now = atomicrmw add ptr %awake, i64 1 seq_cst, align 8
  ret void
}}
"""

_WAKE = f"""
define void @{WAKE}(ptr %pool) #0 {{
{at("signal", "pool", POOL, "signal")}
  %before = atomicrmw add ptr %signal, i32 1 seq_cst, align 4
  call void @wake_some(ptr %signal, i64 1000000)
  ret void
}}
"""


def worker() -> str:
    """`work` and `wake`."""
    return _LEAVING + _WORK + _REST_A_WHILE + _WAKE
