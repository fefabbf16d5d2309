"""Pictures of circuits: well-formed, complete, and the same wires in every panel."""

from __future__ import annotations

from xml.etree import ElementTree as xml

import pytest

from hologram.circuit import compile_circuit
from hologram.circuit.compile import calls_of
from hologram.circuit.drawing import MOST_CALLS, draw
from hologram.circuit.generators import Mark
from tests.circuit.random_calls import random_calls

_NS = "{http://www.w3.org/2000/svg}"


def _texts(picture: str) -> list[str]:
    return [node.text or "" for node in xml.fromstring(picture).iter(f"{_NS}text")]


def test_every_call_has_its_box_and_every_class_its_wire() -> None:
    calls = calls_of("merge:mul@c00[#0.5,c02] . copy@c02->c03 . reduce:max@c03[7]->c04 . softmax@c03->c05 . quote@c01")
    texts = _texts(draw([("written", calls)]))
    assert texts == [
        "written",
        *("c00", "c01", "c02", "c03", "c04", "c05"),
        *("mul #0.5", "copy", "max[7]", "softmax", "quote"),
    ]


def test_calls_on_other_wires_share_a_column() -> None:
    root = xml.fromstring(draw([("", calls_of("mark@c00 . mark@c01 . mark@c01 . copy@c00->c02"))]))
    columns = [rect.get("x") for rect in root.iter(f"{_NS}rect") if rect.get("class")]
    assert columns[0] == columns[1] != columns[2] != columns[3]


def test_a_swap_is_two_crosses_on_a_link() -> None:
    root = xml.fromstring(draw([("", calls_of("swap@c10<->c11"))]))
    assert [path.get("class") for path in root.iter(f"{_NS}path")].count("cross") == 2


def test_both_panels_have_the_same_wires() -> None:
    compiled = compile_circuit("copy@c01->c02 . mark@c09 . mark@c09")
    texts = _texts(draw([("before", compiled.written), ("after", compiled.calls)]))
    assert texts.count("c09") == texts.count("c01") == 2
    assert texts.count("mark") == 2


def test_long_circuits_are_cut_and_say_so() -> None:
    texts = _texts(draw([("long", [Mark(0)] * (MOST_CALLS + 1))]))
    assert texts[0] == f"long (the first {MOST_CALLS} of {MOST_CALLS + 1} calls)"
    assert texts.count("mark") == MOST_CALLS


@pytest.mark.parametrize("seed", range(20))
def test_random_circuits_are_drawn_inside_the_picture(seed: int) -> None:
    root = xml.fromstring(draw([("random", random_calls(seed))]))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for rect in root.iter(f"{_NS}rect"):
        if rect.get("class"):
            assert 0 <= float(rect.get("x", -1)) <= width - float(rect.get("width", 0))
            assert 0 <= float(rect.get("y", -1)) <= height


def test_an_empty_circuit_is_a_picture_too() -> None:
    assert _texts(draw([("nothing", [])])) == ["nothing"]
