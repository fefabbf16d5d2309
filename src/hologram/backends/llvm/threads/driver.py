"""The caller's side: begin a launch alone, measure, and share what is left where that pays.

How long a lane takes is not known beforehand (loops), so the caller does the first pieces itself and looks at the
clock after the first, second, fourth … What is left is offered when it would last longer than waking somebody.
"""

from __future__ import annotations

from hologram.backends.llvm.layout import DIRECTION
from hologram.backends.llvm.pieces import RESULT_BYTES
from hologram.backends.llvm.threads.memory import DRIVE, JOB, JOB_BYTES, POOL, RECIPE, at, get, look, put

_SHARE = f"""
declare i64 @llvm.cttz.i64(i64, i1)

define internal void @share(ptr %pool, ptr %job, i64 %first, i1 %wake) #0 {{
entry:
{get("pieces", "job", JOB, "pieces")}{get("threads", "pool", POOL, "threads")}
{put("to.job", "pool", POOL, "job", "ptr %job")}{at("done", "pool", POOL, "done")}
  store atomic i32 0, ptr %done monotonic, align 4
{look("before", "pool", "ticket")}
  %epoch = lshr i64 %before, 16
  %following = add i64 %epoch, 1
  %high = shl i64 %following, 16
  %middle = shl i64 %pieces, 8
  %counts = or i64 %middle, %first
  %ticket = or i64 %high, %counts
  store atomic i64 %ticket, ptr %before.at seq_cst, align 8
{at("signal", "pool", POOL, "signal")}
  %signals = atomicrmw add ptr %signal, i32 1 seq_cst, align 4
  br i1 %wake, label %count, label %claim
count:
{look("asleep", "pool", "sleepers", "seq_cst")}
  %somebody = icmp sgt i64 %asleep, 0
  br i1 %somebody, label %call, label %claim
call:
  %others = sub i64 %threads, 1
  call void @wake_some(ptr %signal, i64 %others)
  br label %claim
claim:
  %mine = phi i32 [ 0, %entry ], [ 0, %count ], [ 0, %call ], [ %mine.now, %work ], [ %mine, %try ]
  %seen = load atomic i64, ptr %before.at monotonic, align 8
  %next = and i64 %seen, 255
  %left = icmp ult i64 %next, %pieces
  br i1 %left, label %try, label %wait
try:
  %taken = add i64 %seen, 1
  %pair = cmpxchg ptr %before.at, i64 %seen, i64 %taken acq_rel monotonic, align 8
  %got = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %got, label %work, label %claim
work:
  call void @do_piece(ptr %job, i64 %next)
  %mine.now = add i32 %mine, 1
  br label %claim
wait:
  %offered = sub i64 %pieces, %first
  %offered.short = trunc i64 %offered to i32
  %theirs = sub i32 %offered.short, %mine
  call void @await(ptr %pool, i32 %theirs)
{at("busy", "pool", POOL, "busy")}
  store atomic i64 0, ptr %busy release, align 8
  ret void
}}
"""

_AWAIT = f"""
define internal void @await(ptr %pool, i32 %wanted) #0 {{
{get("spin", "pool", POOL, "spin")}
{at("done", "pool", POOL, "done")}{at("waiting", "pool", POOL, "waiting")}
  %since = call i64 @now()
  br label %look
look:
  %count = load atomic i32, ptr %done acquire, align 4
  %all = icmp eq i32 %count, %wanted
  br i1 %all, label %over, label %spin.on
spin.on:
  call void @rest()
  %time = call i64 @now()
  %spent = sub i64 %time, %since
  %patient = icmp slt i64 %spent, %spin
  br i1 %patient, label %look, label %prepare
prepare:
  store atomic i32 1, ptr %waiting seq_cst, align 4
  br label %again
again:
  %value = load atomic i32, ptr %done seq_cst, align 4
  %complete = icmp eq i32 %value, %wanted
  br i1 %complete, label %woken, label %sleep
sleep:
  call void @sleep_while(ptr %done, i32 %value)
  br label %again
woken:
  store atomic i32 0, ptr %waiting seq_cst, align 4
  br label %over
over:
  ret void
}}
"""

