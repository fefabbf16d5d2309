"""PyTorch's own samples through our functions: the first of each kind here, all of them in the long run."""

from __future__ import annotations

import pytest
import torch

from tests.torch import opinfo, opinfo_page

QUICK = ("forward", "strided", "out", "in place", "gradient", "error")


@pytest.mark.parametrize("case", opinfo.cases(), ids=lambda case: case.name)
def test_the_first_samples_are_as_in_pytorch(case: opinfo.Case) -> None:
    dtype = torch.float32 if torch.float32 in case.dtypes else case.dtypes[0]
    tally = opinfo.run(case, (dtype,), QUICK, most=1)
    assert not tally.failed, "\n".join(tally.failed)
    assert tally.passed


@pytest.mark.slow
@pytest.mark.parametrize("case", opinfo.cases(), ids=lambda case: case.name)
def test_all_samples_are_as_in_pytorch(case: opinfo.Case) -> None:
    tally = opinfo.run(case)
    assert not tally.failed, "\n".join(tally.failed[:20])
    assert tally.passed


def test_the_page_of_counts_is_that_of_the_record() -> None:
    known = {case.name for case in opinfo.cases()}
    record = {name: found for name, found in opinfo_page.read().items() if name in known}
    assert record and opinfo_page.PAGE.read_text("utf-8") == opinfo_page.page(record)
    assert not [line for found in record.values() for line in found["failed"]]
