"""Remembered calls: they give what the slow way gives, and leave to that what is not for them."""

from __future__ import annotations

import pytest
import torch

from hologram_torch import functional as H

X, Y = torch.linspace(0.1, 4, 1000), torch.linspace(3, -1, 1000)
TIMES = 4
"""Machine code is there from the second or third call on."""


@pytest.mark.parametrize("name", ["exp", "neg", "isnan", "leaky_relu", "softplus"])
def test_vectors_alone(name: str) -> None:
    theirs = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    for _ in range(TIMES):
        torch.testing.assert_close(getattr(H, name)(X), theirs(X))


@pytest.mark.parametrize("name", ["add", "lt", "pow", "remainder"])
@pytest.mark.parametrize("second", [Y, 2.0, 3, Y[:1], Y[0], Y.double(), Y.reshape(10, 100)[:, :1]])
def test_pairs(name: str, second: torch.Tensor | float) -> None:
    for _ in range(TIMES):
        torch.testing.assert_close(getattr(H, name)(X, second), getattr(torch, name)(X, second), equal_nan=True)


def test_what_comes_after_a_vector_is_no_vector() -> None:
    for _ in range(TIMES):
        for x in (X, X.reshape(20, 50).T, X[::3], X[:0], X.double(), X.int()):
            torch.testing.assert_close(H.abs(x), torch.abs(x))
        x = X.clone().requires_grad_()
        assert H.exp(x).requires_grad
        torch.testing.assert_close(torch.func.vmap(H.exp)(X), torch.exp(X))
        assert H.exp(X.to("meta")).is_meta


def test_outputs_of_another_shape_or_type() -> None:
    for _ in range(TIMES):
        for out in (torch.empty(1000), torch.empty(0), torch.empty(2000)[::2], torch.empty(1000, dtype=torch.float64)):
            assert H.exp(X, out=out) is out
            torch.testing.assert_close(out.float(), torch.exp(X))


def test_what_was_written_is_told() -> None:
    out = torch.empty(1000)
    before = out._version
    for _ in range(TIMES):
        H.exp(X, out=out)
    assert out._version == before + TIMES
