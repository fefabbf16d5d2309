"""Random circuits as text: all generators and variants, ranges, transforms at every level, branches side by side."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hologram.circuit.compile import runs
from hologram.circuit.generators import MERGE_VARIANTS, SPLIT_VARIANTS
from hologram.circuit.transforms import IDENTITY, Transform, Turn, compose
from hologram.operators import VARIANTS as TABLE


@dataclass(frozen=True)
class _Scope:
    """Where an operation stands: the classes it may write and read, and the transform around it."""

    writable: tuple[int, ...]
    readable: tuple[int, ...]
    outer: Transform = IDENTITY


def random_text(seed: int, longest: int = 200) -> str:
    """A circuit of 1 to `longest` operations (short ones more often) that compiles for f32."""
    rng = random.Random(seed)
    count = round(math.exp(rng.random() ** 2 * math.log(longest)))
    classes = (
        rng.sample(range(96), rng.choice([3, 4, 6, 10, 30])) if rng.random() < 0.3 else range(rng.choice([3, 5, 9]))
    )
    scope = _Scope(tuple(classes), tuple(classes))
    prefix, scope = _maybe_turned(rng, scope, 0.1)
    return prefix + " . ".join(_terms(rng, scope, count, depth=3))


def _terms(rng: random.Random, scope: _Scope, count: int, depth: int) -> list[str]:
    """Terms with `count` operations in all."""
    out = []
    while count > 0:
        taken = 1
        if depth and count > 1 and rng.random() < 0.15:
            taken = rng.randrange(2, min(count, 12) + 1)
            prefix, inner = _maybe_turned(rng, scope, 0.5)
            out.append(f"{prefix}({_group(rng, inner, taken, depth - 1)})")
        else:
            prefix, inner = _maybe_turned(rng, scope, 0.1)
            if prefix and not out:
                out.append("quote@c00")  # a prefix at the very start would cover the whole circuit
            out.append(prefix + _operation(rng, inner))
        count -= taken
    return out


def _group(rng: random.Random, scope: _Scope, count: int, depth: int) -> str:
    if rng.random() < 0.5 or len(scope.writable) < 3:
        return " . ".join(_terms(rng, scope, count, depth))
    places = list(scope.writable)
    rng.shuffle(places)
    shared = tuple(places[2:3]) if len(places) > 3 else ()  # read by both, written by none
    left, right = places[0::2], places[1::2]
    branches = []
    for part, share in ((left, count // 2), (right, count - count // 2)):
        own = tuple(p for p in part if p not in shared)
        branches.append(" . ".join(_terms(rng, replace(scope, writable=own, readable=own + shared), share, depth)))
    return " || ".join(branch for branch in branches if branch)


def _maybe_turned(rng: random.Random, scope: _Scope, chance: float) -> tuple[str, _Scope]:
    if rng.random() >= chance:
        return "", scope
    turns = _turns(rng)
    return " ".join(map(str, turns)) + "@ ", replace(scope, outer=scope.outer @ compose(turns))


def _turns(rng: random.Random) -> tuple[Turn, ...]:
    letters = rng.sample("RDT~", rng.randrange(1, 3))
    return tuple(Turn(letter, 0 if letter == "~" else rng.choice([-9, -1, 1, 2, 5])) for letter in letters)


def _written(rng: random.Random, scope: _Scope, place: int) -> str:
    """A class as it must be written here to mean `place`."""
    turns = _turns(rng) if rng.random() < 0.05 else ()
    index = (scope.outer @ compose(turns)).inverse(place)
    return f"c{index:02}" + "".join("~" if t.letter == "~" else f"^{t}" for t in turns)


def _operation(rng: random.Random, scope: _Scope) -> str:
    if rng.random() < 0.08:
        ranged = _ranged(rng, scope)
        if ranged:
            return ranged

    def target() -> str:
        return _written(rng, scope, rng.choice(scope.writable))

    def source() -> str:
        return _written(rng, scope, rng.choice(scope.readable))

    def operand() -> str:
        return f"#{rng.choice([0.5, 2.0, -1.0, 0.0])}" if rng.random() < 0.1 else source()

    kind = rng.randrange(14)
    if kind < 3:
        return f"mark@{target()}"
    if kind < 5:
        return f"copy@{source()}->{target()}"
    if kind < 7:
        return f"swap@{target()}<->{target()}"
    if kind < 9:
        variant = rng.choice(MERGE_VARIANTS)
        sources = [operand() for _ in range(TABLE[variant].arity)]
        return f"merge:{variant}@{sources[0]}[{','.join([*sources[1:], target()])}]"
    if kind == 9:
        return f"split:{rng.choice(SPLIT_VARIANTS)}@{operand()}[{operand()},{target()}]"
    if kind == 10:
        return f"reduce:{rng.choice(['sum', 'min', 'max'])}@{source()}{rng.choice(['', '[3]'])}->{target()}"
    if kind == 11:
        return f"softmax@{source()}{rng.choice(['', '', '[5]'])}->{target()}"
    return f"{rng.choice(['quote', 'evaluate', 'mark'])}@{target()}"


def _ranged(rng: random.Random, scope: _Scope) -> str:
    """An operation on ranges whose members all lie inside the scope, or "" where there is none."""
    write = _ranges(scope, scope.writable)
    read = _ranges(scope, scope.readable)
    if not write:
        return ""
    length = rng.choice(write)
    length = rng.randrange(1, length[1] - length[0] + 2)

    def some(found: Sequence[tuple[int, int]]) -> str:
        low, high = rng.choice([r for r in found if r[1] - r[0] + 1 >= length])
        first = rng.randrange(low, high - length + 2)
        return f"c[{first}..{first + length - 1}]"

    kind = rng.choice(["mark", "quote", "evaluate", "merge", "merge", "copy", "swap", "split"])
    if kind in ("mark", "quote", "evaluate"):
        return f"{kind}@{some(write)}"
    if kind == "copy":
        return f"copy@{some(read)}->{some(write)}"
    if kind == "swap":
        return f"swap@{some(write)}<->{some(write)}"
    variant = ":mul" if kind == "merge" and rng.random() < 0.5 else ""
    return f"{kind}{variant}@{some(read)}[{some(read)},{some(write)}]"


def _ranges(scope: _Scope, places: Sequence[int]) -> list[tuple[int, int]]:
    """The runs of classes as they must be written to mean classes of `places` only."""
    return runs([scope.outer.inverse(p) for p in places])
