"""Dropout: seeds of PyTorch's generator, the same mask backwards, how many elements are kept, and wrong use."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from hologram_torch import functional as H
from hologram_torch import nn

ONES = torch.ones(20_000)


def seeded(number: int, x: torch.Tensor = ONES, p: float = 0.3) -> torch.Tensor:
    torch.manual_seed(number)
    return H.dropout(x, p)


def test_seeds_of_pytorch_make_the_same_numbers_again() -> None:
    first = seeded(3)
    following = H.dropout(ONES, 0.3)
    assert torch.equal(seeded(3), first) and not torch.equal(first, following)
    assert not torch.equal(first, seeded(4))


def test_calls_are_not_remembered() -> None:
    found = [H.dropout(ONES, 0.5) for _ in range(20)]
    assert not any(torch.equal(a, b) for a, b in pairwise(found))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_as_many_are_kept_as_are_to_be_and_the_mean_stays(p: float) -> None:
    made = seeded(1, p=p)
    assert abs((made != 0).float().mean() - (1 - p)) < 5 * (p * (1 - p) / len(ONES)) ** 0.5
    torch.testing.assert_close(made[made != 0], torch.full_like(made[made != 0], 1 / (1 - p)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_gradients_go_by_the_same_mask(dtype: torch.dtype) -> None:
    x = torch.rand(3, 50, dtype=dtype).add(0.5).requires_grad_()
    made = seeded(2, x)
    assert made.dtype is dtype
    made.sum().backward()
    assert x.grad is not None and torch.equal(x.grad != 0, made != 0)
    moved = torch.func.jvp(lambda e: seeded(2, e), (x.detach(),), (torch.ones_like(x),))
    torch.testing.assert_close(moved, (made.detach(), x.grad))


def test_nothing_is_drawn_where_nothing_is_learnt() -> None:
    state = torch.get_rng_state()
    assert H.dropout(ONES, training=False) is ONES
    assert nn.Dropout(0.5).eval()(ONES) is ONES
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(H.dropout(ONES, 0.0), ONES)
    torch.testing.assert_close(H.dropout(ONES, 1.0), torch.zeros_like(ONES))


def test_the_module_changes_its_input_where_it_is_told_to() -> None:
    x = ONES.clone()
    assert nn.Dropout(0.5, inplace=True)(x) is x and (x == 0).any()
    assert repr(nn.Dropout(0.2)) == "Dropout(p=0.2, inplace=False)"


def test_compiled_and_batched_it_follows_the_seed_too() -> None:
    compiled = torch.compile(lambda e: H.dropout(e, 0.5).sin(), backend="aot_eager", fullgraph=True)
    torch.manual_seed(5)
    first = compiled(ONES[:100])
    torch.manual_seed(5)
    assert torch.equal(compiled(ONES[:100]), first) and not torch.equal(compiled(ONES[:100]), first)
    rows = torch.ones(2, 100)
    apart = torch.func.vmap(H.dropout, randomness="different")(rows)
    alike = torch.func.vmap(H.dropout, randomness="same")(rows)
    assert not torch.equal(*apart) and torch.equal(*alike)


def test_wrong_use_is_refused_as_pytorch_does() -> None:
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
            H.dropout(ONES, p)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        H.dropout(torch.ones(3, dtype=torch.int64))
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        H.dropout(torch.ones(3, requires_grad=True), inplace=True)
    with pytest.raises(TypeError, match="must be Tensor, not list"):
        H.dropout([1.0])
