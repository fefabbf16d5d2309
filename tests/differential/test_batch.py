"""What a case can do to its process is a finding with its seed, and the cases behind it are run."""

import sys

import pytest

from tests.differential import batch

ODD_CASES = """
import os, sys
from tests.differential import batch
def case(seed):
    while seed == 1:
        pass
    if seed == 2:
        os.abort()
    return "ok"
batch.CHECKS["odd"], batch.CPU_SECONDS = case, 0
batch.main(*sys.argv[1:])
"""


def test_a_process_that_ends_early_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "COMMAND", (sys.executable, "-W", "ignore", "-c", ODD_CASES))
    endless, aborted = (what for _, what in list(batch.outcomes("odd", 0, 4))[1:3])
    assert "of CPU time" in endless
    assert "ended with -6" in aborted
    assert list(batch.outcomes("odd", 2, 2))[1] == (3, batch.OK)
