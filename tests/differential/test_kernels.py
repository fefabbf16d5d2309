"""Random kernels in the kernel language give the same bits and faults as native code and on the interpreter."""

import os

import pytest

from tests.differential.batch import findings
from tests.differential.inputs import SHORT_FROM

QUICK = 32
LONG = int(os.environ.get("HOLOGRAM_RANDOM_KERNELS", "500"))
LONG_BATCH = 250


def test_kernels_agree() -> None:
    wrong, run = findings("kernels", SHORT_FROM, QUICK)
    assert not wrong, "\n".join(wrong)
    assert run > QUICK // 2, "most of what the grammar makes is valid"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_000 + LONG, LONG_BATCH))
def test_many_kernels_agree(first: int) -> None:
    wrong, run = findings("kernels", first, min(LONG_BATCH, 10_000 + LONG - first))
    assert not wrong, "\n".join(wrong)
    assert run
