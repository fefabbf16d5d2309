"""Running a filled arguments block, and the three ends of a call: None, a fault, the slow path."""

from __future__ import annotations

from hologram.backends.llvm.layout import FAULT, TOTAL_LANES
from hologram.backends.llvm.threads.memory import POOL
from hologram.runtime.entry.stub_ir.fields import CONTEXT, field, fields

_OFFSET_FLAG = -(2**63)  # PY_VECTORCALL_ARGUMENTS_OFFSET: the callee may use the word before the arguments


def outcome() -> str:
    """Ends of a call: the slow path, a fault, or None.

    A callable is held while it runs, because it may replace the context that owns it.
    """
    return f"""
define internal ptr @call_slow(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames) #1 {{
{field("slow", "context", CONTEXT["slow"])}
  call void @Py_IncRef(ptr %slow)
  %result = call ptr @PyObject_Vectorcall(ptr %slow, ptr %args, i64 %nargsf, ptr %kwnames)
  call void @Py_DecRef(ptr %slow)
  ret ptr %result
}}

define internal ptr @call_fault(ptr %context, ptr %block, i64 %code) #1 {{
  %words = alloca [3 x ptr]
  %args = getelementptr ptr, ptr %words, i64 1
  %second = getelementptr ptr, ptr %words, i64 2
{field("fault", "context", CONTEXT["fault"])}
{field("information", "block", FAULT, "i64")}
  %code.object = call ptr @PyLong_FromLongLong(i64 %code)
  %no.code = icmp eq ptr %code.object, null
  br i1 %no.code, label %no.memory, label %describe
describe:
  %information.object = call ptr @PyLong_FromLongLong(i64 %information)
  %no.information = icmp eq ptr %information.object, null
  br i1 %no.information, label %drop, label %tell
tell:
  store ptr %code.object, ptr %args
  store ptr %information.object, ptr %second
  call void @Py_IncRef(ptr %fault)
  %result = call ptr @PyObject_Vectorcall(ptr %fault, ptr %args, i64 {2 + _OFFSET_FLAG}, ptr null)
  call void @Py_DecRef(ptr %fault)
  call void @Py_DecRef(ptr %information.object)
  call void @Py_DecRef(ptr %code.object)
  ret ptr %result
drop:
  call void @Py_DecRef(ptr %code.object)
  br label %no.memory
no.memory:
  ret ptr null
}}

define internal ptr @finish(ptr %context, ptr %block, i64 %code) #0 {{
  %fine = icmp eq i64 %code, 0
  br i1 %fine, label %return, label %tell
return:
{field("none", "context", CONTEXT["none"])}
  %result = tail call ptr @Py_NewRef(ptr %none)
  ret ptr %result
tell:
  %told = call ptr @call_fault(ptr %context, ptr %block, i64 %code)
  ret ptr %told
}}
"""


def attend() -> str:
    """Call the pool's `attend`; false where it raised."""
    return f"""
define internal i1 @attend(ptr %context) #1 {{
{field("callable", "context", CONTEXT["attend"])}
  %none = call ptr @PyObject_Vectorcall(ptr %callable, ptr null, i64 0, ptr null)
  %raised = icmp eq ptr %none, null
  br i1 %raised, label %bad, label %good
good:
  call void @Py_DecRef(ptr %none)
  ret i1 true
bad:
  ret i1 false
}}
"""


def launch() -> str:
    """Run a filled block. Without the GIL another thread may give the object a new context, so this one is held.

    Long launches go through the launch driver, which may share them with the threads of a pool. `attend` is called to
    have it loaded, and after a launch that would have been worth more threads than there are.
    """
    return f"""
define internal ptr @launch_without_gil(ptr %context, ptr %block, ptr %run, i32 %environment) #1 {{
{fields("context", CONTEXT, owner="ptr", pool="ptr", recipe="ptr")}
  call void @Py_IncRef(ptr %owner)
  %single = icmp eq ptr %pool, null
  br i1 %single, label %alone, label %team
alone:
  %thread = call ptr @PyEval_SaveThread()
  %code = call i64 %run(ptr %block, ptr null)
  call void @leave_environment(i32 %environment)
  call void @PyEval_RestoreThread(ptr %thread)
  br label %finish
team:
{field("drive.before", "pool", POOL["drive"][0])}
  %loaded = icmp ne ptr %drive.before, null
  br i1 %loaded, label %together, label %load
load:
  %fine = call i1 @attend(ptr %context)
  br i1 %fine, label %together, label %fail
together:
{field("drive", "pool", POOL["drive"][0])}
  %team.thread = call ptr @PyEval_SaveThread()
  %team.code = call i64 %drive(ptr %pool, ptr %recipe, ptr %block)
  call void @leave_environment(i32 %environment)
  call void @PyEval_RestoreThread(ptr %team.thread)
{field("wanted", "pool", POOL["wanted"][0], "i64")}
  %enough = icmp eq i64 %wanted, 0
  br i1 %enough, label %finish, label %hire
hire:
  %hired = call i1 @attend(ptr %context)
  br i1 %hired, label %finish, label %leave
finish:
  %outcome = phi i64 [ %code, %alone ], [ %team.code, %together ], [ %team.code, %hire ]
  %result = call ptr @finish(ptr %context, ptr %block, i64 %outcome)
  br label %leave
fail:
  call void @leave_environment(i32 %environment)
  br label %leave
leave:
  %answer = phi ptr [ %result, %finish ], [ null, %fail ], [ null, %hire ]
  call void @Py_DecRef(ptr %owner)
  ret ptr %answer
}}

define internal ptr @launch(ptr %context, ptr %block, i32 %environment) #0 {{
{fields("context", CONTEXT, run="ptr", release_lanes="i64")}
{field("lanes", "block", TOTAL_LANES, "i64")}
  %long = icmp sge i64 %lanes, %release_lanes
  br i1 %long, label %release, label %keep
keep:
  %code = call i64 %run(ptr %block, ptr null)
  call void @leave_environment(i32 %environment)
  %result = tail call ptr @finish(ptr %context, ptr %block, i64 %code)
  ret ptr %result
release:
  %late = call ptr @launch_without_gil(ptr %context, ptr %block, ptr %run, i32 %environment)
  ret ptr %late
}}
"""
