"""Keys of calls: all that decides how a call goes, as words.

A tensor is told by type, lengths and strides, or as the same as an earlier one, a number by its kind and value, a
sequence of whole numbers by its kind and values; None, truth values, texts and types of elements are the objects that
they are. Each part begins with a word that says how many belong to it, so that no two calls have the same key. What is
anything else has no key.
"""

from __future__ import annotations

from hologram.runtime.entry.abi import Abi
from hologram.runtime.entry.calls import MAX_KEY, MAX_RANK
from hologram.runtime.entry.stub_ir.fields import CONTEXT, MAKING, TENSOR, field, fields
from hologram.runtime.entry.stub_ir.tensors import KNOWN, PLAIN

OF_TENSOR, OF_FLOAT, OF_INT, OF_SEQUENCE, OF_SAME = 1, 2, 3, 4, 5
"""First words: the lowest bits say what follows; objects lie at multiples of 8."""
_LONGEST = 2 + 2 * MAX_RANK
"""Words of the longest part."""


def is_usual() -> str:
    """Whether nobody watches or traces, no mode sees operators and no casts are on: a call does what it did before."""
    return f"""
define internal i1 @is_usual(ptr %making) alwaysinline #0 {{
{fields("making", MAKING, is_met="i64", watching="i64", modes="ptr", autocast="ptr", included="ptr")}
{field("tracer", "making", MAKING["tracer"], "i16")}
  %met = icmp ne i64 %is_met, 0
  %alone = icmp eq i64 %watching, 0
  %known = and i1 %met, %alone
  br i1 %known, label %ask, label %refuse
ask:
  %modes.on = call i64 %modes()
  %no.modes = icmp eq i64 %modes.on, 0
  %casts = call zeroext i1 %autocast(i8 signext 0)
  %no.casts = xor i1 %casts, true
  %traced = call zeroext i1 %included(i16 zeroext %tracer)
  %not.traced = xor i1 %traced, true
  %plain = and i1 %no.modes, %no.casts
  %usual = and i1 %plain, %not.traced
  ret i1 %usual
refuse:
  ret i1 false
}}
"""


_AXES = """\
axis:
  %k = phi i64 [ 0, %write ], [ %k.next, %copy ]
  %more = icmp ult i64 %k, %rank
  br i1 %more, label %copy, label %done
copy:
  %size.at = getelementptr i64, ptr %sizes, i64 %k
  %size = load i64, ptr %size.at
  %size.to = getelementptr i64, ptr %sizes.to, i64 %k
  store i64 %size, ptr %size.to
  %step.at = getelementptr i64, ptr %steps, i64 %k
  %step = load i64, ptr %step.at
  %step.to = getelementptr i64, ptr %steps.to, i64 %k
  store i64 %step, ptr %step.to
  %k.next = add i64 %k, 1
  br label %axis
"""


def key_tensor() -> str:
    """Words of a tensor that shows its memory as it is and of which no gradients are wanted, 0 for any other."""
    return f"""
define internal i64 @key_tensor(ptr %tensors, ptr %making, ptr %object, ptr %to) #0 {{
  %ndim.out = alloca i64
  %dtype.out = alloca i32
  %sizes.out = alloca ptr
  %strides.out = alloca ptr
{fields("tensors", TENSOR, implementation="i64", ndim="ptr", dtype="ptr", shape="ptr", strides="ptr")}
  %handle = getelementptr i8, ptr %object, i64 %implementation
  %standing = call i32 @standing(ptr %tensors, ptr %object)
  switch i32 %standing, label %refuse [
    i32 {PLAIN}, label %read
    i32 {KNOWN}, label %ask
  ]
ask:
{fields("making", MAKING, levels="ptr", level="ptr", no_level="ptr", gradients="ptr")}
  %recorded = call zeroext i1 %gradients()
  br i1 %recorded, label %want, label %forward
want:
  %wanted = call i1 @requires_grad(ptr %tensors, ptr %object)
  br i1 %wanted, label %refuse, label %forward
forward:
  %now = call ptr @PyDict_GetItem(ptr %levels, ptr %level)
  %off = icmp eq ptr %now, %no_level
  br i1 %off, label %read, label %refuse
read:
  %ndim.error = call i32 %ndim(ptr %handle, ptr %ndim.out)
  %dtype.error = call i32 %dtype(ptr %handle, ptr %dtype.out)
  %sizes.error = call i32 %shape(ptr %handle, ptr %sizes.out)
  %strides.error = call i32 %strides(ptr %handle, ptr %strides.out)
  %error.0 = or i32 %ndim.error, %dtype.error
  %error.1 = or i32 %sizes.error, %strides.error
  %error = or i32 %error.0, %error.1
  %readable = icmp eq i32 %error, 0
  %rank = load i64, ptr %ndim.out
  %few = icmp ule i64 %rank, {MAX_RANK}
  %fits = and i1 %readable, %few
  br i1 %fits, label %write, label %refuse
write:
  %kind = load i32, ptr %dtype.out
  %kind.word = zext i32 %kind to i64
  %kind.bits = shl i64 %kind.word, 16
  %rank.bits = shl i64 %rank, 8
  %both = or i64 %kind.bits, %rank.bits
  %head = or i64 %both, {OF_TENSOR}
  store i64 %head, ptr %to
  %sizes = load ptr, ptr %sizes.out
  %steps = load ptr, ptr %strides.out
  %sizes.to = getelementptr i64, ptr %to, i64 1
  %steps.to = getelementptr i64, ptr %sizes.to, i64 %rank
  br label %axis
{_AXES}done:
  %twice = shl i64 %rank, 1
  %words = add i64 %twice, 1
  ret i64 %words
refuse:
  ret i64 0
}}
"""


