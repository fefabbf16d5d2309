"""Tensors and Buffers, by the functions of the original interface."""

from __future__ import annotations

import pytest
import torch

import hologram_torch
from hologram_torch import utils


@pytest.fixture(scope="module")
def executor() -> hologram_torch.Executor:
    return hologram_torch.Executor("cpu")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.int64, torch.uint8])
def test_elements_make_the_round_trip(executor: hologram_torch.Executor, dtype: torch.dtype) -> None:
    x = torch.arange(12).reshape(3, 4).to(dtype).T
    buffer, flat = utils.tensor_to_buffer(executor, x)
    assert buffer.size == 12 and torch.equal(flat, x.reshape(-1))
    assert torch.equal(utils.buffer_to_tensor(buffer, (4, 3)), x)


def test_a_flat_tensor_is_a_view_and_detached(executor: hologram_torch.Executor) -> None:
    x = torch.ones(3, 4, requires_grad=True)
    _, flat = utils.tensor_to_buffer(executor, x)
    assert flat.data_ptr() == x.data_ptr() and not flat.requires_grad


def test_an_existing_buffer_takes_the_elements(executor: hologram_torch.Executor) -> None:
    buffer = executor.allocate(4)
    found, _ = utils.tensor_to_buffer(executor, torch.full((2, 2), 3.0), buffer)
    assert found is buffer and buffer.to_numpy().tolist() == [3.0] * 4
    with pytest.raises(ValueError, match="4 elements, the tensor 3"):
        utils.tensor_to_buffer(executor, torch.ones(3), buffer)
    with pytest.raises(ValueError, match="holds f32, the tensor f64"):
        utils.tensor_to_buffer(executor, torch.ones(4, dtype=torch.float64), buffer)


def test_memory_is_shared_where_it_is_asked_for(executor: hologram_torch.Executor) -> None:
    buffer, _ = utils.tensor_to_buffer(executor, torch.zeros(4))
    shared, apart = (utils.buffer_to_tensor(buffer, (2, 2), copy=copy) for copy in (False, True))
    shared[0, 0] = 7
    assert buffer.to_numpy()[0] == 7 and apart[0, 0] == 0
    assert utils.buffer_to_tensor(buffer, (4,), requires_grad=True).requires_grad


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([1.0], TypeError, "expected a torch.Tensor, got list"),
        (torch.ones(2, dtype=torch.complex64), ValueError, "complex64 have no elements"),
        (torch.ones(2, device="meta"), ValueError, "Only CPU tensors supported"),
        (torch.ones(2, 2).to_sparse(), ValueError, "only dense tensors"),
    ],
    ids=["list", "complex", "meta", "sparse"],
)
def test_what_no_buffer_holds_is_refused(given: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        utils.validate_tensor_compatible(given)


def test_a_shape_has_as_many_elements_as_the_buffer(executor: hologram_torch.Executor) -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\) has 3 elements, the buffer 4"):
        utils.buffer_to_tensor(executor.allocate(4), (3,))
    with pytest.raises(ValueError, match="Only CPU tensors supported"):
        utils.buffer_to_tensor(executor.allocate(4), (4,), device="cuda")


def test_executors_follow_tensors() -> None:
    assert utils.match_device(torch.ones(1)) == "cpu"
    assert utils.match_device(torch.ones(1), "interpreter") == "interpreter"
    assert utils.create_executor_for_tensor(torch.ones(1)).backend == "cpu"


def test_the_names_of_the_original_interface_are_there() -> None:
    for name in ("Executor", "Buffer", "BackendType", "functional", "nn", "utils", *utils.__all__):
        assert hasattr(hologram_torch, name) and name in hologram_torch.__all__
