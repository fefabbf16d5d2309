"""Tensors: the cases of §7.3 of the reference by name, and which buffers and memory belong to them."""

from __future__ import annotations

import json
import weakref

import pytest

import hologram_ffi as ffi
from hologram_ffi.handles import buffers, tensors
from tests.ffi.world import World


def counted(world: World, shape: str, count: int) -> int:
    """A tensor with the elements 0, 1, 2, …"""
    return ffi.tensor_from_buffer(world.buffer([float(i) for i in range(count)]), shape)


def described(tensor: int) -> tuple[str, str, int, int]:
    """Shape, strides, offset and whether it is contiguous."""
    places = ffi.tensor_offset(tensor), ffi.tensor_is_contiguous(tensor)
    return ffi.tensor_shape(tensor), ffi.tensor_strides(tensor), *places


def test_7_3_row_major_strides(world: World) -> None:
    tensor = counted(world, "[4,6]", 24)
    assert described(tensor) == ("[4,6]", "[6,1]", 0, 1)
    assert (ffi.tensor_ndim(tensor), ffi.tensor_numel(tensor)) == (2, 24)
    assert ffi.tensor_strides(counted(world, "[3, 4, 5]", 60)) == "[20,5,1]"
    with pytest.raises(ffi.InternalError, match="elements"):
        counted(world, "[4,6]", 10)


def test_rank_0_and_empty(world: World) -> None:
    number = counted(world, "[]", 1)
    assert (ffi.tensor_ndim(number), ffi.tensor_numel(number), ffi.tensor_shape(number)) == (0, 1, "[]")
    assert ffi.tensor_numel(counted(world, "[0,5]", 0)) == 0


def test_7_3_transpose(world: World) -> None:
    assert described(ffi.tensor_transpose(counted(world, "[3,4]", 12))) == ("[4,3]", "[1,4]", 0, 0)
    for shape, count in (("[3]", 3), ("[2,3,4]", 24)):
        with pytest.raises(ffi.InternalError, match="transpose takes a matrix"):
            ffi.tensor_transpose(counted(world, shape, count))


def test_7_3_transposed_made_contiguous(world: World) -> None:
    buffer = world.buffer([float(i) for i in range(1, 13)])
    turned = ffi.tensor_transpose(ffi.tensor_from_buffer(buffer, "[3,4]"))
    packed = ffi.tensor_contiguous(world.exec, turned)
    assert ffi.tensor_is_contiguous(packed) == 1
    found = world.read(ffi.tensor_buffer(packed))
    assert [found[place] for place in (0, 1, 2, 3, 6, 11)] == [1, 5, 9, 2, 3, 12]
    assert ffi.tensor_is_contiguous(ffi.tensor_reshape(world.exec, turned, "[2,6]")) == 1


def test_7_3_reshape(world: World) -> None:
    tensor = counted(world, "[4,6]", 24)
    assert described(ffi.tensor_reshape(world.exec, tensor, "[2,12]")) == ("[2,12]", "[12,1]", 0, 1)
    with pytest.raises(ffi.InternalError, match=r"24 elements cannot be given the shape \(5, 5\)"):
        ffi.tensor_reshape(world.exec, tensor, "[5,5]")


def test_7_3_permute(world: World) -> None:
    tensor = counted(world, "[2,3,4]", 24)
    assert ffi.tensor_shape(ffi.tensor_permute(tensor, "[0,2,1]")) == "[2,4,3]"
    for dims in ("[0,0,1]", "[0,1]", "[0,1,3]", "[]", "[0,1,2,2]"):
        with pytest.raises(ffi.InternalError):
            ffi.tensor_permute(tensor, dims)


def test_7_3_view_1d(world: World) -> None:
    tensor = counted(world, "[4,6]", 24)
    assert described(ffi.tensor_view_1d(tensor)) == ("[24]", "[1]", 0, 1)
    with pytest.raises(ffi.InternalError, match="contiguous"):
        ffi.tensor_view_1d(ffi.tensor_transpose(tensor))


