"""A kernel evaluated as the Python function it looks like: lane after lane, on numbers of `numbers`.

Only the source text is used. Lanes that wait at a barrier are generators: every lane of a block runs to its next
barrier before any goes on.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np

from hologram.types import Type
from tests.differential.inputs import Array
from tests.differential.launches import Launch
from tests.differential.numbers import NAMES, Faults, Number, cast, larger, smaller

CHUNK, SECTION, ACCUMULATORS = 4096, 512, 64
COMBINE: dict[str, Callable[[Any, Any], Number]] = {
    "sum": lambda a, b: a + b,
    "prod": lambda a, b: a * b,
    "min": smaller,
    "max": larger,
}
NOTHING: dict[str, Callable[[Type], float]] = {
    "sum": lambda t: 0,
    "prod": lambda t: 1,
    "min": lambda t: float("inf") if t.is_float else t.maximum,
    "max": lambda t: -float("inf") if t.is_float else t.minimum,
}


class Elements:
    """An array as kernels see it: elements are numbers, no index counts from the end."""

    def __init__(self, values: Array) -> None:
        self.values, self.type = values, Type.of_dtype(values.dtype)

    def _place(self, index: Any) -> tuple[int, ...]:
        place = tuple(int(k.__index__()) for k in (index if isinstance(index, tuple) else (index,)))
        assert all(0 <= k < n for k, n in zip(place, self.values.shape, strict=True)), (place, self.values.shape)
        return place

    def __getitem__(self, index: Any) -> Number:
        value = self.values[self._place(index)]
        return Number(self.type, float(value) if self.type.is_float else int(value))

    def __setitem__(self, index: Any, value: Any) -> None:
        number = value if isinstance(value, Number) else cast(self.type)(value)
        assert number.type is self.type
        with np.errstate(all="ignore"):
            self.values[self._place(index)] = np.asarray(number.value).astype(self.type.dtype)


def evaluate(source: str, launch: Launch, given: Sequence[Array | int | float]) -> bool:
    """Run a kernel in place on its arguments; True where an integer was divided by zero."""
    Faults.seen = False
    world = _World(launch)
    tree = _Waiting().visit(ast.parse("from __future__ import annotations\n" + source))
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module != "__future__")]
    names = {**NAMES, **world.names()}
    exec(compile(ast.fix_missing_locations(tree), "kernel", "exec"), names)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and _is_kernel(n))
    types = [ast.unparse(a.annotation) for a in function.args.args if a.annotation is not None]
    arguments = [
        Elements(v) if isinstance(v, np.ndarray) else Number(Type(t), cast(Type(t))(v).value)
        for t, v in zip(types, given, strict=True)
    ]
    world.expect(function, dict(zip((a.arg for a in function.args.args), arguments, strict=True)))
    world.run(names[function.name], arguments)
    return Faults.seen


def _is_kernel(node: ast.FunctionDef) -> bool:
    return any("kernel" in ast.unparse(d) for d in node.decorator_list)


class _Waiting(ast.NodeTransformer):
    """Barriers and block reductions become places at which a generator waits; calls that may wait go through it."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "barrier":
            return ast.Yield(ast.Constant(None))
        if name.startswith("block_") and name.removeprefix("block_") in COMBINE:
            kind = ast.Constant(name.removeprefix("block_"))
            return ast.Yield(ast.Tuple([kind, node.args[0]], ast.Load()))
        return node


