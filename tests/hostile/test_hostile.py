"""Whatever comes in, the readers answer with a typed error or a result, in bounded time and memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.hostile import cases
from tests.hostile.limited import outcomes

QUICK = 60
LONG = 4_000
LONGEST_MESSAGE = 20_000
RANDOM = ["random python", "random json", "random assembly", "random programs", "random commands", "random launches"]
TYPED = {
    "python": {"KernelSyntaxError", "KernelTypeError"},
    "json": {"SchemaError", "KernelSyntaxError", "KernelTypeError"},
    "assembly": {"AssemblyError", "VerificationError"},
}
SLOW_READERS = {"parentheses 10^5 deep", "2^30 calls of device functions", "50,000 exits", "3,000 variables"}


@cache
def fixed() -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["door"], row["name"]): row for row in outcomes(0, *TYPED)}


NAMED = [("python", name) for name in cases.PYTHON]
NAMED += [("json", name) for name in cases.JSON] + [("assembly", name) for name in cases.ASSEMBLY]


@pytest.mark.parametrize(("door", "name"), NAMED)
def test_hostile_by_design(door: str, name: str) -> None:
    row = fixed()[door, name]
    assert row["error"] in TYPED[door], row
    assert len(row["said"]) < LONGEST_MESSAGE
    assert row["seconds"] < (20 if name in SLOW_READERS else 5), row


def checked(rows: list[dict[str, Any]], seconds: float) -> None:
    surprises = [row for row in rows if row["error"].startswith("!") or row["seconds"] > seconds]
    assert not surprises, surprises[:5]
    assert all(len(row["said"]) < LONGEST_MESSAGE for row in rows)


def test_damaged_inputs() -> None:
    rows = outcomes(QUICK, *RANDOM)
    assert len(rows) == QUICK * len(RANDOM)
    assert 0 < sum(not row["error"] for row in rows) < len(rows), "some damage should matter and some should not"
    checked(rows, 10)


def test_command_lines_are_refused_with_a_word_and_without_a_traceback() -> None:
    rows = outcomes(QUICK, "commands")
    assert len(rows) > 200
    assert {row["error"] for row in rows} == {"", "Refused"}, [r for r in rows if r["error"] not in ("", "Refused")][:5]
    checked(rows, 10)


@pytest.mark.slow
def test_all_command_lines() -> None:
    checked(outcomes(LONG, "commands"), 10)


@pytest.mark.slow
@pytest.mark.parametrize("door", RANDOM)
def test_many_damaged_inputs(door: str) -> None:
    checked(outcomes(LONG, door), 20)


@pytest.mark.slow
def test_long_files_take_bounded_time() -> None:
    rows = outcomes(0, "long")
    assert {row["name"] for row in rows} == cases.LONG.keys()
    checked(rows, 100)
