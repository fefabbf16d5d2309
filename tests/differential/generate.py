"""Random programs that the verifier accepts: every instruction both backends have, structured and other jumps.

All variables are set before the first jump, so any jump is legal; loops are left after a few rounds; a lane stores
to places of its own, so the order of lanes does not show. Everything else is left to chance.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import UnsupportedError, VerificationError
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, immediate
from hologram.isa.instructions import BY_NAME, TABLE, Category, Spec
from hologram.isa.operands import (
    Condition,
    Field,
    Imm,
    Label,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.operands import Scope as Reach
from hologram.isa.program import Program
from hologram.types import Type
from tests.differential.inputs import MARGIN, RESULTS, SHORT_FROM, SLAB, TABLE_LENGTH, Triple, edge_values
from tests.differential.launches import Launch

CPU, INTERPRETER = CpuBackend(), InterpreterBackend()
UNSIGNED_ONLY = {Condition.LTU, Condition.LEU, Condition.GTU, Condition.GEU}
BLOCK_SPECIALS = [s for s in Special if not s.value.startswith("global")]
COSTLY_LIMIT = 2
MAX_DEPTH = 4
MAX_LOOPS = 3
MAX_SUBROUTINES = 4
STATEMENTS = 30


@cache
def operations(type: Type) -> tuple[tuple[Spec, ...], tuple[Spec, ...]]:
    """The computing instructions of a type that both backends run: cheap ones, and expansions into many."""
    families = (Category.ARITHMETIC, Category.LOGIC, Category.MATH, Category.REDUCE)
    both = [
        s
        for s in TABLE
        if s.category in families
        and s.operands[0].kind == "reg"
        and CPU.implements(s, type)
        and INTERPRETER.implements(s, type)
    ]
    costly = [
        s for s in both if s.category is Category.MATH and s.name not in ("SQRT", "FLOOR", "CEIL", "ROUND", "TRUNC")
    ]
    return tuple(s for s in both if s not in costly), tuple(costly)


@cache
def both_have(op: str, type: Type | None) -> bool:
    """True when both backends run an instruction on a type."""
    return all(backend.implements(BY_NAME[op], type) for backend in (CPU, INTERPRETER))


@cache
def convertible(target: Type, source: Type) -> bool:
    """True when both backends have a conversion."""
    b = Builder("conversion")
    a, c = b.reg(), b.reg()
    b.emit("MOV_IMM", source, a, Imm(0))
    b.emit("CVT", target, c, a, source_type=source)
    try:
        for backend in (CPU, INTERPRETER):
            backend.compile(b.build())
    except UnsupportedError:
        return False
    return True


@cache
def computes(type: Type) -> bool:
    """True for types with arithmetic on both backends, not only loads and stores."""
    return any(spec.name == "ADD" for spec in operations(type)[0])


@cache
def calls() -> bool:
    """True when both backends run subroutines."""
    b = Builder("call")
    there = b.label("there")
    b.emit("CALL", None, there)
    b.emit("EXIT")
    b.place(there)
    b.emit("RET")
    try:
        for backend in (CPU, INTERPRETER):
            backend.compile(b.build())
    except (UnsupportedError, VerificationError):
        return False
    return True


@dataclass
class Scope:
    """Jump targets at a place: ends of the statement lists and loops around it; `loops` tells the loops it is in."""

    targets: list[Label] = field(default_factory=list)
    loops: tuple[int, ...] = ()


class Generator:
    """Writes one random program; the same seed gives the same program and launch."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.seed, self.short = seed, seed >= SHORT_FROM
        self.b = Builder(f"random{seed}")
        self.scope = Scope()
        self.ahead: list[tuple[Label, tuple[int, ...]]] = []
        self.budget = rng.randint(3, rng.choice((5, 10, STATEMENTS)))
        self.costly = rng.choice((0, 0, 0, 0, 0, 1, COSTLY_LIMIT))
        if self.short:
            self.budget, self.costly = rng.randint(2, 5), 0
        self.dims = rng.choice((1, 1, 1, 2, 3))
        self.blocks = rng.random() < 0.25
        self.rows = self.dims == 1 and rng.random() < 0.3
        self.pools = rng.random() < 0.08
        self.loop_count = 0
        self.results = 0
        everything = [t for t in Type if computes(t)]
        rows = [rng.choice((Type.F32, Type.F64, Type.I32))] if self.rows else []
        some = rng.sample(everything, 1 if self.short else rng.choice((1, 1, 2, 3)))
        self.types = list(dict.fromkeys([*rows, *some, Type.I64]))
        self.vars: dict[Type, list[Reg]] = {}
        self.readable: dict[Type, list[Reg]] = {}
        self.preds: list[Pred] = []
        self.arrays: dict[str, dict[Type, int]] = {}
        self.handles: dict[int, Reg] = {}
        self.sizes: dict[str, Slot] = {}
        self.scratch: list[Reg] = []
        self.subroutines: list[Label] = []
        self.unwritten: list[Label] = []
        self.inside = False

    # Parts ------------------------------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def make(self) -> tuple[Program, Launch]:
        """The program and a launch for it."""
        self._declare()
        end = self.b.label("end")
        guard = self._coordinates(end)
        self._variables()
        self.scope.targets.append(end)
        for _ in range(2 if self.rows else 0):
            self._separately(self.row_loop, 1)
        while self.budget > 0:
            self.statement(0)
        for label, _ in self.ahead:
            self.b.place(label)
        self.b.place(end) if not guard else None
        self._observe()
        if guard:
            self.b.place(end)
        self._subroutines()
        extent = [Poly.slot(self.sizes[f"n{a}"]) for a in "xyz"[: self.dims]] if guard else []
        return self.b.build(extent), launch(self.rng, self.dims, self.seed)

    def _declare(self) -> None:
        b, rng = self.b, self.rng
        for axis in "xyz":
            self.sizes[f"n{axis}"] = Slot(b.scalar(f"n{axis}", Type.I64))
        self.few = b.scalar("few", Type.U32)
        self.cols = b.scalar("cols", Type.I64)
        half = [t for t in Type if not computes(t)]
        for type in [*self.types, *(rng.sample(half, 1) if half and self.chance(0.2) else [])]:
            self.arrays.setdefault("own", {})[type] = b.array(f"own_{type.value}", type, 1, "rw")
            for kind, p, ndim, access in (
                ("table", 0.5, 1, "r"), ("line", 0.6, 1, "r"), ("slab", 0.3, 1, "rw"), ("cube", 0.4, self.dims, "rw"),
                ("mat", 1.0 if self.rows else 0.0, 2, "r"), ("result", 0.5, 1, "rw"),
            ):  # fmt: skip
                if self.chance(p / 3 if self.short and p < 1 else p):
                    self.arrays.setdefault(kind, {})[type] = b.array(f"{kind}_{type.value}", type, ndim, access)
            if self.chance(0.5):
                self.arrays.setdefault("scalar", {})[type] = b.scalar(f"s_{type.value}", type)

    def _coordinates(self, end: Label) -> bool:
        """Global ids and the lane's own number (x fastest); perhaps the guard that every launch satisfies."""
        b = self.b
        self.gid = [self._special(f"global.{a}") for a in "xyz"]
        guard = self.chance(0.5)
        if guard:
            for axis in range(self.dims):
                p = b.pred()
                bound = self._param(self.sizes[f"n{'xyz'[axis]}"])
                b.emit("SETcc", Type.I64, Condition.GE, p, self.gid[axis], bound)
                b.emit("BRA", None, end, p)
                b.release(p)
        self.lin = b.reg()
        b.emit("MOV", Type.I64, self.lin, self.gid[self.dims - 1])
        for axis in range(self.dims - 2, -1, -1):
            size = self._param(self.sizes[f"n{'xyz'[axis]}"])
            b.emit("MAD", Type.I64, self.lin, self.lin, size, self.gid[axis])
            b.release(size)
        for slots in self.arrays.values():
            for slot in slots.values():
                if b.params[slot].is_array:
                    self.handles[slot] = self._param(Slot(slot), Type.U64)
        return guard

    def _special(self, name: str) -> Reg:
        r = self.b.reg()
        self.b.emit("MOV_SREG", Type.I64, r, Special(name))
        return r

    def _param(self, slot: Slot, type: Type = Type.I64) -> Reg:
        r = self.b.reg()
        self.b.emit("MOV_PARAM", type, r, slot)
        return r

    def _read_param(self, slot: Slot) -> Reg:
        self.scratch.append(self._param(slot))
        return self.scratch[-1]

    def _variables(self) -> None:
        b, rng = self.b, self.rng
        for type in self.types:
            self.vars[type] = [b.reg() for _ in range(rng.randint(1, 3))]
            self.readable[type] = list(self.vars[type])
            for r in self.vars[type]:
                self._start(type, r)
            if type.is_integer and type is not Type.I64 and self.chance(0.5):
                # Written once: what is known of it from lane to lane stays known.
                near, narrow = b.reg(), b.reg()
                b.emit("ADD", Type.I64, near, rng.choice(self.gid), Imm(rng.randint(0, 255)))
                b.emit("CVT", type, narrow, near, source_type=Type.I64)
                self.readable[type].append(narrow)
        self.readable[Type.I64] += [self.lin, *self.gid]
        for _ in range(rng.randint(1, 3)):
            p = b.pred()
            self.compare(p)
            self.preds.append(p)

    def _start(self, type: Type, r: Reg) -> None:
        """Give a variable its first value."""
        kinds: list[Callable[[], None]] = [lambda: self._immediate(type, r), lambda: self._immediate(type, r)]
        kinds.append(lambda: self.b.emit("LDG", type, r, self.own_address("own", type)))
        if type in self.arrays.get("line", {}):
            kinds += [lambda: self.b.emit("LDG", type, r, self.line_address(type))] * 3
        if type in self.arrays.get("scalar", {}):
            kinds.append(lambda: self.b.emit("MOV_PARAM", type, r, Slot(self.arrays["scalar"][type])))
        if convertible(type, Type.I64):
            kinds += [lambda: self.b.emit("CVT", type, r, self.rng.choice(self.gid), source_type=Type.I64)] * 2
        if self.blocks and type in (Type.I64, Type.U64, Type.U32):
            kinds += [lambda: self.b.emit("MOV_SREG", type, r, self.rng.choice(BLOCK_SPECIALS))] * 3
        self.rng.choice(kinds)()

    def _immediate(self, type: Type, r: Reg) -> None:
        self.b.emit("MOV_IMM", type, r, self.constant(type))

    def constant(self, type: Type) -> Imm:
        return immediate(type, self.rng.choice(edge_values(type)) if self.chance(0.5) else self.rng.randint(0, 6))

    def value(self, type: Type) -> Reg:
        """A register of a type to read."""
        return self.rng.choice(self.readable[type])

    def temporary(self) -> Reg:
        """A register until the end of the statement; later ones use it again, with other types."""
        self.scratch.append(self.b.reg())
        return self.scratch[-1]

    # Addresses --------------------------------------------------------------------------------------------

    def _scaled(self, type: Type, element: Reg, slot: int) -> RegisterIndirectComputed:
        """Handle and byte offset of an element."""
        b, offset, handle = self.b, self.temporary(), self.handles[slot]
        if self.chance(0.5):
            b.emit("MUL", Type.I64, offset, element, immediate(Type.I64, type.size))
        else:
            b.emit("SHL", Type.I64, offset, element, Imm(type.size.bit_length() - 1))
        if self.chance(0.1):
            handle = self.temporary()
            b.emit("MOV", Type.U64, handle, self.handles[slot])
        return RegisterIndirectComputed(handle, offset)

    def own_address(self, kind: str, type: Type) -> RegisterIndirectComputed:
        """The lane's own element of an `own`, `slab` or `cube` array."""
        b, slot = self.b, self.arrays[kind][type]
        if kind == "cube":
            return self._cube_address(slot)
        if kind == "own":
            return self._scaled(type, self.lin, slot)
        element, places = self._small_index(SLAB), self.temporary()
        b.emit("MOV_IMM", Type.I64, places, Imm(SLAB))
        b.emit("MAD", Type.I64, element, self.lin, places, element)
        return self._scaled(type, element, slot)

    def _cube_address(self, slot: int) -> RegisterIndirectComputed:
        offset = self.temporary()
        self.b.emit("MOV_IMM", Type.I64, offset, Imm(0))
        for axis in range(self.dims):
            stride = self._read_param(Slot(slot, Field.STRIDE, axis))
            self.b.emit("MAD", Type.I64, offset, self.gid[self.dims - 1 - axis], stride, offset)
        return RegisterIndirectComputed(self.handles[slot], offset)

    def _small_index(self, count: int) -> Reg:
        """Some integer variable reduced to 0 … count - 1, a power of two."""
        target = self.temporary()
        type = self.rng.choice([t for t in self.types if t.is_integer])
        source = self.value(type)
        if type is not Type.I64:
            self.b.emit("CVT", Type.I64, target, source, source_type=type)
            source = target
        self.b.emit("AND", Type.I64, target, source, Imm(count - 1))
        return target

    def line_address(self, type: Type) -> RegisterIndirectComputed:
        """An element near the lane's own one, perhaps clamped to the array."""
        b, element, slot = self.b, self.temporary(), self.arrays["line"][type]
        if self.chance(0.3):
            b.emit("SUB", Type.I64, element, self.lin, immediate(Type.I64, self.rng.randint(0, 9)))
            b.emit("MAX", Type.I64, element, element, Imm(0))
            if self.chance(0.5):
                last = self._read_param(Slot(slot, Field.SHAPE, 0))
                b.emit("SUB", Type.I64, last, last, Imm(self.rng.randint(1, 3)))
                b.emit("MIN", Type.I64, element, element, last)
        else:
            b.emit("ADD", Type.I64, element, self.lin, Imm(self.rng.randint(0, MARGIN - 1)))
        return self._scaled(type, element, slot)

    def load(self, type: Type, target: Reg) -> None:
        """Load from any array of the type."""
        kinds = [k for k in ("table", "line", "own", "slab", "cube") if type in self.arrays.get(k, {})]
        kind = self.rng.choice(kinds)
        slot = self.arrays[kind][type]
        address: RegisterIndirectComputed | RegisterIndirect | SlotOffset
        if kind != "table":
            address = self.line_address(type) if kind == "line" else self.own_address(kind, type)
        elif self.chance(0.6):
            address = self._scaled(type, self._small_index(TABLE_LENGTH), slot)
        else:
            fixed = self.rng.randrange(TABLE_LENGTH) * type.size
            address = SlotOffset(slot, fixed) if self.chance(0.5) else RegisterIndirect(self.handles[slot], fixed)
        self.b.emit("LDG", type, target, address)

    # Statements -------------------------------------------------------------------------------------------

    def statements(self, depth: int) -> None:
        """A list of statements with a label at its end to jump to."""
        end = self.b.label("after")
        self.scope.targets.append(end)
        for _ in range(self.rng.randint(1, 5)):
            self.statement(depth)
        self.scope.targets.remove(end)
        self.b.place(end)

    def statement(self, depth: int) -> None:
        """One statement; its temporaries are free again after it."""
        self._separately(self._statement, depth)

    def _separately(self, write: Callable[[int], None], depth: int) -> None:
        kept, self.scratch = self.scratch, []
        write(depth)
        self.b.release(*self.scratch)
        self.scratch = kept

    def _statement(self, depth: int) -> None:
        self.budget -= 1
        for entry in [e for e in self.ahead if self.scope.loops == e[1][: len(self.scope.loops)]]:
            if self.chance(0.3):
                self.ahead.remove(entry)
                self.b.place(entry[0])
        simple = [(self.assign, 9), (self.store, 3), (self.fetch, 3), (self.predicate, 2), (self.jump, 2)]
        simple += [(self.reduce, 0.7), (self.store_alike, 0.5), (self.convert, 2), (self.leave, 0.4)]
        simple += [(self.atomic, 0.7), (self.call, 0.7 if calls() else 0.0), (self.of_class, 0.5)]
        simple += [(self.claim, 0.2), (self.own_pool, 1.5 if self.pools else 0.0)]
        nested = [(self.branch, 3.0), (self.loop, 2.0 if len(self.scope.loops) < MAX_LOOPS else 0.0)]
        nested += [(self.row_loop, 1.5 if self.rows and len(self.scope.loops) < 2 else 0.0)]
        if depth < MAX_DEPTH and self.budget > 0 and self.chance(0.4):
            self.rng.choices([f for f, _ in nested], [w for _, w in nested])[0](depth + 1)
        else:
            self.rng.choices([f for f, _ in simple], [w for _, w in simple])[0]()

    def assign(self) -> None:
        """variable = operation(operands)."""
        type = self.rng.choice(self.types)
        cheap, costly = operations(type)
        spec = self.rng.choice(cheap)
        if costly and self.costly and self.chance(0.2):
            spec, self.costly = self.rng.choice(costly), self.costly - 1
        args: list[object] = [self.rng.choice(self.vars[type])]
        if spec.category is Category.REDUCE:
            return self.fold(spec, type)
        for operand in spec.operands[1:]:
            of = Type[operand.type] if operand.type not in ("T", "S") else type
            if operand.kind == "src" and (not self.readable.get(of) or self.chance(0.4)):
                args.append(self.constant(of))
            elif operand.kind == "pred":
                args.append(self.rng.choice(self.preds))
            else:
                args.append(self.value(of))
        self.b.emit(spec.name, type, *args)  # type: ignore[arg-type]

    def fold(self, spec: Spec, type: Type) -> None:
        """Reduce* over registers next to each other, as those of a type's variables often are."""
        runs = [
            (r, n)
            for r in self.vars[type]
            for n in range(4)
            if all(Reg(r.index + k) in self.vars[type] for k in range(n))
        ]
        base, count = self.rng.choice(runs)
        self.b.emit(spec.name, type, self.rng.choice(self.vars[type]), base, count)

    def convert(self) -> None:
        pairs = [(t, s) for t in self.types for s in self.types if t is not s and convertible(t, s)]
        if pairs:
            target, source = self.rng.choice(pairs)
            self.b.emit("CVT", target, self.rng.choice(self.vars[target]), self.value(source), source_type=source)

    def fetch(self) -> None:
        type = self.rng.choice(self.types)
        target = self.rng.choice(self.vars[type])
        choice = self.rng.random()
        if choice < 0.6:
            self.load(type, target)
        elif choice < 0.75 and type in (Type.I64, Type.U64, Type.U32):
            specials = list(Special) if self.blocks else [s for s in Special if s not in BLOCK_SPECIALS]
            self.b.emit("MOV_SREG", type, target, self.rng.choice(specials))
        elif choice < 0.85 and self.blocks and type in (Type.U32, Type.U64):
            self.b.emit("MOV", type, target, Reg(self.rng.choice((252, 253, 254)) if type is Type.U32 else 255))
        else:
            self._start(type, target)

    def store(self) -> None:
        kind = self.rng.choice([k for k in ("own", "slab", "cube") if self.arrays.get(k)])
        type = self.rng.choice(list(self.arrays[kind]))
        if type not in self.vars:
            copy, other = self.temporary(), self.temporary()
            self.load(type, copy)
            self.load(type, other)
            self.b.emit("SEL", type, copy, self.rng.choice(self.preds), copy, other)
            return self.b.emit("STG", type, copy, self.own_address(kind, type))
        self.b.emit("STG", type, self.value(type), self.own_address(kind, type))

    def store_alike(self) -> None:
        """A place all lanes store the same constant to."""
        kinds = [t for t in self.arrays.get("result", {}) if t in self.vars]
        if kinds and self.results < RESULTS:
            type = self.rng.choice(kinds)
            r = self.temporary()
            self._immediate(type, r)
            self.b.emit("STG", type, r, SlotOffset(self.arrays["result"][type], self.results * type.size))
            self.results += 1

    def reduce(self) -> None:
        """A launch reduction; never in a loop, not with block coordinates."""
        op = f"GRED_{self.rng.choice(('ADD', 'MIN', 'MAX', 'MUL'))}"
        kinds = [t for t in self.arrays.get("result", {}) if t in self.vars and both_have(op, t)]
        if not kinds or self.scope.loops or self.blocks or self.pools or self.results >= RESULTS:
            return
        type = self.rng.choice(kinds)
        self.b.emit(op, type, self.value(type), SlotOffset(self.arrays["result"][type], self.results * type.size))
        self.results += 1

    def atomic(self) -> None:
        """On a place of the lane's own; or on one place of all lanes, where the order must not show."""
        op = f"ATOM_{self.rng.choice(('ADD', 'MIN', 'MAX', 'AND', 'OR', 'XOR', 'EXCH', 'CAS'))}"
        kinds = [t for t in self.types if both_have(op, t)]
        if not kinds:
            return
        type = self.rng.choice(kinds)
        operands = [self.value(type) for _ in range(2 if op == "ATOM_CAS" else 1)]
        common = type in self.arrays.get("result", {}) and type.is_integer and op not in ("ATOM_EXCH", "ATOM_CAS")
        if common and self.results < RESULTS and self.chance(0.4):
            place = SlotOffset(self.arrays["result"][type], self.results * type.size)
            self.results += 1
            return self.b.emit(op, type, self.temporary(), place, *operands)
        self.b.emit(op, type, self.rng.choice(self.vars[type]), self.own_address("own", type), *operands)

    def claim(self) -> None:
        """An assertion that holds, or a fence."""
        if self.chance(0.3):
            return self.b.emit("MemFence", None, self.rng.choice(list(Reach)))
        p, type = self.b.pred(), self.rng.choice([t for t in self.types if t.is_integer])
        self.b.emit("SETcc", type, Condition.GE, p, self.value(type), immediate(type, type.minimum))
        self.b.emit("Assert", None, p, self.b.message("holds"))
        self.b.release(p)

    def of_class(self) -> None:
        """An Atlas instruction on a class that exists; its result goes into a variable."""
        b, index, result = self.b, self.temporary(), self.temporary()
        b.emit("CVT", Type.U8, index, self.value(Type.I64), source_type=Type.I64)
        b.emit("AND", Type.U8, index, index, Imm(31))
        give: list[tuple[str, Type, tuple[object, ...]]] = [
            ("MIRROR", Type.U8, (index,)),
            ("NbrCount", Type.U32, (index,)),
            ("NbrGet", Type.U8, (index, self.rng.randint(0, 4))),
            ("BoundMap", Type.U64, (index, index, index)),
            ("PhaseGet", Type.U32, ()),
        ]
        op, type, operands = self.rng.choice([*give, ("ClsGet", Type.U8, ())] if self.blocks else give)
        if self.chance(0.4):
            b.emit("PhaseAdv", None, self.rng.choice((0, 1, 300, 767, 65_535)))
        if self.chance(0.1):
            b.emit("UnityTest", None, self.rng.choice(self.preds), self.rng.choice((0.0, 1e-3)))
        b.emit(op, None, result, *operands)  # type: ignore[arg-type]
        b.emit("CVT", Type.I64, self.rng.choice(self.vars[Type.I64]), result, source_type=type)

    def own_pool(self) -> None:
        """A pool of the lane's own: made, stored to, loaded from, freed. A class gets 0 added."""
        b, type = self.b, self.rng.choice(self.types)
        pool, offset, index, nothing = (self.temporary() for _ in range(4))
        place = self.rng.randint(0, 16)
        b.emit("PoolAlloc", None, pool, place + 2 * type.size)
        b.emit("MOV_IMM", Type.U64, offset, Imm(place))
        b.emit("PoolStore", type, pool, offset, self.value(type))
        b.emit("ADD", Type.U64, offset, offset, Imm(self.rng.randint(0, type.size)))
        b.emit("PoolLoad", type, self.rng.choice(self.vars[type]), pool, offset)
        b.emit("PoolFree", None, pool)
        b.emit("MOV_IMM", Type.U8, index, Imm(self.rng.randint(0, 95)))
        b.emit("MOV_IMM", Type.F64, nothing, Imm(0))
        b.emit("ResAccum", None, index, nothing)

    # Subroutines ------------------------------------------------------------------------------------------

    def call(self) -> None:
        """CALL a subroutine that is written later; the main part may call one twice."""
        if self.subroutines and not self.inside and self.chance(0.4):
            return self.b.emit("CALL", None, self.rng.choice(self.subroutines))
        if len(self.subroutines) < MAX_SUBROUTINES:
            label = self.b.label("sub")
            self.subroutines.append(label)
            self.unwritten.append(label)
            self.b.emit("CALL", None, label)

    def _subroutines(self) -> None:
        """Write what is called; their registers are none that a caller may still need."""
        if not self.unwritten:
            return
        self.b.emit("EXIT")
        used = {a.index for ins in self.b.build().instructions for a in ins.args if isinstance(a, Reg)}
        while (free := self.b.reg()).index in used:
            pass
        self.b.release(free)
        self.inside, self.ahead = True, []
        self.scope.loops = (0,) * MAX_LOOPS
        while self.unwritten:
            self.b.place(self.unwritten.pop())
            self.budget = self.rng.randint(1, 4)
            self.scope.targets = []
            self.statements(MAX_DEPTH - 2)
            for label, _ in self.ahead:
                self.b.place(label)
            self.ahead = []
            self.b.emit("RET")

    # Conditions and jumps ---------------------------------------------------------------------------------

    def compare(self, target: Pred) -> None:
        type = self.rng.choice(self.types)
        conditions = [c for c in Condition if type.is_unsigned or c not in UNSIGNED_ONLY]
        other = self.constant(type) if self.chance(0.5) else self.value(type)
        self.b.emit("SETcc", type, self.rng.choice(conditions), target, self.value(type), other)

    def predicate(self) -> None:
        target = self.rng.choice(self.preds)
        if self.chance(0.5):
            return self.compare(target)
        op = self.rng.choice(("PAND", "POR", "PXOR", "PNOT"))
        sources = [self.rng.choice(self.preds) for _ in range(1 if op == "PNOT" else 2)]
        self.b.emit(op, None, target, *sources)

    def guard(self) -> Pred:
        """A predicate for a branch: an old one or a new comparison, perhaps negated."""
        if self.chance(0.5):
            p = self.b.pred()
            self.compare(p)
            self.b.release(p)
        else:
            p = self.rng.choice(self.preds)
        return Pred(p.index, self.chance(0.5))

    def jump(self) -> None:
        """Forward to the end of a list or loop around, to a loop's next round, or to a place still to come."""
        if self.chance(0.4):
            label = self.b.label("ahead")
            self.ahead.append((label, self.scope.loops))
        else:
            label = self.rng.choice(self.scope.targets)
        self.b.emit("BRA", None, label, self.guard() if self.chance(0.9) else None)

    def leave(self) -> None:
        """Some lanes end here, or all."""
        if self.chance(0.2):
            self.b.emit("EXIT")
            return
        over = self.b.label("stay")
        self.b.emit("BRA", None, over, self.guard())
        self.b.emit("EXIT")
        self.b.place(over)

    def branch(self, depth: int) -> None:
        b, other, end = self.b, self.b.label("else"), self.b.label("join")
        b.emit("BRA", None, other, self.guard())
        if self.chance(0.3):  # a second condition that shares the else side
            b.emit("BRA", None, other, self.guard())
        self.statements(depth)
        if self.chance(0.6):
            b.emit("BRA", None, end)
            b.place(other)
            self.statements(depth)
        else:
            b.place(other)
        b.place(end)

    # Loops ------------------------------------------------------------------------------------------------

    @contextmanager
    def _inside(self) -> Iterator[tuple[Label, Label, Label]]:
        """Labels of a loop: header (placed here), next round (placed by the caller) and exit (placed at the end)."""
        header, again, out = self.b.label("loop"), self.b.label("next"), self.b.label("out")
        self.loop_count += 1
        self.scope.targets += [again, out]
        self.scope.loops += (self.loop_count,)
        self.b.place(header)
        yield header, again, out
        self.scope.loops = self.scope.loops[:-1]
        self.scope.targets = [t for t in self.scope.targets if t not in (again, out)]
        self.b.place(out)

    def loop(self, depth: int) -> None:
        self.rng.choice((self._counting_loop, self._counted_down_loop, self._test_at_end_loop))(depth)

    def _bound(self, type: Type, bound: Reg) -> None:
        """A number of rounds: the same for all lanes, or not."""
        if self.chance(0.5):
            self.b.emit("MOV_PARAM", Type.U32, bound, Slot(self.few))
        else:
            self.b.emit("CVT", Type.U32, bound, self._small_index(8), source_type=Type.I64)
        if type is not Type.U32:
            self.b.emit("CVT", type, bound, bound, source_type=Type.U32)

    def _counting_loop(self, depth: int) -> None:
        """for counter in range(start, bound, step), the bound perhaps read again in every round."""
        b, type = self.b, self.rng.choice((Type.I64, Type.I64, Type.I32, Type.U32))
        counter, bound = b.reg(), b.reg()
        step = 1 if type.is_unsigned else self.rng.choice((1, 1, 2, -1))
        self._bound(type, bound)
        b.emit("MOV_IMM", type, counter, immediate(type, self.rng.randint(0, 2)))
        if step < 0:
            b.emit("ADD", type, counter, bound, immediate(type, 1))
            b.emit("MOV_IMM", type, bound, immediate(type, self.rng.randint(-1, 2)))
        self.readable.setdefault(type, []).append(counter)
        with self._inside() as (header, again, out):
            p = b.pred()
            b.emit("SETcc", type, Condition.GE if step > 0 else Condition.LE, p, counter, bound)
            b.emit("BRA", None, out, p)
            b.release(p)
            self.statements(depth)
            b.place(again)
            b.emit("ADD", type, counter, counter, immediate(type, step))
            b.emit("BRA", None, header)
        self.readable[type].remove(counter)
        b.release(counter, bound)

    def _counted_down_loop(self, depth: int) -> None:
        """The LOOP instruction."""
        b, count, once = self.b, self.b.reg(), self.b.reg()
        type = self.rng.choice(self.types)
        self._bound(Type.U32, count)
        with self._inside() as (header, again, _):
            b.emit("MOV", type, once, self.value(type))
            self.statements(depth)
            b.place(again)
            b.emit("LOOP", None, count, header)
        self._take_out(type, once)
        b.release(count, once)

    def _take_out(self, type: Type, once: Reg) -> None:
        """Use what a lane's last round has left in a register that only the loop writes."""
        kept = self.rng.choice(self.vars[type])
        self.b.emit(self.rng.choice(("ADD", "SUB", "MUL")), type, kept, kept, once)

    def _test_at_end_loop(self, depth: int) -> None:
        """do … while condition, for a few rounds at most."""
        b, fuel, once = self.b, self.b.reg(), self.b.reg()
        type = self.rng.choice(self.types)
        b.emit("MOV_IMM", Type.I32, fuel, Imm(self.rng.randint(1, 6)))
        with self._inside() as (header, again, out):
            b.emit("MOV", type, once, self.value(type))
            self.statements(depth)
            b.place(again)
            b.emit("SUB", Type.I32, fuel, fuel, Imm(1))
            left = b.pred()
            b.emit("SETcc", Type.I32, Condition.GT, left, fuel, Imm(0))
            if self.chance(0.5):
                b.emit("BRA", None, out, Pred(left.index, True))
                b.emit("BRA", None, header, self.guard())
            else:
                self.compare(self.preds[0])
                b.emit("PAND", None, left, left, self.preds[0])
                b.emit("BRA", None, header, left)
            b.release(left)
        self._take_out(type, once)
        b.release(fuel, once)

    def row_loop(self, depth: int) -> None:
        """A lane walks along its row of a matrix; no stores inside, no other way out."""
        b, type = self.b, self.rng.choice(self.types[:2])
        slot, step = self.arrays["mat"][type], self.rng.choice((1, 1, 1, 2))
        counter, bound, element = b.reg(), self._param(Slot(self.cols)), b.reg()
        b.emit("MOV_IMM", Type.I64, counter, Imm(self.rng.randint(0, 1)))
        with self._inside() as (header, again, out):
            kept, self.scope.targets = self.scope.targets, [again]
            p = b.pred()
            b.emit("SETcc", Type.I64, Condition.GE, p, counter, bound)
            b.emit("BRA", None, out, p)
            b.release(p)
            for _ in range(self.rng.randint(1, 3)):
                self._row_element(type, slot, counter, element)
                total = self.rng.choice(self.vars[type])
                b.emit(self.rng.choice(("MUL", "SUB", "MIN")), type, total, total, self.value(type))
                b.emit(self.rng.choice(("ADD", "ADD", "MUL", "MAX")), type, total, total, element)
                if self.chance(0.4):
                    over = b.label("skip")
                    b.emit("BRA", None, over, self.guard())
                    self.assign()
                    b.place(over)
            b.place(again)
            b.emit("ADD", Type.I64, counter, counter, Imm(step))
            b.emit("BRA", None, header)
            self.scope.targets = kept
        b.release(counter, bound, element)

    def _row_element(self, type: Type, slot: int, counter: Reg, target: Reg) -> None:
        b = self.b
        offset, stride = self.temporary(), self._read_param(Slot(slot, Field.STRIDE, 1))
        b.emit("MUL", Type.I64, offset, counter, stride)
        b.emit("MOV_PARAM", Type.I64, stride, Slot(slot, Field.STRIDE, 0))
        b.emit("MAD", Type.I64, offset, self.gid[0], stride, offset)
        b.emit("LDG", type, target, RegisterIndirectComputed(self.handles[slot], offset))

    # End --------------------------------------------------------------------------------------------------

    def _observe(self) -> None:
        """Store what the variables and predicates hold."""
        b = self.b
        for type, registers in self.vars.items():
            total = registers[0]
            for other in registers[1:]:
                b.emit("XOR" if type.is_integer else "ADD", type, total, total, other)
            b.emit("STG", type, total, self.own_address("own", type))
        flags, bit = b.reg(), b.reg()
        slot = b.array("own_flags", Type.I64, 1, "rw")
        self.handles[slot] = self._param(Slot(slot), Type.U64)
        b.emit("MOV_IMM", Type.I64, flags, Imm(0))
        for k, p in enumerate(self.preds):
            b.emit("ADD", Type.I64, bit, flags, Imm(1 << k))
            b.emit("SEL", Type.I64, flags, p, bit, flags)
        b.emit("STG", Type.I64, flags, self._scaled(Type.I64, self.lin, slot))


SHAPES: dict[int, list[Triple]] = {
    1: [(n, 1, 1) for n in (0, 1, 3, 15, 16, 17, 33, 63, 64, 65, 100, 257, 1100)],
    2: [(1, 1, 1), (5, 3, 1), (33, 4, 1), (70, 2, 1), (0, 3, 1)],
    3: [(1, 1, 1), (3, 2, 4), (18, 3, 2), (65, 2, 2), (4, 0, 2)],
}


def launch(rng: random.Random, dims: int, seed: int) -> Launch:
    """A launch of some size, its grid perhaps larger than needed."""
    lanes = rng.choice(SHAPES[dims])
    block = (rng.choice((1, 7, 16, 64, 256)), rng.choice((1, 1, 2)), 1)
    extra = rng.choice((0, 0, 1))
    x, y, z = (-(-n // size) + extra for n, size in zip(lanes, block, strict=True))
    return Launch(lanes, (x, y, z), block, seed, rng.random() < 0.3)


def program(seed: int) -> tuple[Program, Launch]:
    """A random program and a launch for it."""
    return Generator(seed).make()
