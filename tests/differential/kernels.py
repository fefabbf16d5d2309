"""Random kernels in the kernel language: expressions and statements by a grammar, every loop bounded."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager

from hologram.types import Type
from tests.differential.generate import both_have, computes, launch, operations
from tests.differential.inputs import RESULTS, SHORT_FROM, SLAB, TABLE_LENGTH
from tests.differential.launches import Launch

MAX_DEPTH = 3
STATEMENTS = 15
BINARY = ("+", "-", "*", "+", "-", "*")
BITWISE = ("&", "|", "^")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
EXACT = ("floor", "ceil", "round", "trunc", "sqrt")
COSTLY = ("exp", "log", "sin", "tanh", "erf", "atan", "exp2", "log1p", "sigmoid", "cosh")
INDENT = "    "


class KernelGenerator:
    """Writes the text of one kernel; the same seed gives the same text and launch."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.dims = rng.choice((1, 1, 1, 2, 3))
        self.short = seed >= SHORT_FROM
        some = rng.sample([t for t in Type if computes(t)], 1 if self.short else rng.randint(1, 3))
        self.types = list(dict.fromkeys([*some, Type.I32]))
        self.own = "own" if self.dims == 1 else "cube"
        self.place = ", ".join(("i", "j", "k")[: self.dims][::-1])
        self.lines: list[str] = []
        self.depth = 1
        self.loops = 0
        self.loop_depth = 0
        self.results = 0
        self.budget = rng.randint(2, 4) if self.short else rng.randint(3, STATEMENTS)
        self.costly = 0 if self.short else rng.choice((0, 0, 0, 1))
        self.together = self.dims == 1 and rng.random() < 0.3
        self.block = rng.choice((1, 2, 7, 16, 33, 64, 100))
        self.devices: list[tuple[str, Type, list[Type]]] = []
        self.alone = False
        self.vars = {t: [f"{t.value}_{k}" for k in range(rng.randint(1, 2))] for t in self.types}
        self.bools = [f"b{k}" for k in range(rng.randint(1, 2))]
        self.counters: list[str] = []

    def make(self, seed: int) -> tuple[str, Launch]:
        devices = [self._device(k) for k in range(self.rng.choice((0, 0, 1, 2)))]
        if self.together:
            self.line("lane = lane_id()")
            for type in self.types:
                self.line(f"tile_{type.value} = shared({type.value}, {self.block})")
        for axis in range(self.dims):
            self.line(f"{'ijk'[axis]} = get_global_id({axis})")
        self._guard()
        for type, names in self.vars.items():
            for name in names:
                self.line(f"{name} = {self._first(type)}")
        for name in self.bools:
            self.line(f"{name} = {self.condition(1)}")
        while self.budget > 0:
            self.statement()
            if self.together and self.chance(0.4):
                self.meeting()
        for type, names in self.vars.items():
            self.line(f"{self.own}_{type.value}[{self.place}] = {names[0]}")
            for name in names[1:]:
                self.line(f"{self.own}2_{type.value}[{self.place}] = {name}")
        for name in self.bools:
            self.line(f"if {name}:")
            self.line(f"{INDENT}{self.own}_flags[{self.place}] += {1 << self.bools.index(name)}")
        header = self._parameters()
        lines = ["from hologram.language import *", "", *devices, "@kernel", f"def random({header}):", *self.lines]
        return "\n".join(lines) + "\n", self._launch(seed)

    def _launch(self, seed: int) -> Launch:
        if not self.together:
            return launch(self.rng, self.dims, seed)
        blocks = self.rng.choice((1, 2, 3))
        return Launch((blocks * self.block, 1, 1), (blocks, 1, 1), (self.block, 1, 1), seed)

    def _device(self, number: int) -> str:
        """A device function of one or two numbers, perhaps with an early return."""
        kinds, result = self.rng.choices(self.types, k=self.rng.randint(1, 2)), self.rng.choice(self.types)
        kept = self.vars, self.lines, self.depth
        self.vars, self.lines, self.depth, self.alone = {}, [], 1, True
        for k, kind in enumerate(kinds):
            self.vars.setdefault(kind, []).append(f"p{k}")
        if self.chance(0.5):
            self.line(f"if {self.condition(1)}:")
            self.line(f"{INDENT}return {self.expression(result, 2)}")
        if self.chance(0.3):
            self.line(f"p0 = {self.expression(kinds[0], 2)}")
        self.line(f"return {self.expression(result, 2)}")
        parameters = ", ".join(f"p{k}: {kind.value}" for k, kind in enumerate(kinds))
        lines = ["@device", f"def helper{number}({parameters}) -> {result.value}:", *self.lines, "", ""]
        self.vars, self.lines, self.depth = kept
        self.alone = False
        self.devices.append((f"helper{number}", result, kinds))
        return "\n".join(lines)

    def _parameters(self) -> str:
        """All arrays and scalars a kernel of these types may use, of a short one those that it does."""
        out = [f"{n}: i64" for n in ("nx", "ny", "nz")] + ["few: u32"]
        dims = f", {self.dims}" if self.dims > 1 else ""
        for t in self.types:
            v = t.value
            out += [f"table_{v}: DeviceArray[{v}]", f"{self.own}_{v}: DeviceArray[{v}{dims}]"]
            out += [f"{self.own}2_{v}: DeviceArray[{v}{dims}]", f"result_{v}: DeviceArray[{v}]", f"s_{v}: {v}"]
            if self.dims == 1:
                out += [f"line_{v}: DeviceArray[{v}]", f"slab_{v}: DeviceArray[{v}]"]
        out.append(f"{self.own}_flags: DeviceArray[i32{dims}]")
        used = set(re.findall(r"\w+", "\n".join(self.lines)))
        return ", ".join(p for p in out if not self.short or p.partition(":")[0] in used)

    def _guard(self) -> None:
        inside = " and ".join(f"{'ijk'[a]} < n{'xyz'[a]}" for a in range(self.dims))
        if self.dims == 1 and self.chance(0.5) and not self.together:
            self.line("if i >= nx:")
            self.line(f"{INDENT}return")
        else:
            self.line(f"if {inside}:")
            self.depth += 1

    def _first(self, type: Type) -> str:
        v, choice = type.value, self.rng.random()
        if choice < 0.5 and self.dims == 1:
            return f"line_{v}[i + {self.rng.randint(0, 9)}]"
        if choice < 0.6:
            return f"{v}({'ijk'[self.rng.randrange(self.dims)]})"
        return self.literal(type) if choice < 0.8 else f"{self.own}_{v}[{self.place}]"

    # Text -------------------------------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def line(self, text: str) -> None:
        self.lines.append(INDENT * self.depth + text)

    @contextmanager
    def indented(self) -> Iterator[None]:
        self.depth += 1
        yield
        self.depth -= 1

    # Expressions ------------------------------------------------------------------------------------------

    def literal(self, type: Type) -> str:
        number = self.rng.choice((0, 1, 2, 3, 5, 7, 17, 100))
        if type.is_float:
            return f"{type.value}({self.rng.choice((0.0, 1.0, -2.5, 0.1, 1e10, 3e-5, float(number)))!r})"
        return f"{type.value}({-number if type.is_signed and self.chance(0.3) else number})"

    def expression(self, type: Type, depth: int) -> str:
        """An expression of exactly this type."""
        rng, v = self.rng, type.value
        if depth <= 0 or self.chance(0.25):
            names = [*self.vars.get(type, []), *([f"s_{v}"] if type in self.types and not self.alone else [])]
            if type is Type.I64 and not self.alone:
                names += [*self.counters, *"ijk"[: self.dims]]
            return rng.choice(names) if names and self.chance(0.8) else self.literal(type)
        a, b = self.expression(type, depth - 1), self.expression(type, depth - 1)
        choice = rng.random()
        if choice < 0.4:
            return f"({a} {rng.choice(self.operators(type))} {b})"
        if choice < 0.5:
            return f"{rng.choice(('min', 'max'))}({a}, {b})"
        if choice < 0.6:
            return f"({a} if {self.condition(depth - 1)} else {b})"
        if choice < 0.7:
            other = rng.choice(self.types)
            return f"{v}({self.expression(other, depth - 1)})"
        if choice < 0.75 and (helpers := [d for d in self.devices if d[1] is type]):
            name, _, kinds = rng.choice(helpers)
            return f"{name}({', '.join(self.expression(k, depth - 1) for k in kinds)})"
        if choice < 0.8 and type in self.types and not self.alone:
            return self.element(type, depth - 1)
        if choice < 0.85 and type.is_signed:
            return rng.choice((f"(-{a})", f"abs({a})", f"({a} ** 2)"))
        return self._of_kind(type, a, b)

    @staticmethod
    def operators(type: Type) -> tuple[str, ...]:
        """Python's operators; // and % where both backends have remainders."""
        floor = ("//", "%") if any(spec.name == "REM" for spec in operations(type)[0]) else ()
        return (*BINARY, *floor, *(("/",) if type.is_float else ()))

    def _of_kind(self, type: Type, a: str, b: str) -> str:
        """What only integers or only floats have."""
        if type.is_integer:
            shift = f"({a} {self.rng.choice(('<<', '>>'))} {type.value}({self.rng.randint(0, 7)}))"
            return self.rng.choice((f"({a} {self.rng.choice(BITWISE)} {b})", f"(~{a})", shift))
        if self.costly:
            self.costly -= 1
            return f"{self.rng.choice(COSTLY)}({a})"
        return f"{self.rng.choice(EXACT)}({a})" if self.chance(0.7) else f"fma({a}, {b}, {a})"

    def element(self, type: Type, depth: int) -> str:
        """A load from any array of the type."""
        v, rng = type.value, self.rng
        integer = rng.choice([t for t in self.types if t.is_integer])
        index = f"i64({self.expression(integer, depth)})"
        places = [f"table_{v}[{index} & {TABLE_LENGTH - 1}]", f"{self.own}_{v}[{self.place}]"]
        if self.dims == 1:
            near = (
                f"i + {rng.randint(0, 15)}",
                f"max(i - {rng.randint(1, 5)}, 0)",
                f"min(i + {rng.randint(1, 20)}, nx - 1)",
            )
            places += [f"line_{v}[{rng.choice(near)}]", f"slab_{v}[i * {SLAB} + ({index} & {SLAB - 1})]"]
        return rng.choice(places)

    def condition(self, depth: int) -> str:
        rng = self.rng
        if depth <= 0 and self.chance(0.4) and not self.alone:
            return rng.choice(self.bools) if len(self.lines) > 12 else "nx > 3"
        choice = rng.random()
        if choice < 0.2 and depth > 0:
            return f"({self.condition(depth - 1)} {rng.choice(('and', 'or'))} {self.condition(depth - 1)})"
        if choice < 0.3 and depth > 0:
            return f"(not {self.condition(depth - 1)})"
        type = rng.choice(self.types)
        a, b, c = (self.expression(type, depth - 1) for _ in range(3))
        if choice < 0.4:
            return f"({a} {rng.choice(COMPARISONS)} {b} {rng.choice(COMPARISONS)} {c})"
        return f"({a} {rng.choice(COMPARISONS)} {b})"

    # Statements -------------------------------------------------------------------------------------------

    def statement(self) -> None:
        self.budget -= 1
        simple = [(self.assign, 6), (self.store, 3), (self.set_bool, 2), (self.reduction, 0.7), (self.atomic, 1.0)]
        simple.append((self.stop, 0.0 if self.together else 0.3))
        if self.loop_depth:
            simple.append((self.jump, 2))
        nested = [(self.branch, 3.0), (self.counted, 2.0), (self.repeat, 1.5)]
        if self.depth < 3 + MAX_DEPTH and self.budget > 0 and self.chance(0.4):
            self.rng.choices([f for f, _ in nested], [w for _, w in nested])[0]()
        else:
            self.rng.choices([f for f, _ in simple], [w for _, w in simple])[0]()

    def body(self) -> None:
        with self.indented():
            for _ in range(self.rng.randint(1, 3)):
                self.statement()

    def assign(self) -> None:
        type = self.rng.choice(self.types)
        names, value = self.vars[type], self.expression(type, 3)
        if len(names) > 1 and self.chance(0.2):
            self.line(f"{names[0]}, {names[1]} = {names[1]}, {value}")
        elif self.chance(0.3):
            self.line(f"{self.rng.choice(names)} {self.rng.choice(('+', '-', '*'))}= {value}")
        else:
            self.line(f"{self.rng.choice(names)} = {value}")

    def set_bool(self) -> None:
        self.line(f"{self.rng.choice(self.bools)} = {self.condition(2)}")

    def store(self) -> None:
        type = self.rng.choice(self.types)
        v, value = type.value, self.expression(type, 2)
        if self.dims == 1 and self.chance(0.3):
            place = f"slab_{v}[i * {SLAB} + (i64({self.expression(Type.I32, 1)}) & {SLAB - 1})]"
        else:
            place = f"{self.own}{self.rng.choice(('', '2'))}_{v}[{self.place}]"
        self.line(f"{place} = {value}")

    def reduction(self) -> None:
        if self.loop_depth or self.results == RESULTS or self.together:
            return self.assign()
        type = self.rng.choice(self.types)
        name = self.rng.choice(("sum", "min", "max", "prod"))
        self.line(f"grid_{name}({self.expression(type, 1)}, result_{type.value}, {self.results})")
        self.results += 1

    def atomic(self) -> None:
        """On an element of the lane's own, or on one of all lanes where the order does not show."""
        name = self.rng.choice(("add", "min", "max", "and_", "or_", "xor", "exch", "cas"))
        kinds = [t for t in self.types if both_have(f"ATOM_{name.rstrip('_').upper()}", t)]
        if not kinds:
            return self.assign()
        type = self.rng.choice(kinds)
        operands = ", ".join(self.expression(type, 1) for _ in range(2 if name == "cas" else 1))
        if type.is_integer and name not in ("exch", "cas") and self.results < RESULTS and self.chance(0.5):
            self.line(f"atomic_{name}(result_{type.value}, {self.results}, {operands})")
            self.results += 1
        else:
            old = f"atomic_{name}({self.own}_{type.value}, {self.place}, {operands})"
            self.line(f"{self.rng.choice(self.vars[type])} = {old}" if self.chance(0.5) else old)

    def meeting(self) -> None:
        """Lanes of a block exchange values through shared memory, or combine them."""
        type = self.rng.choice(self.types)
        tile, name = f"tile_{type.value}", self.rng.choice(self.vars[type])
        kind = self.rng.choice(("exchange", "exchange", "sum", "min", "max", "prod"))
        if kind != "exchange":
            return self.line(f"{name} = block_{kind}({self.expression(type, 2)})")
        self.line(f"{tile}[lane] = {self.expression(type, 2)}")
        self.line("barrier()")
        index = f"i64({self.expression(Type.I32, 1)}) & {(1 << self.block.bit_length() >> 1) - 1}"
        index = self.rng.choice((f"{self.block - 1} - lane", index))
        if self.chance(0.5):
            self.line(f"if {self.condition(1)}:")
            self.line(f"{INDENT}{name} = {tile}[{index}]")
        else:
            self.line(f"{name} = {tile}[{index}]")
        self.line("barrier()")

    def stop(self) -> None:
        self.line(f"if {self.condition(1)}:")
        self.line(f"{INDENT}return")

    def jump(self) -> None:
        self.line(f"if {self.condition(1)}:")
        ways = ("break", "break", "continue") if self.together else ("break", "break", "continue", "return")
        self.line(f"{INDENT}{self.rng.choice(ways)}")

    def branch(self) -> None:
        self.line(f"if {self.condition(2)}:")
        self.body()
        if self.chance(0.3):
            self.line(f"elif {self.condition(1)}:")
            self.body()
        if self.chance(0.5):
            self.line("else:")
            self.body()

    @contextmanager
    def loop(self) -> Iterator[str]:
        self.loops += 1
        self.loop_depth += 1
        yield f"r{self.loops}"
        self.loop_depth -= 1

    def counted(self) -> None:
        """for … in range(…), for the same or different numbers of rounds."""
        bound = self.rng.choice(("few", f"i64({self.expression(Type.I32, 1)}) & 7", "i & 3", "5", "min(nx, 4)"))
        ranges = (
            f"range(i64({bound}))",
            f"range(1, i64({bound}), 2)",
            f"range(i64({bound}), -2, -1)",
            f"range(-2, i64({bound}))",
        )
        with self.loop() as name:
            self.line(f"for {name} in {self.rng.choice(ranges)}:")
            self.counters.append(name)
            self.body()
            self.counters.remove(name)

    def repeat(self) -> None:
        """while …, left after a few rounds at the latest."""
        with self.loop() as name:
            self.line(f"{name} = 0")
            self.line(f"while {name} < {self.rng.randint(1, 6)} and {self.condition(1)}:")
            self.line(f"{INDENT}{name} += 1")
            self.body()


def kernel(seed: int) -> tuple[str, Launch]:
    """The text of a random kernel and a launch for it."""
    return KernelGenerator(seed).make(seed)
