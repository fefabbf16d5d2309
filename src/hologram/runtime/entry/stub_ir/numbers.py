"""Checking one number against its row and laying it into the block."""

from __future__ import annotations

from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.stub_ir.fields import CONTEXT, PARAMETER, field, fields

# Rounding is the default one here, and conversions may not wander out of the code that made it so.
_ROUNDING = 'metadata !"round.tonearest", metadata !"fpexcept.ignore"'


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
