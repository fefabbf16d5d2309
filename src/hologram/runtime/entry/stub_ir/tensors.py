"""Checking one tensor of PyTorch against its row and laying it into the block, and counting what was written."""

from __future__ import annotations

import ctypes

from hologram.runtime.dlpack import HOST
from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.context import NUMPY_C_CONTIGUOUS, NUMPY_WRITEABLE, PARAMETER_BYTES
from hologram.runtime.entry.stub_ir.fields import ARRAY, CONTEXT, TENSOR, field, fields
from hologram.runtime.entry.tensors import KNOWN_DTYPES, READERS, DLTensor

_AT = {name: getattr(DLTensor, name).offset for name, _ in DLTensor._fields_}


def requires_grad() -> str:
    """Whether a tensor requires grad, where autograd knows anything of it; true where that cannot be said."""
    return f"""
define internal i1 @requires_grad(ptr %tensors, ptr %tensor) noinline #0 {{
{fields("tensors", TENSOR, type="ptr", get="ptr", requires_grad="ptr", false="ptr")}
  %answer = call ptr %get(ptr %requires_grad, ptr %tensor, ptr %type)
  %none = icmp eq ptr %answer, null
  br i1 %none, label %clear, label %compare
compare:
  call void @Py_DecRef(ptr %answer)
  %yes = icmp ne ptr %answer, %false
  ret i1 %yes
clear:
  call void @PyErr_Clear()
  ret i1 true
}}
"""


def read_tensor() -> str:
    """Fills a DLTensor: by the function of DLPack's table where the record has that, else by PyTorch's C functions.

    The table takes a reference to the tensor, which for one that only Python holds is slow. False where it failed.
    """
    asked = dict.fromkeys(READERS, "ptr")
    calls = "".join(
        f"  %{name}.error = call i32 %{name}(ptr %handle, ptr %{name}.out)\n"
        f"  %{name}.good = icmp eq i32 %{name}.error, 0\n"
        f"  %good.{k + 1} = and i1 %good.{k}, %{name}.good\n"
        for k, name in enumerate(READERS)
    )
    return f"""
define internal i1 @read_tensor(ptr %tensors, ptr %object, ptr %seen) #0 {{
  %data.out = getelementptr i8, ptr %seen, i64 {_AT["data"]}
  %shape.out = getelementptr i8, ptr %seen, i64 {_AT["shape"]}
  %strides.out = getelementptr i8, ptr %seen, i64 {_AT["strides"]}
  %ndim.out = alloca i64
  %dtype.out = alloca i32
{fields("tensors", TENSOR, exchange="ptr")}
  %has.table = icmp ne ptr %exchange, null
  br i1 %has.table, label %whole, label %parts
whole:
  %failed = call i32 %exchange(ptr %object, ptr %seen)
  %readable = icmp eq i32 %failed, 0
  br i1 %readable, label %done, label %clear
clear:
  call void @PyErr_Clear()
  ret i1 false
parts:
{fields("tensors", TENSOR, implementation="i64", elements="ptr", **asked)}
  %handle = getelementptr i8, ptr %object, i64 %implementation
  %good.0 = and i1 true, true
{calls}
  br i1 %good.{len(READERS)}, label %describe, label %refuse
describe:
  %ndim.read = load i64, ptr %ndim.out
  %ndim.short = trunc i64 %ndim.read to i32
  %ndim.to = getelementptr i8, ptr %seen, i64 {_AT["ndim"]}
  store i32 %ndim.short, ptr %ndim.to
  %dtype.read = load i32, ptr %dtype.out
  %dtype.known = icmp ult i32 %dtype.read, {KNOWN_DTYPES}
  br i1 %dtype.known, label %name, label %refuse
name:
  %element.from = getelementptr i32, ptr %elements, i32 %dtype.read
  %element = load i32, ptr %element.from
  %element.at = getelementptr i8, ptr %seen, i64 {_AT["element"]}
  store i32 %element, ptr %element.at
  %device.at = getelementptr i8, ptr %seen, i64 {_AT["device_type"]}
  store i32 {HOST}, ptr %device.at
  %byte.offset.at = getelementptr i8, ptr %seen, i64 {_AT["byte_offset"]}
  store i64 0, ptr %byte.offset.at
  br label %done
done:
  ret i1 true
refuse:
  ret i1 false
}}
"""


