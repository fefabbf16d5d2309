"""Random programs on arrays that are too short: checked native code finds what the interpreter finds, and ends well."""

import os

import pytest

from tests.differential.batch import findings
from tests.differential.inputs import SHORT_FROM
from tests.differential.watched import cases

QUICK = 6
LONG = int(os.environ.get("HOLOGRAM_RANDOM_CHECKED", "1000"))
LONG_BATCH = 25


def test_checked_code_finds_what_the_interpreter_finds() -> None:
    wrong, run = findings("short", SHORT_FROM, QUICK)
    assert not wrong, "\n".join(wrong)
    assert run * len(list(cases(0))) > 100


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_000 + LONG, LONG_BATCH))
def test_much_checked_code_finds_what_the_interpreter_finds(first: int) -> None:
    wrong, run = findings("watched", first, min(LONG_BATCH, 10_000 + LONG - first))
    assert not wrong, "\n".join(wrong)
    assert run
