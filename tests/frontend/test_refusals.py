"""What the language does not have is refused by name, at its place, with the usual way to write it."""

from __future__ import annotations

import pytest

from hologram.errors import KernelSyntaxError, SourceError
from hologram.frontend import compile_source

HEADER = "from hologram.language import *\nimport math, random\nfrom numpy import cumsum\n"
DEF = "@kernel\ndef k(a: DeviceArray[f32], n: u32):\n"


def refused(text: str, header: str = HEADER) -> SourceError:
    with pytest.raises(SourceError) as caught:
        compile_source(header + text, "dir/k.py")
    return caught.value


STATEMENTS = [
    ("with a: pass", 5, "'with' blocks cannot be used in a kernel", ""),
    ("try: pass\n    finally: pass", 5, "'try' cannot be used", "exceptions"),
    ("raise n", 5, "'raise' cannot be used", "assert"),
    ("del n", 5, "'del' cannot be used", ""),
    ("def f(): pass", 5, "nested functions", "top level"),
    ("class C: pass", 5, "classes", ""),
    ("import os", 5, "imports cannot be used in a kernel", "top of the file"),
    ("global n", 5, "'global'", "parameter"),
    ("match n:\n        case _: pass", 5, "'match'", "if/elif"),
    ("x = lambda: 1", 9, "lambda cannot be used", ""),
    ("x = [1, 2]", 9, "lists cannot be used", "array parameters"),
    ("x = (1, 2)", 9, "tuples cannot be used", "array parameters"),
    ("x = {1: 2}", 9, "dictionaries", ""),
    ("x = [y for y in a]", 9, "comprehensions", "for loop"),
    ("x = f'{n}'", 9, "f-strings", ""),
    ("x = 'text'", 9, "strings", ""),
    ("x = None", 9, "'None'", ""),
    ("x = (y := 1)", 10, "':='", "statement"),
    ("x = a[1:2]", 11, "slices", "a[i]"),
    ("x = a @ a", 9, "'@'", "loops"),
    ("a @= a", 5, "'@'", "loops"),
    ("x = n is 3", 9, "'is' and 'in'", "=="),
    ("x = n in a", 9, "'is' and 'in'", "=="),
    ("x = 1 << 70", 9, "64 bits", ""),
    ("x = 99999999999999999999", 9, "64 bits", ""),
    ("x = y", 9, "'y' is not defined", "numeric constants"),
    ("x = cumsum", 9, "it comes from 'numpy', and there is no kernel file", "parameter"),
    ("x = cumsum(a)", 9, "it comes from 'numpy', and there is no kernel file", "functions of Python packages"),
    ("x = helper(n)", 9, "'helper' is no function", "decorated with @device"),
    ("x = random.random()", 9, "it comes from 'random', and there is no kernel file", "functions of Python packages"),
    ("x = random.seed", 9, "it comes from 'random', and there is no kernel file", "parameter"),
    ("x = u64(-1)", 9, "the literal -1 does not fit in u64", "to wrap it, write u64(i16(…))"),
    ("x = i32(1e30)", 9, "the literal 1e+30 does not fit in i32", "to saturate, write i32(f32(…))"),
    ("x = u8(math.inf)", 9, "the literal inf does not fit in u8", "to saturate, write u8(f32(…))"),
    ("x = f16(1e30)", 9, "the literal 1e+30 does not fit in f16", "to get infinity, write f16(f32(…))"),
    ("x = u8(3) + 300", 17, "the literal 300 does not fit in u8", "convert what it meets: i16(x)"),
    ("x = i64(2) + 0xffffffffffffffff", 18, "does not fit in i64", "convert what it meets: u64(x)"),
    ("x = math.gamma(n)", 9, "'math.gamma' is no function", ""),
    ("x = n(1)", 9, "'n' is a variable, not a function", ""),
    ("x = sqrt", 9, "function or type, not a value", ""),
    ("x = f32(1, 2)", 9, "converts one value", ""),
    ("x = sqrt(x=n)", 9, "no keyword argument 'x'", ""),
    ("x = sqrt(*a)", 14, "'*' in an expression", ""),
    ("x = a.dtype", 9, "attribute '.dtype'", ""),
    ("x = a.shape", 9, "attribute '.shape'", "a.shape[0]"),
    ("x = a.shape[n]", 9, "axis of .shape", "a.shape[0]"),
    ("n + 1", 5, "is not used", "assign"),
    ("f32(n)", 5, "is not used", "assign"),
    ("return n", 5, "returns nothing", "array"),
    ("for k in a: pass", 14, "must run over range", "for k in range(n)"),
    ("for a, b in range(3): pass", 9, "plain name", ""),
    ("for k in range(): pass", 14, "one to three arguments, got 0", ""),
    ("for k in range(1, 2, 3, 4): pass", 14, "got 4", ""),
    ("for k in range(1, 2, 0): pass", 26, "must not be zero", ""),
    ("for k in range(0.5): pass", 20, "range needs integers", "i64(x)"),
    ("for k in range(n): pass\n    else: pass", 11, "'else' after a loop", ""),
    ("while n > 3: pass\n    else: pass", 11, "'else' after a loop", ""),
    ("while n: pass", 11, "must be a truth value, not u32", "n != 0"),
    ("if n: pass", 8, "must be a truth value", "n != 0"),
    ("x = not n", 13, "must be a truth value", "n != 0"),
    ("x = n and n", 9, "must be a truth value", "n != 0"),
    ("assert n", 12, "must be a truth value", ""),
    ("assert n > 1, n", 19, "plain string", ""),
    ("break", 5, "'break' outside a loop", ""),
    ("continue", 5, "'continue' outside a loop", ""),
    ("return\n    break", 5, "'break' outside a loop", ""),
    ("x: DeviceArray[f32] = a", 8, "cannot be an array", "parameters"),
    ("x: f32", 5, "needs a value", "x: f32 = 0"),
    ("x: str = 1", 8, "'str' is no type", "f32"),
    ("a[0]: f32 = 1.0", 5, "only variables can be annotated", ""),
    ("x: f32 = 1.0; x: f64 = 2.0", 19, "'x' is f32; it cannot be f64 too", "another name"),
    ("x, y = a", 5, "tuple written out", "a, b = x, y"),
    ("x, y = 1, 2, 3", 5, "2 targets for 3 values", ""),
    ("x, *y = 1, 2", 8, "cannot assign to '*y'", ""),
    ("n.x = 1", 5, "cannot assign to 'n.x'", "array element"),
    ("s = shared(f32, n)", 21, "must be a constant from 1", ""),
    ("s = shared(bool, 4)", 16, "the elements of a shared array are numbers", "shared(f32, 256)"),
    ("a[0] = shared(f32, 4)", 5, "a shared array needs a plain name", "tile = shared"),
    ("s = shared(f32, 9000)", 9, "take 36000 bytes; a block has 32768", "fewer"),
    ("n = shared(f32, 9)", 9, "'n' has another meaning already", "another name"),
    ("x = 1.0 + shared(f32, 4)[0]", 15, "shared(…) declares an array", "alone"),
    ("x = barrier()", 9, "barrier() has no value", "statement"),
    ("barrier(1)", 5, "barrier takes 0 argument(s), got 1", ""),
    ("s = shared(f32, 4); grid_sum(n, s, 0)", 37, "'s' is shared memory", ""),
    ("s = shared(f32, 4); x = s + 1.0", 29, "the array 's' is not a number", "s[i]"),
    ("x = print(n)", 9, "print(…) has no value", "statement"),
    ("print(n, sep=',')", 14, "no option 'sep'", 'print("x =", x)'),
    ("print('x' * 2)", 11, "strings", ""),
    ("print(f'{n!s}')", 11, "'!s' cannot be used", "{x}"),
    ("print(f'{n:>{n}}')", 11, "a format that is computed", "{x:.3f}"),
    ("print(f'{n:s}')", 11, "the format 's' cannot be used", "{x:.3f}"),
    ("print(f'{n:.2}')", 14, "u32 has no format '.2'", "{x:d}"),
    ("print(f'{a[0]:x}')", 14, "f32 has no format 'x'", "{x:.3f}"),
    ("print(f'{n > 3:d}')", 14, "a truth value has no format 'd'", "{flag}"),
    ("assert atomic_add(a, 0, 1.0) > 0.0", 5, "an atomic in an assert", "variable"),
    ("print(y)", 11, "'y' is not defined", ""),
    ("if n > 3:\n        x = 1\n    print(x)", 11, "'x' may be read before", "x = 0"),
    ("x = 0 < block_sum(n) < 3", 9, "would run twice", "variable first"),
    ("for k in range(3): grid_sum(a[k], a, 0)", 24, "grid_sum inside a loop", "after the loop"),
    ("if n > 3:\n        x = 1\n    a[0] = x", 12, "'x' may be read before", "x = 0"),
    ("for j in range(n):\n        x = j\n    a[0] = f32(x)", 16, "'x' may be read before", "x = 0"),
    ("grid_sum(a[0], a, get_global_id())", 23, "same for all lanes", "parameters"),
    ("é = 1; x = é + lambda: 1", 20, "not valid Python", ""),
    ("é = y", 9, "'y' is not defined", ""),
    ("éé = 1; x = lambda: 1", 17, "lambda", ""),
]


