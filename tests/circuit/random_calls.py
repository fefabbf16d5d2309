"""Random circuits: every generator, ranges and variants over few or many classes."""

import random

from hologram.circuit.generators import (
    Call,
    Copy,
    Evaluate,
    EvaluateRange,
    Immediate,
    Mark,
    MarkRange,
    Merge,
    MergeRange,
    Operand,
    Quote,
    QuoteRange,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Softmax,
    Split,
    Swap,
)
from hologram.operators import VARIANTS as TABLE

VARIANTS = ("add", "mul", "min", "max", "abs", "exp", "log", "sqrt", "sigmoid", "tanh", "gelu", "neg", "relu", "where")


def random_calls(seed: int, longest: int = 60, variants: tuple[str, ...] = VARIANTS) -> list[Call]:
    """Up to `longest` calls on 3 to 96 classes."""
    rng = random.Random(seed)
    classes = rng.choice([3, 4, 6, 10, 96])
    return [_call(rng, classes, variants) for _ in range(rng.randrange(1, longest + 1))]


def _call(rng: random.Random, classes: int, variants: tuple[str, ...]) -> Call:
    def place() -> int:
        return rng.randrange(classes)

    def operand() -> Operand:
        return Immediate(rng.choice([0.5, 2.0, -1.0, 0.0])) if rng.random() < 0.1 else place()

    kind = rng.randrange(14)
    if kind < 3:
        return Mark(place())
    if kind < 5:
        return Copy(place(), place())
    if kind < 7:
        return Swap(place(), place())
    if kind < 9:
        return _merge(rng, operand, place(), variants)
    if kind == 9:
        return Split(operand(), operand(), place(), rng.choice(["sub", "div"]))
    if kind == 10:
        return rng.choice([ReduceSum, ReduceMin, ReduceMax])(place(), place(), rng.choice([None, 3]))
    if kind == 11:
        return Softmax(place(), place(), rng.choice([None, None, 5]))
    if kind == 12:
        return rng.choice([Quote, Evaluate])(place())
    if rng.random() < 0.5:
        return rng.choice([MarkRange, QuoteRange, EvaluateRange])(*sorted((place(), place())))
    count = rng.randrange(2, max(3, classes // 2 + 1))
    starts = [rng.randrange(classes - count + 1) for _ in range(3)]
    return MergeRange(starts[0], starts[1], starts[2], count, rng.choice(["add", "mul", "exp"]))


def _merge(rng: random.Random, operand, dst: int, variants: tuple[str, ...]) -> Merge:  # type: ignore[no-untyped-def]
    variant = rng.choice(variants)
    third = operand() if TABLE[variant].arity == 3 else None
    return Merge(operand(), operand(), dst, variant, third)
