"""Making the tensors of a remembered call, placing its arrays, and giving back what it gave."""

from __future__ import annotations

from hologram.backends.llvm.layout import SLOT
from hologram.runtime.entry.calls import ARRAY_FIELDS, MEETING_FIELDS, RESULT_FIELDS
from hologram.runtime.entry.recipe import SCRATCH
from hologram.runtime.entry.stub_ir.fields import CALL, MAKING, MEETING, PLACED, RESULT, TENSOR, field, fields


def make_tensor() -> str:
    """The tensor of a row, null where there is no memory for it; large ones are made by what tells errors."""
    return f"""
define internal ptr @make_tensor(ptr %making, ptr %rows, i64 %r) #0 {{
  %hold = alloca ptr
  %row = getelementptr [{SLOT * len(RESULT_FIELDS)} x i8], ptr %rows, i64 %r
{fields("row", RESULT, dtype="i64", ndim="i64", sizes="i64", strides="i64", is_small="i64")}
  %small = icmp ne i64 %is_small, 0
  br i1 %small, label %quick, label %careful
quick:
{fields("making", MAKING, empty="ptr", wrap="ptr")}
  %dtype.byte = trunc i64 %dtype to i8
  call void %empty(ptr sret(ptr) %hold, i64 %sizes, i64 %ndim, i64 %strides, i64 %ndim, i8 signext %dtype.byte,
                   i1 zeroext false)
  %quickly = call ptr %wrap(ptr %hold)
  br label %check
careful:
{fields("making", MAKING, empty_safely="ptr", wrap_shared="ptr", delete="ptr")}
  %dtype.word = trunc i64 %dtype to i32
  %error = call i32 %empty_safely(i64 %ndim, i64 %sizes, i64 %strides, i32 %dtype.word, i32 0, i32 0, ptr %hold)
  %bad = icmp ne i32 %error, 0
  br i1 %bad, label %refuse, label %share
share:
  %handle = load ptr, ptr %hold
  %carefully = call ptr %wrap_shared(ptr %handle)
  %deleted = call i32 %delete(ptr %handle)
  br label %check
check:
  %object = phi ptr [ %quickly, %quick ], [ %carefully, %share ]
  %none = icmp eq ptr %object, null
  br i1 %none, label %clear, label %done
clear:
  call void @PyErr_Clear()
  br label %refuse
done:
  ret ptr %object
refuse:
  ret ptr null
}}
"""


def data_of() -> str:
    """Where the first element of a tensor is, 0 where its memory was given up; -1 where that cannot be told."""
    return f"""
define internal i64 @data_of(ptr %tensors, ptr %object) alwaysinline #0 {{
  %out = alloca i64
{fields("tensors", TENSOR, implementation="i64", data="ptr")}
  %handle = getelementptr i8, ptr %object, i64 %implementation
  %error = call i32 %data(ptr %handle, ptr %out)
  %good = icmp eq i32 %error, 0
  %told = load i64, ptr %out
  %held = call i64 @memory_of(ptr %tensors, ptr %object)
  %gone = icmp eq i64 %held, 0
  %start = select i1 %gone, i64 0, i64 %told
  %answer = select i1 %good, i64 %start, i64 -1
  ret i64 %answer
}}

define internal ptr @object_at(i64 %place, ptr %args, i64 %arity, ptr %made) alwaysinline #0 {{
  %given = icmp ult i64 %place, %arity
  %beyond = sub i64 %place, %arity
  %args.at = getelementptr ptr, ptr %args, i64 %place
  %made.at = getelementptr ptr, ptr %made, i64 %beyond
  %at = select i1 %given, ptr %args.at, ptr %made.at
  %object = load ptr, ptr %at
  ret ptr %object
}}
"""


def fill_arrays() -> str:
    """The addresses of all arrays into the blocks; false where elements lie crookedly, or memory is gone."""
    return f"""
define internal i1 @fill_arrays(ptr %tensors, ptr %call, ptr %args, i64 %arity, ptr %made, ptr %blocks,
                                ptr %starts, ptr %scratch) #0 {{
  %scratch.start = ptrtoint ptr %scratch to i64
{fields("call", CALL, arrays="ptr", array_count="i64")}
  br label %array
array:
  %k = phi i64 [ 0, %0 ], [ %k.next, %store ]
  %more = icmp ult i64 %k, %array_count
  br i1 %more, label %find, label %done
find:
  %row = getelementptr [{SLOT * len(ARRAY_FIELDS)} x i8], ptr %arrays, i64 %k
{fields("row", PLACED, source="i64", offset="i64", slot="i64", misplaced="i64", bytes="i64")}
  %is.scratch = icmp eq i64 %source, {SCRATCH}
  br i1 %is.scratch, label %place, label %ask
ask:
  %object = call ptr @object_at(i64 %source, ptr %args, i64 %arity, ptr %made)
  %tensor.start = call i64 @data_of(ptr %tensors, ptr %object)
  br label %place
place:
  %data.start = phi i64 [ %scratch.start, %find ], [ %tensor.start, %ask ]
  %start = add i64 %data.start, %offset
  %crooked = and i64 %start, %misplaced
  %straight = icmp eq i64 %crooked, 0
  %there = icmp ne i64 %data.start, 0
  %empty = icmp eq i64 %bytes, 0
  %backed = or i1 %there, %empty
  %told = icmp ne i64 %data.start, -1
  %lies = and i1 %straight, %backed
  %fits = and i1 %lies, %told
  br i1 %fits, label %store, label %refuse
store:
  %to = getelementptr i8, ptr %blocks, i64 %slot
  store i64 %start, ptr %to
  %start.to = getelementptr i64, ptr %starts, i64 %k
  store i64 %start, ptr %start.to
  %k.next = add i64 %k, 1
  br label %array
done:
  ret i1 true
refuse:
  ret i1 false
}}
"""


