"""Operations through the flat interface: the cases of §7.4 to §7.6 of the reference by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hologram_ffi as ffi
from hologram.types import Type
from tests import tolerance
from tests.ffi.world import World, function

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(7)
BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "vector_add_f32": np.add,
    "vector_sub_f32": np.subtract,
    "vector_mul_f32": np.multiply,
    "vector_div_f32": np.divide,
    "vector_min_f32": np.minimum,
    "vector_max_f32": np.maximum,
}
SIZES = [1, 4, 8, 16, 31, 32, 63, 64, 100, 127, 128, 256, 1000, 3072, 10_000, 100_000, 1_000_000]
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, -3.5, 3e38]


def put(world: World, values: Any) -> int:
    """A new buffer with these values."""
    data = np.asarray(values, np.float32)
    made = ffi.executor_allocate_buffer(world.exec, data.size)
    ffi.buffer_copy_from_bytes(world.exec, made, data.tobytes())
    return made


def get(world: World, buf: int) -> Array:
    """What a buffer holds."""
    return np.frombuffer(ffi.buffer_to_bytes(world.exec, buf), np.float32)


def binary(world: World, name: str, a: Array, b: Array) -> Array:
    """What a function of two vectors gives."""
    out = ffi.executor_allocate_buffer(world.exec, a.size)
    function(name)(world.exec, put(world, a), put(world, b), out, a.size)
    return get(world, out)


def unary(world: World, name: str, a: Any, *numbers: float) -> list[float]:
    """What a function of one vector gives."""
    buf = put(world, a)
    out = ffi.executor_allocate_buffer(world.exec, len(a))
    function(name)(world.exec, buf, out, len(a), *numbers)
    return [float(x) for x in get(world, out)]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("size", SIZES)
def test_7_4_X_every_size_is_computed_to_its_end(world: World, name: str, size: int) -> None:
    a, b = (RNG.standard_normal(size).astype(np.float32) for _ in range(2))
    assert np.array_equal(binary(world, name, a, b), BINARY[name](a, b))


@pytest.mark.parametrize("name", BINARY)
def test_special_values(world: World, name: str) -> None:
    a, b = (np.array(axis, np.float32).ravel() for axis in np.meshgrid(SPECIAL, SPECIAL))
    with np.errstate(all="ignore"):
        assert np.array_equal(binary(world, name, a, b), BINARY[name](a, b), equal_nan=True)


def test_7_4_a_is_i_and_b_is_2i(world: World) -> None:
    i = np.arange(1024, dtype=np.float32)
    assert np.array_equal(binary(world, "vector_add_f32", i, 2 * i), 3 * i)


def test_7_4_whole_classes(world: World) -> None:
    """Four operations on boundary buffers of 3,072 elements."""
    i = np.arange(3072, dtype=np.float32)
    a, b, c = (ffi.executor_allocate_boundary_buffer(world.exec, index, 48, 256) for index in range(3))

    def run(name: str, x: Array, y: Array) -> Array:
        ffi.buffer_copy_from_bytes(world.exec, a, x.tobytes())
        ffi.buffer_copy_from_bytes(world.exec, b, y.tobytes())
        function(name)(world.exec, a, b, c, 3072)
        return get(world, c)

    assert np.array_equal(run("vector_sub_f32", 10 * i, i), 9 * i)
    assert np.array_equal(run("vector_mul_f32", i + 1, np.full_like(i, 2)), 2 * (i + 1))
    assert np.array_equal(run("vector_sub_f32", 3 * i + 2 * i, i), 4 * i)
    assert np.array_equal(run("vector_div_f32", 10 * (i + 1), 2 * (i + 1)), np.full_like(i, 5))


def test_7_4_chain(world: World) -> None:
    i = np.arange(1000, dtype=np.float32) + 1
    product = binary(world, "vector_mul_f32", 2 * i, 3 * i)
    assert np.array_equal(binary(world, "vector_div_f32", product, 2 * i), 3 * i)


def test_7_4_clip(world: World) -> None:
    given = [-5, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 5]
    assert unary(world, "vector_clip_f32", given, -1, 1) == [-1, -1, -1, -0.5, 0, 0.5, 1, 1, 1, 1]


def test_7_4_scalars(world: World) -> None:
    assert unary(world, "scalar_add_f32", range(1, 9), 2.5) == [x + 2.5 for x in range(1, 9)]
    assert unary(world, "scalar_mul_f32", range(1, 9), 2) == [2 * x for x in range(1, 9)]
    assert unary(world, "scalar_add_f32", range(10), 10) == list(range(10, 20))
    assert unary(world, "scalar_add_f32", [1.0], 0.1) == [float(np.float32(1) + np.float32(0.1))]


def test_7_4_relu_abs_neg(world: World) -> None:
    assert unary(world, "vector_relu_f32", [-2, -1, 0, 1, 2, -3, 4, -5, 6, -7]) == [0, 0, 0, 1, 2, 0, 4, 0, 6, 0]
    assert unary(world, "vector_relu_f32", [i % 5 - 2 for i in range(50)]) == [max(i % 5 - 2, 0) for i in range(50)]
    given = [(-1) ** i * i for i in range(50)]
    assert unary(world, "vector_abs_f32", given) == [abs(x) for x in given]
    assert unary(world, "vector_neg_f32", given) == [-x for x in given]
    assert math.isnan(unary(world, "vector_relu_f32", [math.nan])[0])


def test_7_4_abs_add_multiply_relu(world: World) -> None:
    x = np.linspace(-10, 10, 500, dtype=np.float32)
    buf = put(world, x)
    ffi.vector_abs_f32(world.exec, buf, buf, 500)
    ffi.scalar_add_f32(world.exec, buf, buf, 500, 1)
    ffi.scalar_mul_f32(world.exec, buf, buf, 500, 2)
    ffi.vector_relu_f32(world.exec, buf, buf, 500)
    one, two = np.float32(1), np.float32(2)
    assert np.array_equal(get(world, buf), np.maximum((np.abs(x) + one) * two, 0))


def test_in_place(world: World) -> None:
    ffi.vector_add_f32(world.exec, world.a, world.b, world.a, 6)
    assert world.read(world.a) == [3, 2, 2, 4, 0.75, 9]


@pytest.mark.parametrize(
    ("values", "total"), [(range(1, 101), 5050), (range(100), 4950), (range(1000), 499500), (range(1, 1025), 524800)]
)
def test_7_5_sums(world: World, values: range, total: float) -> None:
    out = put(world, [0])
    assert ffi.reduce_sum_f32(world.exec, put(world, values), out, len(values)) == total
    assert get(world, out).tolist() == [total]


def test_7_5_least_and_largest(world: World) -> None:
    buf, out = put(world, range(1, 1025)), put(world, [0])
    assert ffi.reduce_min_f32(world.exec, buf, out, 1024) == 1
    assert ffi.reduce_max_f32(world.exec, buf, out, 1024) == 1024 == get(world, out)[0]


def test_7_5_X_many_elements(world: World) -> None:
    x, out = RNG.standard_normal(300_000).astype(np.float32), put(world, [0])
    for count in (25_000, 30_000, 300_000):
        buf, part = put(world, x), x[:count]
        total = ffi.reduce_sum_f32(world.exec, buf, out, count)
        assert abs(total - part.astype(np.float64).sum()) <= tolerance.of_fold("ADD", Type.F32, part)
        assert ffi.reduce_min_f32(world.exec, buf, out, count) == part.min()
        assert ffi.reduce_max_f32(world.exec, buf, out, count) == part.max()


@pytest.mark.parametrize("cells", [1, 2, 3])
@pytest.mark.parametrize("name", ["reduce_sum_f32", "reduce_min_f32", "reduce_max_f32"])
def test_one_cell_is_enough(world: World, name: str, cells: int) -> None:
    out = put(world, [7] * cells)
    assert function(name)(world.exec, put(world, [2.0]), out, 1) == 2
    assert get(world, out).tolist() == [2, 7, 7][:cells]
    with pytest.raises(ffi.InternalError):
        function(name)(world.exec, world.a, ffi.executor_allocate_buffer(world.exec, 0), 1)


def test_reductions_of_nothing(world: World) -> None:
    out = put(world, [7])
    assert ffi.reduce_sum_f32(world.exec, world.a, out, 0) == 0
    for name in ("reduce_min_f32", "reduce_max_f32"):
        with pytest.raises(ffi.InternalError):
            function(name)(world.exec, world.a, out, 0)


@pytest.mark.parametrize("name", ["sigmoid_f32", "tanh_f32"])
def test_7_5_activations(world: World, name: str) -> None:
    x = np.linspace(-5, 5, 100, dtype=np.float32)
    wide = x.astype(np.float64)
    exact = np.tanh(wide) if name == "tanh_f32" else 1 / (1 + np.exp(-wide))
    tolerance.assert_within(name[:-4].upper(), Type.F32, np.array(unary(world, name, x), np.float32), exact)


def test_7_5_at_zero(world: World) -> None:
    assert unary(world, "sigmoid_f32", [0]) == [0.5]
    assert unary(world, "tanh_f32", [0]) == [0]
    assert unary(world, "gelu_f32", [0]) == [0]


def test_7_5_softmax(world: World) -> None:
    x = RNG.standard_normal(10_000).astype(np.float32)
    found = np.array(unary(world, "softmax_f32", x))
    assert found.sum() == pytest.approx(1)
    assert (
        np.array_equal(np.argsort(x, kind="stable"), np.argsort(found, kind="stable"))
        or (np.diff(found[np.argsort(x)]) >= 0).all()
    )
    assert np.array(unary(world, "softmax_f32", x + np.float32(64))) == pytest.approx(found, rel=1e-4)


def test_7_5_X_softmax_on_two_executors(world: World) -> None:
    other = World()
    first, second = [1.0, 2.0, 3.0], [5.0, 0.0, -5.0]
    for place, values in ((world, first), (other, second), (world, second)):
        weights = [math.exp(v - max(values)) for v in values]
        assert unary(place, "softmax_f32", values) == pytest.approx([w / sum(weights) for w in weights])


def loss(world: World, name: str, predicted: Any, target: Any) -> float:
    """What a loss gives, which is also what it stores."""
    out = put(world, [0])
    found = function(name)(world.exec, put(world, predicted), put(world, target), out, len(predicted))
    assert found == pytest.approx(get(world, out)[0], rel=0, abs=0, nan_ok=True)
    return float(found)


def test_7_5_losses(world: World) -> None:
    ones = np.ones(1024)
    assert loss(world, "mse_loss_f32", 2 * ones, ones) == 1
    assert loss(world, "mse_loss_f32", 1 + 0.01 * np.arange(1024), ones) == pytest.approx(34.90135)
    for name in ("cross_entropy_loss_f32", "binary_cross_entropy_loss_f32"):
        assert loss(world, name, 0.7 * ones, ones) == pytest.approx(0.356675, rel=1e-5)
    quarter = loss(world, "cross_entropy_loss_f32", [0.1, 0.2, 0.3, 0.4] * 256, [0, 0, 0, 1] * 256)
    assert quarter == pytest.approx(0.229073, rel=1e-5)


def test_7_5_perfect_predictions_are_finite(world: World) -> None:
    for name in ("cross_entropy_loss_f32", "binary_cross_entropy_loss_f32"):
        assert loss(world, name, [0, 1, 1, 0], [0, 1, 1, 0]) == 0
    assert loss(world, "binary_cross_entropy_loss_f32", [0, 1], [1, 0]) == 100
    assert loss(world, "cross_entropy_loss_f32", [0, 1], [1, 0]) == 50


def test_losses_of_nothing_and_in_place(world: World) -> None:
    for name in ("mse_loss_f32", "cross_entropy_loss_f32", "binary_cross_entropy_loss_f32"):
        assert math.isnan(loss(world, name, [], []))
    assert ffi.mse_loss_f32(world.exec, world.a, world.b, world.a, 2) == (1 + 36) / 2
    assert world.read(world.a)[:2] == [18.5, -2]


def test_7_6_small_products(world: World) -> None:
    a, b, x = put(world, range(1, 7)), put(world, range(7, 13)), put(world, [7, 8, 9])
    c, y = put(world, [0] * 4), put(world, [0] * 2)
    ffi.gemm_f32(world.exec, a, b, c, 2, 2, 3)
    assert get(world, c).tolist() == [58, 64, 139, 154]
    ffi.matvec_f32(world.exec, a, x, y, 2, 3)
    assert get(world, y).tolist() == [50, 122]


@pytest.mark.parametrize(("m", "n", "k"), [(16, 12, 8), (1, 1, 1), (5, 1, 9), (1, 9, 5), (65, 33, 17), (3, 4, 0)])
def test_7_6_X_gemm_m_n_k(world: World, m: int, n: int, k: int) -> None:
    a, b = (RNG.standard_normal(shape).astype(np.float32) for shape in ((m, k), (k, n)))
    c = put(world, [9] * (m * n + 5))
    ffi.gemm_f32(world.exec, put(world, a), put(world, b), c, m, n, k)
    found = get(world, c)
    assert (
        np.abs(found[: m * n].reshape(m, n) - a.astype(np.float64) @ b) <= tolerance.of_product(Type.F32, a, b)
    ).all()
    assert (found[m * n :] == 9).all()


def test_7_6_X_matvec_into_a_longer_vector(world: World) -> None:
    ffi.matvec_f32(world.exec, world.a, world.b, world.out, 2, 3)
    assert world.read(world.out) == [-9, -12, *[99] * 6]


@pytest.mark.parametrize("sizes", [(2, 2, 4), (4, 2, 3), (3, 3, 1), (1 << 31, 1 << 31, 2), ((1 << 32) - 1,) * 3])
def test_products_beyond_the_buffers(world: World, sizes: tuple[int, int, int]) -> None:
    with pytest.raises(ffi.InternalError):
        ffi.gemm_f32(world.exec, world.a, world.b, world.out, *sizes)
    with pytest.raises(ffi.InternalError):
        ffi.matvec_f32(world.exec, world.a, world.b, world.out, sizes[0], max(4, sizes[1]))
    assert world.read(world.out) == [99] * 8
