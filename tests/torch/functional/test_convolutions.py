"""Convolutions beside PyTorch's: arguments, strides, gradients of any order, transforms, mixed precision, wrong use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as theirs

from hologram_torch import functional as ours

torch.manual_seed(0)
X, W, B = torch.randn(2, 4, 7, 6), torch.randn(6, 2, 3, 2), torch.randn(6)
SIGNAL, TAPS = torch.randn(2, 4, 9), torch.randn(6, 4, 3)
CASES: dict[str, Callable[[Any], torch.Tensor]] = {
    "groups": lambda f: f.conv2d(X, W, B, groups=2),
    "strides": lambda f: f.conv2d(X, W, B, (2, 3), (1, 2), 1, 2),
    "dilation": lambda f: f.conv2d(X, W, None, 1, 3, (2, 3), 2),
    "same": lambda f: f.conv2d(X, W, B, padding="same", dilation=2, groups=2),
    "valid": lambda f: f.conv2d(X, W, padding="valid", groups=2),
    "one image": lambda f: f.conv2d(X[0], W, B, groups=2),
    "channels last": lambda f: f.conv2d(X.contiguous(memory_format=torch.channels_last), W, B, groups=2),
    "turned": lambda f: f.conv2d(X.mT, W.mT, B, groups=2),
    "each channel alone": lambda f: f.conv2d(X, torch.ones(8, 1, 3, 3), padding=1, groups=4),
    "weights of one element": lambda f: f.conv2d(X, torch.ones(3, 4, 1, 1), B[:3]),
    "as large as the image": lambda f: f.conv2d(X, torch.ones(3, 4, 7, 6), B[:3]),
    "none": lambda f: f.conv2d(X[:0], W, B, groups=2),
    "signal": lambda f: f.conv1d(SIGNAL, TAPS, B, 2, 1),
    "one signal": lambda f: f.conv1d(SIGNAL[0], TAPS, padding="same"),
    "integers": lambda f: f.conv1d((SIGNAL * 9).long(), (TAPS * 9).long(), (B * 9).long(), 2, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_pytorch(name: str) -> None:
    torch.testing.assert_close(CASES[name](ours), CASES[name](theirs))


def test_without_channels_the_bias_is_left() -> None:
    made = ours.conv2d(X[:, :0], torch.ones(3, 0, 2, 2), B[:3])
    torch.testing.assert_close(made, B[:3].reshape(3, 1, 1).expand(2, 3, 6, 5))


def test_halves_are_rounded_once() -> None:
    x, w, b = X.bfloat16(), W.bfloat16(), B.bfloat16()
    exact = theirs.conv2d(x.double(), w.double(), b.double(), groups=2)
    found = ours.conv2d(x, w, b, groups=2)
    assert found.dtype is torch.bfloat16
    torch.testing.assert_close(found.double(), exact, rtol=2**-8, atol=1e-5)


def moved(stride: int, padding: int, dilation: int) -> tuple[Callable[..., torch.Tensor], list[torch.Tensor]]:
    """A small convolution and what it is differentiated along."""
    x, w = torch.randn(2, 2, 5, 4, dtype=torch.float64), torch.randn(4, 1, 2, 2, dtype=torch.float64)
    given = [t.requires_grad_() for t in (x, w, torch.randn(4, dtype=torch.float64))]
    return lambda x, w, b: ours.conv2d(x, w, b, stride, padding, dilation, 2), given


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (3, 2, 2), (1, 3, 2)])
def test_gradients_are_those_of_differences(stride: int, padding: int, dilation: int) -> None:
    call, given = moved(stride, padding, dilation)
    assert torch.autograd.gradcheck(call, given, check_forward_ad=True, fast_mode=True)
    assert torch.autograd.gradgradcheck(call, given, fast_mode=True)


@pytest.mark.parametrize("dims", [(0, None, None), (None, 0, 0), (0, 0, None), (1, 2, 0)])
def test_batches_of_images_and_weights(dims: tuple[Any, ...]) -> None:
    shapes = (2, 4, 5, 5), (6, 2, 3, 2), (6,)
    given = [
        torch.randn(shape) if d is None else torch.randn(3, *shape).movedim(0, d)
        for shape, d in zip(shapes, dims, strict=True)
    ]
    made = [torch.func.vmap(lambda x, w, b, f=f: f.conv2d(x, w, b, 2, 1, 1, 2), dims)(*given) for f in (ours, theirs)]
    torch.testing.assert_close(*made)


def test_derivatives_of_each_image() -> None:
    def loss(w: torch.Tensor, x: torch.Tensor, f: Any) -> torch.Tensor:
        return f.conv2d(x, w, padding=1, groups=2).square().sum()

    found, wanted = (torch.func.vmap(torch.func.grad(loss), (None, 0, None))(W, X, f) for f in (ours, theirs))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_compiled_and_without_memory() -> None:
    compiled = torch.compile(lambda x, w: ours.conv2d(x, w, padding="same", groups=2).relu(), backend="aot_eager")
    torch.testing.assert_close(compiled(X, W), theirs.conv2d(X, W, padding="same", groups=2).relu())
    made = torch.ops.hologram.conv1d.padding(SIGNAL.to("meta"), TAPS.to("meta"), None, [1], "same")
    assert made.is_meta and made.shape == (2, 6, 9)
    torch.testing.assert_close(
        torch.ops.hologram.conv2d(X, W, B, [2, 2], groups=2), theirs.conv2d(X, W, B, 2, groups=2)
    )


def test_mixed_precision_computes_in_the_lower_type() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, wanted = (f.conv2d(X, W, B, groups=2) for f in (ours, theirs))
    assert found.dtype is wanted.dtype is torch.bfloat16
    torch.testing.assert_close(found, wanted, rtol=2e-2, atol=5e-2)


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "axes of the input": (
        lambda f: f.conv2d(X[0, 0], W),
        r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d",
    ),
    "axes of the weights": (lambda f: f.conv1d(SIGNAL, TAPS[0]), "weight should have at least three dimensions"),
    "more axes of the weights": (
        lambda f: f.conv1d(SIGNAL, W),
        "Expected 4-dimensional input for 4-dimensional weight",
    ),
    "channels": (lambda f: f.conv2d(X, W), r"expected input\[2, 4, 7, 6\] to have 2 channels, but got 4 channels"),
    "groups": (lambda f: f.conv2d(X, W, groups=0), "non-positive groups is not supported"),
    "more groups": (lambda f: f.conv2d(X, W, groups=7), "expected weight to be at least 7 at dimension 0"),
    "outputs of groups": (lambda f: f.conv2d(X, W, groups=4), "expected weight to be divisible by 4 at dimension 0"),
    "bias": (lambda f: f.conv2d(X, W, B[:5], groups=2), "expected bias to be 1-dimensional with 6 elements"),
    "stride": (lambda f: f.conv2d(X, W, stride=0, groups=2), "non-positive stride is not supported"),
    "three strides": (lambda f: f.conv2d(X, W, stride=(1, 1, 1), groups=2), "a single integer value or a list of 2"),
    "padding": (lambda f: f.conv2d(X, W, padding=-1, groups=2), "negative padding is not supported"),
    "dilation": (lambda f: f.conv2d(X, W, dilation=0, groups=2), "non-positive dilation is not supported"),
    "strided same": (lambda f: f.conv2d(X, W, stride=2, padding="same", groups=2), "not supported for strided"),
    "no padding": (lambda f: f.conv2d(X, W, padding="full", groups=2), "Invalid padding string: 'full'"),
    "window": (
        lambda f: f.conv2d(X[:, :, :2], W, groups=2),
        r"\(2 x 6\). Kernel size: \(3 x 2\). Kernel size can't be",
    ),
    "type of weights": (
        lambda f: f.conv2d(X, W.double(), groups=2),
        r"Input type \(torch.FloatTensor\) and weight type",
    ),
    "type of bias": (
        lambda f: f.conv2d(X, W, B.double(), groups=2),
        "Input type .* and bias type .* should be the same",
    ),
    "truths": (lambda f: f.conv2d(X > 0, W > 0, groups=2), "not implemented for 'Bool'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_refused_as_by_pytorch(name: str) -> None:
    case, message = WRONG[name]
    for home in (theirs, ours):
        with pytest.raises(RuntimeError, match=message):
            case(home)


def test_lengths_that_are_no_numbers_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="argument 'stride' must be tuple of ints, not str"):
        ours.conv2d(X, W, stride="2", groups=2)
