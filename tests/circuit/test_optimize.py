"""The optimiser leaves the same values, never makes a circuit longer, and finds what the showcase shows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hologram as hg
from hologram.circuit import compile_circuit
from hologram.circuit.compile import calls_of
from hologram.circuit.generators import Call, Copy, Mark, MarkRange, Merge, ReduceSum, Softmax, Swap, singles
from hologram.circuit.optimize import bytes_moved, optimize, without_swaps
from hologram.circuit.values import Values
from tests.circuit.random_calls import random_calls

GATES = {"H": "copy@c05->c06 . mark@c21", "X": "mark@c21", "Z": "mark@c42", "I": "mark@c00"}


@pytest.mark.parametrize(
    ("word", "calls"),
    [
        ("HH", [Copy(5, 6)]),
        ("HHHH", [Copy(5, 6)]),
        ("HXH", [Copy(5, 6), Mark(21)]),
        ("XX", []),
        ("XXX", [Mark(21)]),
        ("HHXXZZI", [Copy(5, 6), Mark(0)]),
    ],
)
def test_the_showcase(word: str, calls: list[Call]) -> None:
    found = optimize(calls_of(" . ".join(GATES[x] for x in word)))
    assert sorted(map(repr, found.calls)) == sorted(map(repr, calls))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("swap@c0<->c1 . swap@c1<->c0", ""),
        ("copy@c0->c1 . copy@c1->c0", "copy@c00->c01"),
        ("mark@c[0..9] . mark@c[5..14]", "mark@c[0..4] . mark@c[10..14]"),
        ("mark@c1 . mark@c2 . mark@c3", "mark@c[1..3]"),
        ("copy@c0->c1 . copy@c2->c1", "copy@c02->c01"),
        ("mark@c1 . copy@c0->c1", "copy@c00->c01"),
        ("copy@c0->c1 . swap@c0<->c1", "copy@c00->c01"),
        ("copy@c0->c1 . mark@c0 . mark@c1", "mark@c00 . copy@c00->c01"),
        ("swap@c0<->c1 . swap@c1<->c2 . swap@c0<->c1", "swap@c00<->c02"),
        ("merge@c0[c1,c2] . merge@c1[c0,c3]", "merge@c00[c01,c02] . copy@c02->c03"),
        ("merge:abs@c0[c1] . merge:abs@c1[c1]", "merge:abs@c00[c01]"),
        ("merge:neg@c0[c0] . merge:neg@c0[c0]", ""),
        ("merge:max@c0[c0,c1]", "copy@c00->c01"),
        ("quote@c1 . evaluate@c1", ""),
        ("merge@c0[c1,c2] . copy@c3->c2", "copy@c03->c02"),
        ("softmax@c0->c1 . softmax@c0->c2", "softmax@c00->c01 . copy@c01->c02"),
        ("merge@c0[c4,c10] . merge@c1[c5,c11]", "merge@c[0..1][c[4..5],c[10..11]]"),
    ],
)
def test_rewrites(text: str, wanted: str) -> None:
    from hologram.circuit import calls_text

    assert calls_text(optimize(calls_of(text)).calls) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "merge@c0[c1,c2] . split@c2[c1,c3]",  # (x + y) − y is not x in floats
        "merge:mul@c0[c1,c2] . split:div@c2[c1,c2]",
        "merge:exp@c0[c0] . merge:log@c0[c0]",
        "copy@c0->c1 . reduce:sum@c2->c1",  # a reduction keeps the rest of its target
        "merge@c0[c1,c2] . mark@c2 . merge@c0[c1,c3]",
    ],
)
def test_what_must_stay(text: str) -> None:
    given = calls_of(text)
    assert len(optimize(given).calls) >= len(given) - ("mark" in text)


def test_dead_classes_need_not_be_made() -> None:
    calls = calls_of("merge@c0[c1,c2] . merge:exp@c2[c3] . mark@c4 . swap@c3<->c5")
    assert optimize(calls, live_out=[5]).calls == (Merge(0, 1, 2), Merge(2, 2, 5, "exp"))
    assert optimize(calls, live_out=[]).calls == ()
    assert optimize([Swap(0, 1)], live_out=[1]).calls == (Copy(0, 1),)


@given(st.integers(0, 2**32))
def test_the_same_values_and_never_more_calls(seed: int) -> None:
    calls = random_calls(seed)
    found = optimize(calls)
    assert found.after <= found.before == len(calls)
    assert (found.after, found.bytes_after) <= (found.before, found.bytes_before) or found.after < found.before
    assert found.bytes_after == bytes_moved(found.calls)
    values = Values()
    before = values.follow([one for call in calls for one in singles(call)])
    after = values.follow([one for call in found.calls for one in singles(call)])
    for place in before.keys() | after.keys():
        assert before.get(place, values.input(place)) == after.get(place, values.input(place))


@given(st.integers(0, 2**32), st.sets(st.integers(0, 5)))
def test_what_is_alive_has_the_same_values(seed: int, live: set[int]) -> None:
    calls = random_calls(seed, longest=25)
    found = optimize(calls, live_out=live)
    values = Values()
    before = values.follow([one for call in calls for one in singles(call)])
    after = values.follow([one for call in found.calls for one in singles(call)])
    assert all(before.get(p, values.input(p)) == after.get(p, values.input(p)) for p in live)


def test_relabelling_the_classes_changes_nothing_but_the_labels() -> None:
    for twist in range(8):
        calls = calls_of("mark@c3 . copy@c3->c7 . mark@c3 . merge@c7[c3,c1] . swap@c1<->c3 . copy@c1->c7")
        turned = calls_of(f"T+{twist}@ mark@c3 . copy@c3->c7 . mark@c3 . merge@c7[c3,c1] . swap@c1<->c3 . copy@c1->c7")
        assert len(optimize(calls).calls) == len(optimize(turned).calls)


def test_partial_writes_read_what_they_keep() -> None:
    calls = [Copy(0, 1), ReduceSum(2, 1), Softmax(3, 1, 5)]
    assert optimize(calls).calls == tuple(calls)


def test_long_circuits_have_the_same_values() -> None:
    calls = [call for seed in range(40) for call in random_calls(seed, 60)]
    found = optimize(calls)
    assert found.after < found.before
    assert MarkRange in {type(c) for c in found.calls}


@pytest.mark.parametrize("seed", range(40))
def test_swaps_become_other_names(seed: int) -> None:
    """What a class would have held is in its home, and no swap is left."""
    calls = random_calls(seed)
    made, homes = without_swaps(calls)
    assert not any(isinstance(call, Swap) for call in made)
    assert sorted(homes) == sorted(homes.values())
    values = Values(marks=True)
    wanted = values.follow(one for call in calls for one in singles(call))
    found = values.follow(one for call in made for one in singles(call))
    for place, reference in wanted.items():
        home = homes.get(place, place)
        assert found.get(home, values.input(home)) == reference


def test_a_renamed_circuit_runs_where_it_says() -> None:
    compiled = compile_circuit("swap@c01<->c02 . merge@c01[c03,c04] . swap@c04<->c01", live_out=[1])
    renamed, homes = compiled.renamed()
    memory = {p: np.full(4, p, np.float32) for p in range(5)}
    with hg.Executor("interpreter") as executor:
        executor.bind_circuit(renamed, {p: memory[p] for p in renamed.places})()
    assert memory[homes.get(1, 1)].tolist() == [5.0] * 4
