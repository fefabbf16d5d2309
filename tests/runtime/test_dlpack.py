"""DLPack carries every type both ways without a copy, bfloat16 included."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

from hologram import Executor
from hologram.runtime import dlpack
from hologram.types import Type

torch = pytest.importorskip("torch")
TORCH = {t: getattr(torch, "bfloat16" if t is Type.BF16 else t.dtype.name) for t in Type}


class Old:
    """An exporter from before version 1: it knows no options."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __dlpack__(self) -> Any:
        return self.value.__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


@pytest.mark.parametrize("element", list(Type))
def test_torch_and_arrays_are_the_same_memory(element: Type) -> None:
    theirs = torch.arange(6).reshape(2, 3).to(TORCH[element])
    mine = dlpack.imported(theirs.T)
    assert mine is not None and mine.dtype == element.dtype
    mine[2, 0] = 9
    assert theirs[0, 2] == 9
    buffer = Executor("cpu").array(np.arange(4).astype(element.dtype))
    back = torch.from_dlpack(buffer)
    assert (back.dtype, back.tolist()) == (TORCH[element], [0, 1, 2, 3])
    back[0] = 7
    assert buffer.to_numpy()[0] == 7


def test_memory_lives_as_long_as_what_shares_it() -> None:
    theirs = torch.arange(1000, dtype=torch.bfloat16)
    mine = dlpack.imported(theirs[10:])
    del theirs
    gc.collect()
    assert mine is not None and mine[5] == 15
    back = torch.from_dlpack(Executor("cpu").array(mine))
    del mine
    gc.collect()
    assert back[5] == 15


def test_old_exporters_are_read() -> None:
    mine = dlpack.imported(Old(torch.ones(2, dtype=torch.bfloat16)))
    assert mine is not None and mine.tolist() == [1, 1]


@pytest.mark.parametrize(
    "value", [torch.zeros(1, dtype=torch.float8_e5m2), torch.zeros(1, requires_grad=True), object(), torch.Tensor]
)
def test_what_cannot_be_had_is_none(value: Any) -> None:
    assert dlpack.imported(value) is None