@pytest.mark.parametrize(("line", "column", "message", "hint"), STATEMENTS, ids=[s[0] for s in STATEMENTS])
def test_statement(line: str, column: int, message: str, hint: str) -> None:
    error = refused(DEF + f"    {line}\n\ndef helper(x): pass\n")
    assert message in error.message
    assert hint in error.hint
    assert error.location.column == column
    assert error.location.file == "dir/k.py"
    row = error.location.line - 6
    assert error.source_line.strip() == line.split("\n")[row].strip()
    assert f"dir/k.py:{error.location.line}:{column}: error: " in str(error)
    assert error.source_line in str(error)


SIGNATURES = [
    ("def k(a):", "parameter 'a' has no type", "a: f32"),
    ("def k(a: str):", "'str' is no type", "DeviceArray"),
    ("def k(a: DeviceArray[f32, 4]):", "is no type", ""),
    ("def k(a: DeviceArray[DeviceArray[f32]]):", "is no type", ""),
    ("def k(a: DeviceArray):", "is no type", ""),
    ("def k(a: DeviceArray[bool]):", "arrays of bool", "u8"),
    ("def k(*a: f32):", "*args", "every parameter"),
    ("def k(**a: f32):", "**kwargs", "every parameter"),
    ("def k(a: f32, *, b: f32):", "keyword-only", ""),
    ("def k(a: f32, /):", "positional-only", ""),
    ("def k(a: DeviceArray[f32] = 1):", "only scalar parameters", ""),
    ("def k(a: f32 = len('x')):", "constant number", ""),
    ("def k(a: u8 = 300):", "does not fit in u8", ""),
    ("def k(a: bool = 1):", "True or False", ""),
    ("def k(a: f32 = True):", "does not fit", ""),
    ("def k(a: f32) -> f32:", "returns nothing", "array"),
    ("def k(a: f32, a: f32):", "", ""),
]


