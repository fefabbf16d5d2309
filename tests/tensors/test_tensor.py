"""Tensors share memory with their views and with other libraries, and say clearly what they cannot do."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import hologram as hg
from hologram import Executor, Tensor, from_dlpack, tensor
from hologram.errors import (
    ArgumentRangeError,
    ArgumentTypeError,
    ArgumentValueError,
    BackendUnavailableError,
    BufferFreedError,
    RecordingError,
)
from hologram.types import Type

GRID = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

VIEWS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Any], Any]]] = {
    "T": (lambda t: t.T, lambda a: a.T),
    "mT": (lambda t: t.mT, lambda a: a.mT),
    "transpose": (lambda t: t.transpose(), lambda a: a.transpose()),
    "transpose of axes": (lambda t: t.transpose(1, 2, 0), lambda a: a.transpose(1, 2, 0)),
    "transpose of a list": (lambda t: t.transpose([1, 2, 0]), lambda a: a.transpose([1, 2, 0])),
    "swapaxes": (lambda t: t.swapaxes(0, -1), lambda a: a.swapaxes(0, -1)),
    "reshape": (lambda t: t.reshape(4, -1), lambda a: a.reshape(4, -1)),
    "reshape to a tuple": (lambda t: t.reshape((6, 4)), lambda a: a.reshape((6, 4))),
    "ravel": (lambda t: t.ravel(), lambda a: a.ravel()),
    "expand_dims": (lambda t: t.expand_dims(0, -1), lambda a: np.expand_dims(a, (0, -1))),
    "squeeze": (lambda t: t[:, :1].squeeze(), lambda a: a[:, :1].squeeze()),
    "squeeze of an axis": (lambda t: t[:1, :1].squeeze(1), lambda a: a[:1, :1].squeeze(1)),
    "broadcast_to": (lambda t: t[:, :1].broadcast_to((5, 2, 3, 4)), lambda a: np.broadcast_to(a[:, :1], (5, 2, 3, 4))),
    "select": (lambda t: t.select(-1, -2), lambda a: a[..., -2]),
    "narrow": (lambda t: t.narrow(-1, -2, 2), lambda a: a[..., -2:]),
    "diagonal": (lambda t: t.diagonal(), lambda a: a.diagonal()),
    "diagonal of other axes": (lambda t: t.diagonal(1, -1, 0), lambda a: a.diagonal(1, -1, 0)),
    "diagonal below": (lambda t: t.diagonal(-1, 1, 2), lambda a: a.diagonal(-1, 1, 2)),
    "slice": (lambda t: t.slice(1, -1, None, -2), lambda a: a[:, -1::-2]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_those_of_numpy_and_share_memory(name: str) -> None:
    view, same = VIEWS[name]
    made = tensor(GRID)
    got = view(made)
    assert got.shape == same(GRID).shape
    assert np.array_equal(got.numpy(), same(GRID))
    assert np.shares_memory(got.numpy(), made.numpy())


@pytest.mark.parametrize("name", ["flatten", "copy"])
def test_copies_share_nothing(name: str) -> None:
    made = tensor(GRID)
    got = getattr(made.mT, name)()
    assert got.is_contiguous() and got.offset == 0
    assert np.array_equal(got.numpy(), getattr(GRID.mT, name)())
    assert not np.shares_memory(got.numpy(), made.numpy())


def test_a_view_keeps_the_memory_alive() -> None:
    row = tensor(GRID)[1, 2]
    gc.collect()
    assert row.tolist() == [20, 21, 22, 23]


def test_attributes_say_what_it_is() -> None:
    made = tensor(GRID)[:, 1]
    assert (made.dtype, made.type, made.itemsize, made.nbytes, made.device) == (np.float32, Type.F32, 4, 32, "cpu")
    assert (len(made), [row.tolist() for row in made]) == (2, [[4, 5, 6, 7], [16, 17, 18, 19]])
    assert tensor([True]).dtype == bool and tensor([True]).type is Type.U8


def test_empty_tensors_are_fine() -> None:
    empty = tensor(np.zeros((3, 0, 2)))
    assert (empty.size, len(empty), empty.is_contiguous()) == (0, 3, True)
    assert empty.T.contiguous().shape == (2, 0, 3)
    assert empty.reshape(0).shape == empty.ravel().shape == empty.flatten().shape == (0,)
    assert empty[2].shape == (0, 2) and empty.tolist() == [[], [], []]
    assert empty.astype("i32").shape == (3, 0, 2)


@pytest.mark.parametrize("source", [*Type, bool])
@pytest.mark.parametrize("target", ["i16", "u64", "bf16", "f64", "bool"])
def test_astype_converts(source: Any, target: str) -> None:
    values = np.array([0, 1, 2, 3, 100])
    made = tensor(values, dtype=source).astype(target)
    wanted = values.astype(bool) if bool in (source, np.dtype(made.dtype)) else values
    assert made.tolist() == wanted.astype(made.dtype).tolist()
    assert made.dtype == (bool if target == "bool" else Type(target).dtype)


def test_astype_gives_itself_where_nothing_changes() -> None:
    made = tensor(GRID)
    assert made.astype("f32", copy=False) is made
    assert made.astype("f32") is not made


def test_to_moves_or_converts() -> None:
    made, ex = tensor(GRID), Executor("interpreter")
    assert made.to("f32") is made is made.to(made.executor) is made.to("cpu")
    assert made.to("i16").dtype == made.to("int16").dtype == np.int16
    assert made.to(ex).executor is ex and made.to(ex).tolist() == GRID.tolist()
    with pytest.raises(BackendUnavailableError, match="no device 'cuda:0'"):
        made.to("cuda:0")
    with pytest.raises(ArgumentValueError, match="unknown dtype 'f31'"):
        made.to("f31")


def test_fill_take_and_bytes() -> None:
    made = tensor(GRID)
    for indices in (2, [0, -1, 2], np.array([[1, 0]]), tensor([1, 1])):
        seen = indices.numpy() if isinstance(indices, Tensor) else indices
        for axis in (None, 1, -1):
            assert np.array_equal(made.take(indices, axis).numpy(), GRID.take(seen, axis))
    assert made.T.tobytes() == GRID.T.tobytes()
    made[:, 1].fill(7)
    assert np.all(made.numpy()[:, 1] == 7) and made.numpy()[1, 0, 0] == 12


# One number.


def test_one_element_is_a_number() -> None:
    one = tensor([[2.5]])
    assert (one.item(), float(one), int(one), bool(one), f"{one:.3f}") == (2.5, 2.5, 2, True, "2.500")
    assert tensor(GRID).item(1, 2, 3) == 23
    assert range(10)[tensor(3)] == 3


@pytest.mark.parametrize("call", [bool, int, float, lambda t: t.item()])
def test_several_elements_are_no_number(call: Callable[[Tensor], Any]) -> None:
    with pytest.raises(ArgumentValueError, match=r"24 elements|only one element"):
        call(tensor(GRID))


def test_without_axes_there_is_no_length() -> None:
    for call in (len, iter):
        with pytest.raises(ArgumentTypeError, match="without axes"):
            call(tensor(1.0))


# Exchange.


@pytest.mark.parametrize("view", [lambda t: t, lambda t: t.T, lambda t: t[1, ::-1, ::2], lambda t: t[0, 0, 0]])
def test_other_libraries_read_and_write_in_place(view: Callable[[Tensor], Tensor]) -> None:
    made = view(tensor(GRID))
    wanted = made.to_numpy()
    for read in (np.asarray, np.from_dlpack, lambda t: t.numpy()):
        seen = read(made)
        assert np.array_equal(seen, wanted)
        assert np.shares_memory(seen, made.numpy())
    seen = made.numpy()
    seen[...] = 5
    assert np.all(made.to_numpy() == 5)


def test_torch_shares_memory_both_ways() -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    made = from_dlpack(theirs.T)
    assert made.tolist() == [[0, 3], [1, 4], [2, 5]] and made.strides == (1, 3)
    made[0] = 9
    assert theirs[:, 0].tolist() == [9, 9]
    back = torch.from_dlpack(made)
    back[2, 1] = -1
    assert made.tolist()[2][1] == -1 == theirs[1, 2]


@pytest.mark.parametrize("cut", [np.s_[:], np.s_[::-1], np.s_[1:, ::-2], np.s_[..., 1], np.s_[:0], np.s_[0, 0, 0, ...]])
def test_numpy_arrays_of_any_strides_are_taken_in_place(cut: Any) -> None:
    memory = GRID.copy()
    array = memory.transpose(1, 0, 2)[cut]
    made = from_dlpack(array)
    assert made.shape == array.shape
    assert np.array_equal(made.numpy(), array)
    made[...] = -1
    assert np.all(memory.transpose(1, 0, 2)[cut] == -1)


def test_what_is_taken_is_kept_in_place() -> None:
    array = np.arange(24.0).reshape(4, 6)
    made = from_dlpack(array[:, ::2])
    with pytest.raises(ValueError, match="resize"):
        array.resize((100, 100), refcheck=False)
    del array
    gc.collect()
    assert made[3].tolist() == [18, 20, 22]


def test_read_only_memory_stays_read_only() -> None:
    array = np.zeros(3)
    array.flags.writeable = False
    made = from_dlpack(array)
    with pytest.raises(ArgumentValueError, match="read-only"):
        made[0] = 1
    assert not made.numpy().flags.writeable


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([1.0], "not list"),
        (np.float32(1), "not float32"),
        (object(), "not object"),
        (np.zeros(2, complex), "complex128 has no element type"),
        (np.zeros(2, ">f4"), "has no element type"),
    ],
)
def test_from_dlpack_takes_host_arrays_alone(given: Any, words: str) -> None:
    with pytest.raises(ArgumentTypeError, match=words):
        from_dlpack(given)


def test_elements_at_odd_places_are_refused() -> None:
    odd = np.zeros(3, [("a", "u1"), ("x", "f4")])["x"]
    with pytest.raises(ArgumentValueError, match=r"array\.copy\(\)"):
        from_dlpack(odd)


def test_torch_says_why_it_gives_nothing() -> None:
    theirs = pytest.importorskip("torch").zeros(2, requires_grad=True)
    with pytest.raises(ArgumentTypeError, match="require gradient"):
        from_dlpack(theirs)


def test_bfloat16_is_shared_too() -> None:
    torch = pytest.importorskip("torch")
    made = tensor([1.5, 2.5], dtype="bf16")
    torch.from_dlpack(made)[1] = 4
    assert from_dlpack(torch.from_dlpack(made)).tolist() == [1.5, 4]
    assert np.asarray(made).dtype == ml_dtypes.bfloat16
    assert not hasattr(made, "__array_interface__")


def test_pickles_and_copies_have_the_content_and_the_shape() -> None:
    for made in (tensor(GRID).T[1:], tensor([True, False]), tensor([1.5], dtype="bf16"), tensor(3), tensor([])):
        for other in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
            assert (other.shape, other.dtype, other.tolist()) == (made.shape, made.dtype, made.tolist())
            assert not made.size or not np.shares_memory(other.numpy(), made.numpy())


# What does not work.


def test_a_freed_buffer_is_said() -> None:
    made = tensor(GRID)
    part, exported = made[0], made.numpy()
    made.buffer.free()
    for use in (
        Tensor.to_numpy,
        Tensor.copy,
        Tensor.tolist,
        lambda t: t.__array_interface__,
        lambda t: t.astype("f64"),
    ):
        with pytest.raises(BufferFreedError):
            use(part)
    assert repr(part) == "tensor(freed)"
    assert exported.sum() == GRID.sum()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Tensor.from_buffer(np.zeros(3), 3), ArgumentTypeError, "a Buffer is needed, not ndarray"),
        (lambda: Tensor.from_buffer(Executor().allocate(3), (-2,)), ArgumentValueError, "cannot be negative"),
        (lambda: Tensor.from_buffer(Executor().allocate(10)[::2], 3), ArgumentValueError, "a contiguous buffer"),
        (lambda: tensor(GRID).reshape(5, 5), ArgumentValueError, "24 elements"),
        (lambda: tensor(GRID).transpose(0, 1), ArgumentValueError, "all 3 axes"),
        (lambda: tensor(GRID[0, 0]).mT, ArgumentRangeError, "axis -2 does not exist in a tensor of 1 axis"),
        (lambda: tensor(GRID).matmul(GRID), ArgumentTypeError, "matmul takes another Tensor"),
        (lambda: tensor(GRID[0]).matmul(tensor([1])), ArgumentValueError, r"the second tensor has shape \(1,\); use @"),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# Recording.


def test_a_recording_takes_down_what_is_computed_and_shows_nothing() -> None:
    ex = Executor()
    made, target = tensor(GRID, executor=ex), tensor(np.zeros((4, 3, 2), np.float32), executor=ex)
    with ex.record() as g:
        packed = made.T.contiguous()
        target[...] = packed
        for read in (Tensor.to_numpy, Tensor.item, Tensor.tolist, np.asarray, pickle.dumps):
            with pytest.raises((RecordingError, ArgumentValueError)):
                read(packed[0, 0, 0] if read is Tensor.item else packed)
        assert repr(packed) == "tensor(<recorded>, shape=(4, 3, 2), dtype=f32)"
    assert not target.numpy().any()
    g.launch()
    assert np.array_equal(target.numpy(), GRID.T)
    made[...] = 1
    g.launch()
    assert np.all(target.numpy() == 1)
    with pytest.raises(RecordingError, match="temporary of a recorded graph"):
        packed.numpy()


def test_names_of_the_package() -> None:
    assert hg.Tensor is Tensor and hg.tensor is tensor and hg.from_dlpack is from_dlpack