def test_7_3_select(world: World) -> None:
    assert described(ffi.tensor_select(counted(world, "[3,4,5]", 60), 0, 1)) == ("[4,5]", "[5,1]", 20, 1)
    for dim, index in ((2, 0), (0, 4), (1, 6)):
        with pytest.raises(ffi.InternalError, match=r"does not exist|out of range"):
            ffi.tensor_select(counted(world, "[4,6]", 24), dim, index)


def test_7_3_narrow(world: World) -> None:
    tensor = counted(world, "[10,20]", 200)
    assert described(ffi.tensor_narrow(tensor, 0, 2, 5)) == ("[5,20]", "[20,1]", 40, 1)
    for arguments in ((0, 8, 5), (2, 0, 1), (0, 1 << 31, 1 << 31)):
        with pytest.raises(ffi.InternalError, match=r"leaves axis|does not exist"):
            ffi.tensor_narrow(tensor, *arguments)


def test_7_3_slice(world: World) -> None:
    tensor = counted(world, "[10,20]", 200)
    assert described(ffi.tensor_slice(tensor, 0, 2, 8, 2)) == ("[3,20]", "[40,1]", 40, 0)
    assert described(ffi.tensor_slice(tensor, 0, -1, -7, -1)) == described(tensor)
    assert ffi.tensor_shape(ffi.tensor_slice(tensor, 1, 18, 1000, 1)) == "[10,2]"
    assert ffi.tensor_shape(ffi.tensor_slice(tensor, 0, 5, 3, 1)) == "[0,20]"
    with pytest.raises(ffi.InternalError, match="must not be 0"):
        ffi.tensor_slice(tensor, 0, 0, 1, 0)
    with pytest.raises(ffi.InternalError, match="starts at 10"):
        ffi.tensor_slice(tensor, 0, 10, -1, -1)


def test_7_3_matmul(world: World) -> None:
    a, b = counted(world, "[2,3]", 6), counted(world, "[3,4]", 12)
    product = ffi.tensor_matmul(world.exec, a, b)
    assert ffi.tensor_shape(product) == "[2,4]"
    assert world.elements(product) == [20, 23, 26, 29, 56, 68, 80, 92]
    for wrong, said in ((counted(world, "[4,5]", 20), "do not fit"), (counted(world, "[3]", 3), "takes matrices")):
        with pytest.raises(ffi.InternalError, match=said):
            ffi.tensor_matmul(world.exec, a, wrong)


def test_7_3_X_matmul_of_a_narrowed_tensor(world: World) -> None:
    rows = ffi.tensor_narrow(counted(world, "[4,2]", 8), 0, 2, 2)
    identity = ffi.tensor_from_buffer(world.buffer([1, 0, 0, 1]), "[2,2]")
    assert world.elements(ffi.tensor_matmul(world.exec, rows, identity)) == [4, 5, 6, 7]
    columns = ffi.tensor_narrow(counted(world, "[2,4]", 8), 1, 1, 2)
    assert world.elements(ffi.tensor_matmul(world.exec, columns, identity)) == [1, 2, 5, 6]


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [("[3,1,5]", "[1,4,5]", "[3,4,5]"), ("[3,4,5]", "[5]", "[3,4,5]"), ("[]", "[2,3]", "[2,3]"), ("[0]", "[1]", "[0]")],
)
def test_7_3_broadcasting(world: World, a: str, b: str, wanted: str) -> None:
    assert ffi.tensor_broadcast_shapes(a, b) == ffi.tensor_broadcast_shapes(b, a) == wanted
    pair = [
        ffi.tensor_from_buffer_with_strides(world.a, shape, json.dumps([0] * len(json.loads(shape))))
        for shape in (a, b)
    ]
    assert ffi.tensor_is_broadcast_compatible_with(*pair) == 1


def test_7_3_shapes_that_do_not_broadcast(world: World) -> None:
    with pytest.raises(ffi.InternalError, match="cannot be broadcast"):
        ffi.tensor_broadcast_shapes("[3,4]", "[5]")
    assert ffi.tensor_is_broadcast_compatible_with(counted(world, "[3,4]", 12), counted(world, "[5]", 5)) == 0


