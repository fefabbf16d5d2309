"""Random kernels: the derived extents against brute force."""

from __future__ import annotations

import random
from typing import cast

import pytest

from hologram.isa.formula import evaluate
from hologram.isa.operands import Field, Reg, Slot
from hologram.types import Type
from tests.isa.affine_kernels import I32, I64, NEGATED, Kernel, Launchable


class Random:
    """A random kernel of loops, guards and accesses, written as a program and run by hand."""

    def __init__(self, seed: int, extreme: bool = False) -> None:
        self.random = random.Random(seed)
        self.kernel = Kernel()
        self.sizes = {"n": self.random.randint(-1, 6), "m": self.random.randint(0, 5)}
        if extreme:
            ends = (-(2**63), 2**63 - 1, 2**62, -(2**62), 2**61)
            self.sizes["m"] = self.random.choice(ends) + self.random.randint(0, 4)
            self.sizes["m"] = min(self.sizes["m"], 2**63 - 1)
            self.sizes["n"] = self.random.choice([self.sizes["n"], -(2**31), 2**31 - 1])
        self.kinds = ["access", "when", "when" if extreme else "loop"]
        self.lanes = self.random.randint(0, 7), self.random.randint(1, 3), 1
        self.slots = [self.kernel.array(f"a{i}") for i in range(4)]
        self.registers = {"n": self.kernel.scalar("n", I32), "m": self.kernel.scalar("m")}
        self.registers |= {"x": self.kernel.lane(0), "y": self.kernel.lane(1)}
        self.names = ["x", "y"]
        self.tree = self._body(2)

    def _index(self) -> tuple[object, ...]:
        """A sum, one in 32-bit arithmetic, or the smaller or larger of two."""
        op = self.random.choice(["", "", "MIN", "MAX", "I32"])
        return (op, self._sum(), self._sum() if self.random.random() < 0.5 else self._bound()) if op else self._sum()

    def _sum(self) -> tuple[dict[str, int], int]:
        names = self.random.sample(self.names, self.random.randint(1, min(2, len(self.names))))
        terms = {name: self.random.choice([1, 1, 1, -1, 2, 3]) for name in names}
        if self.random.random() < 0.3:
            terms[self.random.choice(["n", "m"])] = self.random.choice([1, -1])
        return terms, self.random.randint(-2, 3)

    def _emit(self, *index: object) -> Reg:
        if index[0] == "I32":
            return self._emit_sum(I32, *index[1])  # type: ignore[misc]
        if len(index) == 3:
            return self.kernel.op(str(index[0]), self._emit(*index[1]), self._emit(*index[2]))  # type: ignore[misc]
        return self._emit_sum(I64, *cast("tuple[dict[str, int], int]", index))

    def _emit_sum(self, type: Type, terms: dict[str, int], constant: int) -> Reg:
        k, total = self.kernel, self.kernel.const(constant, type)
        for name, factor in terms.items():
            value = k.converted(self.registers[name], I64, type)
            total = k.op("ADD", total, k.op("MUL", value, factor, type), type)
        return k.converted(total, type, I64)

    def _bound(self) -> tuple[dict[str, int], int]:
        return ({self.random.choice(["n", "m"]): 1} if self.random.random() < 0.7 else {}), self.random.randint(-1, 4)

    def _body(self, depth: int) -> list[tuple[object, ...]]:
        return [self._statement(depth) for _ in range(self.random.randint(1, 2))]

    def _statement(self, depth: int) -> tuple[object, ...]:
        k, kind = self.kernel, self.random.choice(self.kinds) if depth else "access"
        if kind == "access":
            index, slot = self._index(), self.random.choice(self.slots)
            k.load(slot, self._emit(*index))
            return "access", slot, index
        if kind == "when":
            tests = [(self._index(), self.random.choice(list(NEGATED)), self._bound()) for _ in range(2)]
            op = self.random.choice(["PAND", "POR", "PXOR"])
            preds = [k.test(c, self._emit(*a), self._emit(*b)) for a, c, b in tests]
            with k.when(k.combine(op, *preds)):
                k.b.release(*preds)
                body = self._body(depth - 1)
            return "when", op, tests, body
        start, stop, step = self._bound(), self._bound(), self.random.choice([1, 1, 2, 3, -1, -2])
        name = f"j{len(self.registers)}"
        with k.loop(self._emit(*start), self._emit(*stop), step) as counter:
            self.registers[name] = counter
            self.names.append(name)
            body = self._body(depth - 1)
            self.names.remove(name)
        return "loop", name, start, stop, step, body

    def touched(self) -> dict[int, list[set[int]]]:
        """For every access in program order the elements it touches."""
        out: dict[int, list[set[int]]] = {slot: [] for slot in self.slots}
        found: dict[int, set[int]] = {}
        order: list[tuple[int, int]] = []

        def note(body: list[tuple[object, ...]]) -> None:
            for s in body:
                if s[0] == "access":
                    order.append((id(s), int(str(s[1]))))
                    found[id(s)] = set()
                else:
                    note(s[-1])  # type: ignore[arg-type]

        note(self.tree)
        for y in range(self.lanes[1]):
            for x in range(self.lanes[0]):
                self._run(self.tree, {**self.sizes, "x": x, "y": y}, found)
        for key, slot in order:
            out[slot].append(found[key])
        return out

    def _run(self, body: list[tuple[object, ...]], env: dict[str, int], found: dict[int, set[int]]) -> None:
        def value(*index: object) -> int:
            if index[0] == "I32":
                return wrapped(value(*index[1]), 32)  # type: ignore[misc]
            if len(index) == 3:
                return {"MIN": min, "MAX": max}[str(index[0])](value(*index[1]), value(*index[2]))  # type: ignore[misc]
            terms, constant = cast("tuple[dict[str, int], int]", index)
            return wrapped(constant + sum(env[name] * factor for name, factor in terms.items()))

        compare = {"lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__", "eq": "__eq__", "ne": "__ne__"}
        for s in body:
            if s[0] == "access":
                found[id(s)].add(value(*s[2]))  # type: ignore[misc]
            elif s[0] == "when":
                a, b = (getattr(value(*left), compare[c])(value(*right)) for left, c, right in s[2])  # type: ignore[attr-defined]
                if {"PAND": a and b, "POR": a or b, "PXOR": a != b}[str(s[1])]:
                    self._run(s[3], env, found)  # type: ignore[arg-type]
            else:
                for j in range(value(*s[2]), value(*s[3]), s[4]):  # type: ignore[misc, call-overload]
                    self._run(s[5], {**env, str(s[1]): j}, found)  # type: ignore[arg-type]


