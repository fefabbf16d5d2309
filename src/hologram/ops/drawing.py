"""Random numbers without a state: those of a seed and a counter, the same bits on every backend.

Four 64-bit words come from a block of Philox 4×64 with ten rounds, scrambled from its number and the seed; they are
those of `numpy.random.Philox(key=seed)`. An element of a result takes one word, so four elements take a block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import BOOL, Bool
from hologram.isa.templates.formula import Mode, Source, computed_in
from hologram.ops import kinds
from hologram.ops.elementwise import Meaning, kernel_of
from hologram.ops.memory.creating import PLACES, Creation, Maker
from hologram.ops.memory.indexing import take_flat
from hologram.ops.operation import REQUIRED, Call, Form, Operation
from hologram.ops.plan import Plan
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, element_named, integer, lengths
from hologram.runtime.executor import Executor
from hologram.types import Type

WORDS = 4
"""Words of a block."""
KEYS = 1 << 128
COUNTERS = 1 << 64

_ROUNDS = """
        for _ in range(10):
            above, below = high(0xCA5A826395121157, c), high(0xD2E7470EE14C6C93, a)
            a, b, c, d = above ^ b ^ k0, 0xCA5A826395121157 * c, below ^ d ^ k1, 0xD2E7470EE14C6C93 * a
            k0 += 0x9E3779B97F4A7C15
            k1 += 0xBB67AE8584CAA73B
"""
_HIGH = """
@device
def high(a: u64, b: u64) -> u64:
    a0, a1, b0, b1 = a & 0xFFFFFFFF, a >> 32, b & 0xFFFFFFFF, b >> 32
    middle = a1 * b0 + (a0 * b0 >> 32)
    other = a0 * b1 + (middle & 0xFFFFFFFF)
    return a1 * b1 + (middle >> 32) + (other >> 32)

"""
_DRAW = """
@kernel
def draw(out: DeviceArray[T], p: P, q: P, key0: u64, key1: u64, counter: u64, n: i64, blocks: i64):
    i = get_global_id()
    if i < blocks:
        a, b, c, d, k0, k1 = counter + u64(i) + 1, u64(0), u64(0), u64(0), key0, key1
ROUNDS
        at = 4 * i
        out[at] = first(a, b, p, q)
        if at + 1 < n:
            out[at + 1] = second(a, b, p, q)
        if at + 2 < n:
            out[at + 2] = first(c, d, p, q)
        if at + 3 < n:
            out[at + 3] = second(c, d, p, q)
""".replace("ROUNDS", _ROUNDS)
_EACH = """
@device
def element(word: u64, p: P, q: P) -> T:
    return ELEMENT

@device
def first(a: u64, b: u64, p: P, q: P) -> T:
    return element(a, p, q)

@device
def second(a: u64, b: u64, p: P, q: P) -> T:
    return element(b, p, q)
"""
_PAIRS = """
@device
def radius(a: u64) -> P:
    return sqrt(P(-2) * log(P((a >> 11) + 1) * P(0.00000000000000011102230246251565)))

@device
def angle(b: u64) -> P:
    return P(6.283185307179586) * UNIT

@device
def first(a: u64, b: u64, p: P, q: P) -> T:
    return T(p + q * (radius(a) * cos(angle(b))))

@device
def second(a: u64, b: u64, p: P, q: P) -> T:
    return T(p + q * (radius(a) * sin(angle(b))))
"""
_SHUFFLE = """
@device
def word(counter: u64, key0: u64, key1: u64) -> u64:
        a, b, c, d, k0, k1 = counter, u64(0), u64(0), u64(0), key0, key1
ROUNDS
        return a

@kernel
def permutation(out: DeviceArray[i64], key0: u64, key1: u64, counter: u64, n: i64, lanes: i64):
    lane = get_global_id()
    if lane < lanes:
        for k in range(n):
            out[k] = k
        for k in range(n - 1, 0, -1):
            j = i64(high(word(counter + u64(k), key0, key1), u64(k) + 1))
            held = out[k]
            out[k] = out[j]
            out[j] = held
""".replace("ROUNDS", _ROUNDS)

UNITS: Mapping[Type, str] = MappingProxyType(
    {
        Type.F64: "f64(WORD >> 11) * 0.00000000000000011102230246251565",
        Type.F32: "f32(WORD >> 40) * 0.000000059604644775390625",
        Type.F16: "f32(WORD >> 53) * 0.00048828125",
        Type.BF16: "f32(WORD >> 56) * 0.00390625",
    }
)
"""A number from 0 up to 1 for each float type: as many of a word's upper bits as its significand has."""


def unit(type: Type, word: str = "word") -> str:
    """The text of a number from 0 up to 1."""
    return UNITS[type].replace("WORD", word)