PLAIN, KNOWN = 1, 2
"""How a tensor stands: it shows its memory as it is, and autograd knows nothing, or something of it; 0 for others."""


def standing() -> str:
    """How an object of PyTorch's own types of tensors stands, by its dispatch keys and what autograd knows of it."""
    return f"""
define internal i32 @standing(ptr %tensors, ptr %object) alwaysinline #0 {{
{fields("tensors", TENSOR, implementation="i64", autograd="i64", plain="i64", inference="i64")}
{field("keys.offset", "tensors", TENSOR["keys"], "i64")}
  %inside.at = getelementptr i8, ptr %object, i64 %implementation
  %inside = load ptr, ptr %inside.at
  %keys.at = getelementptr i8, ptr %inside, i64 %keys.offset
  %keys.set = load i64, ptr %keys.at
  %is.plain = icmp eq i64 %keys.set, %plain
  %is.inference = icmp eq i64 %keys.set, %inference
  %direct = or i1 %is.plain, %is.inference
  %known.at = getelementptr i8, ptr %inside, i64 %autograd
  %known = load ptr, ptr %known.at
  %unknown = icmp eq ptr %known, null
  %shown = select i1 %unknown, i32 {PLAIN}, i32 {KNOWN}
  %found = select i1 %direct, i32 %shown, i32 0
  ret i32 %found
}}
"""


def is_direct(abi: Abi) -> str:
    """Whether an object is a tensor that shows its memory as it is, and of which no gradients are wanted.

    Its exact type is torch.Tensor, and its dispatch keys are those of a plain tensor in host memory.
    """
    return f"""
define internal i1 @is_direct(ptr %tensors, ptr %object) alwaysinline #0 {{
{field("type", "object", abi.type)}
{field("type.wanted", "tensors", TENSOR["type"])}
  %type.fits = icmp eq ptr %type, %type.wanted
  br i1 %type.fits, label %keys, label %refuse
keys:
  %standing = call i32 @standing(ptr %tensors, ptr %object)
  switch i32 %standing, label %refuse [
    i32 {PLAIN}, label %accept
    i32 {KNOWN}, label %ask
  ]
ask:
  %wanted = call i1 @requires_grad(ptr %tensors, ptr %object)
  br i1 %wanted, label %refuse, label %accept
accept:
  ret i1 true
refuse:
  ret i1 false
}}
"""


def memory_of() -> str:
    """Where the memory of a direct tensor's storage begins, 0 where that was given up.

    A tensor that begins behind its storage's first element says that it lies somewhere even then.
    """
    return f"""
define internal i64 @memory_of(ptr %tensors, ptr %object) alwaysinline #0 {{
{fields("tensors", TENSOR, implementation="i64", storage="i64", memory="i64")}
  %inside.at = getelementptr i8, ptr %object, i64 %implementation
  %inside = load ptr, ptr %inside.at
  %held.at = getelementptr i8, ptr %inside, i64 %storage
  %held = load ptr, ptr %held.at
  %start.at = getelementptr i8, ptr %held, i64 %memory
  %start = load i64, ptr %start.at
  ret i64 %start
}}
"""


