"""The basic operations as LLVM instructions on scalars (0 lanes) or vectors of a strip's lanes.

It is the `Lanes` protocol of `isa.elementary` for LLVM, and the ground the instruction rules stand on.
"""

from __future__ import annotations

from collections.abc import Callable

from hologram.backends.llvm.ir import LLVM_TYPE, Value, Writer, float_constant, vector
from hologram.isa.builder import immediate
from hologram.types import HALVES, Type

_FLOAT_PREDICATE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


def suffix(type: str, lanes: int) -> str:
    """The overload suffix of an intrinsic: f32, v16f32, i64 …"""
    base = {"float": "f32", "double": "f64"}.get(type, type)
    return f"v{lanes}{base}" if lanes else base


class VectorLanes:
    """Operations on values of `lanes` lanes; scalars given to it are spread over the lanes first."""

    def __init__(self, writer: Writer, lanes: int, fast: bool = False) -> None:
        self.w, self.lanes = writer, lanes
        self._flags = " reassoc contract arcp" if fast else ""

    def exact(self) -> VectorLanes:
        """The same lanes without leave to reassociate: for code whose steps rely on the rounding of each."""
        return VectorLanes(self.w, self.lanes)

    def const(self, ty: Type, value: float | int) -> Value:
        if ty in HALVES:
            ty, value = Type.U16, immediate(ty, value).bits
        text = float_constant(ty, float(value)) if ty.is_float else str(int(value))
        return self.raw(LLVM_TYPE[ty], text)

    def raw(self, element: str, text: str) -> Value:
        """A constant of an LLVM element type."""
        return Value(f"splat ({element} {text})" if self.lanes else text, element, self.lanes)

    def spread(self, a: Value) -> Value:
        """A value in all lanes."""
        if a.lanes == self.lanes:
            return a
        assert not a.lanes, "a vector cannot become a scalar"
        if not a.ref.startswith("%"):
            return self.raw(a.element, a.ref)
        one = self.w.value(f"insertelement {vector(a.element, self.lanes)} poison, {a}, i64 0", a.element, self.lanes)
        return self.w.value(
            f"shufflevector {one}, {one.type} poison, <{self.lanes} x i32> zeroinitializer", a.element, self.lanes
        )

    def binary(self, op: str, a: Value, b: Value) -> Value:
        """One LLVM instruction on two operands of one type."""
        a, b = self.spread(a), self.spread(b)
        return self.w.value(f"{op} {a}, {b.ref}", a.element, a.lanes)

    def intrinsic(self, name: str, *args: Value) -> Value:
        """An overloaded intrinsic whose operands and result share a type."""
        spread = [self.spread(a) for a in args]
        a = spread[0]
        return self.w.call(f"llvm.{name}.{suffix(a.element, a.lanes)}", a.type, a.lanes, *spread, element=a.element)

    def cast(self, op: str, a: Value, element: str) -> Value:
        """A conversion instruction."""
        a = self.spread(a)
        return self.w.value(f"{op} {a} to {vector(element, a.lanes)}", element, a.lanes)

    def _arith(self, name: str, ty: Type, a: Value, b: Value) -> Value:
        return self.binary(f"f{name}{self._flags}" if ty.is_float else name, a, b)

    def add(self, ty: Type, a: Value, b: Value) -> Value:
        return self._arith("add", ty, a, b)

    def sub(self, ty: Type, a: Value, b: Value) -> Value:
        return self._arith("sub", ty, a, b)

    def mul(self, ty: Type, a: Value, b: Value) -> Value:
        return self._arith("mul", ty, a, b)

    def div(self, ty: Type, a: Value, b: Value) -> Value:
        return self.binary(f"fdiv{self._flags}", a, b)

    def fma(self, ty: Type, a: Value, b: Value, c: Value) -> Value:
        return self.intrinsic("fma", a, b, c)

    def neg(self, ty: Type, a: Value) -> Value:
        if ty.is_float:
            a = self.spread(a)
            return self.w.value(f"fneg {a}", a.element, a.lanes)
        return self.binary("sub", self.const(ty, 0), a)

    def abs(self, ty: Type, a: Value) -> Value:
        if ty.is_float:
            return self.intrinsic("fabs", a)
        a = self.spread(a)
        return self.w.call(f"llvm.abs.{suffix(a.element, a.lanes)}", a.type, a.lanes, a, "i1 false", element=a.element)

    def sqrt(self, ty: Type, a: Value) -> Value:
        return self.intrinsic("sqrt", a)

    def round_even(self, ty: Type, a: Value) -> Value:
        return self.intrinsic("roundeven", a)

    def floor(self, ty: Type, a: Value) -> Value:
        return self.intrinsic("floor", a)

    def ceil(self, ty: Type, a: Value) -> Value:
        return self.intrinsic("ceil", a)

    def trunc(self, ty: Type, a: Value) -> Value:
        return self.intrinsic("trunc", a)

    def and_(self, ty: Type, a: Value, b: Value) -> Value:
        return self.binary("and", a, b)

    def or_(self, ty: Type, a: Value, b: Value) -> Value:
        return self.binary("or", a, b)

    def xor(self, ty: Type, a: Value, b: Value) -> Value:
        return self.binary("xor", a, b)

    def shl(self, ty: Type, a: Value, b: Value) -> Value:
        return self.binary("shl", a, b)

    def shr(self, ty: Type, a: Value, b: Value) -> Value:
        return self.binary("ashr" if ty.is_signed else "lshr", a, b)

    def compare(self, condition: str, ty: Type, a: Value, b: Value) -> Value:
        a, b = self.spread(a), self.spread(b)
        if ty.is_float:
            return self.w.value(f"fcmp {_FLOAT_PREDICATE[condition]} {a}, {b.ref}", "i1", a.lanes)
        sign = "" if condition in ("eq", "ne") else "s" if ty.is_signed else "u"
        return self.w.value(f"icmp {sign}{condition} {a}, {b.ref}", "i1", a.lanes)

    def mask_and(self, a: Value, b: Value) -> Value:
        return self.binary("and", a, b)

    def mask_or(self, a: Value, b: Value) -> Value:
        return self.binary("or", a, b)

    def mask_not(self, a: Value) -> Value:
        return self.binary("xor", a, self.raw("i1", "true"))

    def select(self, ty: Type | None, mask: Value, a: Value, b: Value) -> Value:
        a, b = self.spread(a), self.spread(b)
        return self.w.value(f"select {mask}, {a}, {b}", a.element, a.lanes)

    def bits(self, ty: Type, a: Value) -> Value:
        return self.cast("bitcast", a, f"i{ty.bits}")

    def from_bits(self, ty: Type, a: Value) -> Value:
        return self.cast("bitcast", a, LLVM_TYPE[ty])

    def convert(self, target: Type, source: Type, a: Value) -> Value:
        """Value-preserving where possible; float to integer is for values in range only (see `saturate`)."""
        if target.is_float and source.is_float:
            if target.bits == source.bits:
                return self.spread(a)
            return self.cast("fpext" if target.bits > source.bits else "fptrunc", a, LLVM_TYPE[target])
        if target.is_float:
            return self.cast("sitofp" if source.is_signed else "uitofp", a, LLVM_TYPE[target])
        if source.is_float:
            wide = self.cast("fptosi" if target.is_signed else "fptoui", a, LLVM_TYPE[target])
            return self.w.value(f"freeze {wide}", wide.element, wide.lanes)
        if target.bits == source.bits:
            return self.spread(a)
        if target.bits < source.bits:
            return self.cast("trunc", a, LLVM_TYPE[target])
        return self.cast("sext" if source.is_signed else "zext", a, LLVM_TYPE[target])

    def saturate(self, target: Type, source: Type, a: Value) -> Value:
        """Float to integer: truncates, saturates, NaN gives 0."""
        a = self.spread(a)
        element = LLVM_TYPE[target]
        name = f"llvm.fpto{'s' if target.is_signed else 'u'}i.sat"
        full = f"{name}.{suffix(element, a.lanes)}.{suffix(a.element, a.lanes)}"
        return self.w.call(full, vector(element, a.lanes), a.lanes, a, element=element)

    def lookup(self, ty: Type, table: tuple[float | int, ...], index_ty: Type, index: Value) -> Value:
        name, element = self.w.module.table(ty, table), LLVM_TYPE[ty]
        wide = self.convert(Type.I64, index_ty, index)
        if not self.lanes:
            cell = self.w.value(f"getelementptr {element}, ptr {name}, {wide}", "ptr")
            return self.w.value(f"load {element}, {cell}", element)
        cells = self.w.value(f"getelementptr {element}, ptr {name}, {wide}", "ptr", self.lanes)
        return gather(self.w, element, cells, self.raw("i1", "true"), ty.size)

    def where_any(self, mask: Value, ty: Type, slow: Callable[[], Value], fast: Value) -> Value:
        fast = self.spread(fast)
        cell = self.w.alloca(fast.type)
        then, after = self.w.name("slow"), self.w.name("after")
        self.w.line(f"store {fast}, ptr {cell}")
        self.w.branch(any_lane(self.w, mask), then, after)
        self.w.label(then)
        self.w.line(f"store {self.select(ty, mask, slow(), fast)}, ptr {cell}")
        self.w.label(after)
        return self.w.value(f"load {fast.type}, ptr {cell}", fast.element, fast.lanes)


