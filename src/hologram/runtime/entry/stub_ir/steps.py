"""Running the launches of a remembered call one after the other."""

from __future__ import annotations

from hologram.backends.llvm.layout import SLOT
from hologram.runtime.entry.calls import EXPECTATION_FIELDS, STEP_FIELDS
from hologram.runtime.entry.stub_ir.fields import CALL, EXPECTATION, STEP, field, fields

DONE, FAILED, OTHERWISE = 0, 1, 2
"""How the launches of a call end: well, with an error, or with a value that was not expected."""


def tell_arguments() -> str:
    """Counts a write of every argument that a launch writes."""
    return f"""
define internal void @tell_arguments(ptr %tensors, ptr %step, ptr %args) #0 {{
{fields("step", STEP, writes="ptr", write_count="i64")}
  br label %argument
argument:
  %k = phi i64 [ 0, %0 ], [ %k.next, %look ]
  %more = icmp ult i64 %k, %write_count
  br i1 %more, label %look, label %done
look:
  %place.at = getelementptr i64, ptr %writes, i64 %k
  %place = load i64, ptr %place.at
  %object.at = getelementptr ptr, ptr %args, i64 %place
  %object = load ptr, ptr %object.at
  call void @count_write(ptr %tensors, ptr %object)
  %k.next = add i64 %k, 1
  br label %argument
done:
  ret void
}}
"""


def is_expected() -> str:
    """Whether the values behind a launch are such that the call goes on as it did."""
    return f"""
define internal i1 @is_expected(ptr %step, ptr %starts) #0 {{
{fields("step", STEP, expectations="ptr", expectation_count="i64")}
  br label %each
each:
  %k = phi i64 [ 0, %0 ], [ %k.next, %within ]
  %more = icmp ult i64 %k, %expectation_count
  br i1 %more, label %look, label %yes
look:
  %row = getelementptr [{SLOT * len(EXPECTATION_FIELDS)} x i8], ptr %expectations, i64 %k
{fields("row", EXPECTATION, array="i64", offset="i64", low="i64", high="i64")}
  %start.at = getelementptr i64, ptr %starts, i64 %array
  %start = load i64, ptr %start.at
  %place = add i64 %start, %offset
  %value.at = inttoptr i64 %place to ptr
  %value = load i64, ptr %value.at
  %not.below = icmp sge i64 %value, %low
  %not.above = icmp sle i64 %value, %high
  %inside = and i1 %not.below, %not.above
  br i1 %inside, label %within, label %no
within:
  %k.next = add i64 %k, 1
  br label %each
yes:
  ret i1 true
no:
  ret i1 false
}}
"""


def run_steps() -> str:
    """Runs the launches of a call on filled blocks; what they write is counted when they begin."""
    return f"""
define internal i32 @run_steps(ptr %tensors, ptr %call, ptr %args, ptr %blocks, ptr %starts) #0 {{
{fields("call", CALL, steps="ptr", step_count="i64")}
  br label %each
each:
  %k = phi i64 [ 0, %0 ], [ %k.next, %next ]
  %more = icmp ult i64 %k, %step_count
  br i1 %more, label %run, label %done
run:
  %step = getelementptr [{SLOT * len(STEP_FIELDS)} x i8], ptr %steps, i64 %k
  call void @tell_arguments(ptr %tensors, ptr %step, ptr %args)
{field("launch", "step", STEP["launch"])}
{field("offset", "step", STEP["block"], "i64")}
  %block = getelementptr i8, ptr %blocks, i64 %offset
  %environment = call i32 @enter_environment()
  %answer = call ptr @launch(ptr %launch, ptr %block, i32 %environment)
  %failed = icmp eq ptr %answer, null
  br i1 %failed, label %fail, label %look
look:
  call void @Py_DecRef(ptr %answer)
  %expected = call i1 @is_expected(ptr %step, ptr %starts)
  br i1 %expected, label %next, label %differ
next:
  %k.next = add i64 %k, 1
  br label %each
done:
  ret i32 {DONE}
fail:
  ret i32 {FAILED}
differ:
  ret i32 {OTHERWISE}
}}
"""
