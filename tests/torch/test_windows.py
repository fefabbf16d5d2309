"""How convolutions are launched: panels that pay, a few images at a time, calls that are remembered."""

from __future__ import annotations

import pytest
import torch

from hologram_torch import functional, windows
from hologram_torch.windows import Slide, panels_of

ONE = (1, 1)


def test_panels_are_straight_where_few_pixels_are_superfluous() -> None:
    image, few = Slide(ONE, ONE, ONE, ONE, (32, 32), 1), Slide(ONE, ONE, ONE, ONE, (3, 3), 1)
    assert panels_of(image, (3, 3), 32, 8).straight
    assert panels_of(image, (3, 3), 32, 8).per_image == 34
    assert not panels_of(few, (32, 32), 32, 8).straight
    assert not panels_of(Slide((2, 1), ONE, ONE, ONE, (32, 32), 1), (3, 3), 32, 8).straight


@pytest.mark.parametrize("stride", [1, 2])
def test_a_few_images_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch, stride: int) -> None:
    x, w, b = torch.randn(5, 4, 9, 8), torch.randn(6, 2, 3, 3), torch.randn(6)
    whole = functional.conv2d(x, w, b, stride, 1, 1, 2)
    monkeypatch.setattr(windows, "MOST_BYTES", 10_000)
    torch.testing.assert_close(functional.conv2d(x, w, b, stride, 1, 1, 2), whole, rtol=0, atol=0)


def test_repeated_calls_are_remembered() -> None:
    x, w = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3)
    first = functional.conv2d(x, w, padding=1)
    for _ in range(12):
        torch.testing.assert_close(functional.conv2d(x, w, padding=1), first, rtol=0, atol=0)
    function = functional.conv2d
    assert function.knows(function.key(x, w, padding=1))
