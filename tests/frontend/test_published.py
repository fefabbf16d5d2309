"""The published JSON Schema and the reader agree: on every document the writer gives, and on damaged ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from hologram.errors import SchemaError
from hologram.frontend import compile_source, published, schema, tree
from hologram.frontend.parse_expressions import BINARY
from tests.frontend.launching import body, unit
from tests.frontend.test_control import CASES
from tests.frontend.test_schema import OLD

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "src/hologram/stdlib").glob("[a-z]*.py")), *sorted((ROOT / "tests/filetests").rglob("*.py"))]
KERNEL_FILES = [path for path in FILES if "hologram.language import" in path.read_text("utf-8")]
EVERYTHING = body(
    "o: DeviceArray[f32, 2], n: u32, k: i64 = 3, flag: bool = True",
    "s = shared(f32, 64)", "i = get_global_id()", "x: f64 = -1.5",
    "s[lane_id()] = f32(x) if i < n and not flag else 2.0", "barrier()",
    "while k > 0:", "    k -= 1", "    if k == 2: continue", "    if k == 1: break", "assert k >= 0, 'k'", "print(k)",
    "for j in range(3, 0, -1): o[i, j] += f32(math.inf > x) ** 2", "atomic_add(o, i, 0, s[0])",
    "x = half(f32(o.shape[1]))",
)  # fmt: skip


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(published.json_schema())


@cache
def documents() -> list[dict[str, Any]]:
    """A document of each kind and version."""
    texts = [*CASES.values(), EVERYTHING + "@device\ndef half(v: f32):\n    return v / 2\n"]
    return [json.loads(schema.dumps([unit(text).tree])) for text in texts] + [json.loads(OLD)]


def spots(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, child in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(child, (dict, list)):
            yield from spots(child)


def verdicts(document: Any) -> tuple[bool, str]:
    """What the schema says, and what the reader says (empty: it reads it)."""
    try:
        schema.loads(json.dumps(document))
        refused = ""
    except SchemaError as error:
        refused = str(error)
    return validator().is_valid(document), refused


def test_it_is_a_schema_and_the_one_in_the_manual() -> None:
    Draft202012Validator.check_schema(published.json_schema())
    assert (ROOT / "docs/kernel.schema.json").read_text("utf-8") == published.text(), "out of date: run make pages"


@pytest.mark.parametrize("path", KERNEL_FILES, ids=lambda path: path.stem)
def test_what_the_writer_gives_is_valid(path: Path) -> None:
    trees = [unit.tree for unit in compile_source(path.read_text("utf-8"), str(path))]
    document = json.loads(schema.dumps(trees))
    assert list(validator().iter_errors(document)) == []
    assert len(schema.loads(json.dumps(document))) == len(trees)


def test_every_kind_of_node_is_written_and_valid() -> None:
    seen: set[type[tree.Node]] = set()
    for document in documents():
        assert list(validator().iter_errors(document)) == []
        seen |= {type(node) for kernel in schema.loads(json.dumps(document)) for node, _ in tree.nodes(kernel)}
    kinds = (
        set(tree.Node.__subclasses__()) | set(tree.Expression.__subclasses__()) | set(tree.Statement.__subclasses__())
    )
    assert kinds - seen == {tree.Expression, tree.Statement, tree.DevicePtr}


def test_operators_are_those_of_the_parser() -> None:
    comparisons = {"lt", "le", "gt", "ge", "eq", "ne"}
    assert {*BINARY.values(), *comparisons, "and", "or"} == set(tree.BINARY_OPERATORS)
    assert set(tree.BINARY_OPERATORS) > schema.OPERATORS_1_0


def test_version_1_0_is_a_part_of_1_1() -> None:
    for document in documents():
        for version in schema.VERSIONS:
            valid, refused = verdicts({**document, "version": version})
            assert valid == (not refused), refused
        assert validator().is_valid({**document, "version": "1.1"})


@pytest.mark.parametrize(
    ("where", "value", "path"),
    [
        (("version",), "1.2", "$.version"),
        (("kernel", "block"), [0], "$.kernel.block[0]"),
        (("kernel", "block"), [1, 1, 1, 1], "$.kernel.block"),
        (("kernel", "params", 0, "type", "ndim"), 4, "$.kernel.params[0].type.ndim"),
        (("kernel", "params", 0, "type", "element_type", "type"), "f128", "$.kernel.params[0].type.element_type.type"),
        (("kernel", "params", 0, "type", "element_type", "type"), "f32\n", "$.kernel.params[0].type.element_type.type"),
        (("kernel", "body", 0, "size"), 0, "$.kernel.body[0].size"),
        (("kernel", "body", 2, "declared"), "str", "$.kernel.body[2].declared"),
        (("kernel", "body", 2, "value", "op"), "sin", "$.kernel.body[2].value.op"),
        (("kernel", "body", 5, "condition", "op"), "unknown", "$.kernel.body[5].condition.op"),
        (("kernel", "body", 5, "type"), "goto", "$.kernel.body[5]"),
        (("kernel", "body", 5, "more"), 1, "$.kernel.body[5]"),
        (("kernel", "body", 5, "at"), [1, 2], "$.kernel.body[5].at"),
        (("kernel", "body", 5, "at"), [1, 2, -3], "$.kernel.body[5].at[2]"),
        (("kernel",), None, "$.kernel"),
        (("kernel", "body", 2, "value", "op"), "sin", "Expected one of neg, pos, invert, not - at"),
    ],
)  # fmt: skip
def test_both_refuse_and_the_reader_names_the_path(where: tuple[str | int, ...], value: object, path: str) -> None:
    document = copy.deepcopy(documents()[-2])
    inner: Any = document
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    valid, refused = verdicts(document)
    assert not valid
    assert path in refused


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_both_say_the_same_of_damaged_documents(data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(documents())))
    for _ in range(data.draw(st.integers(1, 2))):
        places = list(spots(document))
        node, key = data.draw(st.sampled_from(places))
        other, other_key = data.draw(st.sampled_from(places))
        change = data.draw(st.integers(0, 3))
        if change == 0 and isinstance(node, dict):
            del node[key]
        elif change == 1 and isinstance(node, dict):
            node[data.draw(st.sampled_from(["at", "type", "value", "block", "extra"]))] = copy.deepcopy(
                other[other_key]
            )
        elif change == 2:
            node[key] = copy.deepcopy(other[other_key])
        else:
            node[key] = data.draw(
                st.sampled_from([None, -1, 0, 2, 2**70, 0.5, "x", "add", "f64", True, [], {}, [1, 2, 3]])
            )
    valid, refused = verdicts(document)
    assert valid == (not refused), f"{'valid' if valid else 'invalid'}, and the reader says: {refused}"
    assert not refused or "$" in refused
