"""Random circuits run as written and as optimised leave the same memory."""

import json

import pytest

import hologram as hg
from hologram.circuit import compile_circuit
from hologram.circuit.generators import SPLIT_VARIANTS
from hologram.operators import VARIANTS as TABLE
from tests.circuit.random_text import random_text
from tests.circuit.soundness import RECORD, CallByCall, Tally, check, is_sound


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


@pytest.mark.parametrize("marked", ["", " . mark@c00 . mark@c04"], ids=["plain", "marked"])
@pytest.mark.parametrize("variant", TABLE)
def test_laws_of_every_operator(plainly: CallByCall, variant: str, marked: str) -> None:
    """An operator of its own result, of one operand twice, and with its operands exchanged."""
    name = f"split:{variant}" if variant in SPLIT_VARIANTS else f"merge:{variant}"
    arity = TABLE[variant].arity
    once = {1: "{0}@c{1}[c{4}]", 2: "{0}@c{1}[c{2},c{4}]", 3: "{0}@c{1}[c{2},c{3},c{4}]"}[arity]
    for pair in ("00 01 02 04", "04 04 04 05"), ("00 00 00 04", "00 01 02 05"), ("00 01 02 04", "01 00 02 05"):
        text = " . ".join(once.format(name, *places.split()) for places in pair) + marked
        assert all(is_sound(plainly, compile_circuit(text), seed) for seed in range(4)), text


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
