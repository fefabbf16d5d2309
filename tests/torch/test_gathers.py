"""Elements at places along an axis and back: registrations, gradients of both orders, batches of all kinds."""

from __future__ import annotations

import pytest
import torch

from hologram_torch import functional as H
from hologram_torch.gathers import gather, gathered, spread

X = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4).requires_grad_()
PLACES = torch.tensor([[0, 3, 3], [1, 1, 1], [2, 0, 2]])


def test_the_registrations_are_complete_and_agree() -> None:
    torch.library.opcheck(gather, (X, 1, PLACES))
    torch.library.opcheck(spread, (X[:, :3].detach().requires_grad_(), 1, PLACES, 5))


def test_gradients_are_those_of_differences() -> None:
    def call(x: torch.Tensor) -> torch.Tensor:
        return gathered(x, 1, PLACES)

    assert torch.autograd.gradcheck(call, X, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(call, X)
    torch.testing.assert_close(call(X), X.gather(1, PLACES))


def test_sums_of_halves_are_rounded_once() -> None:
    ones = torch.ones(1, 4096, dtype=torch.float16)
    assert spread(ones, 1, torch.zeros(1, 4096, dtype=torch.int64), 1).item() == 4096


@pytest.mark.parametrize("name", ["cummax", "cummin"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int16, torch.bool])
def test_the_last_of_equal_elements_is_the_place(name: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    for x in (torch.randint(0, 3, (4, 9)).to(dtype), torch.ones((), dtype=dtype), torch.ones(0, 2, dtype=dtype)):
        for dim in range(max(x.dim(), 1)):
            torch.testing.assert_close(tuple(getattr(H, name)(x, dim)), tuple(getattr(torch, name)(x, dim)))


def test_nan_stays_the_extreme_and_each_has_its_place() -> None:
    x = torch.tensor([1.0, 3.0, float("nan"), 5.0, float("nan"), 0.0])
    for name in ("cummax", "cummin"):
        torch.testing.assert_close(tuple(getattr(H, name)(x, 0)), tuple(getattr(torch, name)(x, 0)), equal_nan=True)
    values, places = torch.empty(0), torch.empty(0, dtype=torch.int64)
    made = H.cummax(x[:2], 0, out=(values, places))
    assert made.values is values and made.indices is places and places.tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        H.max(x[None], 1, out=(torch.empty(0, dtype=torch.float64), places))


@pytest.mark.parametrize("call", [lambda x: H.softmax(x, 1), lambda x: H.mm(x, x.mT), lambda x: H.cumsum(x, 1)])
def test_batches_of_gradients_go_through_all_kinds_of_functions(call: object) -> None:
    assert torch.autograd.gradcheck(call, X, check_batched_grad=True)  # type: ignore[arg-type]