@pytest.mark.parametrize("block", range(8))
def test_random_affine_kernels_never_need_less_than_they_touch(block: int) -> None:
    """Sound for every kernel; and equal to brute force for the great majority."""
    exact = total = 0
    for seed in range(block * 40, block * 40 + 40):
        case = Random(seed)
        kernel = Launchable(case.kernel.program())
        assert not kernel.extents.unknown, seed
        for slot, accesses in case.touched().items():
            elements = set().union(*accesses) if accesses else set()
            low, high = needed(kernel, case, slot)
            assert not elements or low <= min(elements) <= max(elements) <= high, (seed, slot)
            total += 1
            exact += (low, high) == ((min(elements), max(elements)) if elements else (0, -1))
    assert exact >= 0.9 * total


@pytest.mark.parametrize("block", range(3))
def test_random_kernels_with_wrapping_bounds_are_sound(block: int) -> None:
    """A launch that passes touches, with the wrapping arithmetic of registers, nothing outside its arrays."""
    passed = 0
    for seed in range(block * 40, block * 40 + 40):
        case = Random(seed, extreme=True)
        kernel = Launchable(case.kernel.program())
        touched = case.touched()
        for length in (0, 6, 40):
            if kernel.fits(case.lanes, **case.sizes, a0=length, a1=length, a2=length, a3=length):
                passed += 1
                assert all(0 <= wrapped(i * 4) <= 4 * length - 4 for uses in touched.values() for e in uses for i in e)
    assert passed > 15


def wrapped(value: int, bits: int = 64) -> int:
    """As a signed register holds it."""
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def test_the_formula_for_small_sizes_decides_alike_and_is_shorter() -> None:
    longer = 0
    for seed in range(60):
        case = Random(seed)
        kernel = Launchable(case.kernel.program())
        values = {Slot(kernel.program.param(k)): v for k, v in case.sizes.items()}
        values |= {Slot(s, Field.SHAPE): case.random.randint(0, 12) for s in case.slots}
        exact, small = kernel.extents.formula, kernel.extents.formula_below(31)
        everything, short = (evaluate(f, values, case.lanes) for f in (exact, small))
        for k in range(0, len(exact.results), 3):
            violated = everything[exact.results[k]]
            assert short[small.results[k]] == violated
            if violated:
                assert [short[r] for r in small.results[k : k + 3]] == [everything[r] for r in exact.results[k : k + 3]]
        longer += len(exact.nodes) - len(small.nodes)
    assert longer > 0


def needed(kernel: Launchable, case: Random, slot: int) -> tuple[int, int]:
    """Smallest and largest index the extents allow for, (0, -1) for none."""
    program = kernel.program
    values = {Slot(s, Field.SHAPE): 0 for s in case.slots} | {Slot(program.param(k)): v for k, v in case.sizes.items()}
    formula = kernel.extents.formula
    nodes = evaluate(formula, values, case.lanes)
    results = [nodes[r] for r in formula.results]
    spans = [
        (low, high)
        for r, violated, low, high in zip(
            kernel.extents.requirements, results[::3], results[1::3], results[2::3], strict=True
        )
        if violated and r.slot == slot
    ]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0, -1)
