"""Operations in both forms, on both executors, against NumPy."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import Buffer, Executor, ops
from hologram.errors import ArgumentTypeError, ArgumentValueError, BufferFreedError, OverlapError
from hologram.ops.table import ALIASES, MAKERS
from hologram.types import Type
from tests import tolerance

RNG = np.random.default_rng(5)
A = RNG.standard_normal(1000).astype(np.float32)
B = RNG.standard_normal(1000).astype(np.float32)
UNARY: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "log": np.log,
}


@pytest.fixture(params=["cpu", "interpreter"])
def ex(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with Executor(request.param) as made:
        yield made


def test_add_and_multiply_are_exact(ex: Executor) -> None:
    assert np.array_equal(ex.ops.vector_add(A, B), A + B)
    assert np.array_equal(ex.ops.vector_mul(A, B), A * B)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_variable(ex: Executor, name: str) -> None:
    x = abs(A) if name == "log" else A
    wanted, got = UNARY[name](x.astype(np.float64)), getattr(ex.ops, name)(x)
    if name == "relu":
        assert np.array_equal(got, wanted)
    else:
        tolerance.assert_within(name.upper(), Type.F32, got, wanted)


def test_nan_stays_nan_in_relu(ex: Executor) -> None:
    got = ex.ops.relu(np.array([np.nan, -0.0, -1, 2, np.inf, -np.inf], np.float32))
    assert np.array_equal(got, np.array([np.nan, 0, 0, 2, np.inf, 0], np.float32), equal_nan=True)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 4095, 4096, 4097, 100_000])
def test_sums_of_every_length(ex: Executor, n: int) -> None:
    if n > 5000 and ex.backend == "interpreter":
        n = 5000
    x = RNG.standard_normal(n).astype(np.float32)
    got = ex.ops.vector_sum(x)
    assert isinstance(got, np.float32)
    assert abs(got - x.astype(np.float64).sum()) <= tolerance.of_fold("ADD", Type.F32, x)
    squares = x.astype(np.float64) ** 2
    rounding = tolerance.UNIT[Type.F32] * squares.sum()
    assert abs(ex.ops.vector_dot(x, x) - squares.sum()) <= tolerance.of_fold("ADD", Type.F32, squares) + rounding


def test_sums_have_the_same_bits_on_both_executors() -> None:
    x = (RNG.standard_normal(9001) * 10.0 ** RNG.integers(-6, 6, 9001)).astype(np.float32)
    got = {Executor(name).ops.vector_sum(x).tobytes() for name in ("cpu", "interpreter")}
    assert len(got) == 1


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (2, 3, 2), (16, 8, 12), (33, 17, 65), (3, 0, 4), (0, 2, 2)])
def test_matrix_products(ex: Executor, m: int, k: int, n: int) -> None:
    a, b = (RNG.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
    assert_product(ex.ops.gemm_f32(a, b), a, b)
    x = RNG.standard_normal(k).astype(np.float32)
    assert_product(ex.ops.gemv_f32(a, x), a, x)


def assert_product(got: Any, a: Any, b: Any) -> None:
    assert got.shape == (a @ b).shape
    assert (np.abs(got - a.astype(np.float64) @ b) <= tolerance.of_product(Type.F32, a, b)).all()


def test_matrices_with_padded_rows(ex: Executor) -> None:
    wide = RNG.standard_normal((9, 20)).astype(np.float32)
    out = np.full((4, 8), 7, np.float32)
    ex.ops.gemm_f32(wide[:4, :5], wide[4:, 10:13], out=out[:, 2:5])
    assert_product(out[:, 2:5], wide[:4, :5], wide[4:, 10:13])
    assert (out[:, [0, 1, 5, 6, 7]] == 7).all()
    assert_product(ex.ops.gemm_f32(wide.T, wide), np.ascontiguousarray(wide.T), wide)


def test_original_form_with_sizes(ex: Executor) -> None:
    a, b = np.arange(1, 7, dtype=np.float32), np.arange(7, 13, dtype=np.float32)
    c = ex.allocate(6)
    assert ops.gemm(ex, ex.array(a), ex.array(b), c, 2, 2, 3) is None
    assert c.to_numpy().tolist() == [58, 64, 139, 154, 0, 0]
    y = ex.allocate(2)
    ops.matvec(ex, ex.array(a), ex.array(np.array([7, 8, 9], np.float32)), y, 2, 3)
    assert y.to_numpy().tolist() == [50, 122]
    with pytest.raises(ArgumentTypeError, match="missing k"):
        ops.gemm(ex, c, c, ex.allocate(4), 2, 2)


def test_original_form_of_vectors(ex: Executor) -> None:
    a, b, c = ex.array(A), ex.array(B), ex.allocate(1000)
    assert ops.vector_add(ex, a, b, c) is None
    assert np.array_equal(c.to_numpy(), A + B)
    c.fill(0)
    ops.vector_add(ex, a, b, c, 10)
    assert np.array_equal(c.to_numpy()[:10], (A + B)[:10])
    assert not c.to_numpy()[10:].any()
    total = ops.reduce_sum(ex, a, ex.allocate(3))
    assert type(total) is float
    with pytest.raises(ArgumentTypeError, match="missing out"):
        ops.vector_add(ex, a, b)
    with pytest.raises(ArgumentValueError, match=r"1000, 1000, 5 elements.*n="):
        ops.vector_add(ex, a, b, ex.allocate(5))
    with pytest.raises(ArgumentValueError, match="n is 1001"):
        ops.vector_add(ex, a, b, c, 1001)


def test_outputs(ex: Executor) -> None:
    out = np.empty(1000, np.float32)
    assert ex.ops.vector_add(A, B, out=out) is out
    assert ex.ops.vector_add(A, B, out) is out
    assert np.array_equal(out, A + B)
    made = ex.ops.vector_add(ex.array(A), ex.array(B))
    assert isinstance(made, Buffer)
    cell = np.zeros(3, np.float32)
    assert ex.ops.vector_sum(A, out=cell) is cell
    assert cell[0] == ex.ops.vector_sum(A)


def test_more_dimensions_and_empty_arrays(ex: Executor) -> None:
    a = A.reshape(10, 5, 20)
    assert np.array_equal(ex.ops.vector_add(a, a), a + a)
    out = np.zeros_like(a)
    ex.ops.exp(a, out=out)
    tolerance.assert_within("EXP", Type.F32, out, np.exp(a.astype(np.float64)))
    assert ex.ops.relu(np.zeros((0, 3), np.float32)).shape == (0, 3)
    assert ex.ops.vector_sum(np.zeros(0, np.float32)) == 0


def test_in_place_and_overlap(ex: Executor) -> None:
    x = A.copy()
    ex.ops.vector_add(x, x, out=x)
    assert np.array_equal(x, A + A)
    with pytest.raises(OverlapError):
        ex.ops.exp(x[:-1], out=x[1:])
    assert np.array_equal(x, A + A)
    left, right = x[:4].reshape(2, 2), x[4:8].reshape(2, 2)
    wanted = ex.ops.gemm_f32(left, right)
    ex.ops.gemm_f32(left, right, out=left)
    assert np.array_equal(left, wanted)


@pytest.mark.parametrize(
    ("args", "options", "error"),
    [
        ((A, B[:9]), {}, ArgumentValueError),
        (([1.0], [2.0]), {}, ArgumentTypeError),
        ((A,), {}, ArgumentTypeError),
        ((A, B, A.copy(), 5, 6), {}, ArgumentTypeError),
        ((A, B, A.copy()), {"out": A.copy()}, ArgumentTypeError),
        ((A, B), {"axis": 0}, ArgumentTypeError),
        ((A, B), {"out": np.empty(999, np.float32)}, ArgumentValueError),
        ((A, B), {"out": np.empty(1000, np.int32)}, ArgumentTypeError),
        ((A, B), {"out": np.frombuffer(bytes(4000), np.float32)}, ArgumentValueError),
        ((A, B.astype(np.complex64)), {}, ArgumentTypeError),
        ((A, B.astype(">f4")), {}, ArgumentTypeError),
        ((A, "text"), {}, ArgumentTypeError),
        ((A, None), {}, ArgumentTypeError),
    ],
)
def test_bad_calls_change_nothing(args: tuple[Any, ...], options: dict[str, Any], error: type[Exception]) -> None:
    before = A.copy(), B.copy()
    with pytest.raises(error):
        ops.vector_add(*args, **options)
    assert np.array_equal(before, (A, B))


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        (A, B, ArgumentValueError),
        (A[:6].reshape(2, 3), B[:4].reshape(2, 2), ArgumentValueError),
        (A[:6].reshape(2, 3) > 0, B[:6].reshape(3, 2), ArgumentTypeError),
    ],
)
def test_bad_matrices(a: np.ndarray, b: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        ops.gemm_f32(a, b)


def test_freed_buffers(ex: Executor) -> None:
    a = ex.array(A)
    a.free()
    with pytest.raises(BufferFreedError):
        ex.ops.relu(a)


def test_bind(ex: Executor) -> None:
    out = np.empty(1000, np.float32)
    launch = ex.ops.add.bind(A, B, out=out)
    launch()
    assert np.array_equal(out, A + B)
    assert launch.executor is ex
    with pytest.raises(ArgumentTypeError, match="out="):
        ex.ops.add.bind(A, B)


def test_names() -> None:
    assert set(dir(hg.ops)) >= {*MAKERS, *ALIASES}
    assert ops.add is ops.vector_add
    assert "X + y, element by element" in ops.add.__doc__
    assert str(inspect.signature(ops.clip)) == "(x, min=None, max=None, out=None)"
    assert pickle.loads(pickle.dumps(ops.relu)) is ops.relu
    with pytest.raises(AttributeError, match="no 'addd'; did you mean add"):
        _ = ops.addd
    with pytest.raises(AttributeError, match="no operation 'nothing'"):
        _ = Executor("cpu").ops.nothing


def test_what_is_remembered_of_the_original_form_is_what_it_takes() -> None:
    """Vectors are; strided arrays stay refused, whatever the NumPy form has seen."""
    executor = Executor("cpu")
    x, out = np.arange(12, dtype=np.float32), np.zeros(12, np.float32)
    for factor in (1, 2):
        ops.vector_add(executor, x * factor, x, out)
        assert np.array_equal(out, (factor + 1) * x)
    wide = np.zeros((6, 4), np.float32)
    strided = wide[::2]
    ops.add(strided, strided, out=strided)
    with pytest.raises(ArgumentTypeError, match="takes contiguous arrays"):
        ops.add(executor, strided, strided, strided)
    square = np.ones((3, 4), np.float32)
    for _ in range(2):
        ops.add(executor, square, square, square)
    assert (square == 4).all()
