"""Kernels as JSON: round trips, versions, the published schema, and documents from strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hologram.errors import HologramError, SchemaError, SourceError
from hologram.frontend import compile_source, compile_tree, schema, tree
from tests.frontend.launching import HEADER, body, unit
from tests.frontend.test_control import CASES

SAXPY = body("a: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32", "i = get_global_id()", "if i < n:",
             "    y[i] = a * x[i] + y[i]")  # fmt: skip

OLD = """
{"version": "1.0", "kernel": {"name": "old", "params": [
    {"name": "x", "type": {"kind": "device_array", "element_type": {"kind": "scalar", "type": "f32"}}},
    {"name": "n", "type": {"kind": "scalar", "type": "u32"}}],
  "body": [
    {"type": "let", "name": "idx", "value": {"type": "call", "function": "get_global_id", "args": []}},
    {"type": "if", "condition": {"type": "binary_op", "op": "and",
        "left": {"type": "binary_op", "op": "lt", "left": {"type": "var", "name": "idx"},
                 "right": {"type": "var", "name": "n"}},
        "right": {"type": "literal", "value": true}},
     "then_body": [
       {"type": "let", "name": "s", "value": {"type": "literal", "value": 0.0}},
       {"type": "for", "var": "k", "start": {"type": "literal", "value": 0}, "stop": {"type": "var", "name": "idx"},
        "step": {"type": "literal", "value": 1}, "body": [
          {"type": "assign", "target": {"type": "var", "name": "s"}, "value": {"type": "binary_op", "op": "add",
            "left": {"type": "var", "name": "s"}, "right": {"type": "call", "function": "f32", "args": [
              {"type": "binary_op", "op": "floor_div", "left": {"type": "var", "name": "k"},
               "right": {"type": "literal", "value": 2}}]}}}]},
       {"type": "while", "condition": {"type": "literal", "value": false}, "body": []},
       {"type": "assign", "target": {"type": "index", "array": {"type": "var", "name": "x"},
        "index": {"type": "var", "name": "idx"}}, "value": {"type": "var", "name": "s"}}],
     "else_body": null},
    {"type": "return", "value": null}]}}