def any_lane(w: Writer, mask: Value) -> Value:
    """A scalar that says whether any lane of a mask is set."""
    if not mask.lanes:
        return mask
    bits = w.value(f"bitcast {mask} to i{mask.lanes}", f"i{mask.lanes}")
    return w.value(f"icmp ne {bits}, 0", "i1")


def gather(w: Writer, element: str, cells: Value, mask: Value, align: int) -> Value:
    """Load one element a lane from a vector of pointers; lanes outside the mask get 0."""
    lanes = cells.lanes
    overload = f"{suffix(element, lanes)}.v{lanes}p0"
    zero = f"<{lanes} x {element}> zeroinitializer"
    name = f"llvm.masked.gather.{overload}"
    w.module.declare(
        name, f"declare {vector(element, lanes)} @{name}({cells.type}, i32, {mask.type}, <{lanes} x {element}>)"
    )
    return w.value(f"call {vector(element, lanes)} @{name}({cells}, i32 {align}, {mask}, {zero})", element, lanes)


def scatter(w: Writer, value: Value, cells: Value, mask: Value, align: int) -> None:
    """Store one element a lane; of several lanes with one address the highest wins."""
    name = f"llvm.masked.scatter.{suffix(value.element, value.lanes)}.v{value.lanes}p0"
    w.module.declare(name, f"declare void @{name}({value.type}, {cells.type}, i32, {mask.type})")
    w.line(f"call void @{name}({value}, {cells}, i32 {align}, {mask})")