def meet() -> str:
    """Whether two arrays share memory that must not."""
    return f"""
define internal i1 @meet(ptr %call, ptr %starts) #0 {{
{fields("call", CALL, pairs="ptr", pair_count="i64", arrays="ptr")}
  br label %pair
pair:
  %k = phi i64 [ 0, %0 ], [ %k.next, %next ]
  %more = icmp ult i64 %k, %pair_count
  br i1 %more, label %look, label %apart
look:
  %row = getelementptr [{SLOT * len(MEETING_FIELDS)} x i8], ptr %pairs, i64 %k
{fields("row", MEETING, first="i64", second="i64", same_allowed="i64")}
  %a.row = getelementptr [{SLOT * len(ARRAY_FIELDS)} x i8], ptr %arrays, i64 %first
  %b.row = getelementptr [{SLOT * len(ARRAY_FIELDS)} x i8], ptr %arrays, i64 %second
{field("a.bytes", "a.row", PLACED["bytes"], "i64")}
{field("b.bytes", "b.row", PLACED["bytes"], "i64")}
  %a.at = getelementptr i64, ptr %starts, i64 %first
  %b.at = getelementptr i64, ptr %starts, i64 %second
  %a = load i64, ptr %a.at
  %b = load i64, ptr %b.at
  %a.end = add i64 %a, %a.bytes
  %b.end = add i64 %b, %b.bytes
  %b.reached = icmp ult i64 %b, %a.end
  %a.reached = icmp ult i64 %a, %b.end
  %touch = and i1 %b.reached, %a.reached
  %same = icmp eq i64 %a, %b
  %allowed = icmp ne i64 %same_allowed, 0
  %fine = and i1 %same, %allowed
  %bad = xor i1 %fine, true
  %meet = and i1 %touch, %bad
  br i1 %meet, label %yes, label %next
next:
  %k.next = add i64 %k, 1
  br label %pair
yes:
  ret i1 true
apart:
  ret i1 false
}}
"""


def given_back() -> str:
    """A new reference to what a call gives back: an object, or a tuple, maybe a named one; null without memory."""
    return f"""
define internal ptr @given_back(ptr %call, ptr %args, i64 %arity, ptr %made) #0 {{
{fields("call", CALL, returned="ptr", returned_count="i64", named_tuple="ptr")}
  %alone = icmp eq i64 %returned_count, 0
  br i1 %alone, label %one, label %several
one:
  %place = load i64, ptr %returned
  %object = call ptr @object_at(i64 %place, ptr %args, i64 %arity, ptr %made)
  call void @Py_IncRef(ptr %object)
  ret ptr %object
several:
  %plain = icmp eq ptr %named_tuple, null
  br i1 %plain, label %unnamed, label %named
unnamed:
  %tuple.unnamed = call ptr @PyTuple_New(i64 %returned_count)
  br label %fill
named:
  %tuple.named = call ptr @PyStructSequence_New(ptr %named_tuple)
  br label %fill
fill:
  %tuple = phi ptr [ %tuple.unnamed, %unnamed ], [ %tuple.named, %named ]
  %unmade = icmp eq ptr %tuple, null
  br i1 %unmade, label %done, label %item
item:
  %k = phi i64 [ 0, %fill ], [ %k.next, %item ]
  %item.place.at = getelementptr i64, ptr %returned, i64 %k
  %item.place = load i64, ptr %item.place.at
  %item.object = call ptr @object_at(i64 %item.place, ptr %args, i64 %arity, ptr %made)
  call void @Py_IncRef(ptr %item.object)
  %set = call i32 @PyTuple_SetItem(ptr %tuple, i64 %k, ptr %item.object)
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %returned_count
  br i1 %more, label %item, label %done
done:
  ret ptr %tuple
}}
"""
