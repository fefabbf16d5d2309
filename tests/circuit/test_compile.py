"""Generator calls of a circuit: transforms in the operands, ranges as sets, conflicts refused."""

import pytest

from hologram.circuit.compile import calls_of, runs
from hologram.circuit.generators import (
    Copy,
    Immediate,
    Mark,
    MarkRange,
    Merge,
    MergeRange,
    QuoteRange,
    ReduceSum,
    Softmax,
    Split,
    Swap,
)
from hologram.errors import CircuitError


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("R+1@ mark@c21 . copy@c05->c06", [Mark(45), Copy(29, 30)]),
        ("R+1@ mark@c21^+2~", [Mark(39)]),
        ("R+1@ merge@c10[c11,c12]", [Merge(34, 35, 36)]),
        ("merge@c10^+1[c11~,c12@3]", [Merge(11, 19, 12)]),
        ("mark@c[6..9]^+3", [MarkRange(1, 2), MarkRange(11, 12)]),
        ("R+3@ mark@c[20..30]", [MarkRange(0, 6), MarkRange(92, 95)]),
        ("~@ mark@c[5..10]^+3", [MarkRange(0, 2), MarkRange(19, 21)]),
        ("R+2@ quote@c[10..15]", [QuoteRange(58, 63)]),
        ("merge:mul@c00[#0.5,c02]", [Merge(0, Immediate(0.5), 2, "mul")]),
        ("merge:where@c00[c01,c02,c03]", [Merge(0, 1, 3, "where", 2)]),
        ("merge:exp@c00[c01]", [Merge(0, 0, 1, "exp")]),
        ("merge:exp@c00[c05,c01]", [Merge(0, 5, 1, "exp")]),
        ("split:div@#1[c01,c02]", [Split(Immediate(1), 1, 2, "div")]),
        ("merge@c[0..9][c[10..19],c[20..29]]", [MergeRange(0, 10, 20, 10)]),
        ("merge@c[0..9][#2,c[20..29]]", [MergeRange(0, Immediate(2), 20, 10)]),
        ("merge@c[6..9]^+3[c[10..13],c[20..23]]", [MergeRange(1, 10, 20, 2), MergeRange(11, 12, 22, 2)]),
        ("copy@c[0..1]->c[4..5]", [Copy(0, 4), Copy(1, 5)]),
        ("swap@c[0..1]<->c[4..5]", [Swap(0, 4), Swap(1, 5)]),
        ("reduce_sum@c00->c01 . reduce:sum@c0[7]->c1", [ReduceSum(0, 1), ReduceSum(0, 1, 7)]),
        ("softmax@c00->c01", [Softmax(0, 1)]),
        ("mark@c1 || mark@c2 . copy@c3->c4", [Mark(1), Mark(2), Copy(3, 4)]),
        ("copy@c1->c2 || copy@c1->c3", [Copy(1, 2), Copy(1, 3)]),
    ],
)
def test_calls(text: str, calls: list[object]) -> None:
    assert list(calls_of(text)) == calls


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("mark@c1 || mark@c1", 12, "branch 2 reads class 1, which branch 1 writes"),
        ("copy@c1->c2 || mark@c3 . copy@c4->c1", 26, "branch 2 writes class 1, which branch 1 reads"),
        ("copy@c1->c2 || copy@c3->c2", 16, "branch 2 writes class 2, which branch 1 writes"),
        ("mark@c0 || copy@c5->c6 || mark@c[1..9]", 27, "branch 3 writes class 5, which branch 2 reads"),
        ("copy@c05", 1, "copy needs all its operands"),
        ("mark@c1 . merge@c05", 11, "merge needs all its operands"),
        ("merge:foo@c0[c1,c2]", 1, "merge has no variant 'foo'"),
        ("merge:where@c0[c1,c2]", 1, "takes 3 operands and a target, not 2"),
        ("merge:exp@c0[c1,c2,c3]", 1, "takes an operand and a target, not 3"),
        ("split:mul@c0[c1,c2]", 1, "split has no variant 'mul'"),
        ("mark:loud@c0", 1, "mark has no variants"),
        ("reduce@c0->c1", 1, "reduce has to say what it makes"),
        ("copy@c[0..3]->c[4..6]", 1, "have 4 and 3 classes"),
        ("copy@c[0..3]->c4", 1, "have 4 and 1 classes"),
        ("copy@c[3..3]->c4", 1, "mixes a range with a single class"),
        ("reduce:sum@#1->c2", 1, "takes classes, not numbers"),
    ],
)
def test_refusals(text: str, column: int, message: str) -> None:
    with pytest.raises(CircuitError) as error:
        calls_of(text)
    assert message in error.value.message
    assert error.value.location.column == column


def test_runs_are_maximal_and_ascending() -> None:
    assert runs([5, 3, 4, 9, 5]) == [(3, 5), (9, 9)]
    assert runs([]) == []
