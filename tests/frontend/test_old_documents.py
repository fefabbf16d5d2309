"""Documents of version 1.0, as other tools write them, are the kernels they say: the same programs as from Python."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hologram.errors import SchemaError, SourceError
from hologram.frontend import compile_tree, schema
from tests.frontend.launching import unit

Part = dict[str, Any]


def var(name: str) -> Part:
    return {"type": "var", "name": name}


def lit(value: float) -> Part:
    return {"type": "literal", "value": value}


def op(word: str, left: Part, right: Part) -> Part:
    return {"type": "binary_op", "op": word, "left": left, "right": right}


def call(name: str, *arguments: Part) -> Part:
    return {"type": "call", "function": name, "args": list(arguments)}


def at(array: str, index: Part) -> Part:
    return {"type": "index", "array": var(array), "index": index}


def let(name: str, value: Part) -> Part:
    return {"type": "let", "name": name, "value": value}


def put(target: Part, value: Part) -> Part:
    return {"type": "assign", "target": target, "value": value}


def when(condition: Part, then: list[Part], otherwise: list[Part] | None = None) -> Part:
    return {"type": "if", "condition": condition, "then_body": then, "else_body": otherwise}


def loop(name: str, start: Part, stop: Part, step: Part, *body: Part) -> Part:
    return {"type": "for", "var": name, "start": start, "stop": stop, "step": step, "body": list(body)}


def array(kind: str) -> Part:
    return {"kind": "device_array", "element_type": scalar(kind)}


def scalar(kind: str) -> Part:
    return {"kind": "scalar", "type": kind}


def old(parameters: dict[str, Part], *body: Part) -> Part:
    params = [{"name": name, "type": kind} for name, kind in parameters.items()]
    return {"version": "1.0", "kernel": {"name": "k", "params": params, "body": list(body)}}


IDX, N = var("i"), var("n")
ID = let("i", call("get_global_id"))
INSIDE = op("lt", IDX, N)
PAIRS: dict[str, tuple[Part, str]] = {
    "element-wise": (
        old(
            {"a": array("f32"), "b": array("f32"), "n": scalar("u32")},
            ID,
            when(INSIDE, [put(at("b", IDX), op("mul", call("expf", at("a", IDX)), lit(2.5)))]),
        ),
        "a: DeviceArray[f32], b: DeviceArray[f32], n: u32|i = get_global_id()\nif i < n:\n    b[i] = expf(a[i]) * 2.5",
    ),
    "elif as an if in else": (
        old(
            {"a": array("i32"), "n": scalar("u32")},
            ID,
            when(INSIDE, [when(op("eq", IDX, lit(0)), [put(at("a", IDX), lit(1))], [
                when(op("ge", at("a", IDX), lit(5)), [put(at("a", IDX), lit(2))], [put(at("a", IDX), lit(3))])])]),
        ),
        "a: DeviceArray[i32], n: u32|i = get_global_id()\nif i < n:\n    if i == 0:\n        a[i] = 1\n"
        "    elif a[i] >= 5:\n        a[i] = 2\n    else:\n        a[i] = 3",
    ),
    "let in one branch, assign in the other": (
        old(
            {"a": array("f64"), "n": scalar("u64")},
            ID,
            when(INSIDE, [
                when(op("gt", at("a", IDX), lit(0.0)), [let("v", lit(1.0))], [put(var("v"), lit(2.0))]),
                put(at("a", IDX), var("v"))]),
        ),
        "a: DeviceArray[f64], n: u64|i = get_global_id()\nif i < n:\n    if a[i] > 0.0:\n        v = 1.0\n    else:\n"
        "        v = 2.0\n    a[i] = v",
    ),
    "a loop with a step, a call that casts, negation as a difference": (
        old(
            {"a": array("f32"), "n": scalar("i64")},
            ID,
            when(INSIDE, [
                let("s", lit(0.0)),
                loop("j", lit(0), N, lit(2),
                     put(var("s"), op("add", var("s"), call("f32", op("mod", var("j"), lit(3)))))),
                put(at("a", IDX), op("sub", lit(0.0), var("s")))]),
        ),
        "a: DeviceArray[f32], n: i64|i = get_global_id()\nif i < n:\n    s = 0.0\n    for j in range(0, n, 2):\n"
        "        s += f32(j % 3)\n    a[i] = 0.0 - s",
    ),
    "while, and, floor division": (
        old(
            {"a": array("i32"), "n": scalar("u32")},
            ID,
            when(op("and", INSIDE, op("ne", at("a", IDX), lit(0))), [
                {"type": "while", "condition": op("gt", at("a", IDX), lit(9)),
                 "body": [put(at("a", IDX), op("floor_div", at("a", IDX), lit(10)))]}]),
        ),
        "a: DeviceArray[i32], n: u32|i = get_global_id()\nif i < n and a[i] != 0:\n    while a[i] > 9:\n"
        "        a[i] = a[i] // 10",
    ),
    "an atomic whose value is kept": (
        old(
            {"a": array("u32"), "b": array("u32")},
            ID,
            let("before", call("atomic_add", var("a"), lit(0), lit(1))),
            put(at("b", IDX), var("before")),
            {"type": "return", "value": None},
        ),
        "a: DeviceArray[u32], b: DeviceArray[u32]|i = get_global_id()\nbefore = atomic_add(a, 0, 1)\n"
        "b[i] = before\nreturn",
    ),
}  # fmt: skip


def python(text: str) -> str:
    parameters, _, lines = text.partition("|")
    return f"@kernel\ndef k({parameters}):\n" + "".join(f"    {line}\n" for line in lines.split("\n"))


@pytest.mark.parametrize("name", PAIRS)
def test_a_document_is_the_program_of_its_python(name: str) -> None:
    document, text = PAIRS[name]
    (tree,) = schema.loads(json.dumps(document))
    made, same = compile_tree(tree).program, unit(python(text)).program
    assert made.instructions == same.instructions
    assert (made.params, made.extent, made.labels) == (same.params, same.extent, same.labels)


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_written_as_it_came(name: str) -> None:
    document, text = PAIRS[name]
    (tree,) = schema.loads(json.dumps(document))
    assert json.loads(schema.dumps([tree])) == document
    written = json.loads(schema.dumps([unit(python(text)).tree]))
    assert written["version"] == ("1.1" if "f32(" in text else "1.0"), "casts of their own came with 1.1"
    assert schema.loads(json.dumps(written)) == schema.loads(schema.dumps(schema.loads(json.dumps(written))))


@pytest.mark.parametrize("name", PAIRS)
def test_it_means_the_same_as_version_1_1(name: str) -> None:
    document, _ = PAIRS[name]
    assert schema.loads(json.dumps({**document, "version": "1.1"})) == schema.loads(json.dumps(document))


@pytest.mark.parametrize(
    ("word", "value"),
    [("operator 'bit_and'", op("bit_and", N, lit(1))), ("'cast'", {"type": "cast", "to": "i64", "value": N}),
     ("'unary_op'", {"type": "unary_op", "op": "neg", "operand": N}),
     ("'shape'", {"type": "shape", "array": var("a"), "axis": 0})],
)  # fmt: skip
def test_what_1_0_does_not_say_is_refused_in_it(word: str, value: Part) -> None:
    document = old({"a": array("i64"), "n": scalar("i64")}, put(at("a", lit(0)), value))
    with pytest.raises(SchemaError, match=f"which has no {word}"):
        schema.loads(json.dumps(document))
    assert compile_tree(*schema.loads(json.dumps({**document, "version": "1.1"})))


def test_the_unknown_operator_of_old_compilers_is_refused() -> None:
    document = old({"a": array("i32")}, put(at("a", lit(0)), op("unknown", lit(5), lit(2))))
    with pytest.raises(SchemaError, match=r"op"):
        schema.loads(json.dumps(document))


def test_opaque_pointers_can_be_read_and_not_compiled() -> None:
    (tree,) = schema.loads(json.dumps(old({"p": {"kind": "device_ptr"}})))
    assert json.loads(schema.dumps([tree]))["version"] == "1.0"
    with pytest.raises(SourceError, match="opaque pointer"):
        compile_tree(tree)
