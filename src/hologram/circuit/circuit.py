"""Circuits as users hold them: written as text or call by call, compiled to programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Self

from hologram import events
from hologram.circuit.compile import calls_of_tree
from hologram.circuit.explain import Rewrite, explain
from hologram.circuit.generators import (
    REDUCE_OF,
    Call,
    Copy,
    Evaluate,
    EvaluateRange,
    Immediate,
    Mark,
    MarkRange,
    Merge,
    MergeRange,
    Operand,
    Quote,
    QuoteRange,
    Softmax,
    Split,
    Swap,
)
from hologram.circuit.lower import Step, lower
from hologram.circuit.optimize import Optimized, bytes_moved, optimize, without_swaps
from hologram.circuit.parse import parse
from hologram.circuit.printer import calls_text
from hologram.circuit.tree import Phrase
from hologram.errors import CircuitError, Location
from hologram.events import Category
from hologram.isa.operands import BYTES_PER_CLASS, CLASSES
from hologram.metrics import CompilationMetrics, OptimizationMetrics
from hologram.operators import VARIANTS
from hologram.types import Type


@dataclass(frozen=True)
class CompiledCircuit:
    """A circuit made ready: the calls as written and as optimised, and the programs that do them.

    `written` are the calls in order; `optimized.calls` are those that `steps` run; `timings` are the seconds that each
    stage of compiling took.
    """

    type: Type
    written: tuple[Call, ...]
    optimized: Optimized
    live_out: frozenset[int] | None = None
    tree: Phrase | None = None
    timings: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that run."""
        return self.optimized.calls

    @property
    def text(self) -> str:
        """The calls that run, as circuit text."""
        return calls_text(self.calls)

    @property
    def original_calls(self) -> int:
        """How many calls were written, groups and prefixes expanded."""
        return self.optimized.before

    @property
    def canonical_calls(self) -> int:
        """How many calls run."""
        return self.optimized.after

    @property
    def reduction(self) -> float:
        """Calls saved, in percent."""
        return self.optimized.reduction

    @property
    def metrics(self) -> CompilationMetrics:
        """What compiling made of the calls, and how long it took.

        >>> compile_circuit("mark@c21 . mark@c21 . copy@c05->c06 . copy@c05->c06").metrics.reduction
        75.0
        """
        duration = 1e6 * sum(self.timings.values())
        return CompilationMetrics("circuit", self.original_calls, self.canonical_calls, duration)

    @property
    def optimization(self) -> OptimizationMetrics:
        """What the optimiser saved, and how long it took; its transformations are the `rewrites`."""
        duration = 1e6 * self.timings.get("optimize", 0.0)
        before, after = self.original_calls, self.canonical_calls
        return OptimizationMetrics("optimize", duration, before, after, len(self.rewrites))

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The programs, run one after the other."""
        return lower(self.calls, self.type)

    @cached_property
    def unoptimized_steps(self) -> tuple[Step, ...]:
        """One program for every call as it was written."""
        return tuple(step for call in self.written for step in lower([call], self.type))

    @cached_property
    def rewrites(self) -> tuple[Rewrite, ...]:
        """What became of the calls that do not run."""
        return explain(self.written, self.calls) if self.optimized.changed else ()

    def renamed(self) -> tuple[CompiledCircuit, dict[int, int]]:
        """The same circuit without its swaps, for callers who can read a class elsewhere: the second part tells where.

        >>> circuit, homes = compile_circuit("swap@c01<->c02 . merge@c01[c03,c04]").renamed()
        >>> circuit.text, homes
        ('merge@c02[c03,c04]', {1: 2, 2: 1})
        """
        calls, homes = without_swaps(self.calls)
        live = None if self.live_out is None else frozenset(homes.get(p, p) for p in self.live_out)
        return compile_calls(calls, self.type.value, live), homes

    @property
    def places(self) -> tuple[int, ...]:
        """The classes the programs touch."""
        return tuple(sorted({p for step in self.steps for p in step.places}))

    @property
    def bytes_moved(self) -> tuple[int, int]:
        """Bytes read and written by the calls as written, and by the fused programs."""
        fused = sum(
            BYTES_PER_CLASS * len(param.access) if step.places[k] not in step.cells else 2 * self.type.size
            for step in self.steps
            for k, param in enumerate(step.program.params[:-1])
        )
        return bytes_moved(self.written), fused

    @property
    def instructions(self) -> tuple[int, int]:
        """Instructions of the programs without and with optimisation."""
        return (
            sum(len(step.program.instructions) for step in self.unoptimized_steps),
            sum(len(step.program.instructions) for step in self.steps),
        )


def compile_circuit(
    text: str, dtype: str = "f32", live_out: Iterable[int] | None = None, file: str = "<circuit>"
) -> CompiledCircuit:
    """Compile circuit text for elements of a type.

    `live_out` names the classes whose content matters afterwards (all where it is None). Raises `CircuitError` with
    line, column and caret.

    >>> compiled = compile_circuit("copy@c05->c06 . mark@c21 . copy@c05->c06 . mark@c21")
    >>> compiled.original_calls, compiled.canonical_calls, compiled.text
    (4, 1, 'copy@c05->c06')
    """
    start, begin = events.start(), perf_counter()
    tree = parse(text, file)
    calls = calls_of_tree(tree, text, file)
    return _compiled(calls, dtype, live_out, tree, start, {"parse": perf_counter() - begin})


def compile_calls(
    calls: Iterable[Call], dtype: str = "f32", live_out: Iterable[int] | None = None, tree: Phrase | None = None
) -> CompiledCircuit:
    """Compile generator calls."""
    return _compiled(calls, dtype, live_out, tree, events.start(), {})


def _compiled(
    calls: Iterable[Call],
    dtype: str,
    live_out: Iterable[int] | None,
    tree: Phrase | None,
    start: int,
    timings: dict[str, float],
) -> CompiledCircuit:
    """The calls made ready; `timings` of the stages before are added to."""
    written, begin = tuple(calls), perf_counter()
    live = None if live_out is None else frozenset(live_out)
    compiled = CompiledCircuit(_type(dtype), written, optimize(written, live), live, tree, timings)
    optimized = perf_counter()
    _ = compiled.steps  # refuses what the type does not have
    timings |= {"optimize": optimized - begin, "lower": perf_counter() - optimized}
    facts = {"calls": compiled.original_calls, "canonical_calls": compiled.canonical_calls}
    events.tell(Category.COMPILE, "circuit", start, to="programs", **facts, stages_us=events.microseconds(timings))
    return compiled


def _type(dtype: str) -> Type:
    try:
        return Type(str(dtype))
    except ValueError:
        names = ", ".join(t.value for t in Type)
        raise CircuitError(
            f"'{dtype}' is no element type", Location("<circuit>", 1), "", f"there are {names}"
        ) from None


class Circuit:
    """Writes a circuit call by call; every method gives the circuit back.

    Operands are classes (integers 0 … 95); where a value is read a float is an immediate (or `Immediate(2)`).

    >>> Circuit().merge(0, 1, 2).mark(2).reduce("sum", 2, 3).text
    'merge@c00[c01,c02] . mark@c02 . reduce:sum@c02->c03'
    """

    def __init__(self, dtype: str = "f32") -> None:
        self.dtype = dtype
        self.calls: list[Call] = []

    def mark(self, place: int, last: int | None = None) -> Self:
        """Flip the highest bit of every byte of a class, or of all classes up to `last`."""
        return self._add(Mark(_class(place)) if last is None else MarkRange(*_range(place, last)))

    def copy(self, src: int, dst: int) -> Self:
        """dst := src."""
        return self._add(Copy(_class(src), _class(dst)))

    def swap(self, a: int, b: int) -> Self:
        """Exchange two classes."""
        return self._add(Swap(_class(a), _class(b)))

    def merge(
        self,
        src: int | float | Immediate,
        context: int | float | Immediate,
        dst: int,
        variant: str = "add",
        third: int | float | Immediate | None = None,
        count: int = 1,
    ) -> Self:
        """dst := variant(src, context, third); `count` classes one after the other."""
        if variant not in VARIANTS:
            raise _refusal(f"there is no variant '{variant}'", f"there are {', '.join(VARIANTS)}")
        if (third is not None) != (VARIANTS[variant].arity == 3):
            raise _refusal(f"'{variant}' takes {VARIANTS[variant].arity} operands", "")
        made = (_operand(src), _operand(context), None if third is None else _operand(third))
        if count == 1:
            return self._add(Merge(made[0], made[1], _class(dst), variant, made[2]))
        for operand in (*made, _class(dst)):
            if isinstance(operand, int):
                _class(operand + count - 1)
        return self._add(MergeRange(made[0], made[1], _class(dst), count, variant, made[2]))

    def split(
        self, src: int | float | Immediate, context: int | float | Immediate, dst: int, variant: str = "sub"
    ) -> Self:
        """dst := src − context, or src / context with the variant "div"."""
        if variant not in ("sub", "div"):
            raise _refusal(f"split has no variant '{variant}'", "variants of split: sub, div")
        return self._add(Split(_operand(src), _operand(context), _class(dst), variant))

    def quote(self, place: int, last: int | None = None) -> Self:
        """Suspend a class, or all up to `last`; memory does not change."""
        return self._add(Quote(_class(place)) if last is None else QuoteRange(*_range(place, last)))

    def evaluate(self, place: int, last: int | None = None) -> Self:
        """Force a class, or all up to `last`; memory does not change."""
        return self._add(Evaluate(_class(place)) if last is None else EvaluateRange(*_range(place, last)))

    def reduce(self, kind: str, src: int, dst: int, n: int | None = None) -> Self:
        """dst[0] := "sum", "min" or "max" of the first n elements of src."""
        if kind not in REDUCE_OF:
            raise _refusal(f"there is no reduction '{kind}'", f"there are {', '.join(REDUCE_OF)}")
        return self._add(REDUCE_OF[kind](_class(src), _class(dst), _count(n)))

    def softmax(self, src: int, dst: int, n: int | None = None) -> Self:
        """dst := softmax of the first n elements of src."""
        return self._add(Softmax(_class(src), _class(dst), _count(n)))

    def _add(self, call: Call) -> Self:
        self.calls.append(call)
        return self

    @property
    def text(self) -> str:
        """The calls as circuit text."""
        return calls_text(self.calls)

    def compile(self, live_out: Iterable[int] | None = None) -> CompiledCircuit:
        """Optimise and lower the calls."""
        return compile_calls(self.calls, self.dtype, live_out)


def _refusal(message: str, hint: str) -> CircuitError:
    return CircuitError(message, Location("<circuit>", 1), "", hint)


def _class(place: int) -> int:
    if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < CLASSES:
        raise _refusal(f"{place!r} is no class", f"classes are 0 to {CLASSES - 1}")
    return place


def _range(first: int, last: int) -> tuple[int, int]:
    if _class(first) > _class(last):
        raise _refusal(f"the range {first}..{last} runs backwards", "")
    return first, last


def _operand(value: int | float | Immediate) -> Operand:
    if isinstance(value, Immediate):
        return value
    return Immediate(value) if isinstance(value, float) else _class(value)


def _count(n: int | None) -> int | None:
    if n is not None and (not isinstance(n, int) or n < 0):
        raise _refusal(f"{n!r} is no number of elements", "")
    return n
