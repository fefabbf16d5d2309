"""Recorded sequences: what is dropped, what may run together, and that wrong answers would be found."""

from __future__ import annotations

import time

import pytest

from hologram.circuit.fuse import Group, fuse
from hologram.circuit.generators import Copy, Immediate, Mark, Merge, ReduceSum, Single, Softmax, Swap
from hologram.circuit.tape import Item, Opaque, Place, Tape, check, shortened
from hologram.errors import CircuitError, HologramError
from hologram.types import Type


def tape(items: list[Item], dead: str = "", counts: dict[int, int] | None = None, **overlaps: set[int]) -> Tape:
    """A tape on ten places; `dead` are temporaries, counts[place] elements (else 8), p3={4} shares memory."""
    places = [Place(Type.F32, (counts or {}).get(p, 8), str(p) not in dead) for p in range(10)]
    shared = {int(name[1:]): frozenset(others) for name, others in overlaps.items()}
    return Tape(items, places, shared)


def add(a: int, b: int, c: int) -> Merge:
    return Merge(a, b, c, "add")


def kept(t: Tape) -> list[Item]:
    return shortened(t)[0]


def groups(t: Tape) -> list[list[Single] | str]:
    return [part.calls if isinstance(part, Group) else part.name for part in fuse(t, shortened(t)[0])]


def test_what_is_known_is_not_computed_again() -> None:
    t = tape([add(0, 1, 2), add(1, 0, 3), Merge(3, 3, 4, "exp")], dead="3")
    assert kept(t) == [add(0, 1, 2), Merge(2, 2, 4, "exp")]
    _, removed = shortened(t)
    assert [(r.position, r.reason) for r in removed] == [(1, "c02 holds that already")]


def test_copies_go_when_nobody_needs_them() -> None:
    assert kept(tape([Copy(0, 1), Merge(1, 1, 2, "exp")], dead="1")) == [Merge(0, 0, 2, "exp")]
    assert kept(tape([Copy(0, 1), Merge(1, 1, 2, "exp")])) == [Copy(0, 1), Merge(0, 0, 2, "exp")]


def test_dead_temporaries_and_overwritten_results_go() -> None:
    assert kept(tape([add(0, 1, 2), add(0, 1, 5), add(0, 0, 5)], dead="2")) == [add(0, 0, 5)]
    assert kept(tape([Swap(0, 1)], dead="1")) == [Copy(1, 0)]
    assert kept(tape([Mark(0), Mark(1), Copy(1, 1)], dead="0")) == [Mark(1)]


def test_an_operand_that_was_overwritten_is_not_used() -> None:
    t = tape([Copy(0, 1), add(2, 2, 0), Merge(1, 1, 3, "exp")], dead="1")
    assert kept(t) == t.items


def test_launches_that_stay_need_what_they_read_and_change_what_they_write() -> None:
    middle = Opaque("k", frozenset({2, 3}), frozenset({3}))
    t = tape([add(0, 1, 2), middle, add(0, 1, 4), add(3, 4, 5)], dead="2")
    assert kept(t) == [add(0, 1, 2), middle, Copy(2, 4), add(3, 2, 5)]
    assert kept(tape([add(0, 1, 2), middle], dead="23")) == []
    loud = Opaque("k", frozenset({2, 3}), frozenset({3}), has_effects=True)
    assert kept(tape([add(0, 1, 2), loud], dead="23")) == [add(0, 1, 2), loud]
    assert kept(tape([add(0, 1, 3), middle, add(0, 1, 3)])) == [add(0, 1, 3)]


def test_memory_that_overlaps_is_not_taken_for_what_it_was() -> None:
    t = tape([add(0, 1, 2), Merge(0, 0, 3, "exp"), add(0, 1, 4), add(2, 2, 5)], p2={3}, p3={2})
    assert kept(t) == t.items
    once = [add(0, 1, 2), add(0, 1, 2)]
    assert kept(tape(list(once), p2={3}, p3={2})) == once[:1]
    assert [len(g) for g in groups(t)] != [4]


def test_wrong_answers_are_found() -> None:
    t = tape([add(0, 1, 2), Merge(2, 2, 3, "exp")])
    for wrong in ([add(0, 1, 2)], [Merge(2, 2, 3, "exp"), add(0, 1, 2)], [add(0, 0, 2), Merge(2, 2, 3, "exp")]):
        with pytest.raises(HologramError, match="same values"):
            check(t, wrong)
    check(t, [add(1, 0, 2), Merge(2, 2, 3, "exp")])


def test_a_chain_is_one_program_whose_values_stay_in_registers() -> None:
    t = tape([add(0, 1, 2), Merge(2, 2, 3, "exp"), add(3, 0, 4)], dead="23")
    (group,) = fuse(t, kept(t))
    assert isinstance(group, Group) and group.segment.scratch == {2, 3}
    step = group.step()
    assert step.places == (0, 1, 4) and [p.access for p in step.program.params[:-1]] == ["r", "r", "w"]


def test_lengths_do_not_cut_each_other_up() -> None:
    counts = {3: 5, 4: 5, 5: 5}
    items: list[Item] = [add(0, 1, 2), add(3, 3, 4), add(2, 0, 6), add(4, 3, 5)]
    assert groups(tape(items, counts=counts)) == [[items[0], items[2]], [items[1], items[3]]]


def test_what_depends_on_a_launch_in_between_stays_behind_it() -> None:
    middle = Opaque("k", frozenset({2, 6}), frozenset({6}))
    items: list[Item] = [add(0, 1, 2), middle, add(2, 0, 3), add(6, 2, 4)]
    assert groups(tape(items)) == [[items[0], items[2]], "k", [items[3]]]
    assert groups(tape([add(0, 1, 2), middle, add(0, 0, 2)])) == [[items[0]], "k", [add(0, 0, 2)]]


def test_reductions_and_softmax_take_their_producers() -> None:
    items: list[Item] = [Merge(0, 1, 2, "mul"), ReduceSum(2, 7)]
    assert groups(tape(items, dead="2", counts={7: 1})) == [items]
    (group,) = fuse(tape(items, dead="2", counts={7: 1}), items)
    assert isinstance(group, Group) and group.step().places == (0, 1, 7)
    soft: list[Item] = [add(0, 1, 2), Softmax(2, 3)]
    assert groups(tape(soft, dead="2")) == [soft]
    after: list[Item] = [ReduceSum(0, 7), add(7, 7, 8)]
    assert len(groups(tape(after, counts={7: 1, 8: 1}))) == 2


def test_views_that_overlap_are_not_in_one_program() -> None:
    items: list[Item] = [add(0, 1, 2), Merge(3, 3, 4, "exp")]
    assert len(groups(tape(items, p2={3}, p3={2}))) == 2


def test_types_and_what_they_have_not() -> None:
    t = tape([Merge(0, 0, 1, "exp")])
    t.places = [Place(Type.I32, 8, True)] * 10
    with pytest.raises(CircuitError, match="exp"):
        fuse(t, t.items)


def test_ten_thousand_calls_take_little_time() -> None:
    def seconds(n: int) -> float:
        t = tape([Merge(k % 7, Immediate(float(k)), (k + 1) % 7, "add") for k in range(n)])
        start = time.process_time()
        fuse(t, kept(t))
        return time.process_time() - start

    seconds(100)
    assert seconds(10_000) < 40 * seconds(1_000) + 0.5
