"""Generator calls: the fifteen kinds a circuit compiles to, with the classes each reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from hologram.operators import VARIANTS


@dataclass(frozen=True, slots=True)
class Immediate:
    """A number where a class would be read."""

    value: int | float

    def __str__(self) -> str:
        return f"#{self.value!r}"


Operand = int | Immediate
SPLIT_VARIANTS = ("sub", "div")
MERGE_VARIANTS = tuple(name for name in VARIANTS if name not in SPLIT_VARIANTS)
REDUCTIONS: Mapping[str, str] = MappingProxyType({"sum": "GRED_ADD", "min": "GRED_MIN", "max": "GRED_MAX"})


@dataclass(frozen=True, slots=True)
class Mark:
    """Flip the highest bit of every byte of a class."""

    place: int


@dataclass(frozen=True, slots=True)
class Copy:
    """dst := src."""

    src: int
    dst: int


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange two classes."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Merge:
    """dst := variant(src, context, third), element by element; unary variants read src only."""

    src: Operand
    context: Operand
    dst: int
    variant: str = "add"
    third: Operand | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """dst := src − context or src / context, element by element."""

    src: Operand
    context: Operand
    dst: int
    variant: str = "sub"


@dataclass(frozen=True, slots=True)
class Quote:
    """Suspend a class; memory does not change."""

    place: int


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Force a suspended class; memory does not change."""

    place: int


@dataclass(frozen=True, slots=True)
class ReduceSum:
    """dst[0] := the sum of the first n elements of src (of all where n is None)."""

    src: int
    dst: int
    n: int | None = None


@dataclass(frozen=True, slots=True)
class ReduceMin:
    """dst[0] := the smallest of the first n elements of src, NaN if one is."""

    src: int
    dst: int
    n: int | None = None


@dataclass(frozen=True, slots=True)
class ReduceMax:
    """dst[0] := the largest of the first n elements of src, NaN if one is."""

    src: int
    dst: int
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Softmax:
    """dst[i] := e^src[i] / Σ e^src for the first n elements (for all where n is None)."""

    src: int
    dst: int
    n: int | None = None


@dataclass(frozen=True, slots=True)
class MarkRange:
    """Mark every class from start to end, both included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QuoteRange:
    """Quote every class from start to end, both included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EvaluateRange:
    """Evaluate every class from start to end, both included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MergeRange:
    """`Merge` of `count` classes one after the other: operand k, k + 1, … of each start; immediates stay."""

    src: Operand
    context: Operand
    dst: int
    count: int
    variant: str = "add"
    third: Operand | None = None


Single = Mark | Copy | Swap | Merge | Split | Quote | Evaluate | ReduceSum | ReduceMin | ReduceMax | Softmax
Ranged = MarkRange | QuoteRange | EvaluateRange | MergeRange
Call = Single | Ranged
Reduce = ReduceSum | ReduceMin | ReduceMax
KINDS = (*Single.__args__, *Ranged.__args__)
REDUCE_NAMES: Mapping[type, str] = {ReduceSum: "sum", ReduceMin: "min", ReduceMax: "max"}
REDUCE_OF: Mapping[str, type[Reduce]] = {"sum": ReduceSum, "min": ReduceMin, "max": ReduceMax}


def operands(call: Merge | Split | MergeRange) -> tuple[Operand, ...]:
    """What the operator of a call reads, as many as its variant has operands."""
    third = () if isinstance(call, Split) or call.third is None else (call.third,)
    return (call.src, call.context, *third)[: VARIANTS[call.variant].arity]


def singles(call: Call) -> tuple[Single, ...]:
    """A range as calls of one class each; any other call as it is."""
    if not isinstance(call, (MergeRange, MarkRange, QuoteRange, EvaluateRange)):
        return (call,)
    if isinstance(call, MergeRange):
        return tuple(
            Merge(_moved(call.src, k), _moved(call.context, k), call.dst + k, call.variant, _moved_third(call.third, k))
            for k in range(call.count)
        )
    if isinstance(call, MarkRange):
        return tuple(map(Mark, range(call.start, call.end + 1)))
    if isinstance(call, QuoteRange):
        return tuple(map(Quote, range(call.start, call.end + 1)))
    return tuple(map(Evaluate, range(call.start, call.end + 1)))


def _moved(operand: Operand, by: int) -> Operand:
    return operand + by if isinstance(operand, int) else operand


def _moved_third(operand: Operand | None, by: int) -> Operand | None:
    return None if operand is None else _moved(operand, by)


def relabelled(call: Single, names: Mapping[int, int]) -> Single:
    """A call with its classes renamed; those that `names` lacks stay.

    >>> relabelled(Merge(1, Immediate(2.0), 3), {3: 5})
    Merge(src=1, context=Immediate(value=2.0), dst=5, variant='add', third=None)
    """
    classes = {
        field.name: names.get(value, value)
        for field in fields(call)
        if field.name != "n" and isinstance(value := getattr(call, field.name), int)
    }
    return replace(call, **classes)  # type: ignore[arg-type]  # the fields found are those of the call


def reads(call: Single) -> frozenset[int]:
    """The classes whose bytes a call looks at."""
    match call:
        case Mark(place):
            return frozenset({place})
        case Copy(src, _):
            return frozenset({src})
        case Swap(a, b):
            return frozenset({a, b})
        case Merge() | Split():
            return frozenset(o for o in operands(call) if isinstance(o, int))
        case Softmax(src, dst, n):
            return frozenset({src}) if n is None else frozenset({src, dst})
        case ReduceSum(src, dst) | ReduceMin(src, dst) | ReduceMax(src, dst):
            return frozenset({src, dst})
        case Quote() | Evaluate():
            return frozenset()


def writes(call: Single) -> frozenset[int]:
    """The classes a call may change."""
    match call:
        case Mark(place):
            return frozenset({place})
        case Swap(a, b):
            return frozenset({a, b})
        case Quote() | Evaluate():
            return frozenset()
        case _:
            return frozenset({call.dst})


def traffic(call: Call) -> tuple[int, int]:
    """How many classes a call reads and writes, as it stands alone.

    >>> traffic(MergeRange(0, 10, 20, count=3))
    (6, 3)
    """
    match call:
        case Mark() | Copy() | Softmax():
            return 1, 1
        case Swap():
            return 2, 2
        case Merge() | Split():
            return len({o for o in operands(call) if isinstance(o, int)}), 1
        case MergeRange():
            return call.count * len({o for o in operands(call) if isinstance(o, int)}), call.count
        case MarkRange(start, end):
            return end - start + 1, end - start + 1
        case ReduceSum() | ReduceMin() | ReduceMax():
            return 1, 0
        case _:
            return 0, 0
