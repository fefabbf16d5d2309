"""Checking a whole call: its arguments one by one, overlaps between them, the kernel's own check."""

from __future__ import annotations

from hologram.backends.llvm.layout import HEADER_BYTES, SLOT
from hologram.runtime.entry.context import PAIR_BYTES, PARAMETER_BYTES, Kind
from hologram.runtime.entry.stub_ir.fields import CONTEXT, PAIR, PARAMETER, field, fields

COUNT_MASK = 2**63 - 1
"""The bits of nargsf that count positional arguments."""

_HEADER = f"<{HEADER_BYTES // SLOT} x i64>"  # copied as one value: a memcpy of this size is slower than the rest


def accept_pair() -> str:
    """Two arrays, one of them written, must not share a byte, or be the very same elements where that is allowed."""
    return f"""
define internal i1 @accept_pair(ptr %context, ptr %pair, ptr %block, ptr %ranges) #0 {{
{fields("pair", PAIR, first="i64", second="i64", same_allowed="i64")}
  %a = getelementptr [2 x i64], ptr %ranges, i64 %first
  %b = getelementptr [2 x i64], ptr %ranges, i64 %second
{field("a.start", "a", 0, "i64")}
{field("a.end", "a", SLOT, "i64")}
{field("b.start", "b", 0, "i64")}
{field("b.end", "b", SLOT, "i64")}
  %b.reached = icmp ult i64 %b.start, %a.end
  %a.reached = icmp ult i64 %a.start, %b.end
  %a.some = icmp ne i64 %a.start, %a.end
  %b.some = icmp ne i64 %b.start, %b.end
  %touch = and i1 %a.reached, %b.reached
  %some = and i1 %a.some, %b.some
  %shared = and i1 %touch, %some
  br i1 %shared, label %overlap, label %accept
overlap:
  %may.be.same = icmp ne i64 %same_allowed, 0
  br i1 %may.be.same, label %describe, label %refuse
describe:
{field("rows", "context", CONTEXT["parameters"])}
  %a.row = getelementptr [{PARAMETER_BYTES} x i8], ptr %rows, i64 %first
  %b.row = getelementptr [{PARAMETER_BYTES} x i8], ptr %rows, i64 %second
{field("a.offset", "a.row", PARAMETER["offset"], "i64")}
{field("b.offset", "b.row", PARAMETER["offset"], "i64")}
{field("a.ndim", "a.row", PARAMETER["ndim"], "i64")}
{field("b.ndim", "b.row", PARAMETER["ndim"], "i64")}
{field("a.itemsize", "a.row", PARAMETER["itemsize"], "i64")}
{field("b.itemsize", "b.row", PARAMETER["itemsize"], "i64")}
  %a.slots = getelementptr i8, ptr %block, i64 %a.offset
  %b.slots = getelementptr i8, ptr %block, i64 %b.offset
  %ndim.same = icmp eq i64 %a.ndim, %b.ndim
  %itemsize.same = icmp eq i64 %a.itemsize, %b.itemsize
  %alike = and i1 %ndim.same, %itemsize.same
  %extents = shl i64 %a.ndim, 1
  br i1 %alike, label %compare, label %refuse
compare:
  %k = phi i64 [ 0, %describe ], [ %k.next, %equal ]
  %a.slot = getelementptr i64, ptr %a.slots, i64 %k
  %b.slot = getelementptr i64, ptr %b.slots, i64 %k
  %a.word = load i64, ptr %a.slot
  %b.word = load i64, ptr %b.slot
  %word.same = icmp eq i64 %a.word, %b.word
  br i1 %word.same, label %equal, label %refuse
equal:
  %k.next = add i64 %k, 1
  %more = icmp ule i64 %k.next, %extents
  br i1 %more, label %compare, label %accept
accept:
  ret i1 true
refuse:
  ret i1 false
}}
"""


