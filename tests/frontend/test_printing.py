"""`print` and `assert` in kernels: what they become in the tree, in JSON and in the program."""

from __future__ import annotations

import json

import pytest

from hologram.errors import SourceError
from hologram.frontend import compile_tree, schema, tree
from hologram.isa.binary import decode_one, encode
from tests.frontend.launching import HEADER, body, unit

PARAMETERS = "a: DeviceArray[f32], n: u32, flag: bool"


def messages(*lines: str) -> tuple[str, ...]:
    return unit(body(PARAMETERS, *lines)).program.messages


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("print()", ("\n",)),
        ("print('a', 'b{}')", ("a b{{}}\n",)),
        ("print(n)", ("{}\n",)),
        ("print('n =', n, 'a =', a[0])", ("n = {}", " a = {}\n")),
        ("print(f'{n:x} {flag} {a[0]:+.2e}!')", ("{:x}", " {?}", " {:+.2e}!\n")),
        ("print(f'{n = }')", ("n = {}\n",)),
        ("print(1, 2.5, True)", ("{}", " {}", " {?}\n")),
    ],
)
def test_templates_have_one_place_each(line: str, wanted: tuple[str, ...]) -> None:
    assert messages(line) == wanted


def test_the_same_text_is_kept_once() -> None:
    assert messages("print(n)", "print(n)", "assert n > 1, 'x'", "assert n > 2, 'x'") == ("{}\n", "x")


def test_claims_that_always_hold_make_no_code() -> None:
    assert not any(i.op == "Assert" for i in unit(body(PARAMETERS, "assert True", "assert 2 > 1")).program.instructions)
    assert any(i.op == "Assert" for i in unit(body(PARAMETERS, "assert False")).program.instructions)


def test_messages_travel_in_json_and_in_program_files() -> None:
    text = body(PARAMETERS, "print(f'{n} {a[0]:.3f}')", "assert flag, 'set it'")
    first = unit(text)
    (again,) = schema.loads(schema.dumps([first.tree]))
    assert again == first.tree
    assert compile_tree(again).program.messages == first.program.messages == ("{}", " {:.3f}\n", "set it")
    document = json.loads(schema.dumps([first.tree]))["kernel"]["body"][0]
    assert (document["type"], document["template"], len(document["values"])) == ("print", "{} {:.3f}", 2)
    assert decode_one(encode([first.program])).messages == first.program.messages


@pytest.mark.parametrize(
    ("template", "values", "message"),
    [
        ("{} {}", 1, "has places for 2 values, there are 1"),
        ("x", 1, "has places for 0 values, there are 1"),
        ("{", 0, "cannot be printed: '{' stands alone"),
        ("{:.999f}", 1, "'.999f' is no format"),
        ("{?}", 1, "u32 has no format"),
        ("x" * 5000, 0, "it has 5000 characters"),
    ],
)
def test_templates_from_strangers_are_checked(template: str, values: int, message: str) -> None:
    node = tree.Print(template, (tree.Var("n"),) * values)
    kernel = tree.Kernel("k", (tree.Parameter("n", tree.Scalar("u32")),), (node,))
    (loaded,) = schema.loads(schema.dumps([kernel]))
    with pytest.raises(SourceError, match=message):
        compile_tree(loaded)


@pytest.mark.parametrize("line", [f"print('{'x' * 5000}')", f"assert n > 1, '{'x' * 5000}'"])
def test_long_texts_are_refused(line: str) -> None:
    with pytest.raises(SourceError, match="at most 4096 characters"):
        unit(body(PARAMETERS, line))


def test_a_variable_or_function_of_that_name_is_not_print() -> None:
    with pytest.raises(SourceError, match="'print' is a variable"):
        unit(body(PARAMETERS, "print = n", "print(n)"))
    device = "@device\ndef print(a: DeviceArray[f32]):\n    a[0] = 1\n\n"
    program = unit(device + body(PARAMETERS, "print(a)")).program
    assert any(i.op == "STG" for i in program.instructions) and program.messages == ()
    assert HEADER.startswith("from hologram.language import *")
