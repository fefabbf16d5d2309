"""Sections of a chunk of a launch reduction: rows of 64 accumulators that fold pairwise.

Each accumulator of a row takes in eight lanes, then the row is put by; like the digits of a binary counter, equal
numbers of sections merge at once. That keeps the error of a sum small for the price of one operation in eight.
"""

from __future__ import annotations

from collections.abc import Callable

from hologram.backends.llvm.ir import Module, Value, Writer
from hologram.isa.reductions import ACCUMULATORS, CHUNK, SECTION

SECTION_LOG = SECTION.bit_length() - 1
LEVELS = (CHUNK // SECTION).bit_length()
Combine = Callable[[Writer, Value, Value], Value]


class Sections:
    """The accumulators of one reduction in the run function, and its two functions on what is put by.

    `combine` writes the reduction's operation, earlier lanes first; `neutral` leaves any other value as it is.
    """

    def __init__(self, module: Module, index: int, element: str, neutral: str, combine: Combine) -> None:
        self.index, self.element, self.combine = index, element, combine
        self.row = f"<{ACCUMULATORS} x {element}>"
        self.neutral = f"{self.row} splat ({element} {neutral})"
        self.accumulators = self.levels = ""
        module.functions += [self._put_function(module), self._total_function(module)]

    def begin(self, w: Writer) -> None:
        self.accumulators = w.alloca(self.row)
        self.levels = w.alloca(f"[{LEVELS} x {self.row}]")

    def open(self, w: Writer) -> None:
        w.line(f"store {self.neutral}, ptr {self.accumulators}")

    def close(self, w: Writer, start: Value) -> None:
        """Put by the section that begins at a lane of its chunk."""
        number = w.value(f"lshr {start}, {SECTION_LOG}", "i64")
        value = w.value(f"load {self.row}, ptr {self.accumulators}", self.element, ACCUMULATORS)
        w.line(f"call void @section{self.index}(ptr {self.levels}, {number}, {value})")

    def total(self, w: Writer, lanes: Value) -> Value:
        """One row from all sections of a chunk of so many lanes."""
        up = w.value(f"add {lanes}, {SECTION - 1}", "i64")
        count = w.value(f"lshr {up}, {SECTION_LOG}", "i64")
        text = f"call {self.row} @sections{self.index}(ptr {self.levels}, {count})"
        return w.value(text, self.element, ACCUMULATORS)

    def _level(self, w: Writer, level: Value) -> Value:
        return w.value(f"getelementptr {self.row}, ptr %levels, {level}", "ptr")

    def _bit(self, w: Writer, number: str, level: Value) -> Value:
        return w.value(f"trunc {w.value(f'lshr i64 {number}, {level.ref}', 'i64')} to i1", "i1")

    def _put_function(self, module: Module) -> str:
        """Merge a row with those put by of the same size, and put it by."""
        w = Writer(module)
        row, at = w.alloca(self.row), w.alloca("i64")
        w.line(f"store {self.row} %value, ptr {row}")
        w.line(f"store i64 0, ptr {at}")
        w.label("%top")
        level = w.value(f"load i64, ptr {at}", "i64")
        value = w.value(f"load {self.row}, ptr {row}", self.element, ACCUMULATORS)
        cell = self._level(w, level)
        w.branch(self._bit(w, "%number", level), "%merge", "%put")
        w.label("%merge")
        earlier = w.value(f"load {self.row}, {cell}", self.element, ACCUMULATORS)
        w.line(f"store {self.combine(w, earlier, value)}, ptr {row}")
        w.line(f"store {w.value(f'add {level}, 1', 'i64')}, ptr {at}")
        w.jump("%top")
        w.label("%put")
        w.line(f"store {value}, {cell}")
        w.line("ret void")
        header = f"void @section{self.index}(ptr %levels, i64 %number, {self.row} %value)"
        return w.text(f"define internal {header} nounwind")

    def _total_function(self, module: Module) -> str:
        """Fold what is put by, later sections first: each has fewer than the one before."""
        w = Writer(module)
        row, at = w.alloca(self.row), w.alloca("i64")
        w.line(f"store {self.neutral}, ptr {row}")
        w.line(f"store i64 0, ptr {at}")
        w.label("%top")
        level = w.value(f"load i64, ptr {at}", "i64")
        value = w.value(f"load {self.row}, ptr {row}", self.element, ACCUMULATORS)
        w.branch(w.value(f"icmp ult {level}, {LEVELS}", "i1"), "%look", "%done")
        w.label("%look")
        w.line(f"store {w.value(f'add {level}, 1', 'i64')}, ptr {at}")
        w.branch(self._bit(w, "%count", level), "%merge", "%top")
        w.label("%merge")
        earlier = w.value(f"load {self.row}, {self._level(w, level)}", self.element, ACCUMULATORS)
        w.line(f"store {self.combine(w, earlier, value)}, ptr {row}")
        w.jump("%top")
        w.label("%done")
        w.line(f"ret {value}")
        return w.text(f"define internal {self.row} @sections{self.index}(ptr %levels, i64 %count) nounwind")