_OFFER = f"""
define internal i1 @offer(ptr %pool, ptr %job, i64 %k, i64 %since, i64 %threads) #0 {{
{get("pieces", "job", JOB, "pieces")}
  %time = call i64 @now()
  %spent = sub i64 %time, %since
  %rest = sub i64 %pieces, %k
  %product = mul i64 %spent, %rest
  %log = call i64 @llvm.cttz.i64(i64 %k, i1 true)
  %left = lshr i64 %product, %log
{get("cold", "pool", POOL, "cold")}{get("warm", "pool", POOL, "warm")}{look("awake", "pool", "awake")}
  %much = icmp sge i64 %left, %cold
  %some = icmp sge i64 %left, %warm
  %ready = icmp sgt i64 %awake, 0
  %worth.warm = and i1 %some, %ready
  %worth = or i1 %much, %worth.warm
  br i1 %worth, label %hire, label %no
hire:
{look("hired", "pool", "hired")}{look("workers", "pool", "workers")}
  %more = add i64 %hired, 1
  %short = icmp slt i64 %more, %threads
  br i1 %short, label %ask, label %staff
ask:
{at("wanted", "pool", POOL, "wanted")}
  store atomic i64 1, ptr %wanted monotonic, align 8
  br label %staff
staff:
  %anybody = icmp sgt i64 %workers, 0
  br i1 %anybody, label %enter, label %no
enter:
{at("busy", "pool", POOL, "busy")}
  %pair = cmpxchg ptr %busy, i64 0, i64 1 acquire monotonic, align 8
  %free = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %free, label %yes, label %no
yes:
  call void @share(ptr %pool, ptr %job, i64 %k, i1 %much)
  ret i1 true
no:
  ret i1 false
}}
"""


_DRIVE = f"""
define i64 @{DRIVE}(ptr %pool, ptr %recipe, ptr %block) #0 {{
  %job = alloca i8, i64 {JOB_BYTES}, align 64
{get("run", "recipe", RECIPE, "run", "ptr")}{get("cut", "recipe", RECIPE, "cut")}
  %kind = and i64 %cut, 255
  %cuttable = icmp ne i64 %kind, 0
  br i1 %cuttable, label %measure, label %one
measure:
  %pieces = call i64 @cut(ptr %job, ptr %block, i64 %cut)
  %several = icmp ugt i64 %pieces, 1
  br i1 %several, label %begin, label %one
one:
  %whole = call i64 %run(ptr %block, ptr null)
  ret i64 %whole
begin:
  %reductions.shifted = lshr i64 %cut, 16
  %reductions = and i64 %reductions.shifted, 255
  %found = mul i64 %reductions, {RESULT_BYTES}
  %results.size = add i64 %found, 8
  %results = alloca i8, i64 %results.size, align 64
  store i64 0, ptr %results, align 8
  %direction.at = getelementptr i8, ptr %block, i64 {DIRECTION}
  %direction = load atomic i64, ptr %direction.at monotonic, align 8
{put("to.run", "job", JOB, "run", "ptr %run")}{put("to.block", "job", JOB, "block", "ptr %block")}\
{put("to.down", "job", JOB, "down", "i64 %direction")}{put("to.results", "job", JOB, "results", "ptr %results")}\
{put("fault.at", "job", JOB, "fault", "i64 -1")}{get("threads", "pool", POOL, "threads")}
  %together = icmp sgt i64 %threads, 1
  br i1 %together, label %start, label %alone
start:
  %since = call i64 @now()
  br label %piece
piece:
  %k = phi i64 [ 0, %start ], [ %k.next, %on ], [ %k.next, %consider ]
  call void @do_piece(ptr %job, i64 %k)
  %k.next = add i64 %k, 1
  %finished = icmp eq i64 %k.next, %pieces
  br i1 %finished, label %over, label %on
on:
  %low = and i64 %k.next, %k
  %moment = icmp eq i64 %low, 0
  br i1 %moment, label %consider, label %piece
consider:
  %shared = call i1 @offer(ptr %pool, ptr %job, i64 %k.next, i64 %since, i64 %threads)
  br i1 %shared, label %over, label %piece
alone:
  %j = phi i64 [ 0, %begin ], [ %j.next, %alone ]
  call void @do_piece(ptr %job, i64 %j)
  %j.next = add i64 %j, 1
  %last = icmp eq i64 %j.next, %pieces
  br i1 %last, label %over, label %alone
over:
  %reduces = icmp ne i64 %reductions, 0
  br i1 %reduces, label %join, label %turn
join:
{get("join.code", "recipe", RECIPE, "join", "ptr")}{get("log", "job", JOB, "log")}{get("units", "job", JOB, "units")}
  call void %join.code(ptr %block, ptr %results, i64 %pieces, i64 %log, i64 %units)
  br label %turn
turn:
  %turns = lshr i64 %cut, 24
  %other = xor i64 %direction, %turns
  store atomic i64 %other, ptr %direction.at monotonic, align 8
  %fault = load atomic i64, ptr %fault.at monotonic, align 8
  %fine = icmp eq i64 %fault, -1
  %code = and i64 %fault, {(1 << 32) - 1}
  %outcome = select i1 %fine, i64 0, i64 %code
  ret i64 %outcome
}}
"""


def driver() -> str:
    """`drive` and the parts of it."""
    return _SHARE + _AWAIT + _OFFER + _DRIVE