def masked_load(w: Writer, element: str, lanes: int, pointer: Value, mask: Value, align: int) -> Value:
    """Load consecutive elements; lanes outside the mask are not touched and get 0.

    The value is frozen, which costs nothing: LLVM 22 folds a select of a masked load into the load and moves it to the
    select, past stores in between (llvm/llvm-project#215453, mended in 23).
    """
    name = f"llvm.masked.load.{suffix(element, lanes)}.p0"
    w.module.declare(name, f"declare {vector(element, lanes)} @{name}(ptr, i32, {mask.type}, <{lanes} x {element}>)")
    zero = f"<{lanes} x {element}> zeroinitializer"
    loaded = w.value(f"call {vector(element, lanes)} @{name}({pointer}, i32 {align}, {mask}, {zero})", element, lanes)
    return w.value(f"freeze {loaded}", element, lanes)


def masked_store(w: Writer, value: Value, pointer: Value, mask: Value, align: int) -> None:
    """Store consecutive elements of the lanes in the mask."""
    name = f"llvm.masked.store.{suffix(value.element, value.lanes)}.p0"
    w.module.declare(name, f"declare void @{name}({value.type}, ptr, i32, {mask.type})")
    w.line(f"call void @{name}({value}, {pointer}, i32 {align}, {mask})")
