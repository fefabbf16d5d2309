"""Tensors print their numbers as NumPy does, with their type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hologram import tensor


@pytest.mark.parametrize(
    ("data", "dtype", "text"),
    [
        (1.5, None, "tensor(1.5, dtype=f32)"),
        ([1, 2], None, "tensor([1, 2], dtype=i64)"),
        ([1.5, np.nan], "bf16", "tensor([1.5, nan], dtype=bf16)"),
        ([True, False], None, "tensor([ True, False], dtype=bool)"),
        ([], None, "tensor([], dtype=f32)"),
        (np.zeros((0, 3), np.int8), None, "tensor([], shape=(0, 3), dtype=i8)"),
        (np.arange(2000), None, "tensor([   0,    1,    2, ..., 1997, 1998, 1999], dtype=i64)"),
    ],
)
def test_texts(data: Any, dtype: Any, text: str) -> None:
    assert repr(tensor(data, dtype=dtype)) == str(tensor(data, dtype=dtype)) == text


def test_rows_stand_below_each_other() -> None:
    assert repr(tensor([[1.0, 2.0], [3.0, 40.0]])) == "tensor([[ 1.,  2.],\n        [ 3., 40.]], dtype=f32)"