"""


def changed(**parts: Any) -> dict[str, Any]:
    document = json.loads(schema.dumps([unit(SAXPY).tree]))
    document["kernel"].update(parts)
    return document


def test_a_plain_kernel_is_version_1_0_without_places() -> None:
    document = json.loads(schema.dumps([unit(SAXPY).tree]))
    assert document["version"] == "1.0"
    assert '"at"' not in schema.dumps([unit(SAXPY).tree])
    assert document["kernel"]["params"][0] == {"name": "a", "type": {"kind": "scalar", "type": "f32"}}
    assert document["kernel"]["body"][0] == {
        "type": "let",
        "name": "i",
        "value": {"type": "call", "function": "get_global_id", "args": []},
    }
    assert document["kernel"]["body"][1]["else_body"] is None


@pytest.mark.parametrize("text", [*CASES.values(), SAXPY], ids=[*CASES, "saxpy"])
def test_round_trip(text: str) -> None:
    first = unit(text)
    (again,) = schema.loads(schema.dumps([first.tree]))
    second = compile_tree(again, file="kernel.py")
    assert second.program.digest == first.program.digest
    if schema.version_of(first.tree) == "1.1":
        assert again == first.tree
        assert second.program.debug == first.program.debug
    assert schema.dumps([again]) == schema.dumps([first.tree])


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("o[i] = i // 2", "1.0"),
        ("o[i] = i + k if i > k else k", "1.1"),
        ("o[i] = -i", "1.1"),
        ("o[i] = i & 1", "1.1"),
        ("o[i] = i ** 2", "1.1"),
        ("o[i] = i64(i)", "1.1"),
        ("o[i] = o.shape[0]", "1.1"),
        ("x: i64 = 2", "1.1"),
        ("assert i < 3", "1.1"),
        ('print("i =", i)', "1.1"),
        ("grid_sum(i, o, 0)", "1.1"),
        ("o[i] = i64(math.inf > 1.0)", "1.1"),
        ("while i < 0: break", "1.1"),
        ("while i < 0: continue", "1.1"),
        ("if i < 3 and i > 1: o[i] = 2", "1.0"),
    ],
)
def test_the_lowest_version_that_can_say_it(line: str, version: str) -> None:
    tree = unit(body("o: DeviceArray[i64], k: i64", "i = get_global_id()", line)).tree
    assert schema.version_of(tree) == version
    document = json.loads(schema.dumps([tree]))
    assert document["version"] == version
    if version == "1.1":
        document["version"] = "1.0"
        with pytest.raises(SchemaError, match=r"\$.version is '1.0', which has no"):
            schema.loads(json.dumps(document))


@pytest.mark.parametrize("parameters", ["a: f16", "a: usize", "a: f32 = 1.0", "a: DeviceArray[f32, 2]"])
def test_parameters_beyond_1_0(parameters: str) -> None:
    assert schema.version_of(unit(body(parameters, "pass")).tree) == "1.1"


def test_old_documents_load_and_run() -> None:
    import numpy as np

    from tests.frontend.launching import launch

    (tree,) = schema.loads(OLD)
    made = compile_tree(tree)
    x = np.full(6, 9, np.float32)
    launch(made.program, [x, 5], 6)
    assert x.tolist() == [0.0, 0.0, 0.0, 1.0, 2.0, 9.0]
    assert schema.loads(schema.dumps([tree])) == (tree,)


def test_several_kernels_are_an_array() -> None:
    units = compile_source(HEADER + SAXPY + SAXPY.replace("def k", "def l"), "k.py")
    text = schema.dumps([u.tree for u in units])
    assert text.startswith("[")
    assert [k.name for k in schema.loads(text.encode())] == ["k", "l"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "Input data was truncated"),
        ("[]", "holds no kernel"),
        ("{}", "missing required field"),
        ("[1]", "$[0]"),
        ("nonsense", "malformed"),
        ("\ud800", "not a kernel in JSON"),
        (b"\xff\xfe", "not a kernel in JSON"),
        ('{"version": "2.0", "kernel": {"name": "k", "params": [], "body": []}}', "$.version is '2.0'"),
        ('{"version": 1, "kernel": {"name": "k", "params": [], "body": []}}', "$.version"),
        (changed(name=3), "$.kernel.name"),
        (changed(body=[{"type": "goto"}]), "goto"),
        (changed(body=[{"type": "return", "value": None, "extra": 1}]), "extra"),
        (changed(body=[{"type": "return"}]), "value"),
        (changed(params=[{"name": "a", "type": {"kind": "tensor"}}]), "tensor"),
        (changed(body=[{"type": "break", "at": [1, -2, 3]}]), "`$.kernel.body[0].at[1]`"),
        (changed(body=[{"type": "break", "at": [1, 2]}]), "at"),
        (changed(surprise=1), "surprise"),
        ("[" * 100_000, "$[0]"),
        ('{"version":"1.1","kernel":' * 5, "$.kernel"),
        (json.dumps(changed(body=[])).replace("[]", "[" + '{"type":"if","condition":{"type":"literal","value":true},'
         '"then_body":[' * 3000), "nested too deeply"),
        (json.dumps(changed(body=[])).replace("[]", '[{"type":"return","value":' + '{"type":"unary_op","op":"neg",'
         '"operand":' * 400 + '{"type":"literal","value":1}' + "}" * 400 + "}]"), "nested"),
    ],
)  # fmt: skip
def test_documents_from_strangers(document: Any, message: str) -> None:
    text = document if isinstance(document, (str, bytes)) else json.dumps(document)
    with pytest.raises(SchemaError) as caught:
        schema.loads(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"name": ""}, "is no name for a kernel"),
        ({"name": "../x"}, "is no name for a kernel"),
        ({"params": [{"name": "a b", "type": {"kind": "scalar", "type": "f32"}}]}, "is no name for a parameter"),
        ({"params": [{"name": "a", "type": {"kind": "device_ptr"}}]}, "opaque pointer"),
        ({"params": [{"name": "a", "type": {"kind": "scalar", "type": "f32"}}] * 2}, "two parameters"),
        ({"params": [{"name": f"a{k}", "type": {"kind": "scalar", "type": "f32"}} for k in range(200)]}, "at most 128"),
        ({"params": [{"name": "a", "type": {"kind": "device_array", "element_type": {"kind": "scalar",
          "type": "bool"}}}]}, "arrays of bool"),
        ({"body": [{"type": "break"}]}, "outside a loop"),
        ({"body": [{"type": "return", "value": {"type": "literal", "value": 1}}]}, "returns nothing"),
        ({"body": [{"type": "let", "name": "q", "value": {"type": "var", "name": "zz"}}]}, "'zz' is not defined"),
        ({"body": [{"type": "let", "name": "q", "value": {"type": "literal", "value": 10**30}}]}, "64 bits"),
        ({"body": [{"type": "let", "name": "q", "value": {"type": "call", "function": "system", "args": []}}]},
         "'system' is no function"),
        ({"body": [{"type": "let", "name": "q", "value": {"type": "call", "function": "barrier", "args": []}}]},
         "barrier() has no value"),
        ({"body": [{"type": "let", "name": "q", "value": {"type": "index", "array": {"type": "literal", "value": 1},
          "index": {"type": "literal", "value": 1}}}]}, "only arrays have elements"),
        ({"body": [{"type": "let", "name": "q", "value": {"type": "shape", "array": {"type": "var", "name": "x"},
          "axis": 1}}]}, "there is no axis 1"),
    ],
)  # fmt: skip
def test_the_same_checker_reads_json(parts: dict[str, Any], message: str) -> None:
    document = changed(**parts) | {"version": "1.1"}
    (tree,) = schema.loads(json.dumps(document))
    with pytest.raises(SourceError) as caught:
        compile_tree(tree, file="x.json")
    assert message in caught.value.message
    assert caught.value.location.file == "x.json"


ONE = tree.Literal(1)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (tree.Constant("pi"), "no constant 'pi'"),
        (tree.Cast("str", ONE), "no type 'str'"),
        (tree.BinaryOp("unknown", ONE, ONE), "no binary operator 'unknown'"),
        (tree.UnaryOp("sin", ONE), "no unary operator 'sin'"),
        (tree.Shape(tree.Var("x"), -1), "there is no axis -1"),
        (tree.Let("q", ONE, "f99"), "no type 'f99'"),
        (tree.Shared("q", "f99", 3), "no shared array of 3 elements of 'f99'"),
        (tree.Shared("q", "f32", 0), "no shared array of 0 elements"),
        (tree.Parameter("p", tree.Scalar("f128")), "no type 'f128'"),
        (tree.Parameter("p", tree.Array(tree.Scalar("f128"))), "no type 'f128'"),
        (tree.Parameter("p", tree.Array(tree.Scalar("f32"), 9)), "1 to 3 dimensions, 'p' has 9"),
        (tree.Inline("f", (), ONE), "'f' gives no value"),
    ],
)
def test_trees_made_by_hand_are_checked_too(made: tree.Node, message: str) -> None:
    params: tuple[tree.Parameter, ...] = (tree.Parameter("x", tree.Array(tree.Scalar("f32"))),)
    body: tuple[Any, ...] = ()
    if isinstance(made, tree.Parameter):
        params += (made,)
    else:
        body = (made if isinstance(made, tree.Statement) else tree.Let("y", made),)
    with pytest.raises(SourceError) as caught:
        compile_tree(tree.Kernel("k", params, body), file="x.json")
    assert message in caught.value.message


def test_errors_in_json_point_into_the_source_it_came_from() -> None:
    (tree,) = schema.loads(schema.dumps([unit(CASES["augmented"]).tree]).replace('"name": "n"', '"name": "m"'))
    compile_tree(tree)
    document = json.loads(schema.dumps([unit(CASES["swap"]).tree]))
    document["kernel"]["params"] = document["kernel"]["params"][:1]
    document["kernel"]["body"][-1]["value"] = {"type": "var", "name": "n", "at": [9, 12, 13]}
    with pytest.raises(SourceError, match=r"x\.json:9:12: error: 'n' is not defined"):
        compile_tree(schema.loads(json.dumps(document))[0], "x.json")


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_documents_give_typed_errors(data: st.DataObject) -> None:
    text = schema.dumps([unit(CASES[data.draw(st.sampled_from(sorted(CASES)))]).tree])
    document = json.loads(text)
    spots: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            spots.append((node, key))
            if isinstance(child, (dict, list)):
                collect(child)

    collect(document)
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = data.draw(st.sampled_from(spots))
        other, other_key = data.draw(st.sampled_from(spots))
        try:
            value = other[other_key]
            node[key] = data.draw(st.sampled_from([None, -1, 2**70, 1e300, "x", True, [], {}, value]))
        except (IndexError, KeyError):
            continue
    try:
        damaged = json.dumps(document)
    except (ValueError, RecursionError):  # the damage made a cycle
        return
    try:
        for tree in schema.loads(damaged):
            compile_tree(tree)
    except HologramError:
        pass


def test_nothing_to_write_is_an_error() -> None:
    with pytest.raises(SchemaError, match="no kernel"):
        schema.dumps([])
