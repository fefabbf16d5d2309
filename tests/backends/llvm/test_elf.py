"""The symbol reader: finds what LLVM put there, and answers any bytes with a typed error or a set of names."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.llvm.elf import machine_of, undefined_symbols
from hologram.backends.llvm.jit import Target, compile_object
from hologram.errors import CodeLoadError

IR = """
@data = external global i64
declare void @one()
declare void @two()
define internal void @local() { ret void }
define weak void @weak() { ret void }
define void @f() {
  %x = load i64, ptr @data
  %y = add i64 %x, 1
  store i64 %y, ptr @data
  call void @one()
  call void @local()
  call void @weak()
  ret void
}
"""

TARGETS = {"x86_64": Target("x86_64-unknown-linux-gnu"), "aarch64": Target("aarch64-unknown-linux-gnu")}


@cache
def an_object(arch: str = "x86_64") -> bytes:
    return compile_object(IR, TARGETS[arch])


@pytest.mark.parametrize("arch", TARGETS)
def test_reads_what_is_needed_and_nothing_defined(arch: str) -> None:
    needed = undefined_symbols(an_object(arch)) - {"_GLOBAL_OFFSET_TABLE_"}
    assert needed == {"data", "one"}
    assert machine_of(an_object(arch)) == arch


def test_nothing_is_needed_by_code_that_stands_alone() -> None:
    assert undefined_symbols(compile_object("define i64 @f() {\n ret i64 1\n}", TARGETS["x86_64"])) == frozenset()


@pytest.mark.parametrize(
    ("position", "value", "reason"),
    [(4, 1, "32-bit ELF"), (5, 2, "big-endian ELF"), (16, 3, "not a relocatable"), (18, 243, "ELF machine 243")],
)
def test_other_kinds_of_elf_are_named(position: int, value: int, reason: str) -> None:
    data = bytearray(an_object())
    data[position] = value
    with pytest.raises(CodeLoadError, match=reason):
        undefined_symbols(bytes(data))


def test_every_truncation_is_refused() -> None:
    data = an_object()
    for size in range(len(data)):
        with pytest.raises(CodeLoadError):
            undefined_symbols(data[:size])


@settings(max_examples=500, deadline=None)
@given(changes=st.dictionaries(st.integers(0, len(an_object()) - 1), st.integers(0, 255), max_size=8))
def test_damaged_objects_end_in_an_error_or_an_answer(changes: dict[int, int]) -> None:
    data = bytearray(an_object())
    for position, value in changes.items():
        data[position] = value
    with suppress(CodeLoadError):
        assert all(isinstance(name, str) for name in undefined_symbols(bytes(data)))
