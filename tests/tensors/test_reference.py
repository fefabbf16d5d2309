"""The cases of the reference's page on tensors (frontend-sdk, section 7.3), one by one, and its method signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hologram import Executor, Tensor, tensor
from hologram.errors import ArgumentRangeError, ArgumentValueError
from hologram.types import Type
from tests import tolerance


@pytest.fixture(params=["cpu", "interpreter"])
def ex(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with Executor(request.param) as made:
        yield made


def counted(ex: Executor, *shape: int) -> Tensor:
    """A tensor of 1, 2, 3, … in a shape."""
    return Tensor.from_buffer(ex.array(np.arange(1, np.prod(shape) + 1, dtype=np.float32)), shape)


def test_7_3_1_four_by_six(ex: Executor) -> None:
    made = Tensor.from_buffer(ex.allocate(24), (4, 6))
    assert (made.strides, made.ndim, made.numel(), made.size, made.offset) == ((6, 1), 2, 24, 24, 0)
    with pytest.raises(ArgumentValueError, match="needs 24 elements, the buffer has 10"):
        Tensor.from_buffer(ex.allocate(10), (4, 6))


def test_7_3_2_three_axes(ex: Executor) -> None:
    assert Tensor.from_buffer(ex.allocate(60), (3, 4, 5)).strides == (20, 5, 1)


def test_7_3_3_transpose_is_a_view(ex: Executor) -> None:
    turned = counted(ex, 3, 4).transpose()
    assert (turned.shape, turned.strides, turned.is_contiguous()) == ((4, 3), (1, 4), False)


def test_7_3_4_contiguous_moves_the_elements(ex: Executor) -> None:
    packed = counted(ex, 3, 4).transpose().contiguous(ex)
    assert packed.is_contiguous()
    assert [packed.buffer.numpy()[k] for k in (0, 1, 2, 3, 6, 11)] == [1, 5, 9, 2, 3, 12]


def test_7_3_5_reshape_of_what_is_transposed_packs(ex: Executor) -> None:
    reshaped = counted(ex, 3, 4).transpose().reshape(ex, (2, 6))
    assert reshaped.is_contiguous()
    assert reshaped.tolist() == [[1, 5, 9, 2, 6, 10], [3, 7, 11, 4, 8, 12]]


def test_7_3_6_reshape_keeps_the_number_of_elements(ex: Executor) -> None:
    made = counted(ex, 4, 6)
    assert made.reshape(ex, [2, 12]).shape == (2, 12)
    with pytest.raises(ArgumentValueError, match=r"24 elements cannot be given the shape \(5, 5\)"):
        made.reshape(ex, [5, 5])


def test_7_3_7_permute(ex: Executor) -> None:
    made = counted(ex, 2, 3, 4)
    assert made.permute([0, 2, 1]).shape == made.permute(0, 2, 1).shape == (2, 4, 3)
    with pytest.raises(ArgumentValueError, match="named twice"):
        made.permute([0, 0, 1])
    with pytest.raises(ArgumentValueError, match="all 3 axes"):
        made.permute([0, 1])
    with pytest.raises(ArgumentRangeError, match="axis 3 does not exist"):
        made.permute([0, 1, 3])


def test_7_3_8_one_axis(ex: Executor) -> None:
    flat = counted(ex, 4, 6).view_1d()
    assert (flat.shape, flat.strides) == ((24,), (1,))
    with pytest.raises(ArgumentValueError, match="view_1d needs a contiguous tensor"):
        counted(ex, 4, 6).T.view_1d()


def test_7_3_9_select(ex: Executor) -> None:
    part = counted(ex, 3, 4, 5).select(0, 1)
    assert (part.shape, part.offset) == ((4, 5), 20)
    with pytest.raises(IndexError, match="axis 2 does not exist"):
        counted(ex, 4, 6).select(2, 0)
    with pytest.raises(IndexError, match="index 4 is out of range on axis 0, which has length 4"):
        counted(ex, 4, 6).select(0, 4)


def test_7_3_10_narrow(ex: Executor) -> None:
    part = counted(ex, 10, 20).narrow(0, 2, 5)
    assert (part.shape, part.offset, part.strides) == ((5, 20), 40, (20, 1))
    with pytest.raises(IndexError, match=r"narrow\(0, 8, 5\) leaves axis 0"):
        counted(ex, 10, 20).narrow(0, 8, 5)


def test_7_3_11_slice(ex: Executor) -> None:
    made = counted(ex, 10, 20)
    part = made.slice(0, 2, 8, 2)
    assert (part.shape, part.offset, part.strides) == ((3, 20), 40, (40, 1))
    assert made.slice(0).layout == made.layout
    assert made.slice(0, 3, 2).shape == (0, 20)
    assert made.slice(0, 8, 100).shape == (2, 20)
    with pytest.raises(ArgumentValueError, match="must not be 0"):
        made.slice(0, 0, 10, 0)
    with pytest.raises(IndexError, match="slice starts at 10"):
        made.slice(0, 10)


def test_7_3_12_matmul(ex: Executor) -> None:
    a, b = counted(ex, 2, 3), counted(ex, 3, 4)
    for result in (a.matmul(ex, b), a.matmul(b)):
        assert result.tolist() == [[38, 44, 50, 56], [83, 98, 113, 128]]
    with pytest.raises(ValueError, match="matmul"):
        a.matmul(ex, counted(ex, 4, 5))
    with pytest.raises(ValueError, match=r"the second tensor has shape \(3,\)"):
        a.matmul(ex, counted(ex, 3))


def test_7_3_13_matmul_of_a_part_uses_its_offset(ex: Executor) -> None:
    rng = np.random.default_rng(3)
    left, right = (rng.standard_normal((9, 7)).astype(np.float32) for _ in range(2))
    a, b = tensor(left, executor=ex).narrow(0, 2, 5), tensor(right, executor=ex).T.narrow(1, 1, 4)
    wanted = left[2:7].astype(np.float64) @ right.T[:, 1:5]
    error = abs(a.matmul(b).numpy() - wanted)
    assert (error <= tolerance.of_product(Type.F32, left[2:7], right.T[:, 1:5])).all()


@pytest.mark.parametrize(
    ("a", "b", "both"),
    [
        ((3, 1, 5), (1, 4, 5), (3, 4, 5)),
        ((3, 4, 5), (5,), (3, 4, 5)),
        ((), (2, 3), (2, 3)),
        ((), (), ()),
        ((3, 4), (5,), None),
    ],
)
def test_7_3_14_broadcasting(ex: Executor, a: Any, b: Any, both: Any) -> None:
    one, two = counted(ex, *a), counted(ex, *b)
    assert one.is_broadcast_compatible_with(two) == (both is not None)
    if both is None:
        with pytest.raises(ArgumentValueError, match="cannot be broadcast together"):
            Tensor.broadcast_shapes(a, b)
    else:
        assert Tensor.broadcast_shapes(a, b) == both


def test_4_4_strides_are_given_and_checked(ex: Executor) -> None:
    made = Tensor.from_buffer_with_strides(ex.array(np.arange(10, dtype=np.float32)), (2, 3), (5, 2))
    assert made.tolist() == [[0, 2, 4], [5, 7, 9]]
    with pytest.raises(ArgumentValueError, match="needs 10 elements, the buffer has 9"):
        Tensor.from_buffer_with_strides(ex.allocate(9), (2, 3), (5, 2))
    with pytest.raises(ArgumentValueError, match="different numbers of axes"):
        Tensor.from_buffer_with_strides(ex.allocate(9), (2, 3), (5,))
    with pytest.raises(ArgumentValueError, match="before the start"):
        Tensor.from_buffer_with_strides(ex.allocate(9), (2,), (-1,))


def test_4_4_rank_zero_has_one_element(ex: Executor) -> None:
    assert (counted(ex).numel(), counted(ex).shape, counted(ex).item()) == (1, (), 1)
