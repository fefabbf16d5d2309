"""The instruction table: every instruction declared once, as data.

Encoder, decoder, text form, verifier, manual and the backends' coverage check are derived from it.
An operand is declared as ``name:kind`` or ``name:kind:type`` with a leading ``=`` when it is written.
Kinds: ``reg``, ``src`` (register or immediate), ``pred``, ``guard`` (optional predicate, may be negated),
``imm``, ``label``, ``addr``, ``slot``, ``sreg``, ``cond``, ``scope``, ``u8 u16 u32 u64`` (plain numbers), ``f64``.
The type of a register operand is ``T`` (the instruction's type), ``S`` (the source type of CVT) or a fixed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hologram.types import ALL, FLOATS, HALVES, INTEGERS, SIGNED, Type

NUMBERS = ALL
BITS = INTEGERS
REAL = FLOATS | HALVES
NEGATABLE = SIGNED | REAL
UNTYPED: frozenset[Type] = frozenset()


class Category(Enum):
    """Family of an instruction, as in the manual."""

    MOVE = "data movement"
    ARITHMETIC = "arithmetic"
    LOGIC = "logic"
    CONTROL = "control flow"
    SYNC = "synchronization"
    ATLAS = "atlas"
    REDUCE = "register reduction"
    MATH = "transcendental"
    POOL = "pool storage"
    PREDICATE = "predicates"
    ATOMIC = "atomics"
    CROSS = "cross-lane reduction"
    DEBUG = "debugging"


@dataclass(frozen=True, slots=True)
class OperandSpec:
    """One operand position: its name, kind, register type and whether it is written."""

    name: str
    kind: str
    type: str
    written: bool


@dataclass(frozen=True, slots=True)
class Spec:
    """One instruction: its code is its position in the table and never changes."""

    code: int
    name: str
    text: str
    category: Category
    operands: tuple[OperandSpec, ...]
    types: frozenset[Type]
    doc: str
    base: bool

    @property
    def typed(self) -> bool:
        """True when the instruction carries a type suffix."""
        return bool(self.types)

    @property
    def is_terminator(self) -> bool:
        return self.name in TERMINATORS

    @property
    def is_memory(self) -> bool:
        return any(o.kind == "addr" for o in self.operands)

    @property
    def is_barrier(self) -> bool:
        """True where no lane goes on before all lanes of its block have come."""
        return self.name == "BarSync" or self.name.startswith("BRED_")


TERMINATORS = frozenset({"BRA", "CALL", "RET", "LOOP", "EXIT"})
UPDATED = frozenset({"LOOP"})
"""Instructions whose written operand is read first."""
COMMUTATIVE = frozenset({"ADD", "MUL", "MIN", "MAX", "MINP", "MAXP", "AND", "OR", "XOR", "PAND", "POR", "PXOR"})
"""Instructions that give the same bits for either order of their operands, as all NaNs count as one."""


def _operands(text: str) -> tuple[OperandSpec, ...]:
    out = []
    for word in text.split():
        written, word = word.startswith("="), word.lstrip("=")
        name, kind, ty = [*word.split(":"), "T"][:3]
        out.append(OperandSpec(name, kind, ty, written))
    return tuple(out)


_M, _A, _L, _C, _S = Category.MOVE, Category.ARITHMETIC, Category.LOGIC, Category.CONTROL, Category.SYNC
_AT, _R, _X, _P = Category.ATLAS, Category.REDUCE, Category.MATH, Category.POOL
_PR, _AM, _CR, _D = Category.PREDICATE, Category.ATOMIC, Category.CROSS, Category.DEBUG
_UNARY, _BINARY, _TERNARY = "=dst:reg a:reg", "=dst:reg a:reg b:src", "=dst:reg a:reg b:reg c:reg"
_SHIFT = "=dst:reg a:reg amount:src:U32"
_FOLDS = ("ADD", "MIN", "MAX", "MUL")
_FOLD = "=dst:reg base:reg count:u32"

_BASE = [
    ("LDG", _M, ALL, "=dst:reg addr:addr", "load from a bound array or the boundary pool"),
    ("STG", _M, ALL, "a:reg addr:addr", "store to a bound array or the boundary pool"),
    ("LDS", _M, ALL, "=dst:reg addr:addr", "load from the block's shared memory"),
    ("STS", _M, ALL, "a:reg addr:addr", "store to the block's shared memory"),
    ("MOV", _M, ALL, _UNARY, "copy a register"),
    ("MOV_IMM", _M, ALL, "=dst:reg value:imm", "load an immediate bit pattern"),
    (
        "CVT",
        _M,
        ALL,
        "=dst:reg a:reg:S",
        "convert between types, rounding once; float to integer truncates and saturates, NaN gives 0",
    ),
    ("ADD", _A, NUMBERS, _BINARY, "a + b; integers wrap"),
    ("SUB", _A, NUMBERS, _BINARY, "a - b; integers wrap"),
    ("MUL", _A, NUMBERS, _BINARY, "a * b; integers wrap"),
    ("DIV", _A, NUMBERS, _BINARY, "a / b; integers truncate, x/0 = 0 and sets the fault word, MIN/-1 = MIN"),
    ("MAD", _A, NUMBERS, _TERNARY, "a * b + c with two roundings"),
    ("FMA", _A, REAL, _TERNARY, "a * b + c with one rounding"),
    ("MIN", _A, NUMBERS, _BINARY, "smaller value; NaN loses, -0 < +0"),
    ("MAX", _A, NUMBERS, _BINARY, "larger value; NaN loses, -0 < +0"),
    ("ABS", _A, NEGATABLE, _UNARY, "absolute value; ABS(MIN) = MIN"),
    ("NEG", _A, NEGATABLE, _UNARY, "negation; floats flip the sign bit"),
    ("AND", _L, BITS, _BINARY, "bitwise and"),
    ("OR", _L, BITS, _BINARY, "bitwise or"),
    ("XOR", _L, BITS, _BINARY, "bitwise exclusive or"),
    ("NOT", _L, BITS, _UNARY, "ones' complement"),
    ("SHL", _L, BITS, _SHIFT, "shift left; count modulo the width"),
    ("SHR", _L, BITS, _SHIFT, "shift right, arithmetic on signed types; count modulo the width"),
    ("SETcc", _L, NUMBERS, "cond:cond =dst:pred a:reg b:src", "compare into a predicate; with NaN only NE holds"),
    ("SEL", _L, ALL, "=dst:reg pred:pred a:reg b:reg", "pred ? a : b"),
    ("BRA", _C, UNTYPED, "target:label guard:guard", "jump, always or when the guard holds"),
    ("CALL", _C, UNTYPED, "target:label", "call a subroutine; recursion is refused"),
    ("RET", _C, UNTYPED, "", "return from a subroutine"),
    (
        "LOOP",
        _C,
        UNTYPED,
        "=count:reg:U32 target:label",
        "if count > 0: count -= 1 and jump; the body runs count + 1 times",
    ),
    ("EXIT", _C, UNTYPED, "", "the lane is done; so is running off the end"),
    ("BarSync", _S, UNTYPED, "id:u8", "all lanes of the block meet"),
    ("MemFence", _S, UNTYPED, "scope:scope", "order memory operations within a scope"),
    ("ClsGet", _AT, UNTYPED, "=dst:reg:U8", "class of the lane"),
    ("MIRROR", _AT, UNTYPED, "=dst:reg:U8 a:reg:U8", "mirror class in the resonance labelling"),
    (
        "UnityTest",
        _AT,
        UNTYPED,
        "=dst:pred epsilon:f64",
        "is the sum of the accumulators at launch start within epsilon",
    ),
    ("NbrCount", _AT, UNTYPED, "=dst:reg:U32 class:reg:U8", "number of neighbours of a class (5 or 6)"),
    ("NbrGet", _AT, UNTYPED, "=dst:reg:U8 class:reg:U8 index:u8", "neighbour of a class, ascending"),
    ("ResAccum", _AT, UNTYPED, "class:reg:U8 value:reg:F64", "add to a resonance accumulator"),
    ("PhaseGet", _AT, UNTYPED, "=dst:reg:U32", "phase counter of the lane"),
    ("PhaseAdv", _AT, UNTYPED, "delta:u16", "advance the phase, modulo 768"),
    ("BoundMap", _AT, UNTYPED, "=dst:reg:U64 class:reg:U8 page:reg:U8 byte:reg:U8", "class*12288 + page*256 + byte"),
    ("ReduceAdd", _R, NUMBERS, _FOLD, "sum of `count` consecutive registers"),
    ("ReduceMin", _R, NUMBERS, _FOLD, "minimum of `count` consecutive registers"),
    ("ReduceMax", _R, NUMBERS, _FOLD, "maximum of `count` consecutive registers"),
    ("ReduceMul", _R, NUMBERS, _FOLD, "product of `count` consecutive registers"),
    ("EXP", _X, REAL, _UNARY, "e to the power a"),
    ("LOG", _X, REAL, _UNARY, "natural logarithm"),
    ("LOG2", _X, REAL, _UNARY, "base-2 logarithm"),
    ("LOG10", _X, REAL, _UNARY, "base-10 logarithm"),
    ("SQRT", _X, REAL, _UNARY, "square root, correctly rounded"),
    ("RSQRT", _X, REAL, _UNARY, "1 / sqrt(a)"),
    ("SIN", _X, REAL, _UNARY, "sine of an angle in radians"),
    ("COS", _X, REAL, _UNARY, "cosine of an angle in radians"),
    ("TAN", _X, REAL, _UNARY, "tangent of an angle in radians"),
    ("TANH", _X, REAL, _UNARY, "hyperbolic tangent"),
    ("SIGMOID", _X, REAL, _UNARY, "1 / (1 + exp(-a))"),
    ("PoolAlloc", _P, UNTYPED, "=dst:reg:U64 size:u64", "allocate a zeroed linear pool, giving its handle"),
    ("PoolFree", _P, UNTYPED, "handle:reg:U64", "free a linear pool"),
    ("PoolLoad", _P, ALL, "=dst:reg pool:reg:U64 offset:reg:U64", "load from a linear pool"),
    ("PoolStore", _P, ALL, "pool:reg:U64 offset:reg:U64 a:reg", "store to a linear pool"),
]

_EXTENSIONS = [
    ("REM", _A, NUMBERS, _BINARY, "remainder with the sign of a; x % 0 = 0 for integers and sets the fault word"),
    ("MINP", _A, REAL, _BINARY, "smaller value; NaN propagates, -0 < +0"),
    ("MAXP", _A, REAL, _BINARY, "larger value; NaN propagates, -0 < +0"),
    ("PAND", _PR, UNTYPED, "=dst:pred a:pred b:pred", "a and b"),
    ("POR", _PR, UNTYPED, "=dst:pred a:pred b:pred", "a or b"),
    ("PXOR", _PR, UNTYPED, "=dst:pred a:pred b:pred", "a exclusive-or b"),
    ("PNOT", _PR, UNTYPED, "=dst:pred a:pred", "not a"),
    ("EXP2", _X, REAL, _UNARY, "2 to the power a"),
    ("EXPM1", _X, REAL, _UNARY, "exp(a) - 1"),
    ("LOG1P", _X, REAL, _UNARY, "log(1 + a)"),
    ("ERF", _X, REAL, _UNARY, "error function"),
    ("POW", _X, REAL, "=dst:reg a:reg b:reg", "a to the power b"),
    ("FLOOR", _X, REAL, _UNARY, "largest integer not above a"),
    ("CEIL", _X, REAL, _UNARY, "smallest integer not below a"),
    ("ROUND", _X, REAL, _UNARY, "nearest integer, ties to even"),
    ("TRUNC", _X, REAL, _UNARY, "integer part"),
    ("ASIN", _X, REAL, _UNARY, "inverse sine"),
    ("ACOS", _X, REAL, _UNARY, "inverse cosine"),
    ("ATAN", _X, REAL, _UNARY, "inverse tangent"),
    ("ATAN2", _X, REAL, "=dst:reg a:reg b:reg", "angle of the point (b, a)"),
    ("SINH", _X, REAL, _UNARY, "hyperbolic sine"),
    ("COSH", _X, REAL, _UNARY, "hyperbolic cosine"),
    ("POPC", _L, BITS, _UNARY, "number of set bits"),
    ("CLZ", _L, BITS, _UNARY, "number of leading zero bits"),
    (
        "MOV_PARAM",
        _M,
        ALL,
        "=dst:reg slot:slot",
        "read a parameter slot: a scalar, an array's handle (u64), shape or byte stride (i64)",
    ),
    ("MOV_SREG", _M, frozenset({Type.I64, Type.U64, Type.U32}), "=dst:reg sreg:sreg", "read a launch coordinate"),
    *[
        (f"ATOM_{n}", _AM, t, "=dst:reg addr:addr a:reg", f"atomic {d}; gives the old value")
        for n, t, d in [
            ("ADD", INTEGERS | FLOATS, "addition"),
            ("MIN", INTEGERS | FLOATS, "minimum"),
            ("MAX", INTEGERS | FLOATS, "maximum"),
            ("AND", BITS, "and"),
            ("OR", BITS, "or"),
            ("XOR", BITS, "exclusive or"),
            ("EXCH", INTEGERS | FLOATS, "exchange"),
        ]
    ],
    (
        "ATOM_CAS",
        _AM,
        BITS,
        "=dst:reg addr:addr a:reg b:reg",
        "atomic compare with a and swap in b; gives the old value",
    ),
    *[
        (
            f"BRED_{n}",
            _CR,
            NUMBERS,
            "=dst:reg a:reg",
            f"{n.lower()} over all lanes of the block, to every lane; a barrier; NaN propagates",
        )
        for n in _FOLDS
    ],
    *[
        (
            f"GRED_{n}",
            _CR,
            NUMBERS,
            "a:reg addr:addr",
            f"{n.lower()} over all lanes of the launch, stored once; NaN propagates",
        )
        for n in _FOLDS
    ],
    (
        "Print",
        _D,
        ALL,
        "a:src message:u32",
        "show a value as message `message` of the program says; shown by the interpreter",
    ),
    (
        "Assert",
        _D,
        UNTYPED,
        "pred:pred message:u32",
        "fail with message `message` unless the predicate holds, where runs are checked",
    ),
]


def _text_name(name: str) -> str:
    """The spelling in text form: `BarSync` is `bar.sync`, `MOV_IMM` is `mov_imm`, `SETcc` is `set`."""
    if name == "SETcc":
        return "set"
    if name.isupper() or "_" in name or name[1:].isdigit():
        return name.lower()
    dotted = "".join(f".{c.lower()}" if c.isupper() else c for c in name).lstrip(".")
    return dotted.replace("mem.fence", "memfence")


TABLE: tuple[Spec, ...] = tuple(
    Spec(code, name, _text_name(name), category, _operands(operands), types, doc, code < len(_BASE))
    for code, (name, category, types, operands, doc) in enumerate([*_BASE, *_EXTENSIONS])
)
BY_NAME: dict[str, Spec] = {spec.name: spec for spec in TABLE}
BY_TEXT: dict[str, Spec] = {spec.text: spec for spec in TABLE}

assert len(_BASE) == 60
assert len(BY_NAME) == len(BY_TEXT) == len(TABLE)
