"""The programs of convolutions beside NumPy: zeros around and between elements, panels, products with panels."""

from __future__ import annotations

import numpy as np
import pytest

from hologram.isa.templates.windows import Slid, gather, gather_name, pad, pad_name
from hologram.ops.plan import Step, kernel_for, launch
from hologram.types import Type

WIDTH = 8
X = np.arange(1, 41, dtype=np.int64).reshape(2, 4, 5)


@pytest.mark.parametrize(("above", "before", "apart"), [(1, 2, 1), (0, -2, 1), (1, 0, 3), (-2, 1, 2)])
def test_images_get_zeros_around_and_between(above: int, before: int, apart: int) -> None:
    out = np.full((3, 9, 11), 7, dtype=np.int64)
    kernel = kernel_for(("pad", apart), pad_name(Type.I64, apart > 1), lambda: pad(Type.I64, apart > 1))
    launch(Step(kernel, (X, out, 2, above, before, apart, apart)))
    wanted = np.zeros_like(out)
    for i, y, x in np.ndindex(*X.shape):
        row, column = y * apart + above, x * apart + before
        if 0 <= row < 9 and 0 <= column < 11:
            wanted[i, row, column] = X[i, y, x]
    np.testing.assert_array_equal(out, wanted)


def test_what_is_under_windows_stands_in_panels() -> None:
    """Two images of one channel, windows of 2 × 2 that go in steps of 2 and 1."""
    total, count = 2 * 2 * 4, 2
    out = np.zeros((count, 4, WIDTH), dtype=np.float32)
    what = Type.I64, Type.F32, WIDTH, False
    kernel = kernel_for(("gather", *what), gather_name(*what), lambda: gather(*what))
    numbers = 1, 2, 2, 8, 4, total, count, count, 20, 20, 20, 2 * 5, 1, 5, 1
    launch(Step(kernel, (X.reshape(-1), out, *numbers)))
    found = out.transpose(1, 0, 2).reshape(4, -1)
    wanted = [
        [X[i, 2 * p + u, q + v] for i in range(2) for p in range(2) for q in range(4)] for u in (0, 1) for v in (0, 1)
    ]
    np.testing.assert_array_equal(found, np.array(wanted, dtype=np.float32))


def test_straight_panels_are_elements_one_after_the_other() -> None:
    out = np.zeros((4, 1, WIDTH), dtype=np.int64)
    what = Type.I64, Type.I64, WIDTH, True
    kernel = kernel_for(("gather", *what), gather_name(*what), lambda: gather(*what))
    launch(Step(kernel, (X.reshape(-1), out, 1, 1, 1, 15, 5, 15, 4, 2, 20, 20, 20, 5, 1, 5, 1)))
    flat = X.reshape(2, -1)
    wanted = [flat[i, first : first + WIDTH] for i in range(2) for first in (0, WIDTH)]
    np.testing.assert_array_equal(out[:, 0], wanted)


@pytest.mark.parametrize("type", [Type.F32, Type.I64])
def test_products_drop_what_is_beside_the_result(type: Type) -> None:
    """One image of 2 × 3 pixels in rows of 4; three outputs, of which a lane makes two."""
    weights = np.arange(12).reshape(2, 3, 2).astype(type.dtype)
    panels = np.arange(24).reshape(1, 3, WIDTH).astype(type.dtype)
    bias, out = np.array([100, 200, 300]).astype(type.dtype), np.zeros((3, 6), dtype=type.dtype)
    of = Slid(type, type, 2, WIDTH, type)
    launch(Step(kernel_for(of, of.name, of.program), (weights, panels, bias, out, 3, 2, 1, 3, 1, 8, 4, 3, 8)))
    whole = np.einsum("bkr,kx->brx", weights, panels[0]).reshape(4, 2, 4)[:3, :, :3].reshape(3, 6)
    np.testing.assert_array_equal(out, whole + bias[:, np.newaxis])
