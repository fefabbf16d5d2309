"""Random circuits run as written and as optimised leave the same memory."""

import json

import pytest

import hologram as hg
from tests.circuit.random_text import random_text
from tests.circuit.soundness import RECORD, CallByCall, Tally, check


@pytest.fixture(scope="module")
def plainly() -> CallByCall:
    return CallByCall(hg.Executor("interpreter"))


@pytest.mark.parametrize("start", range(0, 120, 40))
def test_random_circuits_leave_the_same_memory(plainly: CallByCall, start: int) -> None:
    tally = Tally()
    wrong = [text for seed in range(start, start + 40) if (text := check(plainly, seed, tally, longest=40))]
    assert not wrong
    assert tally.longer == 0
    assert tally.calls_after < tally.calls_before
    assert tally.bytes_after < tally.bytes_before


@pytest.mark.slow
def test_many_long_random_circuits_leave_the_same_memory(plainly: CallByCall) -> None:
    tally = Tally()
    assert not [text for seed in range(5000, 6000) if (text := check(plainly, seed, tally))]
    assert tally.longer == 0


def test_random_texts_use_the_whole_language() -> None:
    texts = [random_text(seed) for seed in range(400)]
    for piece in ("||", "(", "R", "D", "T", "~", "^", "[3]->", "..", "#", "swap@", "split:div@", "merge:where@", "@ ("):
        assert any(piece in text for text in texts), piece
    assert max(text.count("@") for text in texts) > 150


def test_the_record_of_the_long_run_is_clean() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    assert record["circuits"] >= 50_000
    assert record["mismatches"] == record["longer"] == 0
