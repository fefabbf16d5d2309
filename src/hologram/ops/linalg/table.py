"""The operations of linear algebra: one row each, which tests and documentation read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from hologram.ops.linalg import convolution, gemm, multiplication
from hologram.ops.linalg.operation import LinearOperation
from hologram.ops.operation import Form


@dataclass(frozen=True, slots=True)
class Row:
    """One operation: its names, its arguments, and who else has it.

    `numpy` and `torch` are expressions of its arguments that give the same; `derivative` says what the gradients of
    its inputs are for a gradient g of its result. Results of n products summed are within `tolerance.of_product` of
    the exact one, whatever the operation.
    """

    name: str
    meaning: str
    form: Form
    operation: type[LinearOperation]
    aliases: tuple[str, ...] = ()
    numpy: str = ""
    torch: str = ""
    derivative: str = ""


_SCALES = {"alpha": 1, "beta": 0}
_GEMM = Form(
    ("a", "b"),
    sizes=("m", "n", "k", "lda", "ldb", "ldc"),
    own={"c": None, **_SCALES, "transpose_a": False, "transpose_b": False},
)

_CONVOLUTION = Form(("x", "weight"), own={"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1})

_ROWS = (
    Row(
        "matmul",
        "products of matrices in the last two axes, others broadcast; vectors are rows and columns",
        Form(("x1", "x2")),
        multiplication.MatMul,
        ("mm", "bmm"),
        "np.matmul(x1, x2)",
        "torch.matmul(x1, x2)",
        "x1: g · x2ᵀ, x2: x1ᵀ · g",
    ),
    Row(
        "gemm",
        "alpha · op(a) · op(b) + beta · c; c is not read where beta is 0",
        _GEMM,
        gemm.Gemm,
        ("gemm_f32",),
        "alpha * np.matmul(a, b) + beta * c",
        "torch.baddbmm(c, a, b, beta=beta, alpha=alpha)",
        "a: alpha · g · bᵀ, b: alpha · aᵀ · g, c: beta · g",
    ),
    Row(
        "matvec",
        "matrices times vectors",
        Form(("x1", "x2"), sizes=("m", "n", "lda")),
        multiplication.MatVec,
        ("gemv_f32", "mv"),
        "np.matvec(x1, x2)",
        "torch.mv(x1, x2)",
        "x1: g · x2ᵀ, x2: x1ᵀ · g",
    ),
    Row(
        "vecmat",
        "vectors times matrices",
        Form(("x1", "x2")),
        multiplication.VecMat,
        (),
        "np.vecmat(x1, x2)",
        "x1 @ x2",
        "x1: x2 · g, x2: x1ᵀ · g",
    ),
    Row(
        "vecdot",
        "dot products along an axis, others broadcast",
        Form(("x1", "x2"), keywords={"axis": -1}),
        multiplication.VecDot,
        ("linalg_vecdot",),
        "np.vecdot(x1, x2)",
        "torch.linalg.vecdot(x1, x2)",
        "x1: g · x2, x2: g · x1",
    ),
    Row(
        "dot",
        "NumPy's dot: of vectors, of matrices, or over the last axis of a and the last but one of b",
        Form(("a", "b"), gives_number=True),
        multiplication.Dot,
        (),
        "np.dot(a, b)",
        "torch.dot(a, b)",
        "a: g · b, b: g · a",
    ),
    Row(
        "vdot",
        "the dot product of all elements in C order",
        Form(("a", "b")),
        multiplication.VDot,
        (),
        "np.vdot(a, b)",
        "torch.vdot(a, b)",
        "a: g · b, b: g · a",
    ),
    Row(
        "inner",
        "sums of products over the last axes",
        Form(("a", "b")),
        multiplication.Inner,
        (),
        "np.inner(a, b)",
        "torch.inner(a, b)",
        "a: g · b, b: gᵀ · a",
    ),
    Row(
        "outer",
        "every element of a times every one of b",
        Form(("a", "b")),
        multiplication.Outer,
        (),
        "np.outer(a, b)",
        "torch.outer(a, b)",
        "a: g · b, b: gᵀ · a",
    ),
    Row(
        "tensordot",
        "sums of products over the last axes of a and the first of b, or over pairs of axes",
        Form(("a", "b"), {"axes": 2}),
        multiplication.TensorDot,
        (),
        "np.tensordot(a, b, axes)",
        "torch.tensordot(a, b, axes)",
        "a: g with b over b's other axes, b: a with g over a's other axes",
    ),
    Row(
        "ger",
        "the rank-one update alpha · x · yᵀ + a",
        Form(("x", "y"), own={"a": None, "alpha": 1}),
        gemm.Ger,
        ("addr",),
        "alpha * np.outer(x, y) + a",
        "torch.addr(a, x, y, alpha=alpha)",
        "x: alpha · g · y, y: alpha · gᵀ · x, a: g",
    ),
    Row(
        "symm",
        "alpha · a · b + beta · c, or b · a, for a symmetric a of which one triangle is read",
        Form(("a", "b"), own={"c": None, **_SCALES, "side": "left", "lower": True}),
        gemm.Symm,
        (),
        "alpha * (np.tril(a) + np.tril(a, -1).T) @ b + beta * c",
        "",
        "b: alpha · a · g",
    ),
    Row(
        "trmm",
        "alpha · op(a) · b, or b · op(a), for a triangular a of which one triangle is read",
        Form(("a", "b"), own={"alpha": 1, "side": "left", "lower": True, "transpose": False, "unit_diagonal": False}),
        gemm.Trmm,
        (),
        "alpha * np.tril(a) @ b",
        "alpha * torch.tril(a) @ b",
        "b: alpha · op(a)ᵀ · g",
    ),
    Row(
        "trace",
        "the sum along the diagonals of two axes; of integers in i64 or u64",
        Form(("a",), {"offset": 0, "axis1": 0, "axis2": 1}),
        gemm.Trace,
        (),
        "np.trace(a, offset, axis1, axis2)",
        "torch.trace(a)",
        "a: g on the diagonal",
    ),
    Row(
        "linear",
        "x · weightᵀ + bias",
        Form(("x", "weight"), {"bias": None}),
        gemm.Linear,
        (),
        "x @ weight.T + bias",
        "torch.nn.functional.linear(x, weight, bias)",
        "x: g · weight, weight: gᵀ · x, bias: the sum of g",
    ),
    Row(
        "convolve",
        "the convolution of two sequences, in full, of the longer one's length, or where they meet in full",
        Form(("a", "v"), {"mode": "full"}),
        convolution.Convolve,
        (),
        "np.convolve(a, v, mode)",
        "",
        "a: g correlated with v, v: g correlated with a",
    ),
    Row(
        "correlate",
        "the correlation of two sequences",
        Form(("a", "v"), {"mode": "valid"}),
        convolution.Correlate,
        (),
        "np.correlate(a, v, mode)",
        "",
        "a: g convolved with v, v: g correlated with a",
    ),
    Row(
        "conv1d",
        "weights slid over signals with channels",
        _CONVOLUTION,
        convolution.Conv1d,
        (),
        "",
        "torch.nn.functional.conv1d(x, weight, bias, stride, padding, dilation, groups)",
        "x: g with the weights turned round, weight: x correlated with g, bias: the sum of g",
    ),
    Row(
        "conv2d",
        "weights slid over images with channels",
        _CONVOLUTION,
        convolution.Conv,
        (),
        "",
        "torch.nn.functional.conv2d(x, weight, bias, stride, padding, dilation, groups)",
        "x: g with the weights turned round, weight: x correlated with g, bias: the sum of g",
    ),
)

TABLE: Mapping[str, Row] = MappingProxyType({row.name: row for row in _ROWS})
MAKERS: Mapping[str, Callable[[], LinearOperation]] = MappingProxyType(
    {row.name: partial(row.operation, row) for row in _ROWS}
)
"""What makes each operation."""
ALIASES: Mapping[str, str] = MappingProxyType({alias: row.name for row in _ROWS for alias in row.aliases})
"""Other names of the same operations."""