def accept_argument() -> str:
    """One argument by the kind of its row."""
    return f"""
define internal i1 @accept_argument(i64 %kind, ptr %context, ptr %row, ptr %object, ptr %slot, ptr %range,
                                    ptr %met) alwaysinline #0 {{
  switch i64 %kind, label %refuse [
    i64 {Kind.ARRAY:d}, label %array
    i64 {Kind.INTEGER:d}, label %integer
    i64 {Kind.F32:d}, label %f32
    i64 {Kind.F64:d}, label %f64
    i64 {Kind.SPAN:d}, label %span
  ]
array:
  %array.fits = call i1 @accept_array(ptr %context, ptr %row, ptr %object, ptr %slot, ptr %range, ptr %met)
  ret i1 %array.fits
span:
  %span.fits = call i1 @accept_span(ptr %context, ptr %row, ptr %object, ptr %slot, ptr %range, ptr %met)
  ret i1 %span.fits
integer:
  %integer.fits = call i1 @load_int(ptr %context, ptr %row, ptr %object, ptr %slot)
  ret i1 %integer.fits
f32:
  %f32.fits = call i1 @accept_f32(ptr %context, ptr %row, ptr %object, ptr %slot)
  ret i1 %f32.fits
f64:
  %f64.fits = call i1 @accept_f64(ptr %context, ptr %row, ptr %object, ptr %slot)
  ret i1 %f64.fits
refuse:
  ret i1 false
}}
"""


def accept() -> str:
    """All arguments, in order, into the block; then the overlaps; then the kernel's own check of extents.

    PyTorch is told what will be written.
    """
    return f"""
define internal i1 @accept(ptr %context, ptr %args, i64 %nargsf, ptr %kwnames, ptr %arguments, ptr %ranges) #0 {{
  %met = alloca i8
  store i8 0, ptr %met
{fields("context", CONTEXT, block="ptr", check="ptr")}
{fields("context", CONTEXT, parameters="ptr", parameter_count="i64", pairs="ptr", pair_count="i64")}
  %count = and i64 %nargsf, {COUNT_MASK}
  %complete = icmp eq i64 %count, %parameter_count
  %positional = icmp eq ptr %kwnames, null
  %regular = and i1 %complete, %positional
  br i1 %regular, label %start, label %refuse
start:
  %header = load {_HEADER}, ptr %block, align 8
  store {_HEADER} %header, ptr %arguments, align 8
  br label %argument
argument:
  %i = phi i64 [ 0, %start ], [ %i.next, %accepted ]
  %arguments.left = icmp ult i64 %i, %count
  br i1 %arguments.left, label %dispatch, label %pair
dispatch:
  %row = getelementptr [{PARAMETER_BYTES} x i8], ptr %parameters, i64 %i
  %object.at = getelementptr ptr, ptr %args, i64 %i
  %object = load ptr, ptr %object.at
{fields("row", PARAMETER, kind="i64", offset="i64")}
  %slot = getelementptr i8, ptr %arguments, i64 %offset
  %range = getelementptr [2 x i64], ptr %ranges, i64 %i
  %argument.fits = call i1 @accept_argument(i64 %kind, ptr %context, ptr %row, ptr %object, ptr %slot, ptr %range,
                                            ptr %met)
  br i1 %argument.fits, label %accepted, label %refuse
accepted:
  %i.next = add i64 %i, 1
  br label %argument
pair:
  %j = phi i64 [ 0, %argument ], [ %j.next, %compare ]
  %pairs.left = icmp ult i64 %j, %pair_count
  br i1 %pairs.left, label %compare, label %extents
compare:
  %pair.row = getelementptr [{PAIR_BYTES} x i8], ptr %pairs, i64 %j
  %j.next = add i64 %j, 1
  %pair.fits = call i1 @accept_pair(ptr %context, ptr %pair.row, ptr %arguments, ptr %ranges)
  br i1 %pair.fits, label %pair, label %refuse
extents:
  %trouble = call i32 %check(ptr %arguments)
  %extents.fit = icmp eq i32 %trouble, 0
  br i1 %extents.fit, label %writes, label %refuse
writes:
  %some = load i8, ptr %met
  %no.tensors = icmp eq i8 %some, 0
  br i1 %no.tensors, label %take, label %tell
tell:
  call void @tell_written(ptr %context, ptr %args, i64 %count)
  br label %take
take:
  ret i1 true
refuse:
  ret i1 false
}}
"""