def accept_tensor(span: bool) -> str:
    """`accept_tensor_array` or `accept_tensor_span`: a direct tensor is taken when it is what the row wants."""
    name = "span" if span else "array"
    return f"""
define internal i1 @accept_tensor_{name}(ptr %context, ptr %row, ptr %object, ptr %slot, ptr %range,
                                         ptr %met) noinline #0 {{
  %seen = alloca [{ctypes.sizeof(DLTensor)} x i8], align 8
{field("tensors", "context", CONTEXT["tensors"])}
  %direct = call i1 @is_direct(ptr %tensors, ptr %object)
  br i1 %direct, label %read, label %refuse
read:
  %readable = call i1 @read_tensor(ptr %tensors, ptr %object, ptr %seen)
  br i1 %readable, label %compare, label %refuse
compare:
{fields("row", ARRAY, element="i32", other_element="i32", ndim="i64", flags="i64", itemsize="i64")}
  %shift = call i64 @llvm.cttz.i64(i64 %itemsize, i1 true)
{fields("seen", _AT, data="i64", device_type="i32", byte_offset="i64", shape="ptr", strides="ptr")}
{field("seen.ndim", "seen", _AT["ndim"], "i32")}
{field("seen.element", "seen", _AT["element"], "i32")}
  %dimensions = sext i32 %seen.ndim to i64
  %first = add i64 %data, %byte_offset
  %partial = add i64 %itemsize, -1
  %misplaced = and i64 %first, %partial
  %aligned = icmp eq i64 %misplaced, 0
  %here = icmp eq i32 %device_type, {HOST}
  %element.same = icmp eq i32 %seen.element, %element
  %element.other = icmp eq i32 %seen.element, %other_element
  %element.fits = {"or i1 %element.same, %element.other" if span else "and i1 %element.same, true"}
  %ndim.same = icmp eq i64 %dimensions, %ndim
  %ndim.fits = or i1 %ndim.same, {"true" if span else "false"}
  %strides.given = icmp ne ptr %strides, null
  %no.axes = icmp eq i64 %dimensions, 0
  %walkable = or i1 %strides.given, %no.axes
  %placed = and i1 %aligned, %here
  %kind.fits = and i1 %element.fits, %ndim.fits
  %described = and i1 %placed, %walkable
  %fits = and i1 %kind.fits, %described
  br i1 %fits, label %layout, label %refuse
layout:
  %contiguous = and i64 %flags, {NUMPY_C_CONTIGUOUS}
  %any.layout = icmp eq i64 %contiguous, 0
  br i1 %any.layout, label %lay, label %vector
vector:
  %count = load i64, ptr %shape
  %step = load i64, ptr %strides
  %few = icmp ult i64 %count, 2
  %dense = icmp eq i64 %step, 1
  %in.order = or i1 %few, %dense
  br i1 %in.order, label %lay, label %refuse
lay:
  %laid = call i1 @lay_{name}(ptr %row, i64 %first, i64 %dimensions, ptr %shape, ptr %strides, i64 %shift,
                              ptr %slot, ptr %range)
  store i8 1, ptr %met
{field("end", "range", 8, "i64")}
  %has.none = icmp eq i64 %end, %first
  %held = call i64 @memory_of(ptr %tensors, ptr %object)
  %there = icmp ne i64 %held, 0
  %backed = or i1 %there, %has.none
  %accepted = and i1 %laid, %backed
  ret i1 %accepted
refuse:
  ret i1 false
}}
"""


def count_write() -> str:
    """Counts a write of a tensor, where those are counted."""
    return f"""
define internal void @count_write(ptr %tensors, ptr %object) alwaysinline #0 {{
{fields("tensors", TENSOR, implementation="i64", counter="i64", version="i64")}
  %inside.at = getelementptr i8, ptr %object, i64 %implementation
  %inside = load ptr, ptr %inside.at
  %counted.at = getelementptr i8, ptr %inside, i64 %counter
  %counted = load ptr, ptr %counted.at
  %nowhere = icmp eq ptr %counted, null
  br i1 %nowhere, label %done, label %raise
raise:
  %writes.at = getelementptr i8, ptr %counted, i64 %version
  %before = atomicrmw add ptr %writes.at, i32 1 monotonic
  br label %done
done:
  ret void
}}
"""


def tell_written(abi: Abi) -> str:
    """Counts a write of every tensor among the arguments that the kernel writes."""
    return f"""
define internal void @tell_written(ptr %context, ptr %args, i64 %count) noinline #0 {{
{fields("context", CONTEXT, tensors="ptr", parameters="ptr")}
{field("type", "tensors", TENSOR["type"])}
  br label %argument
argument:
  %i = phi i64 [ 0, %0 ], [ %i.next, %next ]
  %more = icmp ult i64 %i, %count
  br i1 %more, label %look, label %done
look:
  %row = getelementptr [{PARAMETER_BYTES} x i8], ptr %parameters, i64 %i
  %object.at = getelementptr ptr, ptr %args, i64 %i
  %object = load ptr, ptr %object.at
{fields("row", ARRAY, flags="i64")}
{field("object.type", "object", abi.type)}
  %writeable = and i64 %flags, {NUMPY_WRITEABLE}
  %written = icmp ne i64 %writeable, 0
  %is.tensor = icmp eq ptr %object.type, %type
  %concerned = and i1 %written, %is.tensor
  br i1 %concerned, label %find, label %next
find:
  call void @count_write(ptr %tensors, ptr %object)
  br label %next
next:
  %i.next = add i64 %i, 1
  br label %argument
done:
  ret void
}}
"""