class _World:
    """The launch: which lane runs, what lanes contributed, what blocks share."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.at = (0, 0, 0)
        self.tallies: dict[tuple[int, str, int], dict[tuple[int, int, int], Number]] = {}
        self.targets: dict[int, Elements] = {}
        self.shared: list[Elements] = []
        self.declared = 0

    def names(self) -> dict[str, Any]:
        i64 = cast(Type.I64)
        block = self.launch.block
        return {
            "kernel": lambda *a, **k: a[0] if a else lambda f: f,
            "device": lambda f: f,
            "range": lambda *a: (Number(Type.I64, k) for k in range(*(int(x.__index__()) for x in a))),
            "get_global_id": lambda axis=0: i64(self.at[axis]),
            "lane_id": lambda axis=0: i64(self.at[axis] % block[axis]),
            "block_id": lambda axis=0: i64(self.at[axis] // block[axis]),
            "shared": self._shared,
            **{f"grid_{kind}": self._tally(kind) for kind in COMBINE},
            **{f"atomic_{name}": _atomic(change) for name, change in _CHANGES.items()},
        }

    def _shared(self, make: Callable[[int], Number], count: int) -> Elements:
        """The array of this declaration, the same for all lanes of a block."""
        if self.declared == len(self.shared):
            self.shared.append(Elements(np.zeros(count, make(0).type.dtype)))
        self.declared += 1
        return self.shared[self.declared - 1]

    def _tally(self, kind: str) -> Callable[[Number, Elements, int], None]:
        def add(value: Number, out: Elements, index: int) -> None:
            self.tallies[id(out), kind, index][self.at] = value

        return add

    def expect(self, function: ast.FunctionDef, arguments: dict[str, Any]) -> None:
        """Launch reductions store something even if no lane comes to them."""
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("grid_"):
                _, out, index = node.args
                assert isinstance(out, ast.Name) and isinstance(index, ast.Constant)
                self.targets[id(arguments[out.id])] = arguments[out.id]
                kind = node.func.id.removeprefix("grid_")
                self.tallies[id(arguments[out.id]), kind, int(str(index.value))] = {}

    def run(self, kernel: Callable[..., Any], arguments: Sequence[Any]) -> None:
        for lanes in self._blocks():
            self.shared = []
            waiting: dict[tuple[int, int, int], Generator[Any, Any, Any]] = {}
            for at in lanes:
                self.at, self.declared = at, 0
                running = kernel(*arguments)
                if isinstance(running, Generator):
                    waiting[at] = running
            self._together(waiting)
        for (out, kind, index), found in self.tallies.items():
            self.targets[out][index] = self._fold(kind, found, self.targets[out].type)

    def _blocks(self) -> Iterator[list[tuple[int, int, int]]]:
        (nx, ny, nz), (bx, by, bz) = self.launch.lanes, self.launch.block
        for z in range(0, nz, bz):
            for y in range(0, ny, by):
                for x in range(0, nx, bx):
                    zs, ys, xs = range(z, min(z + bz, nz)), range(y, min(y + by, ny)), range(x, min(x + bx, nx))
                    yield [(i, j, k) for k in zs for j in ys for i in xs]

    def _together(self, waiting: dict[tuple[int, int, int], Generator[Any, Any, Any]]) -> None:
        """Every lane to its next barrier, until all have ended."""
        answers: dict[tuple[int, int, int], Any] = dict.fromkeys(waiting)
        while waiting:
            asked = {}
            for at, lane in list(waiting.items()):
                self.at = at
                if answers[at] is None:
                    self.declared = 0
                try:
                    asked[at] = lane.send(answers[at])
                except StopIteration:
                    del waiting[at]
            assert not asked or len(asked) == len(answers), "some lanes miss a barrier"
            values = [a for a in asked.values() if a is not None]
            if values:
                kind = values[0][0]
                total = _tree([[v for _, v in values]], kind)
                answers = dict.fromkeys(asked, total)
            else:
                answers = dict.fromkeys(asked)

    def _fold(self, kind: str, found: dict[tuple[int, int, int], Number], type: Type) -> Number:
        nx, ny, nz = self.launch.lanes
        rows = [[found.get((x, y, z)) for x in range(nx)] for z in range(nz) for y in range(ny)]
        total = _tree(rows, kind)
        return cast(type)(NOTHING[kind](type)) if total is None else total


def _pairs(values: list[Any], both: Callable[[Any, Any], Any]) -> Any:
    """Neighbours level by level; an odd last one moves up."""
    while len(values) > 1:
        folded = [both(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = folded + values[2 * len(folded) :]
    return values[0] if values else None


def _tree(rows: list[list[Any]], kind: str) -> Any:
    """The documented order of a reduction; None for lanes that do not take part."""

    def both(a: Any, b: Any) -> Any:
        return b if a is None else a if b is None else COMBINE[kind](a, b)

    def columns(a: list[Any], b: list[Any]) -> list[Any]:
        return [both(p, q) for p, q in zip(a, b, strict=True)]

    chunks, own = [], None
    for row in rows:
        for start in range(0, len(row), CHUNK):
            sections = []
            chunk = row[start : start + CHUNK]
            for first in range(0, len(chunk), SECTION):
                sections.append([None] * ACCUMULATORS)
                for x, value in enumerate(chunk[first : first + SECTION]):
                    sections[-1][x % ACCUMULATORS] = both(sections[-1][x % ACCUMULATORS], value)
            total = _pairs(sections, columns)
            own = next((v.type for v in total if v is not None), own)
            if kind in ("sum", "prod") and own is not None and own.is_float:
                total = [None if v is None else Number(Type.F64, v.value) for v in total]
            while len(total) > 1:
                half = len(total) // 2
                total = [both(total[k], total[k + half]) for k in range(half)]
            chunks.append(total[0])
    found = _pairs(chunks, both)
    return found if found is None or own is None else cast(own)(found)


def _of_numbers(choose: Callable[[Any, Any], Number]) -> Callable[[Number, Any], Number]:
    """Atomic minimum and maximum: a number wins over NaN."""

    def change(old: Number, a: Any) -> Number:
        given = old.of(old.other(a))
        return given if math.isnan(old.value) else old if math.isnan(given.value) else choose(old, given)

    return change


_CHANGES: dict[str, Callable[..., Any]] = {
    "add": lambda old, a: old + a,
    "min": _of_numbers(smaller),
    "max": _of_numbers(larger),
    "and_": lambda old, a: old & a,
    "or_": lambda old, a: old | a,
    "xor": lambda old, a: old ^ a,
    "exch": lambda old, a: a,
    "cas": lambda old, expected, a: a if old == expected else old,
}


def _atomic(change: Callable[..., Any]) -> Callable[..., Number]:
    def apply(array: Elements, *rest: Any) -> Number:
        axes = array.values.ndim
        index, operands = rest[:axes], rest[axes:]
        old = array[tuple(index)]
        array[tuple(index)] = change(old, *operands)
        return old

    return apply