@pytest.mark.parametrize(
    "text", ["", "{}", "[1.5]", "[-1]", "[true]", "[[2,3]]", "[" * 10_000, "[9999999999999999999999]"]
)
def test_hostile_shapes(world: World, text: str) -> None:
    calls = [
        lambda: ffi.tensor_from_buffer(world.a, text),
        lambda: ffi.tensor_from_buffer_with_strides(world.a, text, "[1]"),
        lambda: ffi.tensor_from_buffer_with_strides(world.a, "[1]", text),
        lambda: ffi.tensor_reshape(world.exec, world.tensor, text),
        lambda: ffi.tensor_permute(world.tensor, text),
        lambda: ffi.tensor_broadcast_shapes(text, "[1]"),
        lambda: ffi.tensor_broadcast_shapes("[1]", text),
    ]
    for call in calls:
        with pytest.raises(ffi.InternalError, match=r"^Failed to parse JSON data"):
            call()


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ("[2]", "[6]"),
        ("[2,3]", "[3]"),
        ("[7]", "[1]"),
        ("[2,2]", "[9223372036854775807,1]"),
        ("[9223372036854775807]", "[1]"),
    ],
)
def test_strides_that_leave_the_buffer(world: World, shape: str, strides: str) -> None:
    with pytest.raises(ffi.InternalError):
        ffi.tensor_from_buffer_with_strides(world.a, shape, strides)


def test_more_elements_than_memory(world: World) -> None:
    huge = ffi.tensor_from_buffer_with_strides(world.a, "[1099511627776,1099511627776]", "[0,0]")
    with pytest.raises(ffi.InternalError, match=r"cannot allocate|too large"):
        ffi.tensor_contiguous(world.exec, huge)


def test_a_tensor_shares_its_buffer(world: World) -> None:
    ffi.buffer_fill(world.exec, world.a, 5, 1)
    assert world.elements(world.tensor)[0] == 5
    ffi.tensor_cleanup(world.tensor)
    assert world.read(world.a)[0] == 5


def test_tensor_buffer_is_the_buffer_itself(world: World) -> None:
    other = World()
    assert ffi.tensor_buffer(world.tensor) == world.a
    assert ffi.tensor_buffer(other.tensor) == other.a
    assert ffi.tensor_buffer(ffi.tensor_transpose(world.tensor)) == world.a
    product = ffi.tensor_matmul(world.exec, world.tensor, world.other)
    made = ffi.tensor_buffer(product)
    assert made > product and ffi.tensor_buffer(product) == made
    assert world.read(made) == [4.75, -3, -7, 6]


def test_handles_of_views_are_their_own(world: World) -> None:
    views = [
        ffi.tensor_contiguous(world.exec, world.tensor),
        ffi.tensor_reshape(world.exec, world.tensor, "[2,3]"),
        ffi.tensor_slice(world.tensor, 0, -1, -1, -1),
        ffi.tensor_permute(world.tensor, "[0,1]"),
    ]
    assert len({world.tensor, *views}) == 5
    for view in views:
        ffi.tensor_cleanup(view)
    assert world.elements(world.tensor) == world.read(world.a)


def test_a_tensor_outlives_the_handle_of_its_buffer(world: World) -> None:
    memory = weakref.ref(buffers[world.a])
    before = world.read(world.a)
    ffi.buffer_cleanup(world.a)
    assert world.elements(world.tensor) == before
    again = ffi.tensor_buffer(world.tensor)
    assert again > world.tensor
    ffi.buffer_cleanup(again)
    for tensor in tensors:
        ffi.tensor_cleanup(tensor)
    assert memory() is None


def test_tensors_end_with_their_executor(world: World) -> None:
    view = ffi.tensor_transpose(world.tensor)
    ffi.executor_cleanup(world.exec)
    for tensor in (world.tensor, view):
        with pytest.raises(ffi.InternalError, match=f"Tensor handle {tensor} not found"):
            ffi.tensor_shape(tensor)
