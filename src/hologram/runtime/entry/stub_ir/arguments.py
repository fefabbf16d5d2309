"""Checking one argument against its row and laying it into the block."""

from __future__ import annotations

from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.context import NUMPY_WRITEABLE
from hologram.runtime.entry.stub_ir.fields import CONTEXT, PARAMETER, field, fields

# Rounding is the default one here, and conversions may not wander out of the code that made it so.
_ROUNDING = 'metadata !"round.tonearest", metadata !"fpexcept.ignore"'

# Copies lengths and strides, and finds the end of the last element; a length of 0 makes the range empty.
_WALK_AXES = """\
axis:
  %k = phi i64 [ 0, %extents ], [ %k.next, %next ]
  %end = phi i64 [ %end.scalar, %extents ], [ %end.next, %next ]
  %empty = phi i1 [ false, %extents ], [ %empty.next, %next ]
  %axes.left = icmp ult i64 %k, %ndim
  br i1 %axes.left, label %measure, label %done
measure:
  %length.at = getelementptr i64, ptr %lengths, i64 %k
  %length = load i64, ptr %length.at
  %stride.at = getelementptr i64, ptr %strides, i64 %k
  %stride = load i64, ptr %stride.at
  %length.slot = getelementptr i64, ptr %shape.slots, i64 %k
  store i64 %length, ptr %length.slot
  %stride.slot = getelementptr i64, ptr %stride.slots, i64 %k
  store i64 %stride, ptr %stride.slot
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
  ret i1 true
"""


def accept_array(abi: Abi) -> str:
    """An array is taken when its exact type, dtype object, dimensions and flags are those of the row.

    Strides must be multiples of the element size, none negative, and not 0 where the array is written, save along an
    axis that nobody walks (length 0 or 1).
    Address, lengths and strides go to `slot`, the first byte and the one after the last to `range`.
    """
    return f"""
define internal i1 @accept_array(ptr %context, ptr %row, ptr %array, ptr %slot, ptr %range) #0 {{
{field("type", "array", abi.type)}
{field("type.wanted", "context", CONTEXT["array_type"])}
  %type.fits = icmp eq ptr %type, %type.wanted
  br i1 %type.fits, label %header, label %refuse
header:
{fields("row", PARAMETER, dtype="ptr", ndim="i64", flags="i64", itemsize="i64")}
{field("array.dtype", "array", abi.dtype)}
{field("array.ndim", "array", abi.ndim, "i32")}
{field("array.flags", "array", abi.flags, "i32")}
  %array.dimensions = sext i32 %array.ndim to i64
  %flags.set = zext i32 %array.flags to i64
  %flags.missing = xor i64 %flags.set, -1
  %flags.lacking = and i64 %flags.missing, %flags
  %dtype.fits = icmp eq ptr %array.dtype, %dtype
  %ndim.fits = icmp eq i64 %array.dimensions, %ndim
  %flags.fit = icmp eq i64 %flags.lacking, 0
  %kind.fits = and i1 %dtype.fits, %ndim.fits
  %fits = and i1 %kind.fits, %flags.fit
  br i1 %fits, label %extents, label %refuse
extents:
{field("data", "array", abi.data)}
{field("lengths", "array", abi.shape)}
{field("strides", "array", abi.strides)}
  %first = ptrtoint ptr %data to i64
  store i64 %first, ptr %slot
  %shape.slots = getelementptr i64, ptr %slot, i64 1
  %stride.slots = getelementptr i64, ptr %shape.slots, i64 %ndim
  %partial = add i64 %itemsize, -1
  %writeable = and i64 %flags, {NUMPY_WRITEABLE}
  %written = icmp ne i64 %writeable, 0
  %least = zext i1 %written to i64
  %end.scalar = add i64 %first, %itemsize
  br label %axis
{_WALK_AXES}refuse:
  ret i1 false
}}
"""


def accept_integer(abi: Abi) -> str:
    """`load_int` reads an exact int within the row's bounds; an integer parameter stores it as it is.

    The slot gets all 64 bits, of which the parameter's type has the first.
    """
    return f"""
define internal i1 @load_int(ptr %context, ptr %row, ptr %object, ptr %value.out) #0 {{
  %overflow = alloca i32
{field("type", "object", abi.type)}
{field("type.wanted", "context", CONTEXT["int_type"])}
  %type.fits = icmp eq ptr %type, %type.wanted
  br i1 %type.fits, label %read, label %refuse
read:
  %value = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %overflow)
  %overflowed = load i32, ptr %overflow
{fields("row", PARAMETER, low="i64", high="i64")}
  %exact = icmp eq i32 %overflowed, 0
  %not.below = icmp sge i64 %value, %low
  %not.above = icmp sle i64 %value, %high
  %within = and i1 %not.below, %not.above
  %fits = and i1 %exact, %within
  store i64 %value, ptr %value.out
  ret i1 %fits
refuse:
  ret i1 false
}}
"""


def accept_float(abi: Abi) -> str:
    """A float parameter takes an exact float, or an exact int that has one nearest value in the type.

    A finite double beyond the range of f32 is left to the slow path.
    """

    def accept(name: str, type: str, of_double: str, of_int: str) -> str:
        return f"""
define internal i1 @{name}(ptr %context, ptr %row, ptr %object, ptr %slot) #0 {{
  %int = alloca i64
{field("type", "object", abi.type)}
{field("type.wanted", "context", CONTEXT["float_type"])}
  %type.fits = icmp eq ptr %type, %type.wanted
  br i1 %type.fits, label %float, label %other
float:
  %double = call double @PyFloat_AsDouble(ptr %object)
{of_double}
other:
  %int.fits = call i1 @load_int(ptr %context, ptr %row, ptr %object, ptr %int)
  br i1 %int.fits, label %convert, label %refuse
convert:
  %whole = load i64, ptr %int
{of_int}
  store i64 0, ptr %slot
  store {type} %of.int, ptr %slot
  ret i1 true
refuse:
  ret i1 false
}}
"""

    single = accept(
        "accept_f32",
        "float",
        f"""
  %single = call float @llvm.experimental.constrained.fptrunc.f32.f64(double %double, {_ROUNDING}) #0
  %bits = bitcast float %single to i32
  %magnitude = and i32 %bits, {0x7FFFFFFF}
  %infinite = icmp eq i32 %magnitude, {0x7F800000}
  %size = call double @llvm.fabs.f64(double %double)
  %size.bits = bitcast double %size to i64
  %meant = icmp eq i64 %size.bits, {0x7FF0000000000000}
  %grew = xor i1 %infinite, %meant
  %word = zext i32 %bits to i64
  store i64 %word, ptr %slot
  %in.range = xor i1 %grew, true
  ret i1 %in.range
""",
        f"  %of.int = call float @llvm.experimental.constrained.sitofp.f32.i64(i64 %whole, {_ROUNDING}) #0",
    )
    double = accept(
        "accept_f64",
        "double",
        "  store double %double, ptr %slot\n  ret i1 true",
        f"  %of.int = call double @llvm.experimental.constrained.sitofp.f64.i64(i64 %whole, {_ROUNDING}) #0",
    )
    return single + double