def key_sequence(abi: Abi) -> str:
    """Words of a tuple, torch.Size or list of a few ints, 0 for any other."""
    return f"""
define internal i64 @key_sequence(ptr %int_type, ptr %object, ptr %type, i1 %is.list, ptr %to) noinline #0 {{
  %overflow = alloca i32
  br i1 %is.list, label %list, label %tuple
list:
  %list.size = call i64 @PyList_Size(ptr %object)
  br label %count
tuple:
  %tuple.size = call i64 @PyTuple_Size(ptr %object)
  br label %count
count:
  %size = phi i64 [ %list.size, %list ], [ %tuple.size, %tuple ]
  %few = icmp ule i64 %size, {MAX_RANK}
  br i1 %few, label %write, label %refuse
write:
  %size.bits = shl i64 %size, 8
  %head = or i64 %size.bits, {OF_SEQUENCE}
  store i64 %head, ptr %to
  %type.to = getelementptr ptr, ptr %to, i64 1
  store ptr %type, ptr %type.to
  %items.to = getelementptr i64, ptr %to, i64 2
  br label %item
item:
  %k = phi i64 [ 0, %write ], [ %k.next, %store ]
  %more = icmp ult i64 %k, %size
  br i1 %more, label %get, label %done
get:
  br i1 %is.list, label %from.list, label %from.tuple
from.list:
  %list.item = call ptr @PyList_GetItem(ptr %object, i64 %k)
  br label %check
from.tuple:
  %tuple.item = call ptr @PyTuple_GetItem(ptr %object, i64 %k)
  br label %check
check:
  %value.object = phi ptr [ %list.item, %from.list ], [ %tuple.item, %from.tuple ]
{field("value.type", "value.object", abi.type)}
  %whole = icmp eq ptr %value.type, %int_type
  br i1 %whole, label %number, label %refuse
number:
  %value = call i64 @PyLong_AsLongLongAndOverflow(ptr %value.object, ptr %overflow)
  %overflowed = load i32, ptr %overflow
  %exact = icmp eq i32 %overflowed, 0
  br i1 %exact, label %store, label %refuse
store:
  %value.to = getelementptr i64, ptr %items.to, i64 %k
  store i64 %value, ptr %value.to
  %k.next = add i64 %k, 1
  br label %item
done:
  %words = add i64 %size, 2
  ret i64 %words
refuse:
  ret i64 0
}}
"""


_SAME = f"""\
before:
  %j = phi i64 [ 0, %kind ], [ %j.next, %another ]
  %earlier = icmp ult i64 %j, %i
  br i1 %earlier, label %compare, label %tensor
compare:
  %other.at = getelementptr ptr, ptr %args, i64 %j
  %other.object = load ptr, ptr %other.at
  %is.same = icmp eq ptr %other.object, %object
  br i1 %is.same, label %same, label %another
another:
  %j.next = add i64 %j, 1
  br label %before
same:
  %j.bits = shl i64 %j, 8
  %j.head = or i64 %j.bits, {OF_SAME}
  store i64 %j.head, ptr %to
  br label %next
"""

_NAMES = f"""\
  %usual.word = zext i8 %usual to i64
  %placed.bits = shl i64 %placed, 8
  %first.word = or i64 %usual.word, %placed.bits
  %all.placed = icmp eq ptr %kwnames, null
  br i1 %all.placed, label %begin, label %names
names:
  %named.count = call i64 @PyTuple_Size(ptr %kwnames)
  %few.names = icmp ult i64 %named.count, {_LONGEST}
  br i1 %few.names, label %each.name, label %refuse
each.name:
  %n = phi i64 [ 0, %names ], [ %n.next, %one.name ]
  %names.left = icmp ult i64 %n, %named.count
  br i1 %names.left, label %one.name, label %begin
one.name:
  %name.object = call ptr @PyTuple_GetItem(ptr %kwnames, i64 %n)
  %n.next = add i64 %n, 1
  %name.to = getelementptr ptr, ptr %key, i64 %n.next
  store ptr %name.object, ptr %name.to
  br label %each.name
begin:
  %named = phi i64 [ 0, %0 ], [ %named.count, %each.name ]
  %named.bits = shl i64 %named, 32
  %head.word = or i64 %first.word, %named.bits
  store i64 %head.word, ptr %key
  %count = add i64 %placed, %named
  %start = add i64 %named, 1
  br label %argument
"""

