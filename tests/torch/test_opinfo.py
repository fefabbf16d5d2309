"""PyTorch's own samples through our functions: a few of each here, all of them in the long run."""

from __future__ import annotations

import pytest
import torch

from tests.torch import opinfo

QUICK = [c for c in opinfo.cases() if torch.float32 in c.dtypes and not c.info.variant_test_name]


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_the_first_samples_are_as_in_pytorch(case: opinfo.Case) -> None:
    tally = opinfo.run(case, (torch.float32,), ("forward",), most=1)
    assert not tally.failed, "\n".join(tally.failed)
    assert tally.passed
