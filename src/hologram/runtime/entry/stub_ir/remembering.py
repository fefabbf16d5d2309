"""The entries of remembered calls: `remembered`, which finds a call and repeats it, and `key`, which tells its key.

Where `remembered` finds the key of its arguments it makes the tensors of the call, fills the arguments blocks of
its launches, runs these and gives the results back. On any doubt it calls the slow path with the same arguments, before
anything that somebody else sees has been written.
"""

from __future__ import annotations

from hologram.runtime.entry import types
from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.calls import MAX_KEY
from hologram.runtime.entry.context import MAX_BLOCK
from hologram.runtime.entry.recipe import MAX_ARRAYS, MAX_RESULTS, MAX_SCRATCH
from hologram.runtime.entry.stub_ir.acceptance import COUNT_MASK
from hologram.runtime.entry.stub_ir.fields import CALL, CONTEXT, field, fields
from hologram.runtime.entry.stub_ir.keys import is_usual, key_of, key_sequence, key_tensor
from hologram.runtime.entry.stub_ir.module import module
from hologram.runtime.entry.stub_ir.results import data_of, fill_arrays, given_back, make_tensor, meet
from hologram.runtime.entry.stub_ir.steps import DONE, FAILED, is_expected, run_steps, tell_arguments
from hologram.runtime.entry.stub_ir.tensors import count_write, memory_of, requires_grad, standing


def remembering_ir(abi: Abi, arch: str) -> str:
    """The module with `remembered` and `key` for an ABI and an architecture; raises as `module` does."""
    return module(
        arch,
        requires_grad(),
        standing(),
        memory_of(),
        count_write(),
        is_usual(),
        key_tensor(),
        key_sequence(abi),
        key_of(abi),
        _find(),
        make_tensor(),
        data_of(),
        fill_arrays(),
        meet(),
        tell_arguments(),
        is_expected(),
        run_steps(),
        given_back(),
        _drop(),
        _repeat(),
        _entries(),
    )


def _find() -> str:
    """The call of a key in a table, null where there is none."""
    return f"""
define internal ptr @find(ptr %calls, ptr %key, i64 %words) #0 {{
  br label %mix
mix:
  %k = phi i64 [ 0, %0 ], [ %k.next, %mix ]
  %hash = phi i64 [ 0, %0 ], [ %hash.next, %mix ]
  %word.at = getelementptr i64, ptr %key, i64 %k
  %word = load i64, ptr %word.at
  %mixed = xor i64 %hash, %word
  %spread = mul i64 %mixed, {0x9E3779B97F4A7C15 - 2**64}
  %high = lshr i64 %spread, 32
  %hash.next = xor i64 %spread, %high
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %words
  br i1 %more, label %mix, label %look
look:
  %table = load ptr, ptr %calls
  %mask = load i64, ptr %table
  %slots = getelementptr i64, ptr %table, i64 1
  br label %probe
probe:
  %place = phi i64 [ %hash.next, %look ], [ %place.next, %pass ]
  %slot = and i64 %place, %mask
  %call.at = getelementptr ptr, ptr %slots, i64 %slot
  %call = load ptr, ptr %call.at
  %nothing = icmp eq ptr %call, null
  br i1 %nothing, label %missed, label %compare
compare:
{field("call.hash", "call", CALL["hash"], "i64")}
{field("call.words", "call", CALL["words"], "i64")}
{field("call.key", "call", CALL["key"])}
  %hash.same = icmp eq i64 %call.hash, %hash.next
  %length.same = icmp eq i64 %call.words, %words
  %alike = and i1 %hash.same, %length.same
  br i1 %alike, label %each, label %pass
each:
  %j = phi i64 [ 0, %compare ], [ %j.next, %equal ]
  %mine.at = getelementptr i64, ptr %key, i64 %j
  %mine = load i64, ptr %mine.at
  %theirs.at = getelementptr i64, ptr %call.key, i64 %j
  %theirs = load i64, ptr %theirs.at
  %same = icmp eq i64 %mine, %theirs
  br i1 %same, label %equal, label %pass
equal:
  %j.next = add i64 %j, 1
  %left = icmp ult i64 %j.next, %words
  br i1 %left, label %each, label %found
pass:
  %place.next = add i64 %slot, 1
  br label %probe
found:
  ret ptr %call
missed:
  ret ptr null
}}
"""


