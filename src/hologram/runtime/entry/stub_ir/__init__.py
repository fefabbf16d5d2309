"""The two entry functions, as LLVM IR: `bound` and `unbound`, both with CPython's vectorcall signature.

They raise nothing themselves. On any doubt about the arguments they call one Python function, the slow path, with the
same arguments; it runs what is legal and complains about the rest. One module serves every kernel and every object:
what differs comes through the context block (see `context`), so the machine code has no addresses in it.

Reading order: `bound` and `unbound` at the end say what happens; `acceptance` (with `arrays`, `tensors`, `numbers`),
`environment` and `launch` say how.
"""

from __future__ import annotations

from hologram.runtime.entry import types
from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.context import MAX_BLOCK, MAX_PARAMETERS
from hologram.runtime.entry.stub_ir.acceptance import COUNT_MASK, accept, accept_argument, accept_pair
from hologram.runtime.entry.stub_ir.arrays import accept_array, lay
from hologram.runtime.entry.stub_ir.fields import CONTEXT, field
from hologram.runtime.entry.stub_ir.module import module
from hologram.runtime.entry.stub_ir.numbers import accept_float, accept_integer
from hologram.runtime.entry.stub_ir.tensors import (
    accept_tensor,
    count_write,
    is_direct,
    memory_of,
    read_tensor,
    requires_grad,
    standing,
    tell_written,
)


def stub_ir(abi: Abi, arch: str) -> str:
    """The module with `bound` and `unbound` for an ABI and an architecture; raises as `module` does."""
    return module(
        arch,
        lay(span=False),
        lay(span=True),
        requires_grad(),
        read_tensor(),
        standing(),
        is_direct(abi),
        memory_of(),
        accept_tensor(span=False),
        accept_tensor(span=True),
        accept_array(abi, span=False),
        accept_array(abi, span=True),
        count_write(),
        tell_written(abi),
        accept_integer(abi),
        accept_float(abi),
        accept_pair(),
        accept_argument(),
        accept(),
        _entries(),
    )


def _entries() -> str:
    """The vectorcall functions themselves."""
    return f"""
define ptr @bound(ptr %self, ptr %args, i64 %nargsf, ptr %kwnames) #0 {{
{field("context", "self", types.CONTEXT)}
  %count = and i64 %nargsf, {COUNT_MASK}
  %no.arguments = icmp eq i64 %count, 0
  %no.keywords = icmp eq ptr %kwnames, null
  %plain = and i1 %no.arguments, %no.keywords
  br i1 %plain, label %launch, label %slow
launch:
{field("block", "context", CONTEXT["block"])}
  %environment = call i32 @enter_environment()
  %result = tail call ptr @launch(ptr %context, ptr %block, i32 %environment)
  ret ptr %result
slow:
  %other = tail call ptr @call_slow(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames)
  ret ptr %other
}}

define ptr @unbound(ptr %self, ptr %args, i64 %nargsf, ptr %kwnames) #0 {{
  %block = alloca [{MAX_BLOCK} x i8], align 8
  %ranges = alloca [{MAX_PARAMETERS} x [2 x i64]], align 8
{field("context", "self", types.CONTEXT)}
  %environment = call i32 @enter_environment()
  %fits = call i1 @accept(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames, ptr %block, ptr %ranges)
  br i1 %fits, label %launch, label %slow
launch:
  %result = call ptr @launch(ptr %context, ptr %block, i32 %environment)
  ret ptr %result
slow:
  call void @leave_environment(i32 %environment)
  %other = call ptr @call_slow(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames)
  ret ptr %other
}}
"""