@pytest.mark.parametrize(("line", "message", "hint"), SIGNATURES, ids=[s[0] for s in SIGNATURES])
def test_signature(line: str, message: str, hint: str) -> None:
    error = refused(f"@kernel\n{line}\n    pass\n")
    assert message in error.message
    assert hint in error.hint
    assert error.location.line == 5
    assert error.location.column > 1


@pytest.mark.parametrize(
    ("decorator", "message"),
    [
        ("@kernel(block=0)", "1 to 1024"),
        ("@kernel(block=(1, 2, 3, 4))", "1 to 1024"),
        ("@kernel(block=n)", "1 to 1024"),
        ("@kernel(grid=3)", "no option 'grid'"),
        ("@kernel(256)", "keyword arguments only"),
        ("@kernel\n@staticmethod", "'staticmethod' on a kernel"),
    ],
)
def test_decorator(decorator: str, message: str) -> None:
    assert message in refused(f"{decorator}\ndef k(a: f32):\n    pass\n").message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("def k(:\n", 1, "not valid Python"),
        ("x = 1\n", 1, "holds no kernel"),
        ("", 1, "holds no kernel"),
        ("from hologram.language import nothing\n", 1, "has no 'nothing'"),
        (
            "from hologram.language import *\n@kernel\ndef k(a: f32): pass\n@kernel\ndef k(a: f32): pass\n",
            5,
            "two kernels",
        ),
        ("@kernel\nasync def k(a: f32): pass\n", 2, "cannot be 'async'"),
        ("x = '\x00'", 1, "not valid Python"),
    ],
)
def test_file(text: str, line: int, message: str) -> None:
    error = refused(text, header="")
    assert message in error.message
    assert error.location.line == line


def test_the_report_shows_line_caret_and_hint() -> None:
    error = refused(DEF + "    x = n and True\n")
    assert isinstance(error, SourceError)
    assert str(error).split("\n") == [
        "dir/k.py:6:9: error: a condition must be a truth value, not u32",
        "        x = n and True",
        "            ^",
        "hint: write n != 0",
    ]


def test_syntax_and_type_errors_differ() -> None:
    assert isinstance(refused(DEF + "    x = lambda: 1\n"), KernelSyntaxError)
    assert isinstance(refused(DEF + "    x = a\n"), TypeError)
