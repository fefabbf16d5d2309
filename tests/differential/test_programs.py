"""Random programs give the same bits and faults as native code and on the interpreter."""

import os

import pytest

from tests.differential.batch import findings
from tests.differential.inputs import SHORT_FROM

QUICK = 50
LONG = int(os.environ.get("HOLOGRAM_RANDOM_PROGRAMS", "1000"))
LONG_BATCH = 250


def test_programs_agree() -> None:
    wrong, run = findings("programs", SHORT_FROM, QUICK)
    assert not wrong, "\n".join(wrong)
    assert run == QUICK


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_000 + LONG, LONG_BATCH))
def test_many_programs_agree(first: int) -> None:
    wrong, run = findings("programs", first, min(LONG_BATCH, 10_000 + LONG - first))
    assert not wrong, "\n".join(wrong)
    assert run
