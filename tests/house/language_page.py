"""The tables of docs/kernel-language.md and docs/refused.md: `python -m tests.house.language_page` writes them.

Everything in them comes from the compiler's own tables or from running the examples, on both backends.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np

import hologram
from hologram.errors import HologramError, SourceError
from hologram.frontend import compile_source, schema, tree
from hologram.frontend.builtins import FUNCTIONS
from hologram.frontend.expressions import SYMBOLS
from hologram.frontend.promote import BOOL, AnyKind, Weak, join, spelled
from hologram.isa.elementary import ULP
from hologram.isa.instructions import BY_NAME
from hologram.language.program import Program
from hologram.types import Type
from tests.frontend.refusals import FILES, LINES, PARAMETERS
from tests.frontend.test_refusals import SIGNATURES, STATEMENTS
from tests.house.language_examples import ACCEPTED, DIFFERENCES, Example
from tests.house.places import code, table, write

DOCS = Path(__file__).parents[2] / "docs"
IMPORTS = "from hologram.language import *\nimport math\n"
BACKENDS = ("interpreter", "cpu")
_X = np.array([1.5, -2.0, 3.0, 0.25], np.float32)
_M = np.arange(6, dtype=np.float32).reshape(2, 3)


# Built-in functions

_NAMES = ("x", "y", "z")
_ARGUMENTS = {"atan2": "y, x"}
_ELEMENT = "array, index"
_SIGNATURES: dict[str, Callable[[str, tuple[int, int]], str]] = {
    "real": lambda name, arity: ", ".join(_NAMES[: arity[0]]),
    "absolute": lambda name, arity: "x",
    "power": lambda name, arity: "x, y",
    "fold": lambda name, arity: "x, y, …",
    "coordinate": lambda name, arity: "axis=0",
    "reduction": lambda name, arity: "x, out, index",
    "together": lambda name, arity: "x",
    "barrier": lambda name, arity: "",
    "declaration": lambda name, arity: "T, n",
    "atomic": lambda name, arity: _atomic_arguments(name, arity),
}
_MEANING: dict[str, str] = {
    "get_global_id": "number of the lane in the whole launch on an axis",
    "lane_id": "number of the lane in its block",
    "block_id": "number of the block in the grid",
    "block_dim": "lanes of a block on an axis",
    "grid_dim": "blocks of the grid on an axis",
    "pow": "`x ** y`: repeated multiplication where y is a literal integer",
    "min": "the smallest; NaN if one is NaN; -0 is below +0",
    "max": "the largest; NaN if one is NaN; -0 is below +0",
    "abs": "absolute value; that of the smallest signed integer is itself",
    "shared": "an array of n elements that the lanes of a block share",
    "barrier": "no lane goes on before all lanes of its block have come",
    "fma": "`x * y + z`, rounded once",
    "atan2": "angle of the point (x, y)",
}
_OVER = {"sum": "sum", "min": "smallest", "max": "largest", "prod": "product"}
_CHANGES = {
    "add": "adds",
    "min": "puts the smaller",
    "max": "puts the larger",
    "and_": "and",
    "or_": "or",
    "xor": "exclusive or",
    "exch": "puts the value",
    "cas": "puts the value where the element is the expected one",
}
_RESULTS = {
    "real": "float",
    "absolute": "as x",
    "power": "the arguments' type",
    "fold": "the arguments' type",
    "coordinate": "i64",
    "reduction": "",
    "together": "as x",
    "barrier": "",
    "declaration": "",
    "atomic": "the old element",
}


def _atomic_arguments(name: str, arity: tuple[int, int]) -> str:
    if name.startswith("atomic_add_"):
        return "array, value"
    return f"{_ELEMENT}, expected, value" if name == "atomic_cas" else f"{_ELEMENT}, value"


def functions() -> str:
    """Every built-in function with its arguments, result, meaning and largest error."""
    spellings: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, function in FUNCTIONS.items():
        key = (function.rule, function.ops if function.rule == "real" else (name,))
        spellings.setdefault(key, []).append(name)
    rows = []
    for (rule, ops), (name, *others) in spellings.items():
        function = FUNCTIONS[name]
        arguments = _ARGUMENTS.get(name) or _SIGNATURES.get(rule, _operands)(name, function.arity)
        meaning = _MEANING.get(name) or _documented(name, function.ops)
        if others:
            meaning += f" (also {', '.join(map(code, others))})"
        errors = [f"{ULP[ops[0], t]:g}" for t in (Type.F32, Type.F64) if (ops[0], t) in ULP]
        rows.append([code(f"{name}({arguments})"), _RESULTS.get(rule, ""), meaning, " / ".join(errors)])
    return table(["function", "gives", "meaning", "error in ulp, f32 / f64"], rows)


def _operands(name: str, arity: tuple[int, int]) -> str:
    """The arguments of a function that is one instruction: its operands."""
    return ", ".join(o.name for o in BY_NAME[FUNCTIONS[name].ops[0]].operands if not o.written)


def _documented(name: str, ops: tuple[str, ...]) -> str:
    family, _, what = name.partition("_")
    if family in ("block", "grid") and what in _OVER:
        end = "to every lane; counts as a barrier" if family == "block" else "stored once, at the end of the launch"
        return f"{_OVER[what]} over all lanes of the {'launch' if family == 'grid' else 'block'}, {end}; NaN propagates"
    if family == "atomic" and what in _CHANGES:
        return f"{_CHANGES[what]}, as one step"
    if family == "atomic":  # the form for an array of one cell
        return f"adds to element 0 of an array of {ops[1]}, as one step"
    doc = BY_NAME[ops[0]].doc
    return re.sub(r"\ba\b", "x", doc) if FUNCTIONS[name].rule == "real" else doc


def operators() -> str:
    """Operators, as the tree names them."""
    groups = {
        "arithmetic": ("add", "sub", "mul", "div", "floor_div", "mod", "pow", "neg", "pos"),
        "bits": ("bit_and", "bit_or", "bit_xor", "invert", "shl", "shr"),
        "comparison": ("lt", "le", "gt", "ge", "eq", "ne"),
        "logic": ("and", "or", "not"),
    }
    assert {op for group in groups.values() for op in group} == set(SYMBOLS)
    return table(
        ["operators", ""],
        [[group, " ".join(dict.fromkeys(code(SYMBOLS[op]) for op in ops))] for group, ops in groups.items()],
    )


# Types


def promotion() -> str:
    """What two types meet in."""
    kinds: list[AnyKind] = [*Type, BOOL, Weak.INT, Weak.FLOAT]
    short = {Weak.INT: "`3`", Weak.FLOAT: "`0.5`"}

    def word(kind: AnyKind | None) -> str:
        return "—" if kind is None else short[kind] if isinstance(kind, Weak) else spelled(kind)

    return table(["", *map(word, kinds)], [[f"**{word(a)}**", *(word(join(a, b)) for b in kinds)] for a in kinds])


# Examples


@cache
def results(lines: str, kind: str) -> tuple[Any, ...]:
    """What an example leaves in `out`, the same bits on every backend."""
    body = "".join(f"    {line}\n" for line in lines.split("\n"))
    text = (
        f"{IMPORTS}LIMIT = 2 ** 4\n@device\ndef half(v: f32) -> f32:\n    return v / 2\n"
        f"@kernel(block=4)\ndef k(x: DeviceArray[f32], m: DeviceArray[f32, 2], out: DeviceArray[{kind}], n: u32, "
        f"j: i32, f: f32, flag: bool):\n    i = get_global_id()\n{body}"
    )
    (unit,) = compile_source(text, "example.py")
    made = []
    for backend in BACKENDS:
        out = np.zeros(4, kind.replace("i", "int").replace("f", "float").replace("uint", "u").replace("u", "uint"))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            Program.of(unit.program)(
                _X.copy(), _M, out, 4, -7, 2.5, True, grid=1, block=4, executor=hologram.Executor(backend)
            )
        made.append(out)
    np.testing.assert_array_equal(*made)
    return tuple(made[0].tolist())


def _values(example: Example) -> str:
    found = results(example.lines, example.kind)
    assert found == example.gives, f"{example.lines}: {found}"
    shown = found[:1] if len(set(map(repr, found))) == 1 else found
    return code(", ".join(map(repr, shown)))


def accepted() -> str:
    """Every construct of the language with an example and what it gives."""
    return table(
        ["construct", "example", "`out`"],
        [[example.what, code(example.lines), _values(example)] for example in ACCEPTED],
    )


def differences() -> str:
    """Expressions whose NumPy result is another one, both evaluated."""
    rows = []
    for difference in DIFFERENCES:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            numpys = _answer(lambda d=difference: _shown(eval(d.numpy, {"np": np})))
        kernels = _answer(lambda d=difference: _shown(_typed(d.kind, results(d.lines, d.kind)[0])))
        assert numpys != kernels, f"{difference.numpy} is no difference"
        rows.append([code(difference.numpy), code(numpys), code(difference.lines), code(kernels), difference.rule])
    return table(["NumPy", "gives", "kernel", "gives", "rule"], rows)


def _typed(kind: str, value: Any) -> Any:
    return getattr(np, kind.replace("f", "float") if kind[0] == "f" else kind.replace("i", "int"))(value)


def _shown(value: Any) -> str:
    return f"{value!s} ({value.dtype})"


def _answer(action: Callable[[], str]) -> str:
    try:
        return action()
    except HologramError as error:
        return (
            f"{type(error).__name__}: {error.message if isinstance(error, SourceError) else str(error).split(' (')[0]}"
        )
    except (ValueError, OverflowError, IndexError) as error:
        return f"{type(error).__name__}: {error}"


# Refusals


def refused() -> str:
    """Every refused line of the tests with the message and the hint it gets."""
    head = f"{IMPORTS}import random\nfrom numpy import cumsum\n"
    plain = f"{head}@kernel\ndef k(a: DeviceArray[f32], n: u32):\n    "
    typed = f"{IMPORTS}@kernel\ndef k({PARAMETERS}):\n    "
    end = "\n\ndef helper(x): pass\n"
    lines = [(line, f"{plain}{line}{end}") for line, *_ in STATEMENTS]
    lines += [(line, f"{typed}{_bare(line)}{end}") for line, _ in LINES]
    return _refusals(lines)


def refused_signatures() -> str:
    """Refused headers and files."""
    files = [(line, f"{IMPORTS}@kernel\n{line}\n    pass\n") for line, message, _ in SIGNATURES if message]
    files += [(text, f"{IMPORTS}{_bare(text)}") for text, _ in FILES]
    return _refusals(files)


def _bare(marked: str) -> str:
    return marked.replace("«", "").replace("»", "")


def _refusals(texts: Iterable[tuple[str, str]]) -> str:
    rows = []
    for line, text in texts:
        try:
            compile_source(text, "k.py")
        except SourceError as error:
            if "not valid Python" in error.message:  # in the words of that Python
                continue
            rows.append([code(_bare(line).strip().replace("\n\n", "\n")), _plain(error.message), _plain(error.hint)])
        else:
            raise AssertionError(f"accepted: {line}")
    return table(["line", "message", "hint"], rows)


def _plain(text: str) -> str:
    return "".join(f"\\{c}" if c in "|<>*_`" else c for c in text)


# JSON


def nodes() -> str:
    """The nodes of the JSON form with the version that brought them."""
    kinds = {"types": tree.TypeNode, "statements": tree.AnyStatement, "expressions": tree.AnyExpression}
    rows = []
    for family, union in kinds.items():
        members = get_args(union)
        for version in schema.VERSIONS:
            old = version == "1.0"
            tags = [code(m.__struct_config__.tag) for m in members if (m in schema.NODES_1_0) is old]
            if tags:
                rows.append([family if old else "", version, ", ".join(tags)])
    operators_1_1 = [op for op in tree.BINARY_OPERATORS if op not in schema.OPERATORS_1_0]
    rows.append(["`op` of `binary_op`", "1.0", ", ".join(map(code, sorted(schema.OPERATORS_1_0)))])
    rows.append(["", "1.1", ", ".join(map(code, operators_1_1))])
    return table(["", "version", "nodes"], rows)


PAGES = {
    "kernel-language.md": {m.__name__: m for m in (functions, operators, promotion, accepted, differences, nodes)},
    "refused.md": {m.__name__: m for m in (refused, refused_signatures)},
}


def main() -> int:
    """Write the pages."""
    for name, makers in PAGES.items():
        write(DOCS / name, makers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