def _repeat() -> str:
    """Does what a call did. Its owner is held, because making objects may run any code."""
    return f"""
define internal ptr @repeat(ptr %context, ptr %call, ptr %args, i64 %arity, i64 %nargsf, ptr %kwnames) noinline #0 {{
  %blocks = alloca [{MAX_BLOCK} x i8], align 16
  %made = alloca [{MAX_RESULTS} x ptr], align 16
  %starts = alloca [{MAX_ARRAYS} x i64], align 16
  %scratch = alloca [{MAX_SCRATCH} x i8], align 64
{fields("context", CONTEXT, tensors="ptr", making="ptr")}
{fields("call", CALL, owner="ptr", results="ptr", result_count="i64")}
  call void @Py_IncRef(ptr %owner)
  br label %make
make:
  %r = phi i64 [ 0, %0 ], [ %r.next, %keep ]
  %results.left = icmp ult i64 %r, %result_count
  br i1 %results.left, label %result, label %start
result:
  %tensor = call ptr @make_tensor(ptr %making, ptr %results, i64 %r)
  %unmade = icmp eq ptr %tensor, null
  br i1 %unmade, label %leave, label %keep
keep:
  %made.at = getelementptr ptr, ptr %made, i64 %r
  store ptr %tensor, ptr %made.at
  %r.next = add i64 %r, 1
  br label %make
start:
{field("template", "call", CALL["blocks"])}
{field("block_bytes", "call", CALL["block_bytes"], "i64")}
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %blocks, ptr align 8 %template, i64 %block_bytes, i1 false)
  %placed = call i1 @fill_arrays(ptr %tensors, ptr %call, ptr %args, i64 %arity, ptr %made, ptr %blocks, ptr %starts,
                               ptr %scratch)
  br i1 %placed, label %apart, label %leave
apart:
  %met = call i1 @meet(ptr %call, ptr %starts)
  br i1 %met, label %leave, label %run
run:
  %end = call i32 @run_steps(ptr %tensors, ptr %call, ptr %args, ptr %blocks, ptr %starts)
  switch i32 %end, label %leave [
    i32 {DONE}, label %finish
    i32 {FAILED}, label %drop
  ]
finish:
  %value = call ptr @given_back(ptr %call, ptr %args, i64 %arity, ptr %made)
  br label %drop
drop:
  %given = phi ptr [ null, %run ], [ %value, %finish ]
  call void @drop(ptr %made, i64 %result_count)
  call void @Py_DecRef(ptr %owner)
  ret ptr %given
leave:
  %made.so.far = phi i64 [ %r, %result ], [ %result_count, %start ], [ %result_count, %apart ],
                      [ %result_count, %run ]
  call void @drop(ptr %made, i64 %made.so.far)
  call void @Py_DecRef(ptr %owner)
  %other = tail call ptr @call_slow(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames)
  ret ptr %other
}}
"""


def _drop() -> str:
    """Gives up the tensors that were made."""
    return """
define internal void @drop(ptr %made, i64 %count) #0 {
  br label %each
each:
  %k = phi i64 [ 0, %0 ], [ %k.next, %one ]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %one, label %done
one:
  %at = getelementptr ptr, ptr %made, i64 %k
  %object = load ptr, ptr %at
  call void @Py_DecRef(ptr %object)
  %k.next = add i64 %k, 1
  br label %each
done:
  ret void
}
"""


def _entries() -> str:
    """The vectorcall functions themselves; `key` gives bytes, or None where there is no key."""
    return f"""
define internal i64 @key_now(ptr %context, ptr %args, i64 %placed, ptr %kwnames, ptr %key) alwaysinline #0 {{
{field("making", "context", CONTEXT["making"])}
  %may = call i1 @is_usual(ptr %making)
  br i1 %may, label %name, label %refuse
name:
  %words = call i64 @key_of(ptr %context, ptr %args, i64 %placed, ptr %kwnames, ptr %key)
  ret i64 %words
refuse:
  ret i64 0
}}

define ptr @remembered(ptr %self, ptr %args, i64 %nargsf, ptr %kwnames) #0 {{
  %key = alloca [{MAX_KEY} x i64], align 16
{field("context", "self", types.CONTEXT)}
{field("calls", "context", CONTEXT["calls"])}
  %placed = and i64 %nargsf, {COUNT_MASK}
  %words = call i64 @key_now(ptr %context, ptr %args, i64 %placed, ptr %kwnames, ptr %key)
  %named = icmp ne i64 %words, 0
  br i1 %named, label %look, label %slow
look:
  %call = call ptr @find(ptr %calls, ptr %key, i64 %words)
  %found = icmp ne ptr %call, null
  br i1 %found, label %repeat, label %slow
repeat:
  %head = load i64, ptr %key
  %by.name = lshr i64 %head, 32
  %arity = add i64 %placed, %by.name
  %result = tail call ptr @repeat(ptr %context, ptr %call, ptr %args, i64 %arity, i64 %nargsf, ptr %kwnames)
  ret ptr %result
slow:
  %other = tail call ptr @call_slow(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames)
  ret ptr %other
}}

define ptr @key(ptr %self, ptr %args, i64 %nargsf, ptr %kwnames) #0 {{
  %key = alloca [{MAX_KEY} x i64], align 16
{field("context", "self", types.CONTEXT)}
{field("none", "context", CONTEXT["none"])}
  %placed = and i64 %nargsf, {COUNT_MASK}
  %words = call i64 @key_now(ptr %context, ptr %args, i64 %placed, ptr %kwnames, ptr %key)
  %named = icmp ne i64 %words, 0
  br i1 %named, label %tell, label %refuse
tell:
  %bytes = shl i64 %words, 3
  %told = call ptr @PyBytes_FromStringAndSize(ptr %key, i64 %bytes)
  ret ptr %told
refuse:
  %none.new = call ptr @Py_NewRef(ptr %none)
  ret ptr %none.new
}}
"""
