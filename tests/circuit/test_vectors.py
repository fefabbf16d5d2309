"""The published and observed vectors of the sigil algebra, by the formulas."""

import contextlib
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hologram.circuit import canonical_byte, class_of, literal, parse, words
from hologram.circuit.compile import calls_of
from hologram.circuit.generators import Copy, Mark, MarkRange, Merge, Quote, QuoteRange, Swap
from hologram.circuit.transforms import Transform
from hologram.errors import CircuitError

DATA = Path(__file__).parent / "data"
VECTORS = json.loads((DATA / "sigil_vectors.json").read_text())

EVALUATOR_DEFECTS = {
    "~@(~@(T+1@mark@c13))": "two mirrors around a prefix without one cancel",
    "R+1@(R+1@(R+1@mark@c13))": "no mirror is written, so none is applied",
    "T+1@ (T+1@ (T+1@ mark@c08))": "no mirror is written, so none is applied",
    "D+1@(~@ mark@c08)": "the inner transform comes first: d = 1 mirrors to 2, and 2 + 1 is 0",
}
"""Results of the earlier evaluator that contradict the composition of affine maps."""
EXTENDED = {"T-1 R+1@mark@c0", "~ D+1@ mark@c08", "mark@c[0..9]"}
"""Texts that were errors and have a meaning in the present grammar: transforms in any order, ranges."""
COMPILER_DEFECTS = {
    "mark@c21 mark@c22": "the end of the text was not checked",
    "mark@c21 ; mark@c22": "unknown characters were dropped",
    "merge@c[5..14]^+1~": "only the ends of a range were turned, and its operands were guessed",
    "~@ ((mark@c[0..5] . mark@c10) || merge@c[20..25])": "operands of a range of merges were guessed",
    "~@ mark@c[5..10]^+3": "only the ends of a range were turned",
    "R+3@mark@c[20..30]": "only the ends of a range were turned, which put them in the wrong order",
}


def test_every_byte_belongs_to_its_class() -> None:
    assert [class_of(byte) for byte in range(256)] == VECTORS["byte_to_class"]
    with (DATA / "byte_to_class.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 256
    for row in rows:
        byte, index = int(row["byte_dec"]), int(row["class_index"])
        assert (class_of(byte), canonical_byte(index)) == (index, int(row["canonical_rep_dec"]))


def test_every_class_has_its_byte_and_coordinates() -> None:
    assert [canonical_byte(c) for c in range(96)] == VECTORS["canonical_byte"]
    for index, (quadrant, modality, slot) in enumerate(VECTORS["components_h2_d_l"]):
        assert Transform(quadrant, modality, slot)(0) == index


@pytest.mark.parametrize("vector", VECTORS["typescript_observed"], ids=lambda v: v["expr"] or "empty")
def test_bytes_and_words(vector: dict[str, Any]) -> None:
    text = vector["expr"]
    if "error" in vector and text not in EXTENDED:
        with pytest.raises(CircuitError):
            parse(text)
        return
    if "error" in vector:
        assert literal(parse(text)).bytes
        return
    tree = parse(text)
    found = (list(literal(tree).bytes), list(literal(tree).addresses), list(words(tree)))
    observed = (vector["bytes"], vector["addresses"] or [], vector["words"])
    assert (found != observed) == (text in EVALUATOR_DEFECTS)


def test_what_the_defects_should_have_been() -> None:
    right = {
        "~@(~@(T+1@mark@c13))": 0x1C,
        "R+1@(R+1@(R+1@mark@c13))": 0xDA,
        "T+1@ (T+1@ (T+1@ mark@c08))": 0x16,
        "D+1@(~@ mark@c08)": 0x00,
    }
    assert right.keys() == EVALUATOR_DEFECTS.keys()
    for text, byte in right.items():
        assert literal(parse(text)).bytes == (byte,)


@pytest.mark.parametrize(
    ("text", "byte", "address"),
    [
        ("mark@c21", 0x2A, None),
        ("mark@c42^+3~@17", 0x5A, 4442),  # published as 2E and 4398: the mirror was applied to another slot
        ("T+4@ mark@c00", 0x08, None),  # published as 10, which is class 8
        ("~@ mark@c13", 0x2A, None),
        ("R+2 T+3 @ mark@c07", 0x84, None),
        ("mark@c42@17", 0x64, 4452),
        ("mark@c21^R+1~@3", 0x5A, 858),
        ("R+2@ (split@c13)", 0x9A, None),
    ],
)
def test_published_bytes_by_the_formulas(text: str, byte: int, address: int | None) -> None:
    found = literal(parse(text))
    assert found.bytes == (byte,)
    assert found.addresses == (() if address is None else (address,))


def test_a_rotated_group_has_the_quadrant_in_every_byte() -> None:
    # published as 1A 2E: the bits of the quadrant were dropped
    assert literal(parse("R+1@ (copy@c05 . evaluate@c21)")).bytes == (0x4A, 0x6A)


def test_words_list_a_sequence_from_its_end() -> None:
    # published the other way round, against the order of composition
    found = words(parse("evaluate@c21 . copy@c05 || swap@c72"))
    assert found == ("⊗_begin", "copy[d=0]", "phase[h₂=0]", "evaluate", "⊗_sep", "swap", "⊗_end")


@pytest.mark.parametrize("vector", VECTORS["rust_observed"], ids=lambda v: v["expr"])
def test_calls(vector: dict[str, Any]) -> None:
    text = vector["expr"]
    if "raw_calls" not in vector:
        if text in ("mark@c[5..5]", "D+1@mark@c5"):  # both have a meaning here
            assert len(calls_of(text)) == 1
            return
        with pytest.raises(CircuitError):
            calls_of(text)
        return
    if text in COMPILER_DEFECTS:
        with contextlib.suppress(CircuitError):
            assert list(calls_of(text)) != _calls(vector["raw_calls"])
        return
    assert list(calls_of(text)) == _calls(vector["raw_calls"])


def _calls(told: str) -> list[Any]:
    """Calls as the earlier compiler printed them."""
    out: list[Any] = []
    for name, body in re.findall(r"(\w+) \{ ([^}]*) \}", told):
        f = {k: int(v) for k, v in re.findall(r"(\w+): (\d+)", body)}
        out.append(
            {
                "Mark": lambda f: Mark(f["class"]),
                "Quote": lambda f: Quote(f["class"]),
                "Copy": lambda f: Copy(f["src_class"], f["dst_class"]),
                "Swap": lambda f: Swap(f["class_a"], f["class_b"]),
                "Merge": lambda f: Merge(f["src_class"], f["context_class"], f["dst_class"]),
                "QuoteRange": lambda f: QuoteRange(f["start_class"], f["end_class"]),
                "MarkRange": lambda f: MarkRange(f["start_class"], f["end_class"]),
            }[name](f)
        )
    return out