def _key(work: Work, call: Call) -> tuple[int, int, int]:
    """Both halves of the seed, and the counter."""
    seed, counter = call.values["seed"], call.values["counter"]
    if seed is None:
        raise ArgumentTypeError(f"{work.name}() needs seed=, a number; cure: hologram.random.Generator() chooses one")
    seed, counter = integer(work.name, "seed", seed, 0), integer(work.name, "counter", counter, 0)
    if seed >= KEYS or counter >= COUNTERS:
        raise ArgumentValueError(f"{work.name}(): a seed has 128 bits, a counter 64")
    return seed % COUNTERS, seed >> 64, counter


def _drawn(work: Work, call: Call, target: Region, text: str, words: dict[str, Type | str], *given: Any) -> None:
    """Fill a target with the elements that words become."""
    out = target if target.view.flags.c_contiguous else work.new(target.shape, target.element)
    n = out.view.size
    key = _key(work, call)
    if not n:
        return
    flat = out.seen(out.view.reshape(-1))
    work.launch(kernel_from(_HIGH + text + _DRAW, T=out.type, **words), flat, *given, *key, n, -(-n // WORDS))
    if out is not target:
        work.move(out, target)


def _floats(work: Work, call: Call) -> tuple[Region, Type, Type]:
    """Where numbers go, their type, and the type that they are computed in."""
    element = element_named(work.name, call.values["dtype"])
    if isinstance(element, Bool) or not element.is_float:
        raise ArgumentTypeError(f"{work.name}() gives floats, not {element!r}; cure: integers(low, high, shape)")
    return work.result(lengths(work.name, call.values["shape"]), element), element, computed_in(element)


def _real(work: Work, call: Call, label: str) -> float:
    value = call.values[label]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentTypeError(f"{work.name}(): {label} is a number, not {type(value).__name__}")
    return float(value)


def uniform(work: Work, call: Call) -> None:
    """low + (high − low) · u with u from 0 up to 1."""
    low, high = (_real(work, call, k) for k in ("low", "high"))
    target, element, wide = _floats(work, call)
    text = f"T(p + q * ({unit(element)}))"
    _drawn(work, call, target, _EACH, {"P": wide, "ELEMENT": text}, low, high - low)


def exponential(work: Work, call: Call) -> None:
    """−scale · ln u with u from above 0 up to 1."""
    scale = _real(work, call, "scale")
    target, _, wide = _floats(work, call)
    text = "T(p * -log(P((word >> 11) + 1) * P(0.00000000000000011102230246251565)))"
    _drawn(work, call, target, _EACH, {"P": wide, "ELEMENT": text}, scale, 0.0)


def normal(work: Work, call: Call) -> None:
    """Pairs by Box and Muller."""
    mean, deviation = (_real(work, call, k) for k in ("mean", "std"))
    target, _, wide = _floats(work, call)
    _drawn(work, call, target, _PAIRS, {"P": wide, "UNIT": unit(wide, "b")}, mean, deviation)


def integers(work: Work, call: Call) -> None:
    """low + the upper half of word · (high − low)."""
    low, high = call.values["low"], call.values["high"]
    low, high = (0, low) if high is None else (low, high)
    low, high = integer(work.name, "low", low), integer(work.name, "high", high)
    element = element_named(work.name, call.values["dtype"])
    if isinstance(element, Bool) or element.is_float:
        raise ArgumentTypeError(f"{work.name}() gives integers, not {element!r}; cure: dtype='i64'")
    if not element.minimum <= low < high <= element.maximum + 1:
        raise ArgumentValueError(
            f"{work.name}(): from {low} up to {high} is no range of {element.value}, "
            f"which holds {element.minimum} to {element.maximum}"
        )
    target = work.result(lengths(work.name, call.values["shape"]), element)
    text = "T(p + (high(word, q) if q != 0 else word))"
    _drawn(work, call, target, _EACH, {"P": Type.U64, "ELEMENT": text}, low % COUNTERS, (high - low) % COUNTERS)


def bits(work: Work, call: Call) -> None:
    """The words themselves."""
    target = work.result(lengths(work.name, call.values["shape"]), Type.U64)
    _drawn(work, call, target, _EACH, {"P": Type.U64, "ELEMENT": "word"}, 0, 0)


def bernoulli(work: Work, call: Call) -> None:
    """u < p."""
    _chosen(work, call, work.result(lengths(work.name, call.values["shape"]), BOOL), _probability(work, call))


def _chosen(work: Work, call: Call, target: Region, probability: float) -> None:
    text = f"u8(1) if {unit(Type.F64)} < p else u8(0)"
    _drawn(work, call, target, _EACH, {"P": Type.F64, "ELEMENT": text}, probability, 0.0)


def _probability(work: Work, call: Call) -> float:
    p = _real(work, call, "p")
    if not 0 <= p <= 1:
        raise ArgumentValueError(f"{work.name}(): a probability is from 0 to 1, got {p}")
    return p


def permutation(work: Work, call: Call) -> None:
    """The numbers below n, or the rows of an array, in a random order."""
    given = call.values["x"]
    source = None if isinstance(given, int) and not isinstance(given, bool) else work.region(given)
    if source is not None and not source.view.ndim:
        raise ArgumentValueError(f"{work.name}() takes a number or an array with an axis, got one without")
    n = integer(work.name, "n", given, 0) if source is None else source.shape[0]
    target = work.result((n,) if source is None else source.shape, Type.I64 if source is None else source.element)
    packed = source is None and target.type is Type.I64 and target.view.flags.c_contiguous
    order = target if packed else work.new((n,), Type.I64)
    key = _key(work, call)
    if n:
        work.launch(kernel_from(_HIGH + _SHUFFLE), order, *key, n, 1)
    if source is not None:
        take_flat(work, source, order, 0, target, "clip")
    elif order is not target:
        work.move(order, target)


_SEEDED: Mapping[str, Any] = {"seed": None, "counter": 0}


class Random(Creation):
    """An operation that draws numbers: `seed=` names the sequence, `counter=` how many blocks of four are behind."""

    keywords = MappingProxyType({**_SEEDED, **PLACES})

    def on(self, executor: Executor) -> Random:
        return Random(self.row, self.__name__, executor)

    def _take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        call = super()._take_apart(args, kwargs)
        given = call.values.get("x")
        if call.values["like"] is not None or given is None or kinds.is_scalar(given):
            return call
        return replace(call, values={**call.values, "like": given})


class Dropout(Operation):
    """`dropout(x, p=0.5, seed=…)`: elements become 0 with probability p, the others grow by 1 / (1 − p)."""

    def __init__(self, name: str = "dropout", executor: Executor | None = None) -> None:
        form = Form(("x",), {"p": 0.5}, {**_SEEDED, "training": True}, sizes=())
        meaning = "Sets elements to 0 with probability p and makes the others 1 / (1 − p) times as large."
        super().__init__(name, form, meaning, executor)

    def on(self, executor: Executor) -> Dropout:
        return Dropout(self.__name__, executor)

    def plan(self, call: Call) -> Plan:
        work = Work(self.__name__, call, call.inputs)
        source = work.region(call.inputs[0])
        if isinstance(source.element, Bool) or not source.element.is_float:
            raise ArgumentTypeError(f"{work.name}() takes floats, not {source.element!r}; cure: x.astype(np.float32)")
        p = _probability(work, call)
        target = work.result(source.shape, source.element)
        if not call.values.get("training", True) or p == 0:
            work.move(source, target)
            return work.plan()
        kept = work.new((source.view.size,), BOOL)
        _chosen(work, call, kept, 1 - p)
        _scaled(work, source, kept, target, 0.0 if p == 1 else 1 / (1 - p))
        return work.plan()


def _scaled(work: Work, source: Region, kept: Region, target: Region, scale: float) -> None:
    flat = work.flat(source)
    if not flat.view.size:
        return
    out = target if target.view.flags.c_contiguous else work.new(target.shape, source.element)
    wide = computed_in(source.type)
    meaning = Meaning(("SEL", "y", ("MUL", "x", "z"), 0.0), wide, wide, source.element)
    sources = (Source(source.type), Source(Type.U8, Mode.EACH, tested=True), Source(wide, Mode.NUMBER))
    kernel = kernel_of("dropout", meaning, sources, target.type, 1)
    work.launch(kernel, flat, kept, scale, out.seen(out.view.reshape(-1)), flat.view.size)
    if out is not target:
        work.move(out, target)


ROWS: tuple[Maker, ...] = (
    Maker(
        "uniform",
        uniform,
        "numbers from low up to high, all as likely",
        {"shape": REQUIRED, "low": 0.0, "high": 1.0, "dtype": "f32"},
        "rng.uniform(low, high, shape)",
        ("rand",),
    ),
    Maker(
        "normal",
        normal,
        "numbers of a normal distribution",
        {"shape": REQUIRED, "mean": 0.0, "std": 1.0, "dtype": "f32"},
        "rng.normal(mean, std, shape)",
        ("randn",),
    ),
    Maker(
        "exponential",
        exponential,
        "numbers of an exponential distribution",
        {"shape": REQUIRED, "scale": 1.0, "dtype": "f32"},
        "rng.exponential(scale, shape)",
    ),
    Maker(
        "integers",
        integers,
        "integers from low up to high, without it; from 0 where there is one bound",
        {"low": REQUIRED, "high": None, "shape": (), "dtype": "i64"},
        "rng.integers(low, high, shape)",
        ("randint",),
    ),
    Maker("bernoulli", bernoulli, "truth values, true with probability p", {"shape": REQUIRED, "p": 0.5}, ""),
    Maker("random_bits", bits, "64 random bits each", {"shape": REQUIRED}, "np.random.Philox(key=seed).random_raw(n)"),
    Maker(
        "permutation",
        permutation,
        "the numbers below x, or the rows of an array x, in a random order",
        {"x": REQUIRED},
        "rng.permutation(x)",
        ("randperm",),
    ),
)
MAKERS: Mapping[str, Callable[[], Operation]] = MappingProxyType(
    {**{row.name: partial(Random, row) for row in ROWS}, "dropout": Dropout}
)
"""What makes each operation, by its name."""
ALIASES: Mapping[str, str] = MappingProxyType({alias: row.name for row in ROWS for alias in row.aliases})
