"""Checking one NumPy array against its row and laying it into the block; laying any array is here, too."""

from __future__ import annotations

from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.context import NUMPY_WRITEABLE
from hologram.runtime.entry.stub_ir.fields import ARRAY, CONTEXT, field, fields

_STORE_AXIS = """\
  %length.slot = getelementptr i64, ptr %shape.slots, i64 %k
  store i64 %length, ptr %length.slot
  %stride.slot = getelementptr i64, ptr %stride.slots, i64 %k
  store i64 %stride, ptr %stride.slot
"""

_STORE_SPAN = """\
  %bytes = sub i64 %range.end, %first
  %shift = call i64 @llvm.cttz.i64(i64 %itemsize, i1 true)
  %elements = lshr i64 %bytes, %shift
  store i64 %elements, ptr %shape.slots
  %span.stride = getelementptr i64, ptr %shape.slots, i64 1
  store i64 %itemsize, ptr %span.stride
"""


def lay(span: bool) -> str:
    """`lay_array` or `lay_span`: address, lengths and byte strides go to `slot`, first and last byte to `range`.

    Strides are given in units of 2^`scale` bytes. They must be multiples of the element size, none negative, and not 0
    where the array is written, save along an axis that nobody walks (length 0 or 1). A length of 0 makes the range
    empty. Of a span only the count of elements in the range is laid, as the one length.
    """
    return f"""
define internal i1 @lay_{"span" if span else "array"}(ptr %row, i64 %first, i64 %ndim, ptr %lengths, ptr %strides,
                                                      i64 %scale, ptr %slot, ptr %range) alwaysinline #0 {{
{fields("row", ARRAY, flags="i64", itemsize="i64")}
  store i64 %first, ptr %slot
  %shape.slots = getelementptr i64, ptr %slot, i64 1
  %stride.slots = getelementptr i64, ptr %shape.slots, i64 %ndim
  %partial = add i64 %itemsize, -1
  %writeable = and i64 %flags, {NUMPY_WRITEABLE}
  %written = icmp ne i64 %writeable, 0
  %least = zext i1 %written to i64
  %end.scalar = add i64 %first, %itemsize
  br label %axis
axis:
  %k = phi i64 [ 0, %0 ], [ %k.next, %next ]
  %end = phi i64 [ %end.scalar, %0 ], [ %end.next, %next ]
  %empty = phi i1 [ false, %0 ], [ %empty.next, %next ]
  %axes.left = icmp ult i64 %k, %ndim
  br i1 %axes.left, label %measure, label %done
measure:
  %length.at = getelementptr i64, ptr %lengths, i64 %k
  %length = load i64, ptr %length.at
  %stride.at = getelementptr i64, ptr %strides, i64 %k
  %stride.units = load i64, ptr %stride.at
  %stride = shl i64 %stride.units, %scale
{"" if span else _STORE_AXIS}\
  %remainder = and i64 %stride, %partial
  %whole = icmp eq i64 %remainder, 0
  %onward = icmp sge i64 %stride, %least
  %forward = and i1 %whole, %onward
  %single = icmp ult i64 %length, 2
  %walkable = or i1 %forward, %single
  br i1 %walkable, label %next, label %refuse
next:
  %steps = add i64 %length, -1
  %reach = mul i64 %steps, %stride
  %end.next = add i64 %end, %reach
  %length.zero = icmp eq i64 %length, 0
  %empty.next = or i1 %empty, %length.zero
  %k.next = add i64 %k, 1
  br label %axis
done:
  %range.end = select i1 %empty, i64 %first, i64 %end
  store i64 %first, ptr %range
  %range.end.at = getelementptr i64, ptr %range, i64 1
  store i64 %range.end, ptr %range.end.at
{_STORE_SPAN if span else ""}\
  ret i1 true
refuse:
  ret i1 false
}}
"""


def accept_array(abi: Abi, span: bool) -> str:
    """`accept_array` or `accept_span`: what is no NumPy array may be a tensor.

    An array is taken when its exact type, dtype object, dimensions and flags are those of the row; a span may have any
    dimensions, and another dtype of the row.
    """
    name = "span" if span else "array"
    return f"""
define internal i1 @accept_{name}(ptr %context, ptr %row, ptr %array, ptr %slot, ptr %range,
                                  ptr %met) {"noinline" if span else "alwaysinline"} #0 {{
{field("type", "array", abi.type)}
{field("type.wanted", "context", CONTEXT["array_type"])}
  %type.fits = icmp eq ptr %type, %type.wanted
  br i1 %type.fits, label %header, label %tensor
header:
{fields("row", ARRAY, dtype="ptr", ndim="i64", flags="i64")}
{field("dtype.span", "row", ARRAY["other_dtype"]) if span else ""}
{field("array.dtype", "array", abi.dtype)}
{field("array.ndim", "array", abi.ndim, "i32")}
{field("array.flags", "array", abi.flags, "i32")}
  %array.dimensions = sext i32 %array.ndim to i64
  %flags.set = zext i32 %array.flags to i64
  %flags.missing = xor i64 %flags.set, -1
  %flags.lacking = and i64 %flags.missing, %flags
  %dtype.same = icmp eq ptr %array.dtype, %dtype
{"  %dtype.other = icmp eq ptr %array.dtype, %dtype.span" if span else ""}
  %ndim.same = icmp eq i64 %array.dimensions, %ndim
  %dtype.fits = {"or i1 %dtype.same, %dtype.other" if span else "and i1 %dtype.same, true"}
  %ndim.fits = or i1 %ndim.same, {"true" if span else "false"}
  %flags.fit = icmp eq i64 %flags.lacking, 0
  %kind.fits = and i1 %dtype.fits, %ndim.fits
  %fits = and i1 %kind.fits, %flags.fit
  br i1 %fits, label %extents, label %refuse
extents:
{field("data", "array", abi.data)}
{field("lengths", "array", abi.shape)}
{field("strides", "array", abi.strides)}
  %first = ptrtoint ptr %data to i64
  %laid = call i1 @lay_{name}(ptr %row, i64 %first, i64 %array.dimensions, ptr %lengths, ptr %strides, i64 0,
                              ptr %slot, ptr %range)
  ret i1 %laid
tensor:
  %taken = call i1 @accept_tensor_{name}(ptr %context, ptr %row, ptr %array, ptr %slot, ptr %range, ptr %met)
  ret i1 %taken
refuse:
  ret i1 false
}}
"""
