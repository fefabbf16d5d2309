"""Basic operations on NumPy arrays with exact IEEE semantics: the interpreter's side of elementary functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from hologram.isa.elementary.lanes import Comparison
from hologram.types import Type

Array = np.ndarray[Any, np.dtype[Any]]

_SIGNED = {Type.F32: Type.I32, Type.F64: Type.I64}
_COMPARE: dict[str, np.ufunc] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}

# NumPy has no fused multiply-add and its product of two f64 cannot be made exact cheaply, so one loop is compiled.
_FMA_IR = """
declare double @llvm.fma.f64(double, double, double)
define void @fma_f64(ptr %a, ptr %b, ptr %c, ptr %out, i64 %n) {
entry:
  %none = icmp sle i64 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %pa = getelementptr double, ptr %a, i64 %i
  %pb = getelementptr double, ptr %b, i64 %i
  %pc = getelementptr double, ptr %c, i64 %i
  %po = getelementptr double, ptr %out, i64 %i
  %va = load double, ptr %pa
  %vb = load double, ptr %pb
  %vc = load double, ptr %pc
  %r = call double @llvm.fma.f64(double %va, double %vb, double %vc)
  store double %r, ptr %po
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""


@cache
def _fma_f64_loop() -> tuple[Any, ...]:
    """(C function, objects that keep its machine code alive); compiled once a process and never unloaded."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)
    jit = llvm.create_lljit_compiler(machine)
    builder = llvm.JITLibraryBuilder().add_ir(_FMA_IR).export_symbol("fma_f64")
    # Where the processor has no fused multiply-add the loop calls the C library's `fma`, which is exact as well.
    library = builder.add_current_process().link(jit, "interpreter.fma")
    pointer = ctypes.c_void_p
    prototype = ctypes.CFUNCTYPE(None, pointer, pointer, pointer, pointer, ctypes.c_int64)
    return prototype(library["fma_f64"]), library, jit


def fma_f64(a: Array, b: Array, c: Array) -> Array:
    """a * b + c in f64 rounded once; the arrays broadcast."""
    shape = np.broadcast_shapes(np.shape(a), np.shape(b), np.shape(c))
    operands = [np.ascontiguousarray(np.broadcast_to(x, shape), np.float64) for x in (a, b, c)]
    out = np.empty(shape)
    _fma_f64_loop()[0](*(x.ctypes.data for x in operands), out.ctypes.data, out.size)
    return out


def fma_f32(a: Array, b: Array, c: Array) -> Array:
    """a * b + c in f32 rounded once; the arrays broadcast.

    The product is exact in f64. The sum is rounded to odd there (Boldo and Melquiond, "Emulation of FMA and correctly
    rounded sums", 2008), which makes the second rounding, to f32, that of the exact value.
    """
    with np.errstate(all="ignore"):
        product = np.multiply(a, b, dtype=np.float64)
        addend = np.asarray(c, np.float64)
        total = np.asarray(product + addend)
        virtual = total - product
        error = (product - (total - virtual)) + (addend - virtual)
        bits = total.view(np.int64)
        inexact = np.isfinite(total) & (error != 0) & (bits & 1 == 0)
        away = np.where((error > 0) == (total > 0), 1, -1)
        return np.asarray((bits + np.where(inexact, away, 0)).view(np.float64).astype(np.float32))


_FMA: dict[Type, Callable[[Array, Array, Array], Array]] = {Type.F32: fma_f32, Type.F64: fma_f64}


class NumpyLanes:
    """`Lanes` on NumPy arrays: lanes lie along the axes, constants are 0-d arrays that broadcast, masks are bool."""

    def _apply(self, ty: Type, function: Callable[..., Any], *operands: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(*operands), ty.dtype)

    def const(self, ty: Type, value: float | int) -> Array:
        return np.asarray(value, ty.dtype)

    def add(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.add, a, b)

    def sub(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.subtract, a, b)

    def mul(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.multiply, a, b)

    def div(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.divide, a, b)

    def fma(self, ty: Type, a: Array, b: Array, c: Array) -> Array:
        return _FMA[ty](a, b, c)

    def neg(self, ty: Type, a: Array) -> Array:
        return self._apply(ty, np.negative, a)

    def abs(self, ty: Type, a: Array) -> Array:
        return self._apply(ty, np.abs, a)

    def sqrt(self, ty: Type, a: Array) -> Array:
        return self._apply(ty, np.sqrt, a)

    def round_even(self, ty: Type, a: Array) -> Array:
        return self._apply(ty, np.rint, a)

    def floor(self, ty: Type, a: Array) -> Array:
        return self._apply(ty, np.floor, a)

    def trunc(self, ty: Type, a: Array) -> Array:
        return self._apply(ty, np.trunc, a)

    def and_(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.bitwise_and, a, b)

    def or_(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.bitwise_or, a, b)

    def xor(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.bitwise_xor, a, b)

    def shl(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.left_shift, a, b)

    def shr(self, ty: Type, a: Array, b: Array) -> Array:
        return self._apply(ty, np.right_shift, a, b)

    def compare(self, condition: Comparison, ty: Type, a: Array, b: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(_COMPARE[condition](a, b))

    def mask_and(self, a: Array, b: Array) -> Array:
        return np.asarray(a & b)

    def mask_or(self, a: Array, b: Array) -> Array:
        return np.asarray(a | b)

    def mask_not(self, a: Array) -> Array:
        return np.asarray(~a)

    def select(self, ty: Type, mask: Array, a: Array, b: Array) -> Array:
        return np.where(mask, a, b)

    def bits(self, ty: Type, a: Array) -> Array:
        return a.view(_SIGNED[ty].dtype)

    def from_bits(self, ty: Type, a: Array) -> Array:
        return a.view(ty.dtype)

    def convert(self, target: Type, source: Type, a: Array) -> Array:
        with np.errstate(all="ignore"):
            return a.astype(target.dtype)

    def lookup(self, ty: Type, table: tuple[float | int, ...], index_ty: Type, index: Array) -> Array:
        return np.asarray(np.asarray(table, ty.dtype)[index])

    def where_any(self, mask: Array, ty: Type, slow: Callable[[], Array], fast: Array) -> Array:
        return np.where(mask, slow(), fast) if np.any(mask) else fast
