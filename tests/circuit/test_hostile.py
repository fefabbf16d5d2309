"""Hostile circuits: random text, megabytes, deep nesting, huge numbers; a typed error or a result, in bounded time."""

from __future__ import annotations

import random
import time

import pytest

from hologram.circuit import compile_circuit, literal, parse, to_text, words
from hologram.circuit.gates import canonicalize
from hologram.errors import CircuitError, HologramError
from tests.circuit.random_text import random_text

WORDS = (
    "mark copy swap merge split quote evaluate reduce softmax sum @ c0 c05 c95 [ ] ( ) , .. . || -> <-> ^ ~ # R+1 D-2"
)
ALPHABET = (*WORDS.split(), "T", "7", "1e9", "//", ":", "é", "'", "\0", "\n")


def unsound(text: str) -> list[str]:
    """What refusals of a text say without a place or at length; anything but a circuit error comes out of here."""
    out = []
    for ask in (parse, compile_circuit, canonicalize):
        try:
            ask(text)
        except CircuitError as error:
            if error.location.line < 1 or len(str(error)) >= len(text) + 1000:
                out.append(str(error))
    return out


@pytest.mark.parametrize("seed", range(60))
def test_random_words(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        assert not unsound("".join(rng.choice(ALPHABET) + rng.choice(["", " "]) for _ in range(rng.randrange(1, 30))))


@pytest.mark.parametrize("seed", range(30))
def test_random_bytes(seed: int) -> None:
    assert not unsound(random.Random(seed).randbytes(200).decode("latin-1"))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_circuits(seed: int) -> None:
    rng = random.Random(seed)
    text = list(random_text(seed, 20))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(text))
        text[at : at + rng.randrange(3)] = rng.choice(ALPHABET)
    assert not unsound("".join(text))


@pytest.mark.parametrize("depth", [50, 5_000, 20_000])
@pytest.mark.parametrize("shape", ["({})", "R+1@ ({})", "~@ {}", "(mark@c01 || ({}))"])
def test_deep_nesting(depth: int, shape: str) -> None:
    before, after = shape.split("{}")
    start = time.process_time()
    assert not unsound(before * depth + "mark@c00" + after * depth)
    assert time.process_time() - start < 30


@pytest.mark.parametrize("text", ["(" * 1_000_000, "@" * 1_000_000, "c" * 1_000_000, "1" * 1_000_000, "^" * 1_000_000])
def test_a_megabyte_of_one_letter(text: str) -> None:
    with pytest.raises(CircuitError):
        parse(text)


def test_megabytes_of_circuit() -> None:
    text = " . ".join(["merge:where@c00[c01,c02,c03]", "copy@c03->c04"] * 22_000)
    assert len(text) > 1_000_000
    compiled = compile_circuit(text)
    assert compiled.original_calls == 44_000
    assert compiled.canonical_calls == 2
    assert compiled.tree is not None
    assert to_text(compiled.tree) == text
    assert len(literal(compiled.tree).bytes) == len(words(compiled.tree)) == 44_000


@pytest.mark.parametrize(
    "text",
    [
        "mark@c" + "9" * 5000,
        "mark@c[0.." + "9" * 5000 + "]",
        "R+" + "9" * 5000 + "@ mark@c00",
        "mark@c00^T-" + "9" * 5000,
        "mark@c00@" + "9" * 5000,
        "merge@c00[#" + "9" * 5000 + ",c01]",
        "merge@c00[#1e" + "9" * 50 + ",c01]",
        "reduce:sum@c00[" + "9" * 5000 + "]->c01",
        "softmax@c00[99999999999999999999]->c01",
        "merge@c00[#-,c01]",
        "merge@c00[#nan,c01]",
    ],
)
def test_huge_and_odd_numbers(text: str) -> None:
    assert not unsound(text)
    try:
        compiled = compile_circuit(text)
    except HologramError:
        return
    assert compiled.steps or not compiled.calls