_VALUES = f"""\
number:
  %is.float = icmp eq ptr %type, %float_type
  br i1 %is.float, label %float, label %whole
float:
  %double = call double @PyFloat_AsDouble(ptr %object)
  store i64 {OF_FLOAT}, ptr %to
  %double.to = getelementptr i64, ptr %to, i64 1
  store double %double, ptr %double.to
  br label %next
whole:
  %is.int = icmp eq ptr %type, %int_type
  br i1 %is.int, label %int, label %several
int:
  %value = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %overflow)
  %overflowed = load i32, ptr %overflow
  %exact = icmp eq i32 %overflowed, 0
  store i64 {OF_INT}, ptr %to
  %value.to = getelementptr i64, ptr %to, i64 1
  store i64 %value, ptr %value.to
  %int.words = select i1 %exact, i64 2, i64 0
  br label %next
several:
  %is.tuple = icmp eq ptr %type, %tuple_type
  %is.size = icmp eq ptr %type, %size_type
  %is.list = icmp eq ptr %type, %list_type
  %is.fixed = or i1 %is.tuple, %is.size
  %is.sequence = or i1 %is.fixed, %is.list
  br i1 %is.sequence, label %sequence, label %refuse
sequence:
  %sequence.words = call i64 @key_sequence(ptr %int_type, ptr %object, ptr %type, i1 %is.list, ptr %to)
  br label %next
"""


def key_of(abi: Abi) -> str:
    """The key of some arguments and its length, 0 where there is none.

    First come the usual type of numbers and how many arguments there are, by place and by name, then the names.
    """
    return f"""
define internal i64 @key_of(ptr %context, ptr %args, i64 %placed, ptr %kwnames, ptr %key) #0 {{
  %overflow = alloca i32
{fields("context", CONTEXT, tensors="ptr", making="ptr", int_type="ptr", float_type="ptr")}
{field("tensor_type", "tensors", TENSOR["type"])}
{field("parameter_type", "making", MAKING["parameter_type"])}
{fields("making", MAKING, none_type="ptr", bool_type="ptr", str_type="ptr", dtype_type="ptr")}
{fields("making", MAKING, tuple_type="ptr", size_type="ptr", list_type="ptr", default_dtype="ptr")}
  %usual = call i8 %default_dtype()
{_NAMES}argument:
  %i = phi i64 [ 0, %begin ], [ %i.next, %next ]
  %at = phi i64 [ %start, %begin ], [ %at.next, %next ]
  %more = icmp ult i64 %i, %count
  br i1 %more, label %room, label %done
room:
  %enough = icmp ule i64 %at, {MAX_KEY - _LONGEST}
  br i1 %enough, label %kind, label %refuse
kind:
  %object.at = getelementptr ptr, ptr %args, i64 %i
  %object = load ptr, ptr %object.at
  %to = getelementptr i64, ptr %key, i64 %at
{field("type", "object", abi.type)}
  %is.plain = icmp eq ptr %type, %tensor_type
  %is.parameter = icmp eq ptr %type, %parameter_type
  %is.tensor = or i1 %is.plain, %is.parameter
  br i1 %is.tensor, label %before, label %other
{_SAME}tensor:
  %tensor.words = call i64 @key_tensor(ptr %tensors, ptr %making, ptr %object, ptr %to)
  br label %next
other:
  %is.none = icmp eq ptr %type, %none_type
  %is.bool = icmp eq ptr %type, %bool_type
  %is.str = icmp eq ptr %type, %str_type
  %is.dtype = icmp eq ptr %type, %dtype_type
  %single.0 = or i1 %is.none, %is.dtype
  %single.1 = or i1 %is.bool, %is.str
  %single = or i1 %single.0, %single.1
  br i1 %single, label %name, label %number
name:
  store ptr %object, ptr %to
  br label %next
{_VALUES}next:
  %words = phi i64 [ %tensor.words, %tensor ], [ 1, %same ], [ 1, %name ], [ 2, %float ], [ %int.words, %int ],
                   [ %sequence.words, %sequence ]
  %at.next = add i64 %at, %words
  %i.next = add i64 %i, 1
  %kept = icmp ne i64 %words, 0
  br i1 %kept, label %argument, label %refuse
done:
  ret i64 %at
refuse:
  ret i64 0
}}
"""
